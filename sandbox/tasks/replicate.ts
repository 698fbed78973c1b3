/** Replicate's predictions, from its openapi.json and what npm replicate 1.4 sends. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { nowMs } from '../clock.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import known from './replicate-models.json' with { type: 'json' };
import type { Ask, Told } from './server.ts';

export const REPLICATE_PATH = '/replicate/v1';
/** Where predictions are streamed: no key is asked for there. */
export const REPLICATE_STREAM_PATH = '/replicate-stream/v1';
const KEY = 'sandbox-replicate-key';
const PAGE = 100;
/** What a second costs is not told, only how many it took. */
const RUN_PART = 0.8;
const MS_PER_S = 1_000;
const EVENTS = ['start', 'output', 'logs', 'completed'];
const VIDEO = /^(minimax\/|lucataco\/animate-diff|andreasjansson\/)/;

interface Field {
  readonly name: string;
  readonly type: string;
  readonly required?: boolean;
  readonly format?: string;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Model {
  readonly version: string;
  readonly official: boolean;
  readonly input: readonly Field[];
  readonly output: { readonly type: string };
}

/** A model of language, whose output is a list of the texts that it said. */
export const LANGUAGE = 'meta/meta-llama-3-8b-instruct';
const LLAMA: Model = {
  version: '5a6809ca6288247d06daf6365557e5e429063f32a21146b2a807c682652136b8',
  official: true,
  input: [
    { name: 'prompt', type: 'string', required: true },
    { name: 'max_tokens', type: 'integer', minimum: 1 },
  ],
  output: { type: 'text' },
};

const MODELS: Readonly<Record<string, Model>> = {
  ...(known as Readonly<Record<string, Model>>),
  [LANGUAGE]: LLAMA,
};
/** Of whoever this key belongs to. */
const DEPLOYMENTS: Readonly<Record<string, string>> = { 'acme/portraits': 'stability-ai/sdxl' };

const STATES = {
  queued: 'starting',
  running: 'processing',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'canceled',
} as const;

function refuse(status: number, detail: string, title = 'Error'): Told {
  return { status, body: { title, detail, status } };
}

export function replicate(ask: Ask, jobs: Jobs): Told {
  if (ask.key !== KEY) {
    return refuse(401, 'You did not pass a valid authentication token', 'Unauthenticated');
  }
  const path = ask.path.slice(REPLICATE_PATH.length);
  if (ask.method === 'POST') {
    const byName = /^\/(models|deployments)\/([^/]+\/[^/]+)\/predictions$/.exec(path);
    if (byName !== null) return createByName(ask, byName, jobs);
    if (path === '/predictions') return createByVersion(ask, jobs);
  }
  if (ask.method === 'GET' && path === '/predictions') return list(ask, jobs);
  const one = /^\/predictions\/([a-z0-9]+)(\/cancel)?$/.exec(path);
  const job = one === null ? undefined : jobs.find('replicate', one[1] ?? '');
  const isCancel = one?.[2] !== undefined;
  if (job === undefined || ask.method !== (isCancel ? 'POST' : 'GET')) {
    return refuse(404, 'The requested resource could not be found.', 'Not found');
  }
  keepDeadline(job, jobs);
  const state = jobs.stateOf(job);
  if (isCancel && (state === 'queued' || state === 'running')) job.cancelledMs = nowMs();
  return { status: 200, body: show(job, jobs, ask.origin) };
}

/** "90", "30s", "1h30m45s" in seconds; null: no duration, or one that is too short. */
function secondsOf(said: string): number | null {
  const read = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/.exec(said);
  const [h = 0, m = 0, s = 0] = (read ?? []).slice(1).map((part) => Number(part ?? 0));
  const seconds = h * 3_600 + m * 60 + s;
  return read === null || seconds < 5 ? null : seconds;
}

/** What is still at work at its deadline is stopped. */
function keepDeadline(job: FakeJob, jobs: Jobs): void {
  const { deadlineMs } = job.request;
  const state = jobs.stateOf(job);
  if (typeof deadlineMs !== 'number' || (state !== 'queued' && state !== 'running')) return;
  if (nowMs() > deadlineMs) job.cancelledMs = deadlineMs;
}

function createByName(ask: Ask, [, kind, name = '']: RegExpExecArray, jobs: Jobs): Told {
  if (ask.body.version !== undefined) return invalid('version', 'Unexpected field');
  const model = kind === 'deployments' ? DEPLOYMENTS[name] : name;
  const found = model === undefined ? undefined : MODELS[model];
  if (model === undefined || found === undefined || (kind === 'models' && !found.official)) {
    return refuse(404, 'The requested resource could not be found.', 'Not found');
  }
  const deployment: JsonObject = kind === 'deployments' ? { deployment: name } : {};
  return create(ask, { model, found, more: deployment }, jobs);
}

function createByVersion(ask: Ask, jobs: Jobs): Told {
  const { version } = ask.body;
  if (typeof version !== 'string') return invalid('version', 'version is required');
  const id = version.split(':').at(-1) ?? '';
  const entry = Object.entries(MODELS).find(
    ([name, model]) => model.version === id || (model.official && name === version),
  );
  if (entry === undefined) {
    const detail = 'The specified version does not exist (or perhaps you do not have permission?)';
    return refuse(422, detail, 'Invalid version or not permitted');
  }
  return create(ask, { model: entry[0], found: entry[1], more: {} }, jobs);
}

interface Chosen {
  readonly model: string;
  readonly found: Model;
  readonly more: JsonObject;
}

function invalid(field: string, what: string): Told {
  return refuse(422, `- ${field}: ${what}`, 'Input validation failed');
}

function create(ask: Ask, { model, found, more }: Chosen, jobs: Jobs): Told {
  const { input, webhook, webhook_events_filter: filter } = ask.body;
  if (!isObject(input)) return invalid('input', 'input is required');
  for (const field of found.input) {
    const wrong = check(field, input[field.name] ?? null);
    if (wrong !== null) return invalid(`input.${field.name}`, wrong);
  }
  if (webhook !== undefined && !/^https?:\/\//.test(String(webhook))) {
    return invalid('webhook', 'Does not match format uri');
  }
  const isFilter = Array.isArray(filter) && filter.every((one) => EVENTS.includes(String(one)));
  if (filter !== undefined && !isFilter) return invalid('webhook_events_filter', 'Not an event');
  const after = ask.header('cancel-after');
  const lifeS = after === null ? null : secondsOf(after);
  if (after !== null && lifeS === null)
    return refuse(422, 'Cancel-After is no duration of 5s or more');
  const deadline: JsonObject = lifeS === null ? {} : { deadlineMs: nowMs() + lifeS * MS_PER_S };
  const prompt = typeof input.prompt === 'string' ? input.prompt : '';
  if (prompt.includes('sandbox-refuse')) return invalid('input.prompt', 'Was flagged as sensitive');
  if (prompt.includes('sandbox-balance')) {
    return refuse(402, 'You have insufficient credit to run this model.', 'Insufficient credit');
  }
  if (prompt.includes('sandbox-busy')) {
    const detail = 'Request was throttled. Your rate limit resets in ~30s.';
    return { status: 429, body: { detail, status: 429 } };
  }
  if (prompt.includes('sandbox-broken')) return refuse(500, 'Internal server error');
  const id = BigInt(`0x${crypto.randomUUID().replaceAll('-', '')}`)
    .toString(36)
    .padStart(26, '0');
  const call: JsonObject = webhook === undefined ? {} : { webhook };
  const job = jobs.add('replicate', id, { prompt, input, model, ...call, ...more, ...deadline });
  if (typeof webhook === 'string') {
    void jobs.tell(job, webhook, () => show(job, jobs, ask.origin));
  }
  if (prompt.includes('sandbox-lost-answer')) return refuse(500, 'Internal server error');
  const shown = show(job, jobs, ask.origin);
  return { status: 201, body: shown, cut: prompt.includes('sandbox-no-answer') };
}

function check(field: Field, value: Json): string | null {
  if (value === null) return field.required === true ? `${field.name} is required` : null;
  const { type, format, minimum, maximum } = field;
  const given = Number.isInteger(value) && type === 'integer' ? 'integer' : typeof value;
  const isRight = given === type;
  if (!isRight) return `Invalid type. Expected: ${type}, given: ${given}`;
  if (format === 'uri' && value !== '' && !/^(https?|data):/.test(String(value))) {
    return 'Does not match format uri';
  }
  if (field.enum !== undefined && !field.enum.includes(value as string | number)) {
    return `Must be one of ${field.enum.join(', ')}`;
  }
  if (minimum !== undefined && Number(value) < minimum) return `Must be at least ${minimum}`;
  return maximum !== undefined && Number(value) > maximum ? `Must be at most ${maximum}` : null;
}

function show(job: FakeJob, jobs: Jobs, origin: string): JsonObject {
  const state = jobs.stateOf(job);
  const { model, input, deadlineMs, ...rest } = job.request;
  const name = String(model);
  const link = `${origin}${REPLICATE_PATH}/predictions/${job.id}`;
  const isOver = state !== 'queued' && state !== 'running';
  // Inputs, outputs and logs are not kept for longer than files are.
  const isGone = isOver && state !== 'cancelled' && !isKept(job, jobs);
  const seconds = (jobs.timeOf(job) * RUN_PART) / MS_PER_S;
  const isModerated = job.prompt.includes('sandbox-moderate');
  const why = isModerated ? 'NSFW content detected. Try running it again.' : 'Prediction failed.';
  const at = (ms: number): string => new Date(ms).toISOString();
  return {
    ...rest,
    ...{ id: job.id, model: name, input: isGone ? {} : (input ?? {}), source: 'api' },
    data_removed: isGone,
    ...(typeof deadlineMs === 'number' ? { deadline: at(deadlineMs) } : {}),
    version: MODELS[name]?.official === true ? 'hidden' : (MODELS[name]?.version ?? 'hidden'),
    ...{ status: STATES[state], error: state === 'failed' ? why : null },
    output: state === 'succeeded' && !isGone ? outputOf(job, origin) : null,
    logs: state === 'queued' ? '' : 'Using seed: 42\n',
    created_at: at(job.createdMs),
    started_at: state === 'queued' ? null : at(job.createdMs + jobs.timeOf(job) * (1 - RUN_PART)),
    completed_at: isOver ? at(jobs.updatedMs(job)) : null,
    metrics: state === 'succeeded' ? { predict_time: seconds, total_time: seconds } : {},
    urls: {
      ...{ get: link, cancel: `${link}/cancel` },
      stream: `${origin}${REPLICATE_STREAM_PATH}/${job.id}`,
    },
  };
}

const isKept = (job: FakeJob, jobs: Jobs): boolean =>
  jobs.isLinkAlive(job) || job.prompt.includes('sandbox-dead-link');

/** What a model of language says: the words of the prompt, each as a piece of its own. */
export function wordsOf({ prompt }: FakeJob): readonly string[] {
  const words = prompt.split(' ').map((word, index) => (index === 0 ? word : ` ${word}`));
  return [...words, '\n', '.'];
}

export function outputOf(job: FakeJob, origin: string): Json {
  const { id, request } = job;
  const name = String(request.model);
  if (name === LANGUAGE) return wordsOf(job);
  const input = isObject(request.input) ? request.input : {};
  const count = Number(input.num_outputs ?? 1);
  const ending = VIDEO.test(name) ? 'mp4' : 'png';
  const file = (index: number): string => `${origin}/sandbox/files/${id}/out-${index}.${ending}`;
  if (MODELS[name]?.output.type !== 'array') return file(0);
  return Array.from({ length: count }, (_, index) => file(index));
}

function list(ask: Ask, jobs: Jobs): Told {
  const bound = (name: string): number => Date.parse(ask.query.get(name) ?? '');
  const [since, until] = [bound('created_after'), bound('created_before')];
  const all = jobs
    .list('replicate')
    .filter(({ createdMs }) => !(createdMs < since) && !(createdMs > until));
  const from = Number(ask.query.get('cursor') ?? 0);
  const link = (at: number): string => `${ask.origin}${REPLICATE_PATH}/predictions?cursor=${at}`;
  return {
    status: 200,
    body: {
      previous: from === 0 ? null : link(Math.max(0, from - PAGE)),
      next: from + PAGE < all.length ? link(from + PAGE) : null,
      results: all.slice(from, from + PAGE).map((job) => show(job, jobs, ask.origin)),
    },
  };
}
