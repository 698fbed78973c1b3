/** Rules about the shape of code: lengths, widths, arguments, types. */
import {
  type Breach,
  childNode,
  childNodes,
  field,
  findNodes,
  lineAt,
  type Node,
  type Source,
  textField,
  walk,
} from './code.ts';

const FILE_LINES_MAX = 400;
const VENDOR_LINES_MAX = 150;
const FUNCTION_LINES_MAX = 70;
const COLUMNS_MAX = 100;
const PARAMETERS_MAX = 3;

const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];
const WITH_PARAMETERS = [...FUNCTIONS, 'TSFunctionType', 'TSMethodSignature'];

export function judgeFileLength({ path, text }: Source): Breach[] {
  const lines = text.trimEnd().split('\n').length;
  const max = path.startsWith('src/vendors/') ? VENDOR_LINES_MAX : FILE_LINES_MAX;
  if (lines <= max) return [];
  const mend = 'split it by what changes together';
  return [{ path, line: max + 1, what: `has ${lines} lines, ${max} are allowed`, mend }];
}

export function judgeColumns({ path, text }: Source): Breach[] {
  return text.split('\n').flatMap((line, index) => {
    const width = [...line].length;
    // One address that cannot be broken may stand alone.
    const isAddress = /^\W*https?:\/\/\S+$/.test(line.trim());
    if (width <= COLUMNS_MAX || isAddress) return [];
    const what = `has ${width} columns, ${COLUMNS_MAX} are allowed`;
    return [{ path, line: index + 1, what, mend: 'break the line; break a long string with +' }];
  });
}

/** The function handed to `describe` only groups tests: each test inside is judged alone. */
function isGroup(node: Node, parents: readonly Node[]): boolean {
  const [call] = parents;
  if (call?.type !== 'CallExpression' || childNode(call, 'callee') === node) return false;
  const callee = childNode(call, 'callee');
  return textField(callee, 'name') === 'describe' || callee?.type === 'CallExpression';
}

export function judgeFunctionLength(source: Source): Breach[] {
  const breaches: Breach[] = [];
  walk(source.program, (node, parents) => {
    if (!FUNCTIONS.includes(node.type) || isGroup(node, parents)) return;
    const line = lineAt(source, node.start);
    const lines = lineAt(source, node.end) - line + 1;
    if (lines <= FUNCTION_LINES_MAX) return;
    const what = `a function has ${lines} lines, ${FUNCTION_LINES_MAX} are allowed`;
    const mend = 'give each step a name of its own';
    breaches.push({ path: source.path, line, what, mend });
  });
  return breaches;
}

export function judgeParameters(source: Source): Breach[] {
  return findNodes(source, ...WITH_PARAMETERS).flatMap((node) => {
    const given = childNodes(node, 'params').filter((one) => textField(one, 'name') !== 'this');
    if (given.length <= PARAMETERS_MAX) return [];
    const what = `a function takes ${given.length} arguments, ${PARAMETERS_MAX} are allowed`;
    const line = lineAt(source, node.start);
    return [{ path: source.path, line, what, mend: 'hand over one object with named fields' }];
  });
}

export function judgeTypes(source: Source): Breach[] {
  const at = (node: Node, what: string, mend: string): Breach => {
    return { path: source.path, line: lineAt(source, node.start), what, mend };
  };
  const anys = findNodes(source, 'TSAnyKeyword').map((node) =>
    at(node, 'says any', 'say unknown and narrow it, or write the type'),
  );
  const casts = findNodes(source, 'TSAsExpression')
    .filter((node) => {
      const inner = childNode(node, 'expression');
      if (inner?.type !== 'TSAsExpression') return false;
      return childNode(inner, 'typeAnnotation')?.type === 'TSUnknownKeyword';
    })
    .map((node) => at(node, 'says as unknown as', 'write a type guard or a schema'));
  return [...anys, ...casts];
}

const MONEY_CODE = /^src\/(ledger\/|kit\/money\.ts|storage\/.*(ledger|account|price))/;
const FLOAT_METHODS = ['toFixed', 'parseFloat'];
const FLOAT_CALLS = ['Number', 'parseFloat'];

/** Money is bigint nanos from end to end: what makes a float of it has no place in its code. */
export function judgeMoney(source: Source): Breach[] {
  if (!MONEY_CODE.test(source.path)) return [];
  const calls = findNodes(source, 'CallExpression').flatMap((call) => {
    const callee = childNode(call, 'callee');
    const method = callee && textField(childNode(callee, 'property'), 'name');
    const name = textField(callee, 'name');
    const isFloat = FLOAT_CALLS.includes(name ?? '') || FLOAT_METHODS.includes(method ?? '');
    return isFloat ? [{ node: call, word: `${name ?? method}()` }] : [];
  });
  const literals = findNodes(source, 'Literal')
    .filter((node) => typeof field(node, 'value') === 'number')
    .filter((node) => !Number.isInteger(field(node, 'value')))
    .map((node) => ({ node, word: textField(node, 'raw') ?? 'a fraction' }));
  return [...calls, ...literals].map(({ node, word }) => ({
    path: source.path,
    line: lineAt(source, node.start),
    what: `uses ${word} in money code`,
    mend: 'keep money in bigint nanos; read and show it with kit/money.ts',
  }));
}

const UNIT_OF: readonly (readonly [words: RegExp, unit: RegExp, mend: string])[] = [
  [
    /(^|_)(TIMEOUT|DELAY|INTERVAL|TTL|AGE|PERIOD|PAUSE|WAIT)(_|$)/,
    /_(MS|S|MINUTES|HOURS|DAYS)(_|$)/,
    'end it with its unit: _MS, _S, _DAYS',
  ],
  [
    /(^|_)(SIZE|LENGTH|MEMORY)(_|$)/,
    /_(BYTES|KB|MB|CHARS|COUNT|ITEMS|ROWS|CALLS|TOKENS|DIGITS)(_|$)/,
    'end it with its unit: _BYTES, _CHARS, _ROWS',
  ],
];

/** Named limits carry their unit. */
export function judgeUnits(source: Source): Breach[] {
  return findNodes(source, 'VariableDeclarator').flatMap((node) => {
    const name = textField(childNode(node, 'id'), 'name') ?? '';
    const value = childNode(node, 'init');
    const isNumber = value?.type === 'Literal' && typeof field(value, 'value') === 'number';
    if (!isNumber || !/^[A-Z][A-Z0-9_]+$/.test(name)) return [];
    const broken = UNIT_OF.find(([words, unit]) => words.test(name) && !unit.test(name));
    if (!broken) return [];
    const line = lineAt(source, node.start);
    return [{ path: source.path, line, what: `${name} has no unit`, mend: broken[2] }];
  });
}
