/** A postman, a desk, and receivers that answer as the test wants, beside an engine's rig. */
import type { Guard, GuardedRequest } from '../../src/kit/guard.ts';
import { GuardError } from '../../src/kit/guard.ts';
import { makeSealer } from '../../src/kit/seal.ts';
import type { TaskRow } from '../../src/storage/ports.ts';
import { type DeliverDeps, startPostman } from '../../src/tasks/webhooks/deliver.ts';
import { makeSecretsOf, makeWebhookDesk } from '../../src/tasks/webhooks/desk.ts';
import { nextName } from '../suites/storage-rig.ts';
import { makeRig } from './rig.ts';

export interface Got {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly atMs: number;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter?: string;
}
/** A status, or more than that; an Error is thrown, a promise is waited for. */
type Says = number | Answer | Error | Promise<number>;

export const newSecret = (): string =>
  `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')}`;

export async function makeHooks(more: Partial<DeliverDeps> = {}) {
  const rig = await makeRig();
  const { clock, store } = rig;
  const got: Got[] = [];
  const receiver = { answers: (_: GuardedRequest): Says => 200 };
  const guard: Guard = {
    check: async (url) => {
      if (url.includes('inside')) throw new GuardError('private_address', url);
    },
    async send(request) {
      const { url, headers } = request;
      got.push({ url, headers, body: String(request.body), atMs: clock.nowMs() });
      const said = await receiver.answers(request);
      if (said instanceof Error) throw said;
      const { status, retryAfter = null } = typeof said === 'number' ? { status: said } : said;
      const header = (name: string) => (name === 'retry-after' ? retryAfter : null);
      const none = { text: async () => '', read: async () => null, close: () => undefined };
      return { status, header, ...none };
    },
  };
  const secret = newSecret();
  const sealer = makeSealer(new Uint8Array(32).fill(7));
  const secrets = { clock, webhooks: store.webhooks, sealer, accountSecret: () => secret };
  const deps: DeliverDeps = {
    ...{ clock, guard, random: rig.deps.random, log: rig.deps.log, connectMs: 1_000 },
    ...{ tasks: store.tasks, webhooks: store.webhooks, deliveries: store.deliveries },
    ...{ notices: store.notices, operator: { accountId: 'house', webhooks: [] } },
    doors: [],
    linkOf: Object.assign(() => null, { origin: 'https://gateway.test', passOf: () => '' }),
    secretsOf: makeSecretsOf(secrets),
    ...more,
  };
  const postman = startPostman(deps);
  const { deliveries } = store;
  const nudge = (): void => postman.nudge();
  const desk = makeWebhookDesk({ ...secrets, deliveries, guard, nudge });
  const { accountId } = rig.purse;
  return {
    ...{ rig, got, receiver, postman, desk, deps },
    webhook: (wish: object = {}) =>
      desk.create({
        ...{ accountId, url: 'https://a.test/hook', events: [], profile: 'standard' },
        ...wish,
      }),
    all: () => desk.deliveries({ accountId, limit: 1_000 }),
    /** Tasks that have ended, with their three events, and nobody was told. */
    async put(count: number): Promise<readonly TaskRow[]> {
      const { row } = await rig.create();
      const rows = Array.from({ length: count }, () => endedRow(row));
      for (const one of rows) await store.tasks.insert(one);
      postman.nudge();
      return rows;
    },
    async stop(): Promise<void> {
      await rig.ends(postman.stop());
      await rig.stop();
    },
  };
}

export type Hooks = Awaited<ReturnType<typeof makeHooks>>;

function endedRow(row: TaskRow): TaskRow {
  const id = nextName('task');
  const names = ['task.queued', 'task.running', 'task.succeeded'];
  const events = names.map((type) => ({ id: nextName('evt'), type, atMs: row.createdMs }));
  const doc = { ...(JSON.parse(row.doc) as object), events };
  const fresh = { id, nativeId: id, callId: nextName('call'), token: nextName('token') };
  const over = { phase: 'done', state: 'succeeded', endedMs: row.createdMs } as const;
  return { ...row, ...fresh, ...over, events: 3, told: 0, doc: JSON.stringify(doc) };
}
