/** Reranking with the words and limits of each vendor; the scores are BM25's. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Ranked, rank } from '../bm25.ts';
import { type Bearer, bearerService } from '../chat.ts';
import { type Complaint, field, first, invalid, missing } from '../check.ts';
import { strangeMember } from '../complain.ts';
import type { Service } from '../service.ts';
import { wholeSpeech } from '../speech.ts';
import { countTokens } from '../tokens.ts';

/** What was asked and found, for the words of an answer. */
export interface Reranked {
  readonly body: JsonObject;
  readonly model: string;
  readonly texts: readonly string[];
  readonly found: readonly Ranked[];
  readonly returns: boolean;
  readonly tokens: number;
  readonly n: number;
}

export interface RerankStyle {
  readonly documentsMax: number;
  /** Documents may be objects with a text. */
  readonly takesObjects: boolean;
  readonly topField: 'top_n' | 'top_k';
  readonly modelRequired: boolean;
  /** null where documents are never returned. */
  readonly returnField: string | null;
  readonly returnsDefault: boolean;
  /** More fields; others are refused where this is not null. */
  readonly fields: readonly string[] | null;
  /** Where query, documents and parameters stand, for a vendor that nests them. */
  readonly flatten?: (body: JsonObject) => JsonObject;
  readonly write: (reranked: Reranked) => { body: JsonObject; usage: JsonObject };
}

export function rerankService(vendor: Omit<Bearer, 'models'>, style: RerankStyle): Service {
  const flat = style.flatten ?? ((body: JsonObject) => body);
  return {
    ...bearerService(vendor),
    isStream: () => false,
    check: ({ body }) => checkRerank(flat(body), style),
    speak: ({ body, n }) => {
      const { body: whole, usage } = style.write(rerank(flat(body), style, n));
      return wholeSpeech(whole, usage);
    },
  };
}

function textOf(document: Json): string {
  if (typeof document === 'string') return document;
  return isObject(document) ? String(document.text ?? document.image ?? '') : '';
}

function rerank(body: JsonObject, style: RerankStyle, n: number): Reranked {
  const documents = Array.isArray(body.documents) ? body.documents : [];
  const texts = documents.map(textOf);
  const query = textOf(body.query ?? '');
  const top = field(body, style.topField);
  const most = typeof top === 'number' ? top : texts.length;
  const asked = style.returnField === null ? undefined : field(body, style.returnField);
  const tokens = texts.reduce((sum, text) => sum + countTokens(text) + countTokens(query), 0);
  return {
    body,
    model: String(body.model ?? ''),
    texts,
    found: rank(query, texts).slice(0, most),
    returns: typeof asked === 'boolean' ? asked : style.returnsDefault,
    tokens,
    n,
  };
}

function checkRerank(body: JsonObject, style: RerankStyle): Complaint | null {
  const { documents, query } = body;
  const top = field(body, style.topField);
  return first([
    () => {
      const { model } = body;
      if (model === undefined && !style.modelRequired) return null;
      return typeof model === 'string' && model !== '' ? null : missing('model');
    },
    () => {
      if (query === undefined || query === null) return missing('query');
      const isText = typeof query === 'string' || (style.takesObjects && isObject(query));
      if (!isText) return invalid('query', 'expected a string');
      return textOf(query) === '' ? invalid('query', 'must not be empty') : null;
    },
    () => {
      if (documents === undefined || documents === null) return missing('documents');
      if (!Array.isArray(documents)) return invalid('documents', 'expected an array');
      if (documents.length === 0) return invalid('documents', 'must not be empty');
      if (documents.length > style.documentsMax) {
        return invalid('documents', `at most ${style.documentsMax} documents`);
      }
      const odd = documents.findIndex(
        (one) => typeof one !== 'string' && !(style.takesObjects && isObject(one)),
      );
      return odd < 0 ? null : invalid(`documents[${odd}]`, 'expected a string');
    },
    () => {
      if (top === undefined) return null;
      const fits = typeof top === 'number' && Number.isInteger(top) && top >= 1;
      return fits ? null : invalid(style.topField, 'expected an integer above 0');
    },
    () => {
      if (style.fields === null) return null;
      const own = ['model', 'query', 'documents', style.topField, style.returnField ?? ''];
      const strange = strangeMember(body, [...own, ...style.fields]);
      return strange === null ? null : invalid(strange, 'unknown parameter');
    },
  ]);
}

/** Results as most vendors write them. */
function resultsOf({ found, texts, returns }: Reranked): JsonObject[] {
  return found.map(({ index, score }) => {
    const result = { index, relevance_score: score };
    return returns ? { ...result, document: { text: texts[index]! } } : result;
  });
}

