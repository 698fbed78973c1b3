/** The story of one call. All branching is here; the steps are small and stand alone. */
import type { WireRequest } from '../dialects/shape.ts';
import { Fault, type FaultCode, storageFault, toFault } from '../kit/fault.ts';
import { newId } from '../kit/ids.ts';
import { formatMoney } from '../kit/money.ts';
import { explainRefusal } from '../ledger/budget.ts';
import { priceAtMost } from '../ledger/price.ts';
import type { EndpointRow, EndReason, HoldRow, Quantities } from '../storage/ports.ts';
import type { Begun, VendorStream } from './attempt.ts';
import type { Answer, Call, CallInput, RelayDeps, Sink } from './call.ts';
import { isEndpointId } from './endpoints.ts';
import { answerHeaders, withSunset } from './headers.ts';
import { makeRescuable, rescuesMax } from './rescue.ts';
import { settle } from './settle.ts';
import { pumpStream, watchCaller } from './stream.ts';
import { inputBounds, planStructured, type Structured, tryRounds } from './structured.ts';
import type { Candidate, Route } from './upstreams.ts';

export async function handle(input: CallInput, deps: RelayDeps): Promise<Answer> {
  const { route, endpoint } = await resolve(input, deps);
  const candidates = affordable(able(route, input), input);
  const outputBound = outputTokensBound(route, input);
  const structured = planStructured(input, { route, candidates, settings: deps.settings });
  const wish = { route, endpoint, candidates, outputBound, structured };
  const call = await admit(input, wish, deps);
  try {
    await hold(call, deps);
    watchCaller(call, deps);
    const begun = await tryRounds(call, candidates, deps);
    call.firstByteMs = Math.round(deps.clock.tickMs() - input.startedTickMs);
    return await answer(call, begun, deps);
  } catch (thrown) {
    const fault = toFault(thrown);
    const reason: EndReason =
      call.stopped ?? (fault.code === 'vendor_timeout' ? 'timeout' : 'vendor_fault');
    const ending = { reason, fault: call.stopped === 'caller_left' ? null : fault };
    settle(call, { ...ending, usage: null, contentBytes: stoppedBytes(call) }, deps);
    throw withSunset(fault, route.model);
  }
}

interface Place {
  readonly route: Route;
  /** null where the model was named itself. */
  readonly endpoint: EndpointRow | null;
}

/** A model's name, or an endpoint of the caller's account that stands for one. */
async function resolve({ caller, request }: CallInput, deps: RelayDeps): Promise<Place> {
  const named = request.model;
  const endpoint = isEndpointId(named)
    ? await deps.endpoints.find(named, caller.key.accountId)
    : null;
  // A key for the endpoint alone may not call its model past the endpoint's limits.
  const isNamed = endpoint !== null && caller.models?.has(endpoint.id) === true;
  const route = deps.routes.find(endpoint?.model ?? named);
  if (!isNamed && caller.models?.has(route.model.id) === false) throw notAllowed(named);
  if (endpoint?.state === 'Stopped') {
    throw new Fault('endpoint_stopped', {
      message: `The endpoint ${endpoint.id} is stopped. Start it, or name another.`,
      param: 'model',
    });
  }
  return { route, endpoint };
}

function notAllowed(named: string): Fault {
  return new Fault('model_not_allowed', {
    message: `This API key may not use the model "${named.slice(0, 200)}".`,
    param: 'model',
  });
}

/** Those that can be asked for this, in the caller's format. */
function able(route: Route, input: CallInput): readonly Candidate[] {
  const candidates = route.candidates(input.family, input.dialect);
  if (candidates.length === 0) {
    const asked = input.family.replaceAll('_', ' ');
    throw new Fault('wrong_model_kind', {
      message: `The model "${route.model.id}" does not serve ${asked} here.`,
      param: 'model',
    });
  }
  if (input.upstream === undefined) return candidates;
  const there = candidates.filter(({ upstream }) => upstream.id === input.upstream);
  if (there.length === 0) throw new Fault('no_upstream', { retryAfterS: 1 });
  return there;
}

/** An account with a limit is only served at a known price. */
function affordable(candidates: readonly Candidate[], input: CallInput): readonly Candidate[] {
  if (input.caller.unlimited) return candidates;
  const priced = candidates.filter(({ price, service }) => price !== null || service.free === true);
  if (priced.length === 0) throw new Fault('no_price', { param: 'model' });
  return priced;
}

/** The most tokens that this call can make the vendor write. */
function outputTokensBound(route: Route, input: CallInput): number {
  const most = route.model.outputTokensMax * input.request.choices;
  return Math.min(most, input.request.outputTokensAsked ?? most);
}

interface AdmitWish extends Place {
  readonly candidates: readonly Candidate[];
  readonly outputBound: number;
  readonly structured: Structured | null;
}

