/** Reads and rewrites a chat request without rebuilding it. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, type Span, scanObject } from '../../kit/json.ts';
import type { WireRequest } from '../shape.ts';
import { readLeniently } from './lenient.ts';

export const JSON_DEPTH_MAX = 64;
const MESSAGES_MAX = 10_000;
const CHOICES_MAX = 128;

/** No tokenizer makes more than one token of a byte; some make one of every digit. */
const BYTES_PER_TOKEN_BOUND = 1;
const BYTES_PER_TOKEN_GUESS = 4;
/** What an image, a sound or a file may cost in tokens, whatever its size on the wire. */
const MEDIA_TOKENS_BOUND = 16_384;
const MEDIA_TOKENS_GUESS = 1_024;

export const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Optional(Type.Union([type, Type.Null()]));

/** What Gangway itself relies on. Everything else is the vendor's to judge and passes untouched. */
const SHAPE = Compile(
  Type.Object({
    model: Type.String({ minLength: 1, maxLength: 256 }),
    messages: Type.Array(Type.Object({ role: Type.String({ minLength: 1 }) }), {
      minItems: 1,
      maxItems: MESSAGES_MAX,
    }),
    stream: nullable(Type.Boolean()),
    stream_options: nullable(Type.Object({ include_usage: nullable(Type.Boolean()) })),
    max_tokens: nullable(Type.Integer({ minimum: 1 })),
    max_completion_tokens: nullable(Type.Integer({ minimum: 1 })),
    n: nullable(Type.Integer({ minimum: 1, maximum: CHOICES_MAX })),
    tools: nullable(Type.Array(Type.Object({ type: Type.String() }))),
    response_format: nullable(Type.Object({ type: Type.String() })),
  }),
);

/** `/messages/0/content` -> `messages[0].content`. */
export function fieldPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** JSON text -> body and where its fields stand. Faults: `invalid_json`, `json_too_deep`. */
export function parseBody(text: string): Pick<WireRequest, 'body' | 'spans' | 'open'> {
  const scan = scanObject(text, JSON_DEPTH_MAX);
  if (!scan.ok && scan.why === 'depth') {
    throw new Fault('json_too_deep', {
      message: `The request body is nested more than ${JSON_DEPTH_MAX} levels deep.`,
    });
  }
  let body: Json;
  try {
    body = JSON.parse(text) as Json;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    throw new Fault('invalid_json', { message: `The request body is not valid JSON: ${why}.` });
  }
  if (!scan.ok || !isObject(body)) {
    throw new Fault('invalid_json', { message: 'The request body must be a JSON object.' });
  }
  const spans = new Map<string, Span>();
  for (const span of scan.spans) {
    // Two parsers may pick different ones of a doubled field, so nobody gets to choose.
    if (spans.has(span.key)) {
      throw new Fault('invalid_json', {
        message: `The field "${span.key}" stands twice in the request body. Send it once.`,
        param: span.key,
      });
    }
    spans.set(span.key, span);
  }
  return { body, spans, open: scan.open };
}

export function readRequest(text: string, bytes: number): WireRequest {
  const parsed = parseBody(text);
  const lenient = readLeniently(parsed.body, { text, ...parsed });
  if (lenient === null) return readChat(text, bytes, parsed);
  const { warnings } = lenient;
  return { ...readChat(lenient.text, bytes, parseBody(lenient.text)), warnings };
}

function readChat(
  text: string,
  bytes: number,
  { body, spans, open }: ReturnType<typeof parseBody>,
): WireRequest {
  if (!SHAPE.Check(body)) throw shapeFault(SHAPE, body);
  const choices = body.n ?? 1;
  const asked = body.max_completion_tokens ?? body.max_tokens ?? null;
  const media = countMedia(text, body);
  const textBytes = Math.max(0, bytes - media.bytes);
  return {
    text,
    body: body as JsonObject,
    spans,
    open,
    model: body.model,
    stream: body.stream ?? false,
    wantsUsage: body.stream_options?.include_usage ?? false,
    ...sizeTokens(textBytes, media.parts),
    outputTokensAsked: asked === null ? null : asked * choices,
    choices,
  };
}

