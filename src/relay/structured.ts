/** JSON that fits, from any model: how it is asked for, how often, and what each round costs. */
import { type ExchangeWish, findFormats, readTurnOf } from '../dialects/index.ts';
import type { Exchange, WireRequest } from '../dialects/shape.ts';
import {
  type Ask,
  chooseAsk,
  type Failed,
  isGuaranteed,
  orderOf,
} from '../dialects/structured/ask.ts';
import { openStructured, structuredFault } from '../dialects/structured/exchange.ts';
import type { Judged } from '../dialects/structured/judge.ts';
import { mayWant, readWant, type Want } from '../dialects/structured/want.ts';
import type { Turn, TurnUsage } from '../dialects/turn.ts';
import { Fault } from '../kit/fault.ts';
import type { Begun } from './attempt.ts';
import { tryUpstreams } from './attempts.ts';
import type { Call, CallInput, RelayDeps, RelaySettings } from './call.ts';
import { keepSpent } from './count.ts';
import type { Candidate, Route } from './upstreams.ts';

/** What the caller says of its JSON beside the request. */
export interface StructuredWishes {
  /** Nothing is checked and nothing is done for it. */
  readonly off?: boolean;
  /** Absent: as it comes where the vendor guarantees it, else whole. */
  readonly stream?: 'buffer' | 'pass';
  /** Answers at most, the first one included. Absent: by what the model can do. */
  readonly attempts?: number;
}

/** The JSON of one call while it lives. */
export interface Structured {
  readonly want: Want;
  readonly turn: Turn;
  readonly stream: StructuredWishes['stream'];
  attemptsMax: number;
  /** The vendor keeps to the schema itself, wherever it is asked. */
  isNative: boolean;
  /** Answers that did not do, and what they used. */
  readonly failed: Failed[];
  readonly usages: (TurnUsage | null)[];
  /** How the answer at hand was asked for, and what became of it. */
  way: Way | null;
  last: { readonly judged: Judged; readonly usage: TurnUsage | null } | null;
}

interface Way {
  readonly ask: Ask;
  readonly untouched: boolean;
  readonly flows: boolean;
}

interface Plan {
  readonly route: Route;
  readonly candidates: readonly Candidate[];
  readonly settings: RelaySettings;
}

/** null: no JSON is wanted. Fault: `invalid_schema`. */
export function planStructured(input: CallInput, plan: Plan): Structured | null {
  const { request, family, dialect, structured: wishes } = input;
  if (family !== 'chat' || wishes?.off === true || !mayWant(request)) return null;
  const turn = readTurnFor(input, plan);
  const want = turn === null ? null : readWant(turn, dialect);
  if (turn === null || want === null) return null;
  const { stream, attempts } = wishes ?? {};
  const made: Structured = {
    want,
    turn,
    stream,
    attemptsMax: 1,
    isNative: false,
    failed: [],
    usages: [],
    way: null,
    last: null,
  };
  const most = input.caller.key.jsonAttemptsMax ?? plan.settings.structured.attemptsMax;
  const ways = plan.candidates.map((candidate) =>
    findWay(made, { input, candidate, able: plan.route.model.abilities }),
  );
  made.isNative = ways.every((way) => way === null || way.ask.mode === 'native');
  // What flows is there already: nobody can be asked again.
  const isOnce = ways.every((way) => way === null || way.flows);
  made.attemptsMax = isOnce ? 1 : Math.min(attempts ?? (made.isNative ? 1 : most), most);
  return made;
}

/** Without one of these no format asks for a schema. */
const SCHEMA_WORDS = /json_schema|response_?(?:json_?)?schema/i;

/** What has no common form is still no mistake where the vendor speaks the caller's format. */
function readTurnFor(input: CallInput, { candidates, route }: Plan): Turn | null {
  try {
    return readTurnOf(input.dialect, input.request);
  } catch (thrown) {
    const isSame = candidates.every(({ service }) => service.dialect === input.dialect);
    const isKept = route.model.abilities.json === 'schema';
    const mayPass = isSame && (isKept || !SCHEMA_WORDS.test(input.request.text));
    if (thrown instanceof Fault && mayPass) return null;
    throw thrown;
  }
}

interface At {
  readonly input: CallInput;
  readonly candidate: Candidate;
  readonly able: Route['model']['abilities'];
}

