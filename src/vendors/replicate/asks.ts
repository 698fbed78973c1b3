/** What callers of Replicate's paths ask for. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json } from '../../kit/json.ts';
import type { NativeAsk, NativeRoute, NativeWant } from '../native.ts';
import { findModel } from './models.ts';
import { write } from './show.ts';

/** The vendor's events -> ours. There is no news of outputs and logs before the end. */
const ENDS = ['task.succeeded', 'task.failed', 'task.canceled'];
const EVENTS: Readonly<Record<string, readonly string[]>> = Object.freeze({
  start: ['task.running'],
  output: ['task.succeeded'],
  logs: ENDS,
  completed: ENDS,
});
/** "90", "30s", "1h30m45s". */
const DURATION = /^(?:(\d{1,3})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s?)?$/;
const CANCEL_AFTER_S_MIN = 5;
const PAGE = 100;
const WAIT_S = 60;
const MS_PER_S = 1_000;
const UNREADABLE = 422;

export function text(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function unreadable(param: string, what: string): Fault {
  const message = `- ${param}: ${what}`;
  return new Fault('invalid_request', { status: UNREADABLE, message, param });
}

export function want(ask: NativeAsk, model: string): NativeWant {
  const { body } = ask;
  const input = isObject(body.input) ? body.input : {};
  const makes = findModel(model)?.schema.makes;
  const hasImage = ['image', 'image_prompt', 'first_frame_image'].some((name) => name in input);
  const wait = /^wait(?:=(\d+))?$/.exec(ask.header('prefer') ?? '');
  const events = eventsOf(body.webhook_events_filter ?? null);
  return {
    model,
    kind: makes === undefined ? 'prediction' : `${hasImage ? 'image' : 'text'}_to_${makes}`,
    prompt: text(input.prompt),
    media: [],
    params: {},
    callbackUrl: text(body.webhook),
    ...deadlineOf(ask),
    ...(events === null ? {} : { callbackEvents: events }),
    ...(wait === null ? {} : { patienceMs: Number(wait[1] ?? WAIT_S) * MS_PER_S }),
    sources: [],
  };
}

function eventsOf(filter: Json): readonly string[] | null {
  if (filter === null) return null;
  const names = Array.isArray(filter) ? (filter as readonly Json[]) : [];
  const ours = names.map((name) => (typeof name === 'string' ? EVENTS[name] : undefined));
  if (names.length === 0 || ours.includes(undefined)) {
    throw unreadable('webhook_events_filter', `Must be of ${Object.keys(EVENTS).join(', ')}`);
  }
  return [...new Set(ours.flatMap((one) => one ?? []))];
}

/** A deadline that the vendor keeps, counted from when it takes the job. */
function deadlineOf({ header }: NativeAsk): Pick<NativeWant, 'headers'> {
  const said = header('cancel-after');
  if (said === null) return {};
  const [, h = 0, m = 0, s = 0] = (DURATION.exec(said.trim()) ?? []).map((part) =>
    Number(part ?? 0),
  );
  if (h * 3_600 + m * 60 + s < CANCEL_AFTER_S_MIN) {
    throw unreadable('Cancel-After', `Must be a duration of ${CANCEL_AFTER_S_MIN}s or more`);
  }
  return { headers: { 'cancel-after': said.trim() } };
}

const BOUNDS = ['created_after', 'created_before'] as const;

export const list: NativeRoute = {
  method: 'GET',
  path: '/predictions',
  does: 'list',
  ask({ query }) {
    const after = query.get('cursor');
    const [createdAfterMs, createdBeforeMs] = BOUNDS.map((name) => timeOf(query, name));
    return {
      ...{ offset: 0, limit: PAGE, states: null, ids: null, model: null },
      ...(after === null ? {} : { after }),
      ...(createdAfterMs === undefined ? {} : { createdAfterMs }),
      ...(createdBeforeMs === undefined ? {} : { createdBeforeMs }),
    };
  },
  write({ base, views, more, createdAfterMs, createdBeforeMs }) {
    const next = new URL(`${base}/predictions`);
    next.searchParams.set('cursor', views.at(-1)?.id ?? '');
    for (const [index, ms] of [createdAfterMs, createdBeforeMs].entries()) {
      if (ms !== undefined) next.searchParams.set(BOUNDS[index] ?? '', new Date(ms).toISOString());
    }
    return { previous: null, next: more ? next.href : null, results: views.map(write) };
  },
};

function timeOf(query: URLSearchParams, name: string): number | undefined {
  const said = query.get(name);
  if (said === null) return undefined;
  const ms = Date.parse(said);
  if (Number.isNaN(ms)) throw unreadable(name, 'Must be a date and time');
  return ms;
}
