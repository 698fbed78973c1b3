/** Reads and parses our own code, for the tests that keep the house in order. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'oxc-parser';

export const rootFolder = join(import.meta.dir, '..', '..');

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export interface Comment {
  readonly text: string;
  readonly isBlock: boolean;
  readonly start: number;
}

export interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  readonly comments: readonly Comment[];
}

/** A rule was broken: where, what, and what to do about it. */
export interface Breach {
  readonly path: string;
  readonly line: number;
  readonly what: string;
  readonly mend: string;
}

export function showBreach({ path, line, what, mend }: Breach): string {
  return `${path}:${line} ${what}. Mend: ${mend}.`;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** A field of a node, whatever it holds. */
export function field(node: Node, name: string): unknown {
  return Object.entries(node).find(([key]) => key === name)?.[1];
}

export function childNode(node: Node, name: string): Node | null {
  const value = field(node, name);
  return isNode(value) ? value : null;
}

export function childNodes(node: Node, name: string): readonly Node[] {
  const value = field(node, name);
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function textField(node: Node | null, name: string): string | null {
  const value = node && field(node, name);
  return typeof value === 'string' ? value : null;
}

/** Calls `visit` for each node, parents first, with the parents from the nearest outwards. */
export function walk(
  node: Node,
  visit: (node: Node, parents: readonly Node[]) => void,
  parents: readonly Node[] = [],
): void {
  visit(node, parents);
  const inner = [node, ...parents];
  for (const value of Object.values(node)) {
    if (isNode(value)) walk(value, visit, inner);
    else if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) walk(item, visit, inner);
    }
  }
}

export function findNodes(source: Source, ...types: string[]): Node[] {
  const found: Node[] = [];
  walk(source.program, (node) => {
    if (types.includes(node.type)) found.push(node);
  });
  return found;
}

export function lineAt(source: Pick<Source, 'text'>, offset: number): number {
  return source.text.slice(0, offset).split('\n').length;
}

export function parseSource(path: string, text: string): Source {
  const parsed = parseSync(path, text);
  const [error] = parsed.errors;
  if (error) throw new Error(`${path} does not parse: ${error.message}`);
  const comments = parsed.comments.map((comment) => ({
    text: comment.value,
    isBlock: comment.type === 'Block',
    start: comment.start,
  }));
  if (!isNode(parsed.program)) throw new Error(`${path} has no program`);
  return { path, text, program: parsed.program, comments };
}

/** True where the text is a whole program without a syntax error. */
export function parses(text: string): readonly Node[] | null {
  const parsed = parseSync('comment.ts', text);
  if (parsed.errors.length > 0 || !isNode(parsed.program)) return null;
  return childNodes(parsed.program, 'body');
}

const SKIPPED = /(^|\/)(node_modules|fixtures|dist|results)\/|\.fixture\.|\.d\.ts$/;
const CODE = /\.(ts|tsx|mjs)$/;

export function listFiles(...folders: string[]): string[] {
  return folders
    .filter((folder) => existsSync(join(rootFolder, folder)))
    .flatMap((folder) =>
      readdirSync(join(rootFolder, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(rootFolder.length + 1)),
    )
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !SKIPPED.test(path))
    .sort();
}

export function readSources(...folders: string[]): Source[] {
  return listFiles(...folders)
    .filter((path) => CODE.test(path))
    .map((path) => parseSource(path, readText(path)));
}

export function readText(path: string): string {
  const full = join(rootFolder, path);
  return existsSync(full) ? readFileSync(full, 'utf8') : '';
}

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** From the root where it is ours; null for packages and built-ins. */
  readonly target: string | null;
  readonly line: number;
  readonly start: number;
  /** Names taken; null: the whole module (namespace, `export *`, dynamic). */
  readonly names: readonly string[] | null;
}

const IMPORTS = [
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
];

/** Everything that a file imports, types included. */
export function listImports(source: Source): Import[] {
  return findNodes(source, ...IMPORTS).flatMap((node) => {
    const from = childNode(node, 'source') ?? childNode(node, 'argument');
    if (!from && node.type !== 'ImportExpression') return [];
    const specifier = textField(from, 'value') ?? '(computed)';
    const isOurs = specifier.startsWith('.');
    const target = isOurs ? posix.join(posix.dirname(source.path), specifier) : null;
    const line = lineAt(source, node.start);
    return [{ specifier, target, line, start: node.start, names: listNames(node) }];
  });
}

function listNames(node: Node): readonly string[] | null {
  if (node.type !== 'ImportDeclaration' && node.type !== 'ExportNamedDeclaration') return null;
  const names = childNodes(node, 'specifiers').map((specifier) => {
    if (specifier.type === 'ImportNamespaceSpecifier') return null;
    if (specifier.type === 'ImportDefaultSpecifier') return 'default';
    const isImport = node.type === 'ImportDeclaration';
    const taken = childNode(specifier, isImport ? 'imported' : 'local');
    return textField(taken, 'name') ?? textField(taken, 'value');
  });
  return names.some((name) => name === null) ? null : names.filter((name) => name !== null);
}
