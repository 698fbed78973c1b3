/** Volcengine's visual service, from its documents (docs/6791/1399614 and those of its models). */
import { isObject, type Json, type JsonObject, parseJson } from '../../src/kit/json.ts';
import { makePng } from './files.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import type { Ask, Told } from './server.ts';
import { judgeSignature } from './volc-sign.ts';

export const VISUAL_PATH = '/volc-visual';
const PAIR = { id: 'AKLTsandboxVisual', secret: 'sandbox-visual-secret' };
export const VISUAL_KEY = `${PAIR.id}:${PAIR.secret}`;
const SCOPE = ['cn-north-1', 'cv'] as const;
const VERSION = '2022-08-31';
const FPS = 24;

interface Model {
  /** Words: an answer in JSON, in a string. */
  readonly makes: 'image' | 'video' | 'words';
  readonly actions: readonly string[];
  /** One of each of these groups must be there. */
  readonly needs: readonly (readonly string[])[];
}

const SYNC = ['CVProcess'];
const BOTH = ['CVProcess', 'CVSync2AsyncSubmitTask'];
const ASYNC = ['CVSync2AsyncSubmitTask'];
const PICTURE = ['image_urls', 'binary_data_base64'];
const TWO_STEPS = ['CVSubmitTask'];
const drawn = (actions: readonly string[], ...needs: readonly (readonly string[])[]): Model => {
  return { makes: 'image', actions, needs: [['prompt'], ...needs] };
};
const filmed = (...needs: readonly (readonly string[])[]): Model => {
  return { makes: 'video', actions: ASYNC, needs };
};
const MODELS: Readonly<Record<string, Model>> = {
  'byteedit_v2.0': drawn(SYNC, PICTURE),
  'seededit_v3.0': drawn(ASYNC, PICTURE),
  high_aes: drawn(SYNC),
  high_aes_general_v20: drawn(SYNC),
  high_aes_general_v20_L: drawn(ASYNC),
  high_aes_general_v21_L: drawn(SYNC),
  high_aes_general_v30l_zt2i: drawn(BOTH),
  jimeng_high_aes_general_v21_L: drawn(BOTH),
  jimeng_t2i_v30: drawn(ASYNC),
  jimeng_t2i_v31: drawn(ASYNC),
  jimeng_t2i_v40: drawn(ASYNC),
  jimeng_i2i_v30: drawn(BOTH, PICTURE),
  img2img_comic_style: { makes: 'image', actions: SYNC, needs: [PICTURE] },
  jimeng_t2v_v30: filmed(['prompt']),
  jimeng_t2v_v30_1080p: filmed(['prompt']),
  jimeng_i2v_first_v30: filmed(PICTURE),
  jimeng_i2v_first_v30_1080: filmed(PICTURE),
  jimeng_i2v_first_tail_v30: filmed(PICTURE),
  jimeng_i2v_first_tail_v30_1080: filmed(PICTURE),
  jimeng_ti2v_v30_pro: filmed(['prompt']),
  jimeng_dreamactor_m20_gen_video: filmed(['image_url'], ['video_url']),
  jimeng_dream_actor_m1_gen_video_cv: {
    ...filmed(['image_url'], ['video_url']),
    actions: [...TWO_STEPS, ...ASYNC],
  },
  jimeng_realman_avatar_picture_omni_v15: {
    ...filmed(['image_url'], ['audio_url']),
    actions: TWO_STEPS,
  },
  jimeng_realman_avatar_picture_create_role_omni_v15: {
    ...{ makes: 'words', actions: TWO_STEPS, needs: [['image_url']] },
  },
  jimeng_realman_avatar_object_detection: {
    ...{ makes: 'words', actions: TWO_STEPS, needs: [['image_url']] },
  },
};
const ASKS: Readonly<Record<string, string>> = {
  CVSync2AsyncGetResult: 'CVSync2AsyncSubmitTask',
  CVGetResult: 'CVSubmitTask',
};
const STATES = {
  queued: 'in_queue',
  running: 'generating',
  succeeded: 'done',
  failed: 'done',
  cancelled: 'expired',
} as const;

function say(status: number, code: number, { message, data }: JsonObject): Told {
  const times = { request_id: id(), status: code, time_elapsed: '12.3ms' };
  return { status, body: { code, data: data ?? null, message: message ?? null, ...times } };
}

const told = (status: number, code: number, message: string): Told =>
  say(status, code, { message });
const good = (data: JsonObject): Told => say(200, 10_000, { message: 'Success', data });
const bad = (message: string): Told => told(400, 50_200, message);
const id = (): string => crypto.randomUUID().replaceAll('-', '');

export function volcVisual(ask: Ask, jobs: Jobs): Told {
  const action = ask.query.get('Action') ?? '';
  const wrong = judgeSignature(ask, { ...PAIR, scope: SCOPE });
  if (wrong !== null) return outer(action, wrong);
  const isKnown = /^CV(Process|(Sync2Async)?(SubmitTask|GetResult))$/.test(action);
  if (!isKnown || ask.query.get('Version') !== VERSION || ask.method !== 'POST') {
    return outer(action, ['InvalidActionOrVersion', 100_008, 404]);
  }
  const model = MODELS[String(ask.body.req_key)];
  if (model === undefined) return bad(`req_key ${String(ask.body.req_key)} is not supported`);
  const submitted = ASKS[action];
  return submitted === undefined
    ? submit(ask, { action, model }, jobs)
    : result(ask, submitted, jobs);
}