/** null: this vendor is asked as if nothing were wanted, for there is no turn to ask it with. */
function findWay(structured: Structured, { input, candidate, able }: At): Way | null {
  const to = candidate.service.dialect;
  const formats = findFormats(input.dialect, to);
  if (formats === null) return null;
  const { turn, want, failed } = structured;
  const isSame = formats.passage !== null && failed.length === 0;
  const place = { able, dialect: to, untouched: isSame, flows: structured.stream === 'pass' };
  const ask = chooseAsk(turn, want, place);
  if (!input.request.stream) {
    return { ask, untouched: isSame && ask.mode === 'native', flows: false };
  }
  const isSafe = want.kind === 'call' || isGuaranteed(ask, want, place);
  const mayFlow = ask.mode !== 'forced_tool' && ask.rewriting?.restores !== true;
  if (mayFlow && (structured.stream ?? (isSafe ? 'pass' : 'buffer')) === 'pass') {
    return { ask, untouched: isSame && ask.mode === 'native', flows: true };
  }
  return {
    ask: chooseAsk(turn, want, { ...place, untouched: false }),
    untouched: false,
    flows: false,
  };
}

/** How this attempt carries the call; undefined: as any other. */
export function openFor(
  call: Call,
  candidate: Candidate,
  wish: ExchangeWish,
): Exchange | undefined {
  const { structured } = call;
  if (structured === null) return undefined;
  const able = call.route.model.abilities;
  const way = findWay(structured, { input: call.input, candidate, able });
  const formats = findFormats(wish.from, wish.to);
  structured.way = way;
  structured.last = null;
  if (way === null || formats === null) return undefined;
  const { want, turn, failed, usages } = structured;
  return openStructured({
    ...way,
    formats,
    want,
    failed,
    usages,
    asked: { request: wish.request, turn, callId: wish.callId, nowS: wish.nowS },
    tell: (judged, usage) => {
      structured.last = { judged, usage };
    },
  });
}

/** Round after round, until an answer fits. Fault: `structured_output_failed`. */
export async function tryRounds(
  call: Call,
  candidates: readonly Candidate[],
  deps: RelayDeps,
): Promise<Begun> {
  const { structured } = call;
  for (;;) {
    const begun = await tryUpstreams(call, candidates, deps);
    if (structured === null || begun.kind === 'stream') return begun;
    const { last } = structured;
    if (last === null || last.judged.verdict !== 'invalid') return begun;
    // From here on it is paid for, whatever comes.
    keepSpent(call, { usage: begun.body, contentBytes: begun.contentBytes });
    const { text, problems } = last.judged;
    structured.failed.push({ text, problems });
    structured.usages.push(last.usage);
    const attempts = structured.failed.length;
    if (attempts < structured.attemptsMax && call.stopped === null) continue;
    throw structuredFault({ text, problems, attempts });
  }
}

/** Words around the schema, and the list of what does not fit. */
const ORDER_BYTES_MAX = 1_024;
const PROBLEMS_BYTES_MAX = 8 * 1_024;

/** Bounds of the input of each round: the orders, then each answer before it with its problems. */
export function inputBounds(
  structured: Structured | null,
  request: WireRequest,
  outputBound: number,
): readonly number[] {
  if (structured === null) return [request.inputTokensBound];
  const { want, attemptsMax, isNative } = structured;
  const order = isNative ? 0 : Buffer.byteLength(orderOf(want)) + ORDER_BYTES_MAX;
  return Array.from({ length: attemptsMax }, (_, round) => {
    const again = round * (outputBound + PROBLEMS_BYTES_MAX);
    return request.inputTokensBound + order + again;
  });
}

/** Proves what was done. */
export function structuredHeader(call: Call): string | null {
  const { structured } = call;
  if (structured?.way === null || structured === null) return null;
  const { way, last, failed } = structured;
  const parts: string[] = [way.ask.mode, `attempts=${failed.length + 1}`];
  if ((last?.judged.repairs.length ?? 0) > 0) parts.push('repaired');
  if (last?.judged.verdict === 'passed') parts.push('passed');
  if (call.input.request.stream) parts.push(`stream=${way.flows ? 'pass' : 'buffer'}`);
  return parts.join('; ');
}
