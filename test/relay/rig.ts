/** A relay whose vendors, books and clock are simulated. Nothing here waits for real time. */
import type { Caller } from '../../src/access/keys.ts';
import type { Model } from '../../src/catalog/shape.ts';
import { writeFaultEvent } from '../../src/dialects/openai-chat/fault.ts';
import { readRequest } from '../../src/dialects/openai-chat/request.ts';
import { Deadlines } from '../../src/kit/clock.ts';
import { Fault } from '../../src/kit/fault.ts';
import { type LogFields, makeLog } from '../../src/kit/log.ts';
import { type Price, readPrice } from '../../src/ledger/price.ts';
import { makeLimits } from '../../src/limits/limits.ts';
import { Breaker, type BreakerSettings } from '../../src/relay/breaker.ts';
import type {
  Answer,
  Call,
  CallInput,
  RelayDeps,
  RelaySettings,
  Sink,
} from '../../src/relay/call.ts';
import { makeCredentials } from '../../src/relay/credentials.ts';
import { makeEndpoints } from '../../src/relay/endpoints.ts';
import { handle } from '../../src/relay/handle.ts';
import {
  makeSettlements,
  type SettlementEvent,
  type Settlements,
} from '../../src/relay/settlements.ts';
import { makeRoutes, type Upstream } from '../../src/relay/upstreams.ts';
import { MemoryCounters } from '../../src/storage/memory/counters.ts';
import type { EndpointRow, KeyRow } from '../../src/storage/ports.ts';
import compatible from '../../src/vendors/openai-compatible.ts';
import { SimClock, seededRandom } from '../suites/sim-clock.ts';
import { keyRow } from '../suites/storage-rig.ts';
import { SimLedger } from './sim-ledger.ts';
import { type Script, SimVendors } from './sim-vendors.ts';

export const MODEL: Model = {
  id: 'm',
  maker: 'acme',
  kind: 'chat',
  contextTokens: 1_000,
  outputTokensMax: 100,
  abilities: { tools: true, images: true, json: 'object', reasoning: false },
  offers: [{ vendor: compatible.id, wireName: 'wire-m' }],
};

/** 1,000 nanos for a token in, 500 cached, 2,000 out. */
export const PRICE = readPrice([{ input: '1', output: '2', cachedInput: '0.5' }], 'CNY', '1');

export const SETTINGS: RelaySettings = {
  times: { connectMs: 1_000, firstByteMs: 30_000, idleMs: 10_000, totalMs: 60_000 },
  retry: { count: 2, delayMs: 1_000, retryAfterMsMax: 10_000 },
  drain: { drainMs: 20_000, drainsMax: 10 },
  structured: { attemptsMax: 3, againMax: null },
  rescue: { enabled: false, models: null, timesMax: 1 },
};

export const BREAKER: BreakerSettings = {
  failures: 5,
  windowMs: 60_000,
  openMs: 5_000,
  openMsMax: 20_000,
  refusedMs: 30_000,
};

export interface Wish {
  readonly upstreams?: readonly Partial<Upstream>[];
  readonly price?: Price | null;
  readonly settings?: Partial<RelaySettings>;
  readonly breaker?: Partial<BreakerSettings>;
  readonly unlimited?: boolean;
  readonly key?: Partial<KeyRow>;
  readonly endpoints?: readonly EndpointRow[];
  readonly model?: Partial<Model>;
  /** What is asked of the model, where it is not a chat of any upstream. */
  readonly ask?: Partial<CallInput>;
}

export interface Rig {
  readonly clock: SimClock;
  readonly vendors: SimVendors;
  readonly ledger: SimLedger;
  readonly settlements: Settlements;
  /** What the metrics hear of settlements. */
  readonly told: SettlementEvent[];
  readonly deps: RelayDeps;
  /** What happened, in order: hold, held, ask, settle. */
  readonly events: string[];
  readonly logged: { message: string; fields: LogFields }[];
  readonly ended: string[];
  readonly left: AbortController;
  call(more?: Record<string, unknown>, left?: AbortController): Promise<Answer>;
}

