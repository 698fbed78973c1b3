/** What a call was about, for people: its model, its kind, what it used. */
import type { CallRow, Quantities, Store } from '../storage/ports.ts';

/** Ids asked for at once. */
const IDS_AT_ONCE = 500;

/** What stands as the kind of a call: that of its task, else what was asked of the model. */
interface CallKind {
  readonly kind: string;
  readonly task: string | null;
}

export interface CallView extends CallKind {
  readonly id: string;
  readonly model: string;
  readonly quantities: Quantities | null;
}

/** Of calls that were tasks, as far as those are still there. */
export async function kindsOf(
  rows: readonly CallRow[],
  store: Pick<Store, 'tasks'>,
): Promise<ReadonlyMap<string, CallKind>> {
  const ids = rows.filter(({ service }) => service === 'task').map(({ id }) => id);
  const kinds = new Map<string, CallKind>();
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    for (const found of await store.tasks.byCallIds(ids.slice(at, at + IDS_AT_ONCE))) {
      kinds.set(found.callId, { kind: found.kind, task: found.id });
    }
  }
  return kinds;
}

export async function callsOf(
  ids: readonly string[],
  store: Pick<Store, 'tasks' | 'calls'>,
): Promise<ReadonlyMap<string, CallView>> {
  const rows: CallRow[] = [];
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    rows.push(...(await store.calls.byIds(ids.slice(at, at + IDS_AT_ONCE))));
  }
  const kinds = await kindsOf(rows, store);
  return new Map(
    rows.map(({ id, model, service, quantities }) => [
      id,
      { id, model, quantities, ...(kinds.get(id) ?? { kind: service, task: null }) },
    ]),
  );
}

export function unitsText(units: Quantities['units']): string {
  return Object.entries(units ?? {})
    .map(([unit, amount]) => `${unit} ${amount}`)
    .join(', ');
}

export function usedText({ quantities }: CallView): string {
  if (quantities === null) return '';
  const { inputTokens, outputTokens, units, traits } = quantities;
  const tokens = inputTokens + outputTokens === 0 ? '' : `${inputTokens} in, ${outputTokens} out`;
  const marks = Object.entries(traits ?? {}).map(([trait, value]) => `${trait} ${value}`);
  return [tokens, unitsText(units), ...marks].filter((text) => text !== '').join(', ');
}
