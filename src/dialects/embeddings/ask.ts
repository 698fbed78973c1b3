/** What is asked for embeddings, in OpenAI's format, with the role of the texts as an extension. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../kit/fault.ts';
import type { JsonObject } from '../../kit/json.ts';
import { parseBody, shapeFault } from '../openai-chat/request.ts';
import type { WireRequest } from '../shape.ts';

/** Most inputs of one call, however many requests they become. */
const INPUTS_MAX = 2_048;
const TOKEN_IDS_MAX = 100_000;
export const DIMENSIONS_MAX = 16_384;
const BYTES_PER_TOKEN_GUESS = 4;

/** What the texts are for: models that search embed a question otherwise than a passage. */
const ROLES = ['query', 'document', 'classification', 'clustering'] as const;
export type Role = (typeof ROLES)[number];

/** The names that other vendors' clients use for the same. */
const ROLE_NAMES: Readonly<Record<string, Role>> = Object.freeze({
  search_query: 'query',
  search_document: 'document',
  'retrieval.query': 'query',
  'retrieval.passage': 'document',
  ...Object.fromEntries(ROLES.map((role) => [role, role])),
});

export type Input = string | readonly number[];

export interface EmbedAsk {
  readonly inputs: readonly Input[];
  /** null: the model's own. */
  readonly dimensions: number | null;
  readonly encoding: 'float' | 'base64';
  readonly role: Role | null;
  /** What else the caller sent: passed on where the vendor's format has room for it. */
  readonly others: JsonObject;
}

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'input',
  'dimensions',
  'encoding_format',
  'input_type',
]);

const TEXT = Type.String({ minLength: 1 });
const TOKENS = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1, maxItems: TOKEN_IDS_MAX });
const SHAPE = Compile(
  Type.Object({
    model: Type.String({ minLength: 1, maxLength: 256 }),
    input: Type.Union([
      TEXT,
      TOKENS,
      Type.Array(TEXT, { minItems: 1, maxItems: INPUTS_MAX }),
      Type.Array(TOKENS, { minItems: 1, maxItems: INPUTS_MAX }),
    ]),
    dimensions: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: DIMENSIONS_MAX }), Type.Null()]),
    ),
    encoding_format: Type.Optional(
      Type.Union([Type.Literal('float'), Type.Literal('base64'), Type.Null()]),
    ),
    input_type: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  }),
);

export function readRequest(text: string, bytes: number): WireRequest {
  const parsed = parseBody(text);
  const { body } = parsed;
  if (!SHAPE.Check(body)) throw inputFault(body) ?? shapeFault(SHAPE, body);
  readRole(body);
  return {
    text,
    ...parsed,
    model: body.model,
    stream: false,
    wantsUsage: false,
    inputTokensBound: bytes,
    inputTokensGuess: Math.ceil(bytes / BYTES_PER_TOKEN_GUESS),
    outputTokensAsked: null,
    choices: 1,
  };
}

/** Of the four forms of `input` a validator names only one, so the words are ours. */
function inputFault({ input }: JsonObject): Fault | null {
  if (input === undefined) return null;
  if (Array.isArray(input) && input.length > INPUTS_MAX) {
    return invalid(`has ${input.length} members; ${INPUTS_MAX} are allowed in one call`);
  }
  const isForm = typeof input === 'string' ? input !== '' : isList(input);
  return isForm ? null : invalid('must be a text, a list of texts, or token ids; none empty');
}

function isList(input: unknown): boolean {
  if (!Array.isArray(input) || input.length === 0) return false;
  const [first] = input;
  if (typeof first === 'string') return input.every((one) => typeof one === 'string' && one !== '');
  if (typeof first === 'number') return input.every(isTokenId);
  return input.every((one) => Array.isArray(one) && one.length > 0 && one.every(isTokenId));
}

const isTokenId = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;

function invalid(why: string): Fault {
  return new Fault('invalid_request', { message: `input ${why}.`, param: 'input' });
}

function readRole({ input_type: named }: JsonObject): Role | null {
  if (named === undefined || named === null) return null;
  const role = ROLE_NAMES[String(named)];
  if (role !== undefined) return role;
  throw new Fault('invalid_request', {
    message: `input_type must be one of ${ROLES.join(', ')}.`,
    param: 'input_type',
  });
}

/** A request that readRequest has let through. */
export function readAsk({ body }: WireRequest): EmbedAsk {
  const { input, dimensions, encoding_format: encoding } = body;
  const isOne = typeof input === 'string' || (Array.isArray(input) && typeof input[0] === 'number');
  return {
    inputs: (isOne ? [input] : input) as readonly Input[],
    dimensions: typeof dimensions === 'number' ? dimensions : null,
    encoding: encoding === 'base64' ? 'base64' : 'float',
    role: readRole(body),
    others: Object.fromEntries(Object.entries(body).filter(([field]) => !KNOWN.has(field))),
  };
}
