/** What must be true after a storm, and how late the ends of jobs were known. */
import { nanos } from '../e2e/books.ts';
import { paceAt, STORM_VENDORS } from './vendors.ts';
import { type Aftermath, BALANCE, isOver, type StormWish } from './world.ts';

const NAMED_MAX = 5;

/** What is broken, in words; empty: nothing. */
export function judge(after: Aftermath, wish: Pick<StormWish, 'tasks'>): string[] {
  return [
    ...judgeTasks(after, wish.tasks),
    ...judgeVendors(after),
    ...judgeWebhooks(after),
    ...judgeMoney(after),
  ];
}

function some(what: string, found: readonly string[]): string[] {
  if (found.length === 0) return [];
  return [`${found.length} ${what}: ${found.slice(0, NAMED_MAX).join(', ')}`];
}

function judgeTasks({ tasks, created }: Aftermath, count: number): string[] {
  const known = new Set(tasks.map(({ id }) => id));
  const open = tasks.filter((one) => !isOver(one));
  return [
    ...(created.size === count && tasks.length === count
      ? []
      : [`${count} were asked for, ${created.size} acknowledged, ${tasks.length} are there`]),
    ...some(
      'acknowledged and lost',
      [...created.values()].filter((id) => !known.has(id)),
    ),
    ...some(
      'not over',
      open.map(({ id, status, status_detail: detail }) => `${id} ${status} ${detail}`),
    ),
  ];
}

function judgeVendors({ jobs, created, tasks }: Aftermath): string[] {
  const prompts = jobs.map(({ prompt }) => prompt);
  const twice = prompts.filter((prompt, at) => prompts.indexOf(prompt) !== at);
  const got = new Set(prompts);
  const ended = new Set(tasks.filter(({ status }) => status === 'succeeded').map(({ id }) => id));
  const never = [...created].filter(([prompt, id]) => ended.has(id) && !got.has(prompt));
  return [
    ...some('sent twice', twice),
    ...some(
      'ended without the vendor',
      never.map(([, id]) => id),
    ),
  ];
}

function judgeWebhooks({ told, tasks }: Aftermath): string[] {
  const idsOf = new Map<string, Set<string>>();
  for (const { id, task } of told) idsOf.set(task, (idsOf.get(task) ?? new Set()).add(id));
  const ended = tasks.filter(({ status }) => status === 'succeeded');
  const wrong = ended.filter(({ id }) => idsOf.get(id)?.size !== 1);
  return [
    ...some(
      'ends told not at all or under several ids',
      wrong.map(({ id }) => `${id} ${idsOf.get(id)?.size ?? 0}`),
    ),
    ...some(
      'told of what did not happen',
      told.filter(({ type }) => type !== 'task.succeeded').map(({ type }) => type),
    ),
  ];
}

function judgeMoney({ tasks, ledger, books, account }: Aftermath): string[] {
  const held = tasks.filter(({ status }) => status !== 'succeeded').length;
  const calls = new Map(ledger.map((call) => [call.id, call]));
  const ended = tasks.filter(({ status }) => status === 'succeeded');
  const unpaid = ended.filter(({ call_id: id, cost }) => {
    const call = calls.get(id);
    return call?.state !== 'charged' || call.charge !== cost.final || nanos(call.charge) === 0n;
  });
  const charged = ledger.filter(({ state }) => state === 'charged');
  const spent = ledger.reduce((sum, call) => sum + nanos(call.charge), 0n);
  const isBalanced = books.balanced && books.problems.length === 0 && books.unknown === 0;
  return [
    ...(isBalanced ? [] : [`the books do not balance: ${books.problems.join('; ')}`]),
    ...(books.open_holds === held ? [] : [`${books.open_holds} open holds for ${held} tasks`]),
    ...(charged.length === ended.length ? [] : [`${charged.length} charges, ${ended.length} ends`]),
    ...some(
      'not charged as they say',
      unpaid.map(({ id }) => id),
    ),
    ...(nanos(account.balance) === nanos(BALANCE) - spent ? [] : ['the balance is not the rest']),
  ];
}

/** By vendor: how long after the vendor's end ours was known, in ms and in pauses of its pace. */
export function lateness({ tasks, jobs, created }: Aftermath, wish: StormWish): string[] {
  const endOf = new Map(tasks.map(({ id, completed_at: at }) => [id, at]));
  return STORM_VENDORS.map(({ id }) => {
    const late = jobs
      .filter(({ vendor }) => vendor === id)
      .flatMap(({ prompt, updated_ms: endMs }) => {
        const at = endOf.get(created.get(prompt) ?? '') ?? null;
        return at === null ? [] : [Date.parse(at) - endMs];
      })
      .sort((a, b) => a - b);
    const part = (share: number): number => late[Math.floor((late.length - 1) * share)] ?? 0;
    const pause = paceAt(id, wish.jobMs, wish.pacePercent);
    const pauses = (part(0.95) / pause).toFixed(2);
    return (
      `${id}: ${late.length} ends, known after p50 ${part(0.5)} ms, p95 ${part(0.95)} ms; ` +
      `its pace is ${Math.round(pause)} ms by then, so p95 is ${pauses} of it`
    );
  });
}
