/** Rules about words: vendors' names, reach into the outside world, comments. */
import {
  type Breach,
  type Comment,
  childNode,
  childNodes,
  findNodes,
  lineAt,
  type Node,
  parses,
  type Source,
  textField,
  walk,
} from './code.ts';

/** May `what` stand in the files that begin with `path`, and why. */
export interface Leave {
  readonly path: string;
  readonly what: string;
  readonly why: string;
}

const VENDOR_WORDS = [
  ...['ark', 'doubao', 'volc', 'volcengine', 'openai', 'deepseek', 'moonshot', 'kimi', 'zhipu'],
  ...['glm', 'qwen', 'dashscope', 'minimax', 'siliconflow', 'openrouter', 'xai', 'grok'],
  ...['mistral', 'groq', 'ollama', 'anthropic', 'claude', 'gemini', 'baidu', 'hunyuan', 'cohere'],
];
/** English words too: only a name or a whole string counts. */
const VENDOR_ENGLISH = ['together', 'fireworks'];
/** Names of wire formats, not of vendors. */
const FORMATS =
  /openai-chat|openai-responses|openai-compatible|anthropic-messages|gemini-generate|cohere-chat/g;

const VENDOR_PATTERN = new RegExp(`(?<![A-Za-z])(${VENDOR_WORDS.join('|')})(?![A-Za-z])`, 'i');
/** Brands with capitals inside: one word each. */
const BRANDS = /OpenAI|DeepSeek|DashScope|MiniMax|SiliconFlow|OpenRouter|xAI/g;
const VENDOR_FREE = /^src\/(?!vendors\/|catalog\/)/;

export const VENDOR_LEAVES: readonly Leave[] = [
  { path: 'src/dialects/', what: 'openai', why: 'a wire format, called after who wrote it' },
  { path: 'src/dialects/', what: 'anthropic', why: 'a wire format, called after who wrote it' },
  {
    path: 'src/dialects/',
    what: 'gemini',
    why: 'a wire format, called after what it was made for',
  },
  { path: 'src/dialects/', what: 'cohere', why: 'a wire format, called after who wrote it' },
  { path: 'src/dialects/', what: 'doubao', why: 'the strict contract, called after its origin' },
  { path: 'src/kit/faults/', what: 'openai', why: 'the envelope on the wire has its shape' },
  { path: 'src/edge/', what: 'openai', why: 'the door speaks this format' },
  { path: 'src/edge/', what: 'anthropic', why: 'the door speaks this format' },
  { path: 'src/edge/', what: 'gemini', why: 'the door speaks this format' },
  { path: 'src/edge/', what: 'cohere', why: 'the door speaks this format' },
  { path: 'src/edge/messages.ts', what: 'ark', why: 'whose clients look for this path' },
  {
    path: 'src/dialects/embeddings/formats.ts',
    what: 'gemini',
    why: 'a wire format, called after who wrote it',
  },
  {
    path: 'src/dialects/rerank/formats.ts',
    what: 'dashscope',
    why: 'a wire format, called after who wrote it',
  },
  {
    path: 'src/dialects/volc-',
    what: 'volcengine',
    why: 'a wire format, called after who wrote it',
  },
  { path: 'src/dialects/volc-', what: 'volc', why: 'ids of formats, called after who wrote them' },
  { path: 'src/dialects/index.ts', what: 'volc', why: 'the list of all formats' },
  { path: 'src/edge/data-plane.ts', what: 'volc', why: 'the door speaks this format' },
  { path: 'src/edge/data-plane.ts', what: 'volcengine', why: 'whose data plane it is' },
  { path: 'src/edge/kept-files.ts', what: 'volc', why: 'the door speaks this format' },
  { path: 'src/dialects/volc-', what: 'ark', why: 'the name of the service in the envelope' },
  {
    path: 'src/access/volc-',
    what: 'volcengine',
    why: 'the signature is called after who made it',
  },
  { path: 'src/access/', what: 'volc', why: 'the files of that signature' },
  { path: 'src/edge/control.ts', what: 'volc', why: 'the control plane speaks this format' },
  { path: 'src/edge/', what: 'doubao', why: 'the path /api/doubao/v1 of the strict contract' },
  { path: 'src/limits/limits.ts', what: 'openai', why: 'its clients read these headers' },
  { path: 'src/cli/keys.ts', what: 'doubao', why: 'help text: whose contract it is' },
  { path: 'src/cli/nginx', what: 'doubao', why: 'the location and zone that nginx is asked for' },
  {
    path: 'src/cli/nginx.ts',
    what: 'ark',
    why: 'one of the two places that nginx can stand before',
  },
  { path: 'src/cli/reconcile.ts', what: 'ark', why: 'help text: whose exports are known' },
  { path: 'src/cli/settings.ts', what: 'doubao', why: 'the path of the strict contract' },
  { path: 'src/cli/upstreams.ts', what: 'ark', why: 'the sandbox plays this vendor' },
  { path: 'src/cli/welcome.ts', what: 'doubao', why: 'the first words name what most come for' },
  { path: 'src/cli/welcome.ts', what: 'ark', why: 'the first words name what most come for' },
];

