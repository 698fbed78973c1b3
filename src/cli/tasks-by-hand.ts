/** `gangway tasks`: look through slow work, and decide what nobody else can. */
import { hostname, userInfo } from 'node:os';
import { systemClock } from '../kit/clock.ts';
import { formatMoney } from '../kit/money.ts';
import type { ActRow, Store, TaskState } from '../storage/ports.ts';
import { openTask, type Task } from '../tasks/doc.ts';
import { type Hands, makeHands } from '../tasks/hands.ts';
import { type Booted, boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags, UsageError } from './flags.ts';
import { printJson, printLine, printTable } from './print.ts';

export const TASKS_HELP = `gangway tasks list [--state S] [--detail D] [--account NAME] [--model M]
                   [--upstream U] [--limit N] [--after ID]
gangway tasks show ID
gangway tasks adopt ID --vendor-id X
gangway tasks release ID
gangway tasks resend ID --vendor-does-not-have-it

Of a task that is held_for_review nobody can tell whether its vendor took it. Look it up there (show
names the id that it was sent under), then:
  adopt     the vendor has it, as X: the server asks the vendor for X, and goes on with it
  release   it never began: the task fails, its money is free again, its webhooks are told
  resend    it never began and shall: sent once more. The flag is your word that the vendor does not
            have it; if it does, it is paid for twice
Each is kept on record under the task, with who did it. All work beside a running server.
  --state   queued, running, succeeded, failed or canceled
  --detail  such as held_for_review, unknown, upstream_missing
  --json    print JSON`;

const FLAGS = {
  ...COMMON_FLAGS,
  state: { type: 'string' },
  detail: { type: 'string' },
  account: { type: 'string' },
  model: { type: 'string' },
  upstream: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
  'vendor-id': { type: 'string' },
  'vendor-does-not-have-it': { type: 'boolean' },
} as const;

const STATES: readonly TaskState[] = ['queued', 'running', 'succeeded', 'failed', 'canceled'];
const LIST_MAX = 1_000;
const LIST_DEFAULT = 50;
/** Tasks looked at for one list. */
const SCAN_ROWS_MAX = 50_000;
const SCAN_PAGE_ROWS = 500;
const DETAIL = /^[\w-]{1,60}$/;
const ACTS_SHOWN = 50;
const PROMPT_CHARS_SHOWN = 300;
/** How long `adopt` waits for the server to ask the vendor. */
const ADOPT_WAIT_MS = 10_000;
const LOOK_EVERY_MS = 200;

const parse = (args: readonly string[]) => parseFlags(args, FLAGS, TASKS_HELP);
type Values = NonNullable<ReturnType<typeof parse>>['values'];

export async function tasksByHand(args: readonly string[]): Promise<number> {
  const flags = parse(args);
  if (flags === null) return 0;
  const { values } = flags;
  const [action, id] = flags.positionals;
  const booted = await boot(values);
  try {
    if (action === 'list') await list(booted.store, values);
    else if (id === undefined) throw new UsageError(TASKS_HELP);
    else if (action === 'show') await show(booted.store, id, values);
    else return await decide({ action, id }, booted, values);
  } finally {
    await booted.store.close();
  }
  return 0;
}

async function list(store: Store, values: Values): Promise<void> {
  const found = await scan(store, values);
  const shown = found.map(brief);
  if (values.json === true) {
    printJson(shown);
    return;
  }
  const lines = shown.map((row) => [
    ...[row.id, row.account, row.model, row.upstream, row.state],
    ...[row.detail ?? '', row.created, row.vendor_id ?? ''],
  ]);
  printTable([
    ['id', 'account', 'model', 'upstream', 'state', 'detail', 'created', 'vendor id'],
    ...lines,
  ]);
}

/** A detail stands in the document, so pages are read until enough have it. */
async function scan(store: Store, values: Values): Promise<readonly Task[]> {
  const limit = Math.min(LIST_MAX, Number(values.limit ?? LIST_DEFAULT) || LIST_DEFAULT);
  const { detail, model, upstream } = values;
  const state = STATES.find((one) => one === values.state);
  if (values.state !== undefined && state === undefined) {
    throw new UsageError(`--state: one of ${STATES.join(', ')}`);
  }
  if (detail !== undefined && !DETAIL.test(detail)) throw new UsageError('--detail: one word');
  const filter = {
    limit: SCAN_PAGE_ROWS,
    ...(values.account === undefined ? {} : { accountId: await accountId(store, values.account) }),
    ...(state === undefined ? {} : { states: [state] }),
    ...(detail === undefined ? {} : { detail }),
    ...(model === undefined ? {} : { model }),
    ...(upstream === undefined ? {} : { upstream }),
  };
  const found: Task[] = [];
  let { after } = values;
  for (let seen = 0; seen < SCAN_ROWS_MAX; seen += SCAN_PAGE_ROWS) {
    const rows = await store.tasks.survey({ ...filter, ...(after === undefined ? {} : { after }) });
    const tasks = rows.map(openTask);
    found.push(...tasks.filter(({ doc }) => detail === undefined || doc.detail === detail));
    after = rows.at(-1)?.id;
    if (found.length >= limit || rows.length < SCAN_PAGE_ROWS) break;
  }
  return found.slice(0, limit);
}

