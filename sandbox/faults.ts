/** The faults on demand, chosen by the model's name, as data. */
import type { ErrorKind } from './errors.ts';
import type { Headers } from './wire.ts';

/** What happens after the first half of an answer. */
export type Break = 'hang' | 'reset' | 'end' | 'error' | 'malformed';
export type Special = 'hang' | 'hang-headers' | 'html' | 'redirect' | 'huge' | 'error-200';

/** What is wrong with JSON that a schema or a caller asked for. */
export type Spoil =
  | 'fenced'
  | 'trailing-comma'
  | 'prose'
  | 'wrong-type'
  | 'missing-field'
  | 'extra-field'
  | 'truncated';

export interface Plan {
  /** Answered instead of a completion, in the vendor's style. */
  readonly error?: ErrorKind;
  readonly headers?: Headers;
  /** The error comes this many times, then the call is served. */
  readonly times?: number;
  readonly special?: Special;
  readonly breakWith?: Break;
  /** How bytes are written: each alone, split inside characters, or with CRLF and comments. */
  readonly wire?: 'bytes' | 'utf8' | 'crlf';
  /** Texts of the content chunks in place of an answer; `echo` is the received body. */
  readonly pieces?: readonly string[] | 'echo';
  readonly pauseMs?: number;
  /** Wait before an answer that is not streamed. */
  readonly wholeAfterMs?: number;
  readonly emptyChoices?: boolean;
  /** How JSON is spoiled where JSON is asked for. */
  readonly json?: Spoil;
  /** Complaints after which JSON is right again; absent: never. */
  readonly healsAfter?: number;
  readonly noUsage?: boolean;
}

export interface Fault {
  readonly model: string;
  readonly what: string;
  readonly plan: Plan;
}

const LONG_LINE_BYTES = 200 * 1024;
const SLOW_CHUNKS = 100;
const SLOW_PAUSE_MS = 50;
const FAST_CHUNKS = 20;

const MANY_BYTES_TEXT =
  '你好，世界！多字节文字在字符中间被切开。Größe, façade, Ελλάδα, привет, 日本語, 한국어, 🌍🚀👩‍🚀 — done.';

