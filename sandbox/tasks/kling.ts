/** Kling, from a copy of its document of 2026-03-27. It trusts no key, but tokens made with it. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isObject, type Json, type JsonObject, parseJson } from '../../src/kit/json.ts';
import { nowMs } from '../clock.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import { checkKling, FACES_PATH, KLING_FAMILIES, type KlingRule } from './kling-rules.ts';
import type { Ask, Told } from './server.ts';

export const KLING_PATH = '/klingai';
export const KLING_KEY = 'sandbox-kling-access:sandbox-kling-secret';
const MS_PER_S = 1_000;
const LIFE_S_MAX = 1_800;
const SESSION_MS = 86_400_000;
const PAGE = { usual: 30, max: 500 };
const WORDS = {
  queued: 'submitted',
  running: 'processing',
  succeeded: 'succeed',
  failed: 'failed',
  cancelled: 'failed',
} as const;

const say = (status: number, code: number, message: string): Told => ({
  status,
  body: { code, message, request_id: crypto.randomUUID() },
});

const good = (data: Json, cut = false): Told => ({
  status: 200,
  body: { code: 0, message: 'SUCCEED', request_id: crypto.randomUUID(), data },
  cut,
});

export function kling(ask: Ask, jobs: Jobs): Told {
  const bad = badToken(ask.key);
  if (bad !== null) return bad;
  const path = ask.path.slice(KLING_PATH.length);
  const rule = KLING_FAMILIES.find((one) => path === one.path || path.startsWith(`${one.path}/`));
  if (rule === undefined) return say(404, 1202, 'The requested method is invalid');
  const id = decodeURIComponent(path.slice(rule.path.length + 1));
  if (ask.method === 'POST' && id === '') return create(ask, rule, jobs);
  if (ask.method !== 'GET') return say(404, 1202, 'The requested method is invalid');
  const mine = jobs.list('kling').filter((job) => job.request.family === rule.path);
  if (id === '') return list(ask, mine, jobs);
  const isIt = (job: FakeJob) => job.id === id || job.request.external_task_id === id;
  const job = mine.find(isIt);
  if (job === undefined) return say(404, 1203, 'The requested resource does not exist');
  return good(show(job, jobs, ask.origin));
}

function badToken(token: string): Told | null {
  const [accessKey, secret = ''] = KLING_KEY.split(':');
  if (token === '') return say(401, 1001, 'Authorization is empty');
  const [head = '', claims = '', mac = '', ...rest] = token.split('.');
  const said = parseJson(Buffer.from(claims, 'base64url').toString());
  const kind = parseJson(Buffer.from(head, 'base64url').toString());
  const isWell = rest.length === 0 && isObject(kind) && kind.alg === 'HS256' && kind.typ === 'JWT';
  if (!isWell || !isObject(said) || said.iss !== accessKey) {
    return say(401, 1002, 'Authorization is invalid');
  }
  const right = createHmac('sha256', secret).update(`${head}.${claims}`).digest();
  const sent = Buffer.from(mac, 'base64url');
  if (sent.length !== right.length || !timingSafeEqual(sent, right)) {
    return say(401, 1000, 'Authentication failed: signature is invalid');
  }
  const nowS = nowMs() / MS_PER_S;
  if (Number(said.nbf) > nowS) return say(401, 1003, 'Authorization is not yet valid');
  const { exp } = said;
  const isOver = typeof exp !== 'number' || exp <= nowS || exp > nowS + LIFE_S_MAX;
  return isOver ? say(401, 1004, 'Authorization is expired') : null;
}

function create(ask: Ask, rule: KlingRule, jobs: Jobs): Told {
  const { body } = ask;
  const wrong = checkKling(body, rule) ?? checkSource(body, rule, jobs) ?? checkSession(body, jobs);
  if (wrong !== null) return say(400, 1201, wrong);
  if (rule.path === FACES_PATH) return identify(ask, jobs);
  const input = isObject(body.input) ? body.input : {};
  const prompt = [body.prompt, input.text, body.effect_scene].filter(Boolean).join(' ');
  const own = body.external_task_id;
  if (own !== undefined && jobs.list('kling').some((job) => job.request.external_task_id === own)) {
    return say(400, 1201, `external_task_id ${String(own)} is used already`);
  }
  if (prompt.includes('sandbox-refuse')) {
    return say(400, 1301, 'Failure to pass the risk control system');
  }
  if (prompt.includes('sandbox-balance')) return say(429, 1101, 'Account in arrears');
  if (prompt.includes('sandbox-busy')) {
    return say(429, 1303, 'parallel task over resource pack limit');
  }
  if (prompt.includes('sandbox-broken')) return say(500, 5000, 'Service internal error');
  const id = `${Math.floor(8e17 + nowMs())}${String(jobs.list(null).length).padStart(5, '0')}`;
  const seconds = Number(body.duration ?? input.duration ?? 5);
  const job = jobs.add('kling', id, { ...body, prompt, seconds, family: rule.path });
  if (typeof body.callback_url === 'string') {
    void jobs.tell(job, body.callback_url, () => show(job, jobs, ask.origin));
  }
  if (prompt.includes('sandbox-lost-answer')) return say(500, 5000, 'Service internal error');
  const { task_id, task_status, task_info, created_at, updated_at } = show(job, jobs, ask.origin);
  const told = { task_id, task_status, task_info, created_at, updated_at } as JsonObject;
  return good(told, prompt.includes('sandbox-no-answer'));
}

/** Videos are built on by their own id, which is not that of their task. */
const videoId = (job: FakeJob): string => `video-${job.id}`;

