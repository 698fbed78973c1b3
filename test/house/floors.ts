/** The import table of the design, section 2, as data; and the judge that reads it. */
import {
  type Breach,
  findNodes,
  type Import,
  lineAt,
  listImports,
  type Source,
  textField,
} from './code.ts';

const ALL = [
  'kit',
  'dialects',
  'storage',
  'vendors',
  'catalog',
  'ledger',
  'access',
  'limits',
  'relay',
  'tasks',
  'edge',
  'platform',
  'docs',
];
const DATA_ROOMS = ['ledger', 'limits', 'catalog', 'storage/ports', 'dialects', 'kit'];
const VENDOR_DOORS = [
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
].map((name) => `vendors/${name}.ts`);
const FRONT = ['relay', 'tasks', 'access', ...DATA_ROOMS];
const STORY = [...VENDOR_DOORS, ...DATA_ROOMS];
const STATE = ['storage/ports', 'kit'];

/** Room -> rooms or files below `src/` that it may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: [...ALL, 'cli'],
  cli: [...ALL, 'main'],
  docs: ALL,
  edge: FRONT,
  platform: FRONT,
  relay: STORY,
  tasks: STORY,
  vendors: ['dialects', 'kit'],
  ledger: STATE,
  access: STATE,
  limits: STATE,
  catalog: STATE,
  dialects: ['kit'],
  storage: ['kit'],
  kit: [],
  sandbox: ['kit'],
  console: ['platform'],
};

/** Of `kit/`, what pure rooms may not touch: clock, network, environment, random, output. */
const IMPURE_KIT = /^src\/kit\/(clock|fetch|env|random|ids|log|serve)\.ts$/;
const PURE_ROOMS = ['vendors', 'dialects'];

const DRIVERS = /^(bun:sqlite|kysely(\/.*)?|pg|postgres|ioredis|redis|better-sqlite3)$/;
const OUTSIDE = /^(sandbox|test|bench|scripts|bin|console|deploy)\//;

/** The room that a file stands in: `main`, a folder of src/, `sandbox` or `console`. */
export function roomOf(path: string): string {
  if (path === 'src/main.ts') return 'main';
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? path.split('/')[0] ?? '';
}

export function judgeFloors(source: Source): Breach[] {
  const breaches = listImports(source).flatMap((taken) => {
    const verdict = judgeImport(source.path, taken);
    if (!verdict) return [];
    const [why, mend] = verdict;
    const what = `imports ${taken.specifier}: ${why}`;
    return [{ path: source.path, line: taken.line, what, mend }];
  });
  return [...breaches, ...judgeHttpObjects(source)];
}

type Verdict = readonly [why: string, mend: string] | null;

function judgeImport(path: string, taken: Import): Verdict {
  const room = roomOf(path);
  if (!MAY_IMPORT[room]) {
    return [`src/${room}/ is not in the design`, 'move the file, or add the room to the table'];
  }
  if (taken.specifier === '(computed)') {
    return ['a computed import cannot be checked', 'import by a literal path'];
  }
  if (taken.target === null) return judgePackage(room, taken.specifier);
  if (!taken.target.startsWith('src/')) return judgeOutside(room, taken.target);
  return judgeRoom({ path, room, target: taken.target });
}

function judgePackage(room: string, name: string): Verdict {
  if (!DRIVERS.test(name) || room === 'storage') return null;
  return ['only storage/ knows a database driver', 'ask for a port of storage/ports.ts in deps'];
}

function judgeOutside(room: string, target: string): Verdict {
  if (target.startsWith(`${room}/`)) return null;
  if (target === 'package.json') return null;
  const where = OUTSIDE.exec(target)?.[1] ?? target;
  const mend =
    where === 'sandbox'
      ? 'start it as a process'
      : 'move what is shared to the right floor of src/';
  return [`${room} may not import ${where}`, mend];
}

interface Step {
  readonly path: string;
  readonly room: string;
  readonly target: string;
}

function judgeRoom(step: Step): Verdict {
  const { room, target } = step;
  const targetRoom = roomOf(target);
  if (targetRoom === room) return judgeSibling(step);
  const below = target.slice('src/'.length);
  const isAllowed = (MAY_IMPORT[room] ?? []).some(
    (entry) => below === entry || below.startsWith(`${entry}/`) || below === `${entry}.ts`,
  );
  if (!isAllowed) return refuse(room, targetRoom);
  if (PURE_ROOMS.includes(room) && IMPURE_KIT.test(target)) {
    return [`${room} is pure: no clock, network, environment or random`, 'take it as an argument'];
  }
  return null;
}

/** Inside one room everything may be used, except one vendor by another. */
function judgeSibling({ path, room, target }: Step): Verdict {
  if (room !== 'vendors' || path === 'src/vendors/index.ts') return null;
  if (VENDOR_DOORS.includes(target.slice('src/'.length))) return null;
  // What one file cannot hold stands in a folder of the vendor's name.
  const own = path.replace(/^src\/vendors\/([^/]+?)(\.ts|\/.*)$/, 'src/vendors/$1/');
  if (target.startsWith(own)) return null;
  return ['a vendor may not know another vendor', 'move what both need to dialects/ or kit/'];
}

function refuse(room: string, targetRoom: string): Verdict {
  if (targetRoom === 'vendors' && STORY === MAY_IMPORT[room]) {
    return [`${room} may not know a vendor by name`, 'go through vendors/index.ts'];
  }
  if (targetRoom === 'storage') {
    return [`${room} may not know how storage is made`, 'import types from storage/ports.ts'];
  }
  const allowed = MAY_IMPORT[room]?.join(', ') || 'nothing of ours';
  return [`${room} may import ${allowed}`, `take it through deps, or move it below ${room}/`];
}

const STORY_ROOMS = ['relay', 'tasks'];
const HTTP_OBJECTS = ['Request', 'Response'];

/** Relay and tasks tell the story of a call; HTTP belongs to the edge and to kit/fetch. */
function judgeHttpObjects(source: Source): Breach[] {
  if (!STORY_ROOMS.includes(roomOf(source.path))) return [];
  return findNodes(source, 'Identifier')
    .filter((node) => HTTP_OBJECTS.includes(textField(node, 'name') ?? ''))
    .map((node) => ({
      path: source.path,
      line: lineAt(source, node.start),
      what: `names the HTTP object ${textField(node, 'name')}`,
      mend: 'give and take plain values; edge/ and kit/ turn them into HTTP',
    }));
}
