/** Reads what is asked of Ark beside chat: vectors of several media, pictures, tokens, contexts. */
import { type TObject, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { readRequest as readEmbed } from '../embeddings/ask.ts';
import { inlineBytes, shapeFault, sizeTokens } from '../openai-chat/request.ts';
import type { WireRequest } from '../shape.ts';
import { type Parsed, parseWithoutNulls } from './nulls.ts';

const PARTS_MAX = 256;
const TEXTS_MAX = 2_048;
const MESSAGES_MAX = 10_000;
/** Pictures of one group, and what a group may have where the caller does not say. */
const GROUP_MAX = 15;
const TTL_S_MIN = 3_600;
const TTL_S_MAX = 604_800;
const TTL_S_DEFAULT = 86_400;
const S_PER_HOUR = 3_600;
/** What one picture or film may cost in tokens. */
const IMAGE_TOKENS_BOUND = 16_384;

const MODEL = Type.String({ minLength: 1, maxLength: 256 });
const TEXT = Type.String({ minLength: 1 });

interface Sized {
  readonly text: string;
  readonly mediaParts?: number;
  readonly mediaBytes?: number;
}

function wireRequest(parsed: Parsed, sized: Partial<Sized> = {}): WireRequest {
  const { bytes, ...rest } = parsed;
  const { mediaParts = 0, mediaBytes = 0 } = sized;
  return {
    ...rest,
    model: String(parsed.body.model),
    stream: parsed.body.stream === true,
    wantsUsage: true,
    ...sizeTokens(Math.max(0, bytes - mediaBytes), mediaParts),
    outputTokensAsked: 0,
    choices: 1,
  };
}

function parse(shape: ReturnType<typeof Compile<TObject>>, text: string, bytes: number): Parsed {
  const parsed = parseWithoutNulls(text, bytes);
  if (!shape.Check(parsed.body)) throw shapeFault(shape, parsed.body);
  return parsed;
}

export function readEmbeddings(text: string, bytes: number): WireRequest {
  const parsed = parseWithoutNulls(text, bytes);
  return readEmbed(parsed.text, parsed.bytes);
}

const MULTIMODAL = Compile(
  Type.Object({
    model: MODEL,
    input: Type.Array(Type.Object({ type: TEXT }), { minItems: 1, maxItems: PARTS_MAX }),
  }),
);

export function readMultimodal(text: string, bytes: number): WireRequest {
  const parsed = parse(MULTIMODAL, text, bytes);
  const media = (parsed.body.input as readonly JsonObject[]).filter(({ type }) => type !== 'text');
  const mediaBytes = media.reduce((sum, part) => sum + inlineBytes(part), 0);
  const request = wireRequest(parsed, { mediaParts: media.length, mediaBytes });
  return { ...request, unitsBound: { image_token: media.length * IMAGE_TOKENS_BOUND } };
}

const IMAGES = Compile(
  Type.Object({
    model: MODEL,
    prompt: Type.Optional(TEXT),
    stream: Type.Optional(Type.Boolean()),
    sequential_image_generation: Type.Optional(
      Type.Union([Type.Literal('auto'), Type.Literal('disabled')]),
    ),
    sequential_image_generation_options: Type.Optional(
      Type.Object({
        max_images: Type.Optional(Type.Integer({ minimum: 1, maximum: GROUP_MAX })),
      }),
    ),
  }),
);

export function readImages(text: string, bytes: number): WireRequest {
  const parsed = parse(IMAGES, text, bytes);
  const { body } = parsed;
  if (body.prompt === undefined && body.layer_decomposition !== true) {
    throw new Fault('invalid_request', { message: 'prompt is required.', param: 'prompt' });
  }
  return { ...wireRequest(parsed), unitsBound: { image: picturesOf(body) } };
}

/** The most pictures that it may come to. */
function picturesOf(body: JsonObject): number {
  if (body.sequential_image_generation !== 'auto') return 1;
  const options = body.sequential_image_generation_options;
  const most = isObject(options) ? options.max_images : undefined;
  return typeof most === 'number' ? most : GROUP_MAX;
}

const TOKENIZATION = Compile(
  Type.Object({
    model: MODEL,
    text: Type.Union([TEXT, Type.Array(TEXT, { minItems: 1, maxItems: TEXTS_MAX })]),
  }),
);

export function readTokenization(text: string, bytes: number): WireRequest {
  return wireRequest(parse(TOKENIZATION, text, bytes));
}

const CONTEXT = Compile(
  Type.Object({
    model: MODEL,
    messages: Type.Array(Type.Object({ role: TEXT }), { minItems: 1, maxItems: MESSAGES_MAX }),
    mode: Type.Optional(Type.Union([Type.Literal('session'), Type.Literal('common_prefix')])),
    ttl: Type.Optional(Type.Integer({ minimum: TTL_S_MIN, maximum: TTL_S_MAX })),
  }),
);

/** A context costs its tokens once, and then for every hour for which it is kept. */
export function readContext(text: string, bytes: number): WireRequest {
  const parsed = parse(CONTEXT, text, bytes);
  const request = wireRequest(parsed);
  const hours = storedHours(parsed.body.ttl);
  return {
    ...request,
    stream: false,
    unitsBound: { context_token_hours: request.inputTokensBound * hours },
  };
}

/** Begun hours of a context's life. */
export function storedHours(ttlS: Json | undefined): number {
  return Math.ceil((typeof ttlS === 'number' ? ttlS : TTL_S_DEFAULT) / S_PER_HOUR);
}