/** A session is found by its id and ends after a day; only its own faces can be chosen. */
function checkSession({ session_id: id, face_choose: choices }: JsonObject, jobs: Jobs) {
  if (id === undefined) return null;
  const session = jobs.find('kling', String(id));
  if (session?.request.family !== FACES_PATH) return `session ${String(id)} does not exist`;
  if (nowMs() - session.createdMs > SESSION_MS) return `session ${String(id)} has expired`;
  const [face] = Array.isArray(choices) ? (choices as readonly Json[]) : [];
  return isObject(face) && face.face_id === '0' ? null : 'there is no such face in this session';
}

function identify({ body, origin }: Ask, jobs: Jobs): Told {
  if (String(body.video_url).includes('nobody')) {
    return say(400, 1201, 'there is no human in the video');
  }
  const id = `session-${crypto.randomUUID()}`;
  // What was recognised is there at once.
  jobs.add('kling', id, { ...body, prompt: '', seconds: 5, family: FACES_PATH, atOnce: true });
  const face = { face_id: '0', face_image: `${origin}/sandbox/files/${id}/face.png` };
  const face_data = [{ ...face, start_time: 0, end_time: 5_200 }];
  return good({ session_id: id, final_unit_deduction: '0.05', face_data });
}

function checkSource(body: JsonObject, rule: KlingRule, jobs: Jobs): string | null {
  const input = isObject(body.input) ? body.input : {};
  const isOuter = rule.path.endsWith('video-extend') || rule.path === FACES_PATH;
  const id = isOuter ? body.video_id : input.video_id;
  if (id === undefined) return null;
  const source = jobs.list('kling').find((job) => videoId(job) === id);
  if (source === undefined) return `video ${String(id)} does not exist`;
  return jobs.stateOf(source) === 'succeeded' ? null : 'the video is not ready';
}

function show(job: FakeJob, jobs: Jobs, origin: string): JsonObject {
  const state = jobs.stateOf(job);
  const { request } = job;
  const own = request.external_task_id;
  const isModerated = job.prompt.includes('sandbox-moderate');
  const why = isModerated ? 'Failure to pass the risk control system' : 'Service busy, try later';
  return {
    task_id: job.id,
    task_status: WORDS[state],
    ...(state === 'failed' ? { task_status_msg: why } : {}),
    task_info: own === undefined ? {} : { external_task_id: own },
    created_at: job.createdMs,
    updated_at: Math.round(jobs.updatedMs(job)),
    ...(state === 'succeeded' ? result(job, origin) : {}),
  };
}

function result(job: FakeJob, origin: string): JsonObject {
  const { family, n } = job.request;
  const file = `${origin}/sandbox/files/${job.id}`;
  if (String(family).startsWith('/v1/images/')) {
    const count = typeof n === 'number' ? n : 1;
    const images = Array.from({ length: count }, (_, index) => ({
      index,
      url: `${file}/${index}.png`,
    }));
    return { final_unit_deduction: String(4 * count), task_result: { images } };
  }
  const video = { id: videoId(job), url: `${file}/video.mp4`, duration: String(job.seconds) };
  // Two and a half units for five seconds, as some model's list may say.
  return { final_unit_deduction: String(job.seconds / 2), task_result: { videos: [video] } };
}

function list(ask: Ask, mine: readonly FakeJob[], jobs: Jobs): Told {
  const page = Number(ask.query.get('pageNum') ?? 1);
  const size = Number(ask.query.get('pageSize') ?? PAGE.usual);
  if (!(page >= 1 && page <= 1_000 && size >= 1 && size <= PAGE.max)) {
    return say(400, 1201, 'pageNum or pageSize is out of range');
  }
  const items = mine.slice((page - 1) * size, page * size);
  return good(items.map((job) => show(job, jobs, ask.origin)));
}
