/** The rules of the design, section 7. Each has a mend in its message and a proof that it fires. */
import { describe, expect, test } from 'bun:test';
import { FAULTS } from '../src/kit/fault.ts';
import {
  type Breach,
  parseSource,
  readSources,
  readText,
  type Source,
  showBreach,
} from './house/code.ts';
import { judgeFaults, judgeUnusedExports, judgeUnusedFiles } from './house/dead-rules.ts';
import * as shape from './house/shape-rules.ts';
import * as words from './house/word-rules.ts';

const sources = readSources(
  'src',
  'client',
  'sandbox',
  'test',
  'bench',
  'scripts',
  'bin',
  'console',
);

type Rule = (source: Source) => Breach[];

const RULES: readonly (readonly [name: string, rule: Rule])[] = [
  ['a file is short', shape.judgeFileLength],
  ['a function is short', shape.judgeFunctionLength],
  ['a line fits the screen', shape.judgeColumns],
  ['a function takes few arguments', shape.judgeParameters],
  ['no any, no as unknown as', shape.judgeTypes],
  ['no float in money code', shape.judgeMoney],
  ['a limit carries its unit', shape.judgeUnits],
  ['no vendor word outside its rooms', words.judgeVendorWords],
  ['the outside world is reached only through ports', words.judgeReach],
  ['no commented-out code, nothing unfinished', words.judgeComments],
];

describe('the house is tidy', () => {
  test.each(RULES)('%s', (_, rule) => {
    expect(sources.flatMap(rule).map(showBreach)).toEqual([]);
  });

  test('every file of src is reached from main.ts', () => {
    expect(judgeUnusedFiles(sources).map(showBreach)).toEqual([]);
  });

  test('every export of src is imported', () => {
    expect(judgeUnusedExports(sources).map(showBreach)).toEqual([]);
  });

  test('every fault code is documented, raised and tested', () => {
    const tests = sources.filter(({ path }) => path.startsWith('test/'));
    const docs = readText('docs/faults.md');
    const codes = Object.keys(FAULTS);
    expect(judgeFaults({ codes, docs, sources, tests }).map(showBreach)).toEqual([]);
  });

  test('no leave is left over', () => {
    const inUse = (leave: words.Leave, list: (source: Source) => string[]) => {
      const files = sources.filter(({ path }) => path.startsWith(leave.path));
      return files.length === 0 || files.some((source) => list(source).includes(leave.what));
    };
    const vendorWords = (source: Source) => words.listVendorWords(source).map(({ word }) => word);
    const reaches = (source: Source) => words.listReaches(source).map(({ kind }) => kind);
    const unused = [
      ...words.VENDOR_LEAVES.filter((leave) => !inUse(leave, vendorWords)),
      ...words.REACH_LEAVES.filter((leave) => !inUse(leave, reaches)),
    ];
    expect(unused).toEqual([]);
  });
});

const long = (lines: number) => `export function f() {\n${'  g();\n'.repeat(lines - 2)}}`;
const blank = (lines: number) => '\n'.repeat(lines - 1).concat('f();');

/** Rule, file, code that breaks it, words of the message. */
const BROKEN: readonly (readonly [rule: Rule, path: string, code: string, says: string])[] = [
  [shape.judgeFileLength, 'src/kit/a.ts', blank(401), '401 lines'],
  [shape.judgeFileLength, 'src/vendors/a.ts', blank(151), '151 lines'],
  [shape.judgeFunctionLength, 'src/kit/a.ts', long(71), '71 lines'],
  [shape.judgeFunctionLength, 'test/a.test.ts', `test('x', () => {${blank(71)}});`, '71 lines'],
  [shape.judgeColumns, 'src/kit/a.ts', `f('${'x'.repeat(99)}');`, '105 columns'],
  [shape.judgeParameters, 'src/kit/a.ts', 'const f = (a, b, c, d) => a;', '4 arguments'],
  [shape.judgeParameters, 'src/kit/a.ts', 'class A { constructor(a, b, c, d) {} }', '4 arguments'],
  [shape.judgeTypes, 'test/a.ts', 'let a: any;', 'any'],
  [shape.judgeTypes, 'test/a.ts', 'const a = b as unknown as string;', 'as unknown as'],
  [shape.judgeMoney, 'src/ledger/a.ts', 'const a = Number(b);', 'Number()'],
  [shape.judgeMoney, 'src/ledger/a.ts', 'a.toFixed(2);', 'toFixed()'],
  [shape.judgeMoney, 'src/storage/sqlite/ledger.ts', 'Number.parseFloat(a);', 'parseFloat()'],
  [shape.judgeMoney, 'src/kit/money.ts', 'const rate = 0.5;', '0.5'],
  [shape.judgeUnits, 'src/kit/a.ts', 'const HEADER_TIMEOUT = 10;', 'HEADER_TIMEOUT has no unit'],
  [shape.judgeUnits, 'src/kit/a.ts', 'const BODY_SIZE_MAX = 10;', 'BODY_SIZE_MAX has no unit'],
  [words.judgeVendorWords, 'src/relay/a.ts', 'const arkKey = 1;', '"ark"'],
  [words.judgeVendorWords, 'src/edge/a.ts', "if (vendor === 'deepseek') f();", '"deepseek"'],
  [words.judgeVendorWords, 'src/kit/a.ts', '/** As OpenAI does it. */', '"openai"'],
  [words.judgeVendorWords, 'src/kit/a.ts', 'const isOpenAIKey = 1;', '"openai"'],
  [words.judgeVendorWords, 'src/relay/a.ts', "const a = 'together';", '"together"'],
  [words.judgeReach, 'src/relay/a.ts', 'const at = Date.now();', 'Date.now'],
  [words.judgeReach, 'src/relay/a.ts', 'const at = new Date();', 'new Date'],
  [words.judgeReach, 'src/relay/a.ts', 'Math.random();', 'Math.random'],
  [words.judgeReach, 'src/relay/a.ts', 'setTimeout(f, 1);', 'setTimeout'],
  [words.judgeReach, 'src/relay/a.ts', 'setInterval(f, 1);', 'setInterval'],
  [words.judgeReach, 'src/kit/log.ts', 'f(process.env.HOME);', 'process.env'],
  [words.judgeReach, 'src/relay/a.ts', "fetch('http://x');", 'fetch'],
  [words.judgeReach, 'src/kit/fetch.ts', 'console.log(1);', 'console'],
  [words.judgeComments, 'src/kit/a.ts', '// TODO: later', 'TODO'],
  [words.judgeComments, 'src/kit/a.ts', '/* FIXME */', 'FIXME'],
  [words.judgeComments, 'src/kit/a.ts', '// XXX what', 'XXX'],
  [words.judgeComments, 'src/kit/a.ts', '// const a = f(b);', 'code in a comment'],
  [words.judgeComments, 'src/kit/a.ts', '// if (a) {\n//   f();\n// }', 'code in a comment'],
  [words.judgeComments, 'src/kit/a.ts', '/* f(a);\n g(b); */', 'code in a comment'],
];

