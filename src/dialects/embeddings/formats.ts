/** How vendors are asked for embeddings, and where the vectors stand in their answers. Pure. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { readPointer } from '../../kit/pointer.ts';
import type { EmbedAsk, Input, Role } from './ask.ts';

export interface EmbedFormat {
  readonly id: string;
  /** Token ids instead of text are understood. */
  readonly takesTokens: boolean;
  /** Fields that this file does not know are passed on. */
  readonly passes: boolean;
  write(ask: EmbedAsk, inputs: readonly Input[], model: string): JsonObject;
  /** Vectors in the order of the inputs; null where the answer holds none. */
  read(body: Json): readonly Json[] | null;
}

const size = (name: string, { dimensions }: EmbedAsk): JsonObject =>
  dimensions === null ? {} : { [name]: dimensions };

/** OpenAI's list, which most have: members may come in any order. */
function readList(body: Json): readonly Json[] | null {
  const data = readPointer(body, '/data');
  if (!Array.isArray(data)) return null;
  const vectors: Json[] = [];
  (data as readonly Json[]).forEach((member, at) => {
    if (!isObject(member)) return;
    const index = typeof member.index === 'number' ? member.index : at;
    vectors[index] = member.embedding ?? null;
  });
  return vectors;
}

/** The role under the vendor's own name; nothing where the caller said none. */
function role(name: string, names: Readonly<Record<Role, string>>, ask: EmbedAsk): JsonObject {
  return ask.role === null ? {} : { [name]: names[ask.role] };
}

const openai: EmbedFormat = {
  id: 'openai-embeddings',
  takesTokens: true,
  passes: true,
  write: (ask, inputs, model) => ({
    model,
    input: inputs as Json,
    ...size('dimensions', ask),
    encoding_format: ask.encoding,
  }),
  read: readList,
};

/** The same for those who know no base64 and no token ids. */
const plain: EmbedFormat = {
  id: 'float-embeddings',
  takesTokens: false,
  passes: true,
  write: (ask, inputs, model) => ({
    model,
    input: inputs as Json,
    ...size('dimensions', ask),
  }),
  read: readList,
};

const COHERE_ROLES = Object.freeze({
  query: 'search_query',
  document: 'search_document',
  classification: 'classification',
  clustering: 'clustering',
});

/** https://docs.cohere.com/reference/embed, read 2026-11-26: input_type is required. */
const cohere: EmbedFormat = {
  id: 'cohere-embed',
  takesTokens: false,
  passes: true,
  write: (ask, inputs, model) => ({
    model,
    texts: inputs as Json,
    input_type: COHERE_ROLES[ask.role ?? 'document'],
    embedding_types: ['float'],
    ...size('output_dimension', ask),
  }),
  read(body) {
    const vectors = readPointer(body, '/embeddings/float');
    return Array.isArray(vectors) ? (vectors as readonly Json[]) : null;
  },
};

const JINA_TASKS = Object.freeze({
  query: 'retrieval.query',
  document: 'retrieval.passage',
  classification: 'classification',
  clustering: 'separation',
});

const jina: EmbedFormat = {
  id: 'jina-embeddings',
  takesTokens: false,
  passes: true,
  write: (ask, inputs, model) => ({
    model,
    input: inputs as Json,
    ...size('dimensions', ask),
    ...role('task', JINA_TASKS, ask),
  }),
  read: readList,
};

/** Voyage knows questions and passages only; the rest is embedded without a role, as it advises. */
const voyage: EmbedFormat = {
  id: 'voyage-embeddings',
  takesTokens: false,
  passes: true,
  write: (ask, inputs, model) => ({
    model,
    input: inputs as Json,
    ...size('output_dimension', ask),
    ...(ask.role === 'query' || ask.role === 'document' ? { input_type: ask.role } : {}),
  }),
  read: readList,
};

const GEMINI_TASKS = Object.freeze({
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
});

const gemini: EmbedFormat = {
  id: 'gemini-embed',
  takesTokens: false,
  passes: false,
  write: (ask, inputs, model) => ({
    requests: inputs.map((input) => ({
      model: `models/${model}`,
      content: { parts: [{ text: String(input) }] },
      ...role('taskType', GEMINI_TASKS, ask),
      ...size('outputDimensionality', ask),
    })),
  }),
  read(body) {
    const vectors = readPointer(body, '/embeddings');
    if (!Array.isArray(vectors)) return null;
    return (vectors as readonly Json[]).map((one) => (isObject(one) ? (one.values ?? null) : null));
  },
};

const ALL: readonly EmbedFormat[] = [openai, plain, cohere, jina, voyage, gemini];

export const EMBED_FORMATS: ReadonlyMap<string, EmbedFormat> = new Map(
  ALL.map((format) => [format.id, format]),
);
