/** What is asked for a ranking, in any of the shapes that clients of rerankers send. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { parseBody, shapeFault } from '../openai-chat/request.ts';
import type { WireRequest } from '../shape.ts';

const DOCUMENTS_MAX = 10_000;
const FIELDS_MAX = 32;
const BYTES_PER_TOKEN_GUESS = 4;
/** A search unit is a query with up to so many pieces of documents. */
const PIECES_PER_SEARCH = 100;
/** A document is cut into pieces of so many tokens, and never read beyond the most. */
const PIECE_TOKENS = 500;
const DOCUMENT_TOKENS_DEFAULT = 4_096;

export interface RerankAsk {
  readonly query: string;
  /** As the model reads them. */
  readonly documents: readonly string[];
  /** As the caller sent them. */
  readonly sent: readonly Json[];
  readonly topN: number | null;
  readonly returnDocuments: boolean;
  readonly documentTokensMax: number | null;
  /** What else the caller sent, passed on to the vendor. */
  readonly others: JsonObject;
}

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'query',
  'documents',
  'top_n',
  'top_k',
  'return_documents',
  'rank_fields',
  'max_tokens_per_doc',
]);

const COUNT = Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]));
const SHAPE = Compile(
  Type.Object({
    model: Type.String({ minLength: 1, maxLength: 256 }),
    query: Type.String({ minLength: 1 }),
    documents: Type.Array(Type.Union([Type.String(), Type.Object({})]), {
      minItems: 1,
      maxItems: DOCUMENTS_MAX,
    }),
    top_n: COUNT,
    top_k: COUNT,
    return_documents: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
    rank_fields: Type.Optional(
      Type.Union([Type.Array(Type.String(), { maxItems: FIELDS_MAX }), Type.Null()]),
    ),
    max_tokens_per_doc: COUNT,
  }),
);

export function readRequest(text: string, bytes: number): WireRequest {
  const parsed = parseBody(text);
  const { body } = parsed;
  if (!SHAPE.Check(body)) throw shapeFault(SHAPE, body);
  const request = {
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
  const ask = readAsk(request);
  return {
    ...request,
    // Some count the query once for each document.
    inputTokensBound: bytes + Buffer.byteLength(ask.query) * ask.documents.length,
    unitsBound: { search: searchesBound(ask) },
  };
}

/** Never fewer than the vendor counts: no tokenizer makes more than one token of a byte. */
function searchesBound(ask: RerankAsk): number {
  const tokensMax = ask.documentTokensMax ?? DOCUMENT_TOKENS_DEFAULT;
  let pieces = 0;
  for (const document of ask.documents) {
    const tokens = Math.min(Buffer.byteLength(document), tokensMax);
    pieces += Math.max(1, Math.ceil(tokens / PIECE_TOKENS));
  }
  return Math.ceil(pieces / PIECES_PER_SEARCH);
}

/** A request that readRequest has let through. */
export function readAsk({ body }: WireRequest): RerankAsk {
  const sent = body.documents as readonly Json[];
  const fields = Array.isArray(body.rank_fields) ? body.rank_fields.map(String) : ['text'];
  const topN = body.top_n ?? body.top_k ?? null;
  return {
    query: String(body.query),
    documents: sent.map((document, at) => textOf(document, fields, at)),
    sent,
    topN: typeof topN === 'number' ? topN : null,
    returnDocuments: body.return_documents === true,
    documentTokensMax: typeof body.max_tokens_per_doc === 'number' ? body.max_tokens_per_doc : null,
    others: Object.fromEntries(Object.entries(body).filter(([field]) => !KNOWN.has(field))),
  };
}

function textOf(document: Json, fields: readonly string[], at: number): string {
  if (typeof document === 'string') return document;
  const record: JsonObject = isObject(document) ? document : {};
  const found = fields.filter((field) => typeof record[field] === 'string');
  if (found.length === 0) {
    throw new Fault('invalid_request', {
      message: `documents[${at}] has no text in ${fields.join(', ')}. Send a string.`,
      param: `documents[${at}]`,
    });
  }
  if (found.length === 1) return String(record[found[0] ?? '']);
  return found.map((field) => `${field}: ${String(record[field])}`).join('\n');
}