/** Limits: nothing else has happened yet, so a refusal leaves no trace but its answer. */
async function admit(input: CallInput, wish: AdmitWish, deps: RelayDeps): Promise<Call> {
  const { request, caller } = input;
  const guess = request.inputTokensGuess + (request.outputTokensAsked ?? 0);
  const admission = await deps.limits.admit(caller.key, guess, wish.endpoint ?? undefined);
  const { amount, priceId } = mostOf(input, wish, deps);
  // Each upstream that goes on is asked the whole again.
  const timesMax = wish.structured === null ? rescuesMax(input, wish.route.model.id, deps) : 0;
  const row: HoldRow = {
    id: newId('call'),
    accountId: caller.key.accountId,
    keyId: caller.key.id,
    keyBudgeted: caller.key.budget !== null,
    requestId: input.requestId,
    service: input.family,
    model: wish.route.model.id,
    endpoint: wish.endpoint?.id ?? null,
    stream: request.stream,
    amount: amount * BigInt(1 + timesMax),
    tokens: (request.inputTokensBound + wish.outputBound) * (1 + timesMax),
    priceId,
    startedMs: deps.clock.nowMs(),
  };
  const call: Call = {
    input,
    route: wish.route,
    admission,
    hold: row,
    attempts: [],
    structured: wish.structured,
    earlier: [],
    rescuable: makeRescuable(input, row, timesMax),
    candidates: wish.candidates,
    dropped: [],
    warnings: [],
    answered: new Map(),
    candidate: null,
    queuedMs: 0,
    firstByteMs: null,
    stopped: null,
    stop: null,
    endWithin: null,
    draining: false,
    settled: false,
  };
  return call;
}

/** The most that the call can cost: its dearest candidate, in each of its rounds. */
function mostOf(
  { request, caller }: CallInput,
  wish: AdmitWish,
  deps: RelayDeps,
): { readonly amount: bigint; readonly priceId: string | null } {
  const { structured, outputBound } = wish;
  const againMax = caller.key.jsonAgainMax ?? deps.settings.structured.againMax;
  let amount = 0n;
  let first = 0n;
  let priceId: string | null = null;
  for (const [round, inputTokens] of inputBounds(structured, request, outputBound).entries()) {
    let most = 0n;
    for (const candidate of wish.candidates) {
      if (candidate.price === null || candidate.service.free === true) continue;
      const bound = boundOf(candidate, request, { inputTokens, outputTokens: outputBound });
      const cost = priceAtMost(candidate.price, bound);
      if (cost < most) continue;
      most = cost;
      priceId = candidate.priceId;
    }
    const again = round === 0 ? 0n : amount + most - first;
    if (againMax !== null && structured !== null && again > againMax) {
      structured.attemptsMax = round;
      break;
    }
    if (round === 0) first = most;
    amount += most;
  }
  return { amount, priceId };
}

/** Never less than the call can use at this candidate. */
function boundOf(
  candidate: Candidate,
  request: WireRequest,
  tokens: Pick<Quantities, 'inputTokens' | 'outputTokens'>,
): Quantities {
  const { unitsBound: units, traits } = request;
  const ofService = candidate.service.traits;
  return {
    ...tokens,
    cachedInputTokens: 0,
    reasoningTokens: 0,
    ...(units === undefined ? {} : { units }),
    ...(traits === undefined && ofService === undefined
      ? {}
      : { traits: { ...traits, ...ofService } }),
  };
}

/** The hold is on disk before any vendor is asked; nobody skips it. */
async function hold(call: Call, deps: RelayDeps): Promise<void> {
  const verdict = await deps.ledger.hold(call.hold).catch((error: unknown) => {
    throw storageFault(error);
  });
  call.queuedMs = Math.round(deps.clock.tickMs() - call.input.startedTickMs);
  if (verdict === 'held') {
    deps.live.add(call);
    return;
  }
  // Nothing was written, so there is nothing to settle.
  call.settled = true;
  call.admission.leave(0);
  throw verdict === 'insufficient_balance'
    ? new Fault('insufficient_balance', { message: shortOf(call.hold.amount) })
    : new Fault('budget_exceeded', { message: explainRefusal(verdict) });
}

/** Results of attempts that ended while the vendor was at work. */
const UNANSWERED: ReadonlySet<string> = new Set<FaultCode>(['shutting_down', 'vendor_timeout']);

function shortOf(amount: bigint): string {
  return `The account has less money left than this call may cost: ${formatMoney(amount)}.`;
}

/** A caller that left while the vendor was at work owes the prompt; a vendor that refused, none. */
function stoppedBytes(call: Call): number | null {
  const atWork = call.attempts.some(({ sent, result }) => sent && UNANSWERED.has(result));
  return call.stopped === 'caller_left' && atWork ? 0 : null;
}

async function answer(call: Call, begun: Begun, deps: RelayDeps): Promise<Answer> {
  const headers = answerHeaders(call);
  if (begun.kind === 'stream') {
    return { kind: 'stream', headers, pump: makePump(call, begun.stream, deps) };
  }
  settle(
    call,
    {
      reason: call.stopped ?? 'complete',
      fault: null,
      usage: begun.body,
      contentBytes: begun.contentBytes,
    },
    deps,
  );
  if (call.input.request.stream) {
    const pump = async (sink: Sink): Promise<void> => void (await sink.write(begun.text));
    return { kind: 'stream', headers, pump };
  }
  const upstream = call.candidate?.upstream.id ?? '';
  return { kind: 'whole', headers, text: begun.text, upstream, body: begun.body };
}

const NOWHERE: Sink = Object.freeze({ write: () => undefined });

/** Carries the stream once: for a caller that is gone before it asked for the body as well. */
function makePump(call: Call, stream: VendorStream, deps: RelayDeps) {
  let pumping: Promise<void> | null = null;
  const pump = (sink: Sink): Promise<void> => {
    pumping ??= pumpStream(call, { stream, sink }, deps);
    return pumping;
  };
  const { left } = call.input;
  const carryOn = (): void => void pump(NOWHERE);
  if (left.aborted) carryOn();
  else left.addEventListener('abort', carryOn, { once: true });
  return pump;
}