/** Tokens of so many bytes of text and so many pictures, sounds and files. */
export function sizeTokens(
  textBytes: number,
  mediaParts: number,
): Pick<WireRequest, 'inputTokensBound' | 'inputTokensGuess'> {
  return {
    inputTokensBound:
      Math.ceil(textBytes / BYTES_PER_TOKEN_BOUND) + mediaParts * MEDIA_TOKENS_BOUND,
    inputTokensGuess:
      Math.ceil(textBytes / BYTES_PER_TOKEN_GUESS) + mediaParts * MEDIA_TOKENS_GUESS,
  };
}

/** A compiled shape, as far as it tells what is wrong. */
interface Shape {
  Errors(value: unknown): readonly Misshape[];
}

interface Misshape {
  readonly keyword: string;
  readonly params: object;
  readonly instancePath: string;
  readonly message: string;
}

/** The first thing in which the body is not of this shape. */
export function shapeFault(shape: Shape, body: unknown): Fault {
  const error = tellingOf(shape.Errors(body));
  const params: unknown = error?.params;
  const missing = isObject(params) ? params.requiredProperties : undefined;
  const field = Array.isArray(missing) ? `/${String(missing[0])}` : '';
  const param = fieldPath((error?.instancePath ?? '') + field);
  const why = field === '' ? error?.message || 'has the wrong shape' : 'is required';
  return new Fault('invalid_request', { message: `${param || 'The body'} ${why}.`, param });
}

/** Of a field that may be one of several things, what is wrong with the one it is most like. */
function tellingOf(errors: readonly Misshape[]): Misshape | undefined {
  const [first] = errors;
  if (first === undefined) return undefined;
  const field = first.instancePath.split('/')[1];
  const about = errors.filter(
    ({ keyword, instancePath }) => keyword !== 'anyOf' && instancePath.split('/')[1] === field,
  );
  const deepest = about.reduce((best, one) => (depthOf(one) > depthOf(best) ? one : best), first);
  const here = about.filter(({ instancePath }) => instancePath === deepest.instancePath);
  const values = here.flatMap(({ params }) =>
    'allowedValue' in params ? [params.allowedValue] : [],
  );
  if (values.length > 0) return { ...deepest, message: `must be ${values.join(' or ')}` };
  const inside = here.find(({ keyword }) => keyword !== 'type');
  if (inside !== undefined) return inside;
  // Null says the same as nothing, and needs no word.
  const types = here.map(({ message }) => message.replace(/^must be (?:either )?/, ''));
  const named = new Set(types.filter((type) => type !== 'null'));
  return { ...deepest, message: `must be ${[...named].join(' or ')}` };
}

const depthOf = ({ instancePath }: Misshape): number => instancePath.split('/').length;

const MEDIA_PART = /"(?:image_url|input_audio|video_url|file)"/;
/** Parts of any other kind count as text, byte for byte. */
const MEDIA_TYPES: ReadonlySet<unknown> = new Set([
  'image_url',
  'input_audio',
  'video_url',
  'file',
]);

/** Parts that are not text, and the bytes of them that stand inline. */
function countMedia(text: string, body: JsonObject): { parts: number; bytes: number } {
  const sum = { parts: 0, bytes: 0 };
  if (!MEDIA_PART.test(text)) return sum;
  for (const message of body.messages as readonly JsonObject[]) {
    if (!Array.isArray(message.content)) continue;
    for (const part of message.content as readonly Json[]) {
      if (!isObject(part) || !MEDIA_TYPES.has(part.type)) continue;
      sum.parts += 1;
      sum.bytes += inlineBytes(part);
    }
  }
  return sum;
}

export function inlineBytes(value: Json): number {
  if (typeof value === 'string') return value.length;
  if (!isObject(value)) return 0;
  let sum = 0;
  for (const inner of Object.values(value)) sum += inlineBytes(inner);
  return sum;
}
