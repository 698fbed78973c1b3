/**
 * Writes src/vendors/index.ts from the files beside it. With --check it writes nothing and exits
 * with 1 where the index is stale.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../src/vendors/', import.meta.url);
/** Files of the folder that describe no vendor. */
const NOT_VENDORS = new Set([
  'auth',
  'index',
  'job',
  'long',
  'native',
  'native-files',
  'native-routes',
  'read',
  'refusal',
  'shape',
]);

export function vendorFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length))
    .filter((id) => !NOT_VENDORS.has(id))
    .sort();
}

function toIdentifier(id: string): string {
  return id.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

export function vendorIndex(): string {
  const ids = vendorFiles();
  const imports = [...ids, 'shape'].sort().map((file) => {
    const what = file === 'shape' ? 'type { Vendor }' : toIdentifier(file);
    return `import ${what} from './${file}.ts';`;
  });
  const entries = ids.map((id) => {
    const name = toIdentifier(id);
    return name === id ? `  ${id},` : `  '${id}': ${name},`;
  });
  return [
    '/** Every vendor by its id. Written by scripts/generate-vendors.ts; edits here are lost. */',
    "import { deepFreeze } from '../kit/freeze.ts';",
    ...imports,
    '',
    'export const VENDORS: Readonly<Record<string, Vendor>> = deepFreeze({',
    ...entries,
    '});',
    '',
  ].join('\n');
}

if (import.meta.main) {
  const target = fileURLToPath(new URL('index.ts', FOLDER));
  if (!process.argv.includes('--check')) {
    writeFileSync(target, vendorIndex());
  } else if (readFileSync(target, 'utf8') !== vendorIndex()) {
    process.stderr.write('src/vendors/index.ts is stale. Run: bun scripts/generate-vendors.ts\n');
    process.exit(1);
  }
}
