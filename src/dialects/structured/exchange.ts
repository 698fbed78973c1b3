/** One attempt at JSON: asked in the way that fits the vendor, and judged when it comes. Pure. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, parseJson } from '../../kit/json.ts';
import type { Problem } from '../../kit/schema/compile.ts';
import type { Formats } from '../index.ts';
import {
  type AskedContext,
  type ErrorReader,
  type Exchange,
  type ReadReply,
  type StreamWatch,
  type WireRequest,
  type WriteWish,
  type Written,
  writeRemark,
} from '../shape.ts';
import { replyBytes, TranslatingWatch } from '../translate.ts';
import type { TurnUsage } from '../turn.ts';
import { type Ask, type Failed, SHOWN_ANSWER_CHARS_MAX, writeAsk } from './ask.ts';
import { type Judged, judgeReply, judgeText } from './judge.ts';
import { type Heard, JudgingWatch, streamReply } from './stream.ts';
import type { Want } from './want.ts';

export interface StructuredWish {
  readonly formats: Formats;
  readonly asked: AskedContext;
  readonly want: Want;
  readonly ask: Ask;
  /** Answers before this one that did not do, and what they used. */
  readonly failed: readonly Failed[];
  readonly usages: readonly (TurnUsage | null)[];
  /** The caller's bytes go as they are, and so does a good answer. */
  readonly untouched: boolean;
  /** The answer goes to the caller as it comes. */
  readonly flows: boolean;
  /** Is told what became of a whole answer. */
  readonly tell: (judged: Judged, usage: TurnUsage | null) => void;
}

export function openStructured(wish: StructuredWish): Exchange {
  return {
    streams: wish.flows,
    write: (request, how) => write(wish, request, how),
    readReply: (text, readError) => readReply(wish, text, readError),
    watch: (readError) => watch(wish, readError),
  };
}

function write(wish: StructuredWish, request: WireRequest, how: WriteWish): Written {
  const { formats, asked, ask } = wish;
  if (wish.untouched && formats.passage !== null) {
    return formats.passage.writeRequest(request, how);
  }
  const turn = writeAsk(asked.turn, { ...ask, want: wish.want, failed: wish.failed });
  const written = formats.vendor.writeTurn(turn, { ...how, stream: wish.flows });
  const notes = ask.rewriting?.notes ?? [];
  if (notes.length === 0) return written;
  return { ...written, warnings: [...(written.warnings ?? []), ...notes] };
}

function readReply(wish: StructuredWish, text: string, readError: ErrorReader): ReadReply {
  const { formats, asked } = wish;
  const passage = wish.untouched ? formats.passage : null;
  const plain = passage?.readReply(text, readError) ?? null;
  const body = plain === null ? parseJson(text) : plain.body;
  if (body === undefined) throw new Fault('vendor_malformed');
  const reply = formats.vendor.readReply(body, readError);
  const judged = judgeReply(reply, wish.want, wish.ask);
  wish.tell(judged, reply.usage);
  if (plain !== null && judged.reply === reply) return plain;
  const whole = { ...judged.reply, usage: sumUsage([...wish.usages, reply.usage]) };
  const shown = asked.request.stream
    ? streamReply(whole, formats.caller.writeEvents(asked))
    : JSON.stringify(withProof(formats.caller.writeReply(whole, asked), wish, judged));
  return { body, text: shown, contentBytes: replyBytes(reply) };
}

/** Of all attempts; null where one of them was not counted. */
function sumUsage(usages: readonly (TurnUsage | null)[]): TurnUsage | null {
  const sum = { input: 0, output: 0, cachedInput: 0, cacheWrite: 0, reasoning: 0 };
  for (const usage of usages) {
    if (usage === null) return null;
    sum.input += usage.input;
    sum.output += usage.output;
    sum.cachedInput += usage.cachedInput;
    sum.cacheWrite += usage.cacheWrite;
    sum.reasoning += usage.reasoning;
  }
  return sum;
}

/** What was done, beside the tokens that it took. */
function withProof(written: Json, wish: StructuredWish, judged: Judged): Json {
  if (!isObject(written)) return written;
  const field = isObject(written.usageMetadata) ? 'usageMetadata' : 'usage';
  const usage = written[field];
  if (!isObject(usage)) return written;
  const proof = {
    mode: wish.ask.mode,
    attempts: wish.failed.length + 1,
    repaired: judged.repairs.map(String),
  };
  return { ...written, [field]: { ...usage, structured_output: proof } };
}

function watch(wish: StructuredWish, readError: ErrorReader): StreamWatch {
  const { formats, asked, want } = wish;
  const { caller, vendor, passage } = formats;
  const inner =
    wish.untouched && passage !== null
      ? passage.watch(asked.request, readError)
      : new TranslatingWatch(vendor.readEvents(readError), caller.writeEvents(asked));
  let end = 'passed';
  return new JudgingWatch(inner, vendor.readEvents(readError), {
    tool: want.kind === 'call' ? want.name : null,
    judge(heard) {
      const problems = judgeHeard(heard, wish);
      if (problems === null) return null;
      if (problems.length > 0) return structuredFault({ problems, attempts: 1, text: null });
      end = 'valid';
      return null;
    },
    note: () => writeRemark(caller, `x-gangway-structured: ${wish.ask.mode}; attempts=1; ${end}`),
    notesFirst: caller.writeRemark !== undefined,
  });
}

/** null: there is nothing to judge. In a stream that flows nothing can be mended any more. */
function judgeHeard(
  { texts, stop, other }: Heard,
  wish: StructuredWish,
): readonly Problem[] | null {
  if (other || stop === 'refusal' || stop === 'filter' || stop === 'length' || stop === 'pause') {
    return null;
  }
  const { want, ask } = wish;
  const isCall = want.kind === 'call';
  const said = isCall ? texts.map((text) => text || '{}') : texts;
  if (said.length === 0) return [{ pointer: '', message: isCall ? 'was not called' : 'is empty' }];
  for (const text of said) {
    const { problems } = judgeText(text, want, ask);
    if (problems.length > 0) return problems;
  }
  return [];
}

const PROBLEMS_SHOWN_MAX = 5;

/** The last answer and why it does not do. `text`: null where the caller has it already. */
export function structuredFault(last: {
  readonly problems: readonly Problem[];
  readonly attempts: number;
  readonly text: string | null;
}): Fault {
  const list = last.problems
    .slice(0, PROBLEMS_SHOWN_MAX)
    .map(({ pointer, message }) => `${pointer || '/'} ${message}`);
  const tries = last.attempts === 1 ? 'one attempt' : `${last.attempts} attempts`;
  const errors = last.problems.map(({ pointer, message }) => ({ pointer, message }));
  const told = { attempts: last.attempts, errors };
  return new Fault('structured_output_failed', {
    message: `The model did not write JSON that fits the schema, in ${tries}: ${list.join('; ')}.`,
    headers: { 'x-should-retry': 'false' },
    more:
      last.text === null ? told : { ...told, answer: last.text.slice(0, SHOWN_ANSWER_CHARS_MAX) },
  });
}
