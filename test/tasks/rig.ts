/** An engine on a store of its own, with a clock that only the test moves and a made-up vendor. */
import type { Model } from '../../src/catalog/shape.ts';
import type { OutboundRequest } from '../../src/kit/fetch.ts';
import { OutboundError } from '../../src/kit/fetch.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../src/kit/json.ts';
import { makeLog } from '../../src/kit/log.ts';
import { readPrice } from '../../src/ledger/price.ts';
import type { Store } from '../../src/storage/ports.ts';
import { makeHints } from '../../src/tasks/callbacks.ts';
import type { TaskDeps } from '../../src/tasks/deps.ts';
import { type Desk, makeDesk } from '../../src/tasks/desk.ts';
import { openTask, type Task } from '../../src/tasks/doc.ts';
import { type Engine, startEngine } from '../../src/tasks/engine.ts';
import { makeTaskRoutes } from '../../src/tasks/routes.ts';
import { makeWaiters } from '../../src/tasks/waiters.ts';
import type { TaskWish } from '../../src/tasks/wish.ts';
import { makeSqlitePlace } from '../storage/sqlite-place.ts';
import { SimClock, seededRandom } from '../suites/sim-clock.ts';
import { makePurse, type Purse } from '../suites/storage-rig.ts';
import { ninth } from './ninth-vendor.ts';

export const BALANCE = 1_000_000_000_000n;
export const GRAM = 1_000_000n;

const MODEL: Model = {
  id: 'soup',
  maker: 'ninth',
  kind: 'video',
  contextTokens: 0,
  outputTokensMax: 0,
  abilities: { tools: false, images: false, json: 'none', reasoning: false },
  offers: [{ vendor: 'ninth', wireName: 'soup-of-the-day' }],
};

export interface Order {
  readonly ticket: number;
  readonly wish: string;
  readonly note: string;
  readonly at: number;
  how: string;
}

/** What the kitchen does with a new order: answers as usual, or in one of these ways. */
export type Mood =
  | 'well'
  | 'no'
  | 'dead'
  | 'silent'
  | 'lost-500'
  | 'never-500'
  | 'stove-500'
  | 'busy';

export class Kitchen {
  readonly orders: Order[] = [];
  readonly asked: { readonly method: string; readonly path: string; readonly atMs: number }[] = [];
  readonly #clock: SimClock;
  mood: Mood = 'well';
  /** Whether the list shows whose note is on an order. */
  notes = true;
  grams: number | null = 100;
  /** How far all dishes are, where it tells. */
  percent: number | null = null;
  /** Whose fault it is that a dish is burnt, and whether it is on the bill. */
  burnt: JsonObject = {};
  asking = 0;
  askingMax = 0;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  all(how: string): void {
    for (const order of this.orders) order.how = how;
  }