async function accountId(store: Store, name: string): Promise<string> {
  const account = await store.accounts.byName(name);
  if (account === undefined) throw new UsageError(`There is no account "${name}".`);
  return account.id;
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function brief({ row, doc }: Task) {
  return {
    id: row.id,
    account: row.accountId,
    model: row.model,
    kind: row.kind,
    upstream: row.upstream,
    state: row.state,
    detail: row.endedMs === null ? doc.detail : null,
    created: iso(row.createdMs) ?? '',
    vendor_id: row.vendorId,
  };
}

async function read(store: Store, id: string): Promise<Task> {
  const row = await store.tasks.byId(id);
  if (row === undefined) throw new UsageError(`There is no task "${id}". See: gangway tasks list`);
  return openTask(row);
}

async function show(store: Store, id: string, values: Values): Promise<void> {
  const task = await read(store, id);
  const acts = await store.acts.list({ subject: id, limit: ACTS_SHOWN });
  const shown = { ...whole(task), acts: acts.map(viewAct) };
  if (values.json === true) printJson(shown);
  else printFields(shown);
}

function whole(task: Task) {
  const { row, doc, job } = task;
  return {
    ...brief(task),
    phase: row.phase,
    note: doc.note ?? null,
    key: row.keyId,
    call: row.callId,
    // The name under which vendors that take one know it.
    sent_as: job.ownId,
    sent: iso(doc.sentMs),
    prompt: job.prompt?.slice(0, PROMPT_CHARS_SHOWN) ?? null,
    tries: doc.tries,
    looked_for: doc.lost,
    polls: doc.polls,
    next: row.endedMs === null ? iso(row.nextMs) : null,
    ended: iso(row.endedMs),
    held: formatMoney(BigInt(doc.estimate)),
    charge: doc.charge === null ? null : formatMoney(BigInt(doc.charge)),
    used: doc.used,
    error: doc.error,
  };
}

function viewAct(row: ActRow) {
  return {
    at: iso(row.atMs),
    operator: row.operator,
    command: row.command,
    wish: JSON.parse(row.wish) as unknown,
    state: row.state,
    problem: row.problem,
  };
}

function printFields(shown: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(shown)) {
    const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
    printLine(`${name.padEnd(10)} ${text ?? ''}`);
  }
}

interface Decision {
  readonly action: string | undefined;
  readonly id: string;
}

/** Exit status: 1 where the vendor knows nothing of what it was asked for. */
async function decide({ action, id }: Decision, booted: Booted, values: Values): Promise<number> {
  const hands = openHands(booted);
  const { store } = booted;
  if (action === 'adopt') {
    const vendorId = values['vendor-id'];
    if (vendorId === undefined) throw new UsageError('--vendor-id: the id that the vendor knows');
    await hands.adopt(id, vendorId);
    await untilAsked(id, store);
  } else if (action === 'release') await hands.release(id);
  else if (action === 'resend') {
    if (values['vendor-does-not-have-it'] !== true) {
      throw new UsageError('Look it up first; then say so: --vendor-does-not-have-it');
    }
    await hands.resend(id);
  } else throw new UsageError(TASKS_HELP);
  const task = await read(store, id);
  if (values.json === true) printJson(whole(task));
  else printLine(`${id}: ${tell(task)}`);
  return (task.doc.note ?? null) === null ? 0 : 1;
}

function openHands({ store }: Booted): Hands {
  return makeHands({
    clock: systemClock,
    tasks: store.tasks,
    ledger: store.ledger,
    acts: store.acts,
    operator: `${userInfo().username}@${hostname()}`,
    // A server on the same data sees what changed when it looks, within a second.
    changed: () => undefined,
    settings: PLAIN,
  });
}

/** Of the engine's settings none is asked for here. */
const PLAIN = Object.freeze({ publicUrl: null });

/** Only the server can ask the vendor. */
async function untilAsked(id: string, store: Store): Promise<void> {
  for (const endMs = systemClock.tickMs() + ADOPT_WAIT_MS; systemClock.tickMs() < endMs; ) {
    if (((await read(store, id)).doc.named ?? null) === null) return;
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

function tell({ row, doc }: Task): string {
  if ((doc.named ?? null) !== null) {
    return `noted; no server has asked the vendor for "${doc.named}" yet. It will when it runs.`;
  }
  if (row.endedMs !== null) return row.state;
  const why = doc.note === null || doc.note === undefined ? '' : `: ${doc.note}`;
  return `${row.state}, ${doc.detail ?? row.phase}${why}`;
}