export function isOnLeave(leaves: readonly Leave[], path: string, what: string): boolean {
  return leaves.some((leave) => path.startsWith(leave.path) && leave.what === what);
}

export function judgeVendorWords(source: Source): Breach[] {
  if (!VENDOR_FREE.test(source.path)) return [];
  return listVendorWords(source)
    .filter(({ word }) => !isOnLeave(VENDOR_LEAVES, source.path, word))
    .map(({ word, line }) => ({
      path: source.path,
      line,
      what: `names the vendor "${word}"`,
      mend: 'let data of vendors/ or catalog/ say it, or add a leave with its reason',
    }));
}

/** camelCase is taken apart, so that `arkKey` counts and `market` does not. */
export function listVendorWords(source: Source): { word: string; line: number }[] {
  const lines = source.text.replaceAll(FORMATS, '').split('\n');
  const words = lines.flatMap((text, index) => {
    const whole = text.replaceAll(BRANDS, (brand) => ` ${brand.toLowerCase()} `);
    const apart = whole.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2');
    const word = VENDOR_PATTERN.exec(apart)?.[1]?.toLowerCase();
    return word ? [{ word, line: index + 1 }] : [];
  });
  const names = findNodes(source, 'Identifier', 'Literal').flatMap((node) => {
    const word = textField(node, 'name') ?? textField(node, 'value') ?? '';
    if (!VENDOR_ENGLISH.includes(word.toLowerCase())) return [];
    return [{ word: word.toLowerCase(), line: lineAt(source, node.start) }];
  });
  return [...words, ...names];
}

/** Where each way out of the program may be used. */
export const REACH_LEAVES: readonly Leave[] = [
  { path: 'src/kit/clock.ts', what: 'clock', why: 'the clock port' },
  { path: 'src/kit/clock.ts', what: 'timer', why: 'timers belong to the clock port' },
  { path: 'src/kit/ids.ts', what: 'random', why: 'the random port' },
  { path: 'src/kit/fetch.ts', what: 'network', why: 'the network port' },
  { path: 'src/kit/env.ts', what: 'environment', why: 'reads the environment once' },
  { path: 'src/main.ts', what: 'environment', why: 'hands the environment to the parts' },
  { path: 'src/kit/log.ts', what: 'clock', why: 'a stamp on a line; nothing is decided by it' },
  { path: 'src/kit/log.ts', what: 'timer', why: 'lines that wait are written in one batch' },
  { path: 'src/cli/serve.ts', what: 'random', why: 'hands the random source to the parts' },
];

const REACHES: Readonly<Record<string, string>> = {
  'Date.now': 'clock',
  'new Date': 'clock',
  'performance.now': 'clock',
  'Bun.nanoseconds': 'clock',
  'Math.random': 'random',
  'crypto.randomUUID': 'random',
  'crypto.getRandomValues': 'random',
  randomUUID: 'random',
  randomBytes: 'random',
  setTimeout: 'timer',
  setInterval: 'timer',
  'Bun.sleep': 'timer',
  'process.env': 'environment',
  'Bun.env': 'environment',
  fetch: 'network',
  'Bun.fetch': 'network',
  console: 'console',
};

