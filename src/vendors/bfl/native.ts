/** Flux's own paths, as npm @ai-sdk/black-forest-labs 2.0 calls them. */
import { Fault } from '../../kit/fault.ts';
import { type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { Native, NativeAsk, NativeFault, NativeView, NativeWant } from '../native.ts';

const UNREADABLE = 422;

function text(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function want({ body, params }: NativeAsk): NativeWant {
  const hasImage = ['input_image', 'image_prompt', 'image', 'control_image'].some(
    (name) => name in body,
  );
  return {
    model: params.model ?? null,
    kind: hasImage ? 'image_to_image' : 'text_to_image',
    prompt: text(body.prompt),
    media: [],
    params: {},
    callbackUrl: text(body.webhook_url),
    sources: [],
  };
}

function writeStart({ id, base, body }: NativeView): JsonObject {
  const { cost } = body ?? {};
  const link = `${base}/get_result?id=${encodeURIComponent(id)}`;
  return { id, polling_url: link, ...(cost === undefined ? {} : { cost }) };
}

/** The vendor's last words, but not Ready before results are where our links lead. */
function write({ id, state, body, error }: NativeView): JsonObject {
  const said = body !== null && 'status' in body ? body : {};
  const bare = { progress: null, details: null, preview: null };
  const { polling_url: _, ...rest } = said;
  if (state === 'succeeded') return { ...bare, ...rest, id, status: 'Ready' };
  if (state === 'failed') {
    const code = error?.code ?? '';
    const status = /Moderated$|^Failed$/.test(code) ? code : 'Error';
    const details = said.details ?? (error === null ? null : { message: error.message });
    return { ...bare, ...rest, id, status, result: null, details };
  }
  const status = state === 'canceled' ? 'Error' : 'Pending';
  return { ...bare, ...rest, id, status, result: null };
}

function writeFault({ status, message, code }: NativeFault): JsonObject {
  if (status !== UNREADABLE) return { detail: message, error: code, message };
  // The vendor's own list of what is wrong.
  const said = parseJson(message);
  if (Array.isArray(said)) return { detail: said };
  return { detail: [{ loc: ['body'], msg: message, type: 'value_error' }] };
}

export const bflNative: Native = {
  mount: '/bfl/v1',
  routes: [
    {
      method: 'GET',
      path: '/get_result',
      does: 'read',
      idAt({ query }) {
        const id = query.get('id');
        if (id !== null && id !== '') return id;
        const more = { status: UNREADABLE, message: 'id: Field required', param: 'id' };
        throw new Fault('invalid_request', more);
      },
      write,
    },
    { method: 'POST', path: '/:model', does: 'create', status: 200, want, write: writeStart },
  ],
  idOf: (hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
  key: (header) => header('x-key'),
  fault: writeFault,
};