  readonly outbound = async (request: OutboundRequest) => {
    const { pathname, search } = new URL(request.url);
    const path = pathname.replace('/api', '') + search;
    this.asked.push({ method: request.method, path, atMs: this.#clock.nowMs() });
    this.asking += 1;
    this.askingMax = Math.max(this.askingMax, this.asking);
    await Promise.resolve();
    this.asking -= 1;
    if (request.headers['x-chef'] !== 'knife') return reply(401, { code: 'who' });
    const body = parseJson(typeof request.body === 'string' ? request.body : '') ?? null;
    if (request.method === 'PUT') return this.#order(isObject(body) ? body : {});
    if (request.method === 'GET') {
      return reply(200, { orders: [...this.orders].reverse().map(plain), notes: this.notes });
    }
    if (request.method === 'DELETE') {
      const order = this.orders.find(({ ticket }) => path === `/orders/${ticket}`);
      if (order !== undefined) order.how = 'sent back';
      return reply(200, {});
    }
    const order = this.orders.find(({ ticket }) => isObject(body) && body.ticket === ticket);
    if (order === undefined) return reply(404, { code: 'none' });
    const plate: JsonObject =
      order.how === 'served' ? { plate: `https://kitchen.test/${order.ticket}.mp4` } : {};
    const grams: JsonObject = this.grams === null ? {} : { grams: this.grams };
    const percent: JsonObject = this.percent === null ? {} : { percent: this.percent };
    const said: JsonObject = { how: order.how, ...plate, ...grams, ...percent, ...this.burnt };
    return reply(200, said);
  };

  #order(body: JsonObject) {
    const { mood } = this;
    if (mood === 'dead') throw new OutboundError('connect', null);
    if (mood === 'never-500') return reply(500, { code: 'fire' });
    if (mood === 'stove-500') return reply(500, { code: 'stove' });
    if (mood === 'no') return reply(200, { no: true });
    if (mood === 'busy') return reply(429, { code: 'full' });
    const order: Order = {
      ticket: this.orders.length + 1,
      wish: String(body.wish),
      note: String(body.note),
      at: this.#clock.nowMs(),
      how: 'in the pot',
    };
    this.orders.push(order);
    if (mood === 'silent') throw new OutboundError('reset', null);
    return mood === 'lost-500'
      ? reply(500, { code: 'fire' })
      : reply(200, { ticket: order.ticket });
  }
}

function plain({ ticket, note, at }: Order): Json {
  return { ticket, note, at };
}

function reply(status: number, body: Json) {
  const text = JSON.stringify(body);
  return {
    status,
    header: () => null,
    text: async () => text,
    read: async () => null,
    close: () => undefined,
  };
}

export interface Rig {
  readonly clock: SimClock;
  readonly kitchen: Kitchen;
  readonly store: Store;
  readonly purse: Purse;
  readonly deps: TaskDeps;
  readonly desk: Desk;
  engine: Engine;
  wish(more?: Partial<TaskWish>): TaskWish;
  create(more?: Partial<TaskWish>): Promise<Task>;
  task(id: string): Promise<Task>;
  /** Moves the hands until this is so; fails after an hour of the clock's. */
  until(is: () => Promise<boolean> | boolean): Promise<void>;
  /** As the clock's `until`, for work that also waits for the books, which run in real time. */
  ends(work: Promise<unknown>): Promise<void>;
  stop(): Promise<void>;
}

type Settings = TaskDeps['settings'];

const SETTINGS: Settings = {
  publicUrl: null,
  submitWaitMs: 5_000,
  connectMs: 1_000,
  requestMs: 10_000,
  openMax: 100,
  sureAfterMs: 30_000,
  lostAnswer: 'refund',
  pacePercent: 100,
  currency: 'CNY',
  deadlineMs: null,
  timeoutRefund: 'stopped',
  retryWindowMs: 60_000,
  refunds: { always: [], notRefused: [] },
};

export async function makeRig(more: Partial<Settings> = {}): Promise<Rig> {
  const clock = new SimClock();
  const place = await makeSqlitePlace('interval');
  const store = await place.open();
  const purse = await makePurse(store, BALANCE);
  const kitchen = new Kitchen(clock);
  const waiters = makeWaiters(clock);
  const deps: TaskDeps = {
    clock,
    random: seededRandom(7),
    outbound: kitchen.outbound,
    prove: () => null,
    routes: await routesOf(store),
    tasks: store.tasks,
    ledger: store.ledger,
    log: makeLog('silent', () => undefined),
    settings: { ...SETTINGS, ...more },
    hints: makeHints(),
    handed: null,
    keep: null,
    changed: (taskId) => waiters.changed(taskId),
  };
  const rig: Rig = {
    clock,
    kitchen,
    store,
    purse,
    deps,
    engine: startEngine(deps),
    desk: makeDesk({
      ...deps,
      engine: { nudge: () => rig.engine.nudge(), stop: async () => undefined, busy: () => 0 },
      waiters,
      guard: { check: async () => undefined, send: kitchen.outbound },
      discard: async () => undefined,
    }),
    wish: (wished = {}) => ({ ...wishOf(purse), ...wished }),
    create: (wished = {}) => clock.until(rig.desk.create(rig.wish(wished))),
    async task(taskId) {
      const row = await store.tasks.byId(taskId);
      if (row === undefined) throw new Error(`no task ${taskId}`);
      return openTask(row);
    },
    until: (is) => waitUntil(is, clock),
    async ends(work) {
      let ended = false;
      void work.finally(() => {
        ended = true;
      });
      await rig.until(() => ended);
    },
    async stop() {
      await rig.ends(rig.engine.stop());
      await Bun.sleep(20);
      await place.dispose();
    },
  };
  return rig;
}

async function waitUntil(is: () => Promise<boolean> | boolean, clock: SimClock): Promise<void> {
  for (let steps = 0; steps < 3_600; steps += 1) {
    if (await is()) return;
    await clock.advance(1_000);
    // The books are written in real time.
    await Bun.sleep(1);
  }
  throw new Error('it does not come to be');
}

/** The kitchen's, at a price a gram. */
export async function routesOf(store: Store, gram = '0.001') {
  const price = readPrice([{ units: { gram: { price: gram } } }], 'CNY', '1');
  const id = await store.ledger.keepPrice(price.snapshot);
  const upstream = { id: 'ninth', vendor: ninth, baseUrl: ninth.baseUrl, credential: 'knife' };
  const catalog = {
    find: (name: string) => (name === MODEL.id ? MODEL : undefined),
    list: () => [MODEL],
  };
  const upstreams = [{ ...upstream, priority: 0, weight: 1 }];
  return makeTaskRoutes(catalog, upstreams, async () => ({ price, id }));
}

function wishOf(purse: Purse): TaskWish {
  return {
    requestId: 'req_1',
    caller: {
      accountId: purse.accountId,
      keyId: purse.key.id,
      keyBudgeted: false,
      unlimited: false,
      models: null,
    },
    model: 'soup',
    endpoint: null,
    door: null,
    kind: null,
    prompt: 'hot',
    negativePrompt: null,
    media: [],
    params: {},
    options: {},
    native: null,
    sources: [],
    callback: null,
    metadata: null,
    repeatKey: null,
  };
}