const REACH_MENDS: Readonly<Record<string, string>> = {
  clock: 'take the clock from deps (kit/clock.ts)',
  timer: 'take the clock from deps (kit/clock.ts)',
  random: 'take the random source from deps (kit/ids.ts)',
  environment: 'take the setting from deps; main.ts reads the environment',
  network: 'take the outbound client from deps (kit/fetch.ts)',
  console: 'use the log of deps (kit/log.ts), or write to the output of deps for people',
};

export function judgeReach(source: Source): Breach[] {
  if (!source.path.startsWith('src/')) return [];
  return listReaches(source)
    .filter(({ kind }) => !isOnLeave(REACH_LEAVES, source.path, kind))
    .map(({ name, kind, line }) => {
      const mend = REACH_MENDS[kind] ?? 'take it from deps';
      return { path: source.path, line, what: `reaches for ${name}`, mend };
    });
}

export interface Reach {
  readonly name: string;
  readonly kind: string;
  readonly line: number;
}

export function listReaches(source: Source): Reach[] {
  const found: Reach[] = [];
  walk(source.program, (node, [parent]) => {
    const name = nameReach(node, parent);
    const kind = name && REACHES[name];
    if (name && kind) found.push({ name, kind, line: lineAt(source, node.start) });
  });
  return found;
}

/** The dotted name that a node stands for, where it could be a reach. */
function nameReach(node: Node, parent: Node | undefined): string | null {
  if (node.type === 'MemberExpression') {
    const object = textField(childNode(node, 'object'), 'name');
    const property = textField(childNode(node, 'property'), 'name');
    return object && property ? `${object}.${property}` : null;
  }
  if (node.type === 'NewExpression' && childNodes(node, 'arguments').length === 0) {
    return `new ${textField(childNode(node, 'callee'), 'name')}`;
  }
  if (node.type !== 'Identifier' || !parent) return null;
  const name = textField(node, 'name');
  const isCalled = parent.type === 'CallExpression' && childNode(parent, 'callee') === node;
  const isObject = parent.type === 'MemberExpression' && childNode(parent, 'object') === node;
  return isCalled || (isObject && name === 'console') ? name : null;
}

const UNFINISHED = /\b(FIXME|TODO|XXX|HACK)\b/;

export function judgeComments(source: Source): Breach[] {
  const at = (comment: Comment, what: string, mend: string): Breach => {
    return { path: source.path, line: lineAt(source, comment.start), what, mend };
  };
  const notes = source.comments.flatMap((comment) => {
    const word = UNFINISHED.exec(comment.text)?.[1];
    return word ? [at(comment, `says ${word}`, 'finish it, or open an issue')] : [];
  });
  const dead = joinLineComments(source)
    .filter((comment) => isCode(comment.text))
    .map((comment) => at(comment, 'holds code in a comment', 'delete it; git remembers'));
  return [...notes, ...dead];
}

/** Line comments on lines that follow each other are one text. */
function joinLineComments(source: Source): Comment[] {
  const joined: Comment[] = [];
  let lastLine = -1;
  for (const comment of source.comments) {
    const line = lineAt(source, comment.start);
    const last = joined.at(-1);
    if (last && !last.isBlock && !comment.isBlock && line === lastLine + 1) {
      joined[joined.length - 1] = { ...last, text: `${last.text}\n${comment.text}` };
    } else joined.push(comment);
    lastLine = line;
  }
  return joined;
}

/** Examples in doc comments are wanted; whole statements elsewhere are dead code. */
function isCode(text: string): boolean {
  if (text.startsWith('*') || !/[;{}()=]/.test(text)) return false;
  const statements = parses(text.replaceAll(/^\s*\*/gm, ''));
  return statements?.some((node) => !isProse(node)) ?? false;
}

/** Words that happen to parse: a name, a label, a string. */
function isProse(node: Node): boolean {
  if (node.type === 'LabeledStatement') return isProse(childNode(node, 'body') ?? node);
  if (node.type !== 'ExpressionStatement') return node.type === 'EmptyStatement';
  const kind = childNode(node, 'expression')?.type ?? '';
  return !['CallExpression', 'AssignmentExpression', 'AwaitExpression'].includes(kind);
}