/** Numbered words, so that a lost or doubled chunk shows; the blank leads, as in a token. */
function words(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${at === 0 ? '' : ' '}w${at + 1}`);
}

function fault(name: string, what: string, plan: Plan): Fault {
  return Object.freeze({ model: `sandbox-${name}`, what, plan: Object.freeze(plan) });
}

const SPOILS: readonly (readonly [Spoil, string])[] = [
  ['fenced', 'the JSON stands in a Markdown fence'],
  ['trailing-comma', 'a comma before each closing bracket'],
  ['prose', 'sentences before and after the JSON'],
  ['wrong-type', 'the first member has a wrong type'],
  ['missing-field', 'the first required member is missing'],
  ['extra-field', 'a member that no schema knows'],
  ['truncated', 'the JSON ends in the middle'],
];

function spoilFaults(): Fault[] {
  const faults = SPOILS.flatMap(([json, what]) => [
    fault(`json-${json}`, `where JSON is asked for: ${what}`, { json }),
    fault(`json-${json}-heals`, `the same until the caller has complained once`, {
      json,
      healsAfter: 1,
    }),
  ]);
  const heals = { json: 'wrong-type', healsAfter: 1 } as const;
  const late = { json: 'missing-field', healsAfter: 2 } as const;
  return [
    ...faults,
    fault('json-heals', 'JSON with a wrong type until the caller has complained once', heals),
    fault('json-heals-late', 'JSON without a member until the caller complained twice', late),
  ];
}

/** Every fault by name. "Vendor's own" means status and body as that vendor sends them. */
export const FAULTS: readonly Fault[] = Object.freeze([
  fault('401', "401, the vendor's own body for a wrong key", { error: 'bad-key' }),
  fault('403-account', "the vendor's own answer when our account has no money (402, 403, 429, …)", {
    error: 'account',
  }),
  fault('400', "the vendor's own answer to a bad parameter (400, Mistral 422)", {
    error: 'invalid',
  }),
  fault('404', "the vendor's own answer to an unknown model (404, some vendors 400)", {
    error: 'model',
  }),
  fault('429', '429 with Retry-After: 1', { error: 'rate', headers: { 'retry-after': '1' } }),
  fault('429-long', '429 with Retry-After: 120', {
    error: 'rate',
    headers: { 'retry-after': '120' },
  }),
  fault('500', '500 always', { error: 'server' }),
  fault('500-once', '500 once for each x-client-request-id (or model), then served', {
    error: 'server',
    times: 1,
  }),
  fault('500-twice', '500 twice for each x-client-request-id (or model), then served', {
    error: 'server',
    times: 2,
  }),
  fault('503', '503 always', { error: 'overloaded' }),
  fault('hang', 'nothing at all, not even headers', { special: 'hang' }),
  fault('hang-headers-sent', '200 and headers, then nothing', { special: 'hang-headers' }),
  fault('hang-middle', 'half of the answer, then nothing', { breakWith: 'hang' }),
  fault('cut-middle', 'half of the answer, then a TCP reset', { breakWith: 'reset' }),
  fault('cut-clean', 'half of the answer, then a clean end: no finish_reason, no [DONE]', {
    breakWith: 'end',
  }),
  fault('malformed', 'one event that is not JSON in the middle; a body that is not JSON', {
    breakWith: 'malformed',
  }),
  fault('200-error', '200 with an error body; as the first event of a stream', {
    special: 'error-200',
  }),
  fault('error-middle', 'an error event after half of the stream; not streamed: 500', {
    breakWith: 'error',
  }),
  fault('empty-choices', '200 with "choices": []', { emptyChoices: true }),
  fault('long-line', 'one content of 200 KB, in a stream one SSE line', {
    pieces: ['Before. ', 'x'.repeat(LONG_LINE_BYTES), ' After.'],
  }),
  fault('utf8-split', 'multi-byte text, every character split over two TCP writes', {
    pieces: MANY_BYTES_TEXT.split(/(?<=[，。,])/),
    wire: 'utf8',
  }),
  fault('byte-by-byte', 'every byte of the body in a TCP write of its own', { wire: 'bytes' }),
  fault('crlf', 'CRLF line ends and comment lines', { wire: 'crlf' }),
  fault('slow', '100 content chunks, 50 ms apart; not streamed: after 5 s', {
    pieces: words(SLOW_CHUNKS),
    pauseMs: SLOW_PAUSE_MS,
    wholeAfterMs: SLOW_CHUNKS * SLOW_PAUSE_MS,
  }),
  fault('html-502', 'an HTML error page with status 502', { special: 'html' }),
  fault('redirect', '302 to a path of the sandbox that counts who follows', {
    special: 'redirect',
  }),
  fault('no-usage', 'an answer without usage, asked for or not', { noUsage: true }),
  fault('huge', 'an answer that never ends', { special: 'huge' }),
  fault('echo', 'the received JSON body as content', { pieces: 'echo' }),
  fault('fast', '20 content chunks without pauses', { pieces: words(FAST_CHUNKS), pauseMs: 0 }),
  ...spoilFaults(),
]);

/** Names beside the faults that mean something. */
export const MODEL_PATTERNS: readonly { readonly model: string; readonly what: string }[] =
  Object.freeze([
    { model: '*', what: 'any other name is served normally and named in the answer' },
    {
      model: '*thinking*, *reasoner*, *reasoning*, *-r1, *qwq*',
      what: 'reasons before it answers, in the way of the vendor',
    },
    { model: '*cached*', what: 'half of the prompt is reported as read from a cache' },
    {
      model: 'sandbox-stream-<chunks>x<pause ms>',
      what: 'that many content chunks, that far apart; 0 is without pauses',
    },
  ]);

const STREAM_NAME = /^sandbox-stream-(\d{1,5})x(\d{1,5})$/;
const BY_MODEL = new Map(FAULTS.map((one) => [one.model, one.plan]));
const NORMAL: Plan = Object.freeze({});

/** The plan for a model's name; only the part after the last slash counts. */
export function planFor(model: string): Plan {
  const name = model.slice(model.lastIndexOf('/') + 1);
  const shaped = STREAM_NAME.exec(name);
  if (shaped === null) return BY_MODEL.get(name) ?? NORMAL;
  return { pieces: words(Math.max(1, Number(shaped[1]))), pauseMs: Number(shaped[2]) };
}

/** Counters of errors that go away; the oldest are forgotten beyond this number. */
const COUNTERS_MAX = 10_000;

export class FaultCounter {
  readonly #seen = new Map<string, number>();

  /** True while the error is still due for `key`; the call after the last one starts anew. */
  due(key: string, times: number): boolean {
    const seen = this.#seen.get(key) ?? 0;
    this.#seen.delete(key);
    if (seen >= times) return false;
    this.#seen.set(key, seen + 1);
    if (this.#seen.size > COUNTERS_MAX) this.#seen.delete(this.#seen.keys().next().value!);
    return true;
  }

  reset(): void {
    this.#seen.clear();
  }
}
