/** How vendors are asked for a ranking, and where it stands in their answers. Pure. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { readPointer } from '../../kit/pointer.ts';
import type { RerankAsk } from './ask.ts';

export interface Ranked {
  readonly index: number;
  readonly score: number;
}

export interface RerankFormat {
  readonly id: string;
  write(ask: RerankAsk, model: string): JsonObject;
  /** null where the answer holds no ranking. */
  read(body: Json): readonly Ranked[] | null;
}

const top = (name: string, { topN }: RerankAsk): JsonObject =>
  topN === null ? {} : { [name]: topN };

function readAt(pointer: string) {
  return (body: Json): readonly Ranked[] | null => {
    const list = readPointer(body, pointer);
    if (!Array.isArray(list)) return null;
    const ranked: Ranked[] = [];
    for (const one of list as readonly Json[]) {
      if (!isObject(one)) return null;
      const { index, relevance_score: score } = one;
      if (typeof index !== 'number' || typeof score !== 'number') return null;
      ranked.push({ index, score });
    }
    return ranked;
  };
}

const cohere: RerankFormat = {
  id: 'cohere-rerank',
  write: (ask, model) => ({
    ...ask.others,
    model,
    query: ask.query,
    documents: ask.documents,
    ...top('top_n', ask),
    ...(ask.documentTokensMax === null ? {} : { max_tokens_per_doc: ask.documentTokensMax }),
  }),
  read: readAt('/results'),
};

/** Jina's shape, which others have too. */
const jina: RerankFormat = {
  id: 'jina-rerank',
  write: (ask, model) => ({
    ...ask.others,
    model,
    query: ask.query,
    documents: ask.documents,
    ...top('top_n', ask),
    // The caller's own documents are put back here: nobody need send them twice.
    return_documents: false,
  }),
  read: readAt('/results'),
};

const voyage: RerankFormat = {
  id: 'voyage-rerank',
  write: (ask, model) => ({
    ...ask.others,
    model,
    query: ask.query,
    documents: ask.documents,
    ...top('top_k', ask),
  }),
  read: readAt('/data'),
};

/** https://www.alibabacloud.com/help/en/model-studio/text-rerank-api, read 2026-11-26. */
const dashscope: RerankFormat = {
  id: 'dashscope-rerank',
  write: (ask, model) => ({
    model,
    input: { query: ask.query, documents: ask.documents },
    parameters: { ...ask.others, ...top('top_n', ask), return_documents: false },
  }),
  read: readAt('/output/results'),
};

const ALL: readonly RerankFormat[] = [cohere, jina, voyage, dashscope];

export const RERANK_FORMATS: ReadonlyMap<string, RerankFormat> = new Map(
  ALL.map((format) => [format.id, format]),
);