function idOf(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** One search is a query over at most a hundred documents. */
const DOCUMENTS_A_SEARCH = 100;

function cohereMeta({ texts }: Reranked, version: string): JsonObject {
  const units = Math.ceil(texts.length / DOCUMENTS_A_SEARCH);
  return { api_version: { version }, billed_units: { search_units: units } };
}

/** https://docs.cohere.com/v1/reference/rerank */
export const COHERE_V1_RERANK: RerankStyle = {
  documentsMax: 1_000,
  takesObjects: true,
  topField: 'top_n',
  modelRequired: false,
  returnField: 'return_documents',
  returnsDefault: false,
  fields: ['rank_fields', 'max_chunks_per_doc'],
  write: (reranked) => {
    const meta = cohereMeta(reranked, '1');
    return { body: { id: idOf(reranked.n), results: resultsOf(reranked), meta }, usage: meta };
  },
};

/** https://docs.cohere.com/reference/rerank */
export const COHERE_V2_RERANK: RerankStyle = {
  ...COHERE_V1_RERANK,
  takesObjects: false,
  modelRequired: true,
  returnField: null,
  fields: ['max_tokens_per_doc', 'priority'],
  write: (reranked) => {
    const meta = cohereMeta(reranked, '2');
    return { body: { id: idOf(reranked.n), results: resultsOf(reranked), meta }, usage: meta };
  },
};

/** https://jina.ai/reranker */
export const JINA_RERANK: RerankStyle = {
  documentsMax: 2_048,
  takesObjects: true,
  topField: 'top_n',
  modelRequired: true,
  returnField: 'return_documents',
  returnsDefault: true,
  fields: ['return_embeddings', 'truncate'],
  write: (reranked) => {
    const usage = { total_tokens: reranked.tokens };
    const { model } = reranked;
    return { body: { model, object: 'list', usage, results: resultsOf(reranked) }, usage };
  },
};

/** https://docs.voyageai.com/reference/reranker-api */
export const VOYAGE_RERANK: RerankStyle = {
  documentsMax: 1_000,
  takesObjects: false,
  topField: 'top_k',
  modelRequired: true,
  returnField: 'return_documents',
  returnsDefault: false,
  fields: ['truncation'],
  write: ({ found, texts, returns, model, tokens }) => {
    const usage = { total_tokens: tokens };
    const data = found.map(({ index, score }) => {
      const result = { relevance_score: score, index };
      return returns ? { ...result, document: texts[index]! } : result;
    });
    return { body: { object: 'list', data, model, usage }, usage };
  },
};

/** https://docs.siliconflow.cn/cn/api-reference/rerank/create-rerank */
export const SILICONFLOW_RERANK: RerankStyle = {
  documentsMax: 1_000,
  takesObjects: false,
  topField: 'top_n',
  modelRequired: true,
  returnField: 'return_documents',
  returnsDefault: false,
  fields: ['max_chunks_per_doc', 'overlap_tokens', 'instruction'],
  write: (reranked) => {
    const tokens = { input_tokens: reranked.tokens, output_tokens: 0, image_tokens: 0 };
    const meta = { tokens, billed_units: { ...tokens, search_units: 0, classifications: 0 } };
    const results = resultsOf(reranked);
    return { body: { id: `019${idOf(reranked.n).slice(3)}`, results, meta }, usage: tokens };
  },
};

/** https://www.alibabacloud.com/help/en/model-studio/text-rerank-api: the compatible way. */
export const QWEN_RERANK: RerankStyle = {
  documentsMax: 500,
  takesObjects: false,
  topField: 'top_n',
  modelRequired: true,
  returnField: null,
  returnsDefault: false,
  fields: ['instruct'],
  write: (reranked) => {
    const usage = { total_tokens: reranked.tokens };
    const { model, n } = reranked;
    const results = resultsOf(reranked);
    return { body: { object: 'list', results, model, id: idOf(n), usage }, usage };
  },
};

/** The same service in DashScope's own envelope. */
export const DASHSCOPE_RERANK: RerankStyle = {
  ...QWEN_RERANK,
  returnField: 'return_documents',
  flatten: ({ model, input, parameters }) => ({
    ...(model === undefined ? {} : { model }),
    ...(isObject(input) ? input : {}),
    ...(isObject(parameters) ? parameters : {}),
  }),
  write: (reranked) => {
    const usage = { total_tokens: reranked.tokens };
    const output = { results: resultsOf(reranked) };
    return { body: { output, usage, request_id: idOf(reranked.n) }, usage };
  },
};