/** One upstream a host: a.test, b.test, … in the order of their priorities. */
export async function makeRig(wish: Wish, scripts: Record<string, Script[]>): Promise<Rig> {
  const clock = new SimClock();
  const events: string[] = [];
  const vendors = new SimVendors(clock, events, scripts);
  const ledger = new SimLedger(clock, events);
  const upstreams = (wish.upstreams ?? Object.keys(scripts).map(() => ({}))).map((more, at) => {
    const name = Object.keys(scripts)[at] ?? '';
    return {
      id: name,
      vendor: compatible,
      baseUrl: `https://${name}.test/v1`,
      credential: `secret-${name}`,
      priority: at,
      weight: 1,
      ...more,
    };
  });
  const model = { ...MODEL, ...wish.model };
  const catalog = {
    find: (name: string) => (name === model.id ? model : undefined),
    list: () => [model],
  };
  const price = wish.price === undefined ? PRICE : wish.price;
  const routes = await makeRoutes(catalog, upstreams, async () =>
    price === null ? null : { price, id: 'price_1' },
  );
  const logged: Rig['logged'] = [];
  const ended: string[] = [];
  const note = (message: string, fields: LogFields = {}) => void logged.push({ message, fields });
  const log = { ...makeLog('silent', () => undefined), warn: note, error: note };
  const told: Rig['told'] = [];
  const tell = (event: SettlementEvent) => void told.push(event);
  const settlements = makeSettlements({ clock, ledger, log, tell });
  const deps: RelayDeps = {
    clock,
    deadlines: new Deadlines(clock),
    random: seededRandom(1),
    outbound: vendors.outbound,
    credentials: makeCredentials(vendors.outbound, clock),
    routes,
    endpoints: makeEndpoints({
      byId: async (id) => wish.endpoints?.find((row) => row.id === id),
      onChange: () => undefined,
    }),
    limits: makeLimits(new MemoryCounters(clock), {
      requestsPerMinute: 0,
      tokensPerMinute: 0,
      concurrency: 0,
    }),
    ledger,
    settlements,
    breaker: new Breaker({ ...BREAKER, ...wish.breaker }, clock),
    settings: { ...SETTINGS, ...wish.settings },
    log,
    observer: { callEnded: (_, row) => void ended.push(row.endReason) },
    live: new Set<Call>(),
  };
  const left = new AbortController();
  const caller = callerOf(wish);
  const call: Rig['call'] = (more = {}, leaving = left) => {
    const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], ...more };
    const { ask = {} } = wish;
    return startCall(JSON.stringify(body), { caller, left: leaving.signal, deps, ask });
  };
  return { clock, vendors, ledger, settlements, told, deps, events, logged, ended, left, call };
}

function callerOf(wish: Wish): Caller {
  const key = keyRow('default', wish.key);
  const models = key.models === null ? null : new Set(key.models);
  return { key, models, addresses: null, unlimited: wish.unlimited ?? false };
}

interface Place {
  readonly caller: Caller;
  readonly left: AbortSignal;
  readonly deps: RelayDeps;
  readonly ask: Partial<CallInput>;
}

function startCall(text: string, { caller, left, deps, ask }: Place): Promise<Answer> {
  const input: CallInput = {
    requestId: 'req_1',
    caller,
    family: 'chat',
    dialect: 'openai-chat',
    request: readRequest(text, Buffer.byteLength(text)),
    mayDrop: false,
    left,
    writeFaultEvent: (fault: Fault) => writeFaultEvent(fault, 'req_1'),
    startedTickMs: deps.clock.tickMs(),
    ...ask,
  };
  return handle(input, deps);
}

/** The text of an answer, whole or streamed. */
export async function textOf(answer: Answer, sink?: Sink): Promise<string> {
  if (answer.kind === 'whole') return answer.text;
  let text = '';
  const keep: Sink = {
    write: (bytes) => {
      text += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
    },
  };
  await answer.pump(sink ?? keep);
  return text;
}

/** Runs one call to its end: its text, or its fault. */
export async function runCall(
  rig: Rig,
  more?: Record<string, unknown>,
): Promise<{ readonly text: string; readonly fault: Fault | null }> {
  const work = rig.call(more).then(
    async (answer) => ({ text: await textOf(answer), fault: null }),
    (thrown: unknown) => {
      if (thrown instanceof Fault) return { text: '', fault: thrown };
      throw thrown;
    },
  );
  const told = await rig.clock.until(work);
  // Nobody waits for the settlement.
  await rig.clock.advance(10);
  return told;
}