const FINE: readonly (readonly [rule: Rule, path: string, code: string])[] = [
  [shape.judgeFileLength, 'src/kit/a.ts', blank(400)],
  [shape.judgeFunctionLength, 'src/kit/a.ts', long(70)],
  [shape.judgeFunctionLength, 'test/a.test.ts', `describe('x', () => {${blank(90)}});`],
  [shape.judgeColumns, 'src/kit/a.ts', `// https://x.example/${'x'.repeat(120)}`],
  [shape.judgeParameters, 'src/kit/a.ts', 'function f(this: A, a, b, c) {}'],
  [shape.judgeTypes, 'src/kit/a.ts', "const any = 'any'; f(a as unknown);"],
  [shape.judgeMoney, 'src/edge/a.ts', 'const a = Number(b) * 0.5;'],
  [
    shape.judgeUnits,
    'src/kit/a.ts',
    'const HEADER_TIMEOUT_MS = 10; const BODY_SIZE_BYTES_MAX = 1;',
  ],
  [words.judgeVendorWords, 'src/vendors/ark.ts', "const id = 'ark';"],
  [words.judgeVendorWords, 'src/relay/a.ts', "const market = 'mark'; // put together"],
  [words.judgeVendorWords, 'src/relay/a.ts', "const dialect = 'openai-chat';"],
  [words.judgeReach, 'src/kit/clock.ts', 'Date.now(); setTimeout(f, 1);'],
  [words.judgeReach, 'src/relay/a.ts', 'deps.clock.now(); deps.fetch(a); new Date(at);'],
  [words.judgeReach, 'test/a.test.ts', 'Date.now(); console.log(process.env);'],
  [words.judgeComments, 'src/kit/a.ts', '// Not here: a cut stream ends (always) in an error.'],
  [words.judgeComments, 'src/kit/a.ts', '/** `const a = f(b);` makes one. */'],
  [words.judgeComments, 'src/kit/a.ts', '// node (22); see above'],
];

describe('each rule can fail', () => {
  test.each(BROKEN)('%p refuses in %s: %j', (...[rule, path, code, says]) => {
    const messages = rule(parseSource(path, code)).map(showBreach);
    expect(messages.length).toBeGreaterThan(0);
    expect(messages[0]).toStartWith(`${path}:`);
    expect(messages[0]).toContain(says);
    expect(messages[0]).toMatch(/ Mend: .+\.$/);
  });

  test.each(FINE)('%p allows in %s: %j', (rule, path, code) => {
    expect(rule(parseSource(path, code)).map(showBreach)).toEqual([]);
  });

  test('an unused file, an unused export', () => {
    const files = [
      parseSource('src/main.ts', "import { a } from './kit/a.ts'; a();"),
      parseSource(
        'src/kit/a.ts',
        'export const a = 1, b = 2; export type C = string; export type D = 1; let d: D;',
      ),
      parseSource('src/kit/lost.ts', 'export const d = 1;'),
      parseSource('test/a.test.ts', "import { d } from '../src/kit/lost.ts';"),
    ];
    expect(judgeUnusedFiles(files).map(({ path }) => path)).toEqual(['src/kit/lost.ts']);
    const unused = judgeUnusedExports(files).map(({ what }) => what);
    expect(unused).toEqual(['exports b, which nobody imports', 'exports C, which nobody imports']);
  });

  test('a fault without documentation, without a cause, without a test', () => {
    const judge = (docs: string, code: string, inTest: string) =>
      judgeFaults({
        codes: ['too_hot'],
        docs,
        sources: [parseSource('src/kit/a.ts', code)],
        tests: [parseSource('test/a.test.ts', inTest)],
      }).map(({ what }) => what);
    const raise = "throw new Fault('too_hot');";
    expect(judge('| `too_hot` | …', raise, "is('too_hot')")).toEqual([]);
    expect(judge('too hot', raise, "is('too_hot')")[0]).toContain('docs/faults.md');
    expect(judge('`too_hot`', "f('too_hot')", "is('too_hot')")[0]).toContain('raised nowhere');
    expect(judge('`too_hot`', raise, 'is(it)')[0]).toContain('in no test');
  });
});