function outer(action: string, [code, number, status]: readonly [string, number, number]): Told {
  const error = { Code: code, CodeN: number, Message: `sandbox: ${code}` };
  const where = { Action: action, Version: VERSION, Service: 'cv', Region: SCOPE[0] };
  return { status, body: { ResponseMetadata: { RequestId: id(), ...where, Error: error } } };
}

interface Wanted {
  readonly action: string;
  readonly model: Model;
}

function submit(ask: Ask, { action, model }: Wanted, jobs: Jobs): Told {
  const { body } = ask;
  if (!model.actions.includes(action)) return bad(`req_key is not served by ${action}`);
  const missing = model.needs.find((group) => group.every((name) => isEmpty(body[name])));
  if (missing !== undefined) return bad(`${missing.join(' or ')} is required`);
  const wrong = checkTypes(body);
  if (wrong !== null) return bad(wrong);
  const prompt = typeof body.prompt === 'string' ? body.prompt : '';
  if (prompt.includes('sandbox-refuse')) return told(400, 50_412, 'Text Risk Not Pass');
  if (prompt.includes('sandbox-balance')) return told(400, 50_400, 'Access Denied');
  if (prompt.includes('sandbox-busy')) return told(429, 50_430, 'Request Has Reached API Limit');
  if (prompt.includes('sandbox-broken')) return told(500, 50_500, 'Internal Error');
  const seconds = (Number(body.frames ?? 121) - 1) / FPS;
  const request = { ...body, prompt, seconds, made: model.makes, action };
  const taskId = String(7_000_000_000_000_000_000n + BigInt(jobs.list(null).length + 1));
  const job = jobs.add('volc-visual', taskId, request);
  // A gateway on the vendor's side gave up, not the service.
  if (prompt.includes('sandbox-lost-answer')) return { status: 502, body: 'Bad Gateway' };
  if (action !== 'CVProcess') {
    return { ...good({ task_id: taskId }), cut: prompt.includes('sandbox-no-answer') };
  }
  const isBad = /sandbox-(moderate|fail)/.test(prompt);
  const answer = isBad ? failed(job) : good(made(job, body.return_url === true, ask.origin));
  return { ...answer, afterMs: jobs.timeOf(job) };
}

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);

function checkTypes(body: JsonObject): string | null {
  const { seed, frames, return_url: isUrl, aspect_ratio: ratio, output_resolution: lines } = body;
  for (const name of PICTURE) {
    const list = body[name];
    if (list !== undefined && list !== null && !Array.isArray(list)) return `${name} is no list`;
  }
  if (seed !== undefined && !Number.isInteger(seed)) return 'seed must be an integer';
  if (frames !== undefined && frames !== 121 && frames !== 241) return 'frames must be 121 or 241';
  if (isUrl !== undefined && typeof isUrl !== 'boolean') return 'return_url must be a boolean';
  if (ratio !== undefined && !/^\d+:\d+$/.test(String(ratio))) return 'aspect_ratio is not valid';
  if (lines !== undefined && lines !== 720 && lines !== 1080) return 'output_resolution';
  return null;
}

function result({ body, origin }: Ask, submitted: string, jobs: Jobs): Told {
  if (typeof body.task_id !== 'string') return bad('task_id is required');
  const job = jobs.find('volc-visual', body.task_id);
  if (job === undefined || job.request.action !== submitted) return good({ status: 'not_found' });
  if (job.request.req_key !== body.req_key) return bad('req_key is not that of the task');
  const wishes = body.req_json === undefined ? {} : parseJson(String(body.req_json));
  if (!isObject(wishes)) return bad('req_json is not valid JSON');
  const state = jobs.stateOf(job);
  if (state === 'failed') return failed(job);
  if (state !== 'succeeded') return good({ status: STATES[state], image_urls: null });
  return good({ status: 'done', ...made(job, wishes.return_url === true, origin) });
}

function failed({ prompt }: FakeJob): Told {
  return prompt.includes('sandbox-moderate')
    ? told(400, 50_511, 'Post Img Risk Not Pass')
    : told(400, 50_215, 'Input invalid for this service');
}

function made(job: FakeJob, isUrl: boolean, origin: string): JsonObject {
  const file = `${origin}/sandbox/files/${job.id}`;
  if (job.request.made === 'words') {
    const isMasks = String(job.request.req_key).endsWith('detection');
    const mask = { url: [`${file}/mask-0.png`] };
    const said = isMasks ? { status: 1, object_detection_result: { mask } } : { status: 1 };
    return { resp_data: JSON.stringify(said), image_urls: null, binary_data_base64: [] };
  }
  if (job.request.made === 'video') return { video_url: `${file}/video.mp4`, image_urls: null };
  const base64 = Buffer.from(makePng(job.seed)).toString('base64');
  return isUrl
    ? { image_urls: [`${file}/image.png`], binary_data_base64: [] }
    : { image_urls: null, binary_data_base64: [base64] };
}
