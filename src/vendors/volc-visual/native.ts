/** The visual service's one path, as its SDKs call it (@volcengine/openapi 1.36.2, run). */
import { Fault } from '../../kit/fault.ts';
import type { Json, JsonObject } from '../../kit/json.ts';
import type { JobMedia } from '../job.ts';
import type { Native, NativeAsk, NativeFault, NativeWant } from '../native.ts';
import { DONE_CODE } from './answers.ts';
import { BROKEN_CODE, envelope, processed, shown, statusOf, submitted } from './shown.ts';

const WAIT_MS = 55_000;
const VIDEO_KEYS = /video|_[it]+2v_|dreamactor|actor_m1|realman|vgfm/;
const CODES: Readonly<Record<number, number>> = Object.freeze({
  400: 50_200,
  402: 50_400,
  409: 50_200,
  429: 50_430,
});
/** Faults of the door, before the service itself is reached. */
const DOOR: Readonly<Record<number | string, readonly [code: string, number: number]>> =
  Object.freeze({
    401: ['InvalidAccessKey', 100_009],
    403: ['AccessDenied', 100_013],
    404: ['InvalidActionOrVersion', 100_008],
  });

/** What is wrong with a signature, by our own words for it. */
const SIGNATURE: typeof DOOR = Object.freeze({
  invalid_timestamp: ['InvalidTimestamp', 100_006],
  signature_mismatch: ['SignatureDoesNotMatch', 100_010],
  signature_replayed: ['InvalidTimestamp', 100_006],
  invalid_authorization: ['InvalidAuthorization', 100_024],
  invalid_credential: ['InvalidCredential', 100_025],
});

function text(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function want({ body }: NativeAsk): NativeWant {
  const key = text(body.req_key);
  if (key === null) {
    throw new Fault('invalid_request', { message: 'req_key is required.', param: 'req_key' });
  }
  const media: JobMedia[] = [];
  const add = (type: JobMedia['type'], url: string | null): void => {
    if (url !== null) media.push({ type, role: 'reference', url });
  };
  for (const field of ['image_urls', 'binary_data_base64'] as const) {
    const list = body[field];
    const urls = Array.isArray(list) ? (list as readonly Json[]) : [];
    // The picture itself stays in the body alone.
    for (const url of urls) add('image', field === 'image_urls' ? text(url) : 'data:');
  }
  add('image', text(body.image_url));
  add('video', text(body.video_url));
  add('audio', text(body.audio_url));
  return {
    model: key,
    kind: kindOf(key, media),
    prompt: text(body.prompt),
    media,
    params: {},
    callbackUrl: null,
    sources: [],
  };
}

function kindOf(key: string, media: readonly JobMedia[]): string {
  if (!VIDEO_KEYS.test(key)) return media.length === 0 ? 'text_to_image' : 'image_to_image';
  if (media.some(({ type }) => type === 'audio') || key.includes('realman')) return 'avatar';
  if (media.length === 0) return 'text_to_video';
  return media.length > 1 ? 'frames_to_video' : 'image_to_video';
}

function wantsFiles({ body }: NativeAsk): boolean {
  const said = text(body.req_json);
  if (said === null) return body.return_url !== true;
  return !/"return_url"\s*:\s*true/.test(said);
}

/** We have asked already, as the job's own `req_json` said: a mark asked for now is too late. */
function idAt({ body }: NativeAsk): string {
  if (/"add_logo"\s*:\s*true|"aigc_meta"/.test(text(body.req_json) ?? '')) {
    throw new Fault('unsupported_parameter', {
      message: 'Send req_json with logo_info and aigc_meta when you submit the job, not here.',
      param: 'req_json',
    });
  }
  return text(body.task_id) ?? '';
}

function at(action: string) {
  return { method: 'POST', path: '', query: { Action: action } } as const;
}

const create = { does: 'create', want, status: 200 } as const;
const answer = {
  does: 'read',
  idAt,
  missing: () => envelope(DONE_CODE, { status: 'not_found' }, {}),
  inline: wantsFiles,
  status: statusOf,
  write: shown,
} as const;

export const visualNative: Native = {
  mount: '/volcv/v1',
  routes: [
    { ...at('CVSync2AsyncGetResult'), ...answer },
    { ...at('CVGetResult'), ...answer },
    { ...at('CVSync2AsyncSubmitTask'), ...create, write: submitted },
    { ...at('CVSubmitTask'), ...create, write: submitted },
    {
      ...at('CVProcess'),
      ...create,
      status: statusOf,
      waitMs: WAIT_MS,
      inline: wantsFiles,
      write: processed,
    },
  ],
  idOf: (hex) =>
    BigInt(`0x${hex.slice(0, 15)}`)
      .toString()
      .padStart(19, '7'),
  signed: true,
  /** A plain key stands where the access key id would: in the credential of a signature. */
  key(header, query) {
    const signed = /^HMAC-SHA256 Credential=([^/,\s]+)\//.exec(header('authorization') ?? '')?.[1];
    // Signed in the query, where the body stays unsigned.
    return signed ?? query().get('X-Credential')?.split('/')[0] ?? null;
  },
  fault,
};

function fault({ status, code, message, requestId }: NativeFault): Json {
  const [word, number] = SIGNATURE[code] ?? DOOR[status] ?? [];
  const own = Number(code);
  if (word !== undefined && !Number.isInteger(own)) {
    const error: JsonObject = { Code: word, CodeN: number ?? 0, Message: message };
    const where = { Service: 'cv', Region: 'cn-north-1', Version: '2022-08-31' };
    return { ResponseMetadata: { RequestId: requestId, ...where, Error: error } };
  }
  const inner = Number.isInteger(own) ? own : (CODES[status] ?? BROKEN_CODE);
  return envelope(inner, null, { message, request_id: requestId });
}
