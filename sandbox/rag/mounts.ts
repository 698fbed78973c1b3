/** Vendors of nothing but search: Jina, Voyage, and DashScope's own envelope. */
import type { Json } from '../../src/kit/json.ts';
import { type Bearer, restMount } from '../chat.ts';
import { type ErrorStyle, errorTable, type FilledError } from '../errors.ts';
import type { Mount } from '../service.ts';
import { QWEN } from '../vendor-errors-cn.ts';
import { embeddingService } from './embeddings.ts';
import {
  DASHSCOPE_RERANK,
  JINA_RERANK,
  QWEN_RERANK,
  rerankService,
  VOYAGE_RERANK,
} from './rerank.ts';
import { JINA_EMBED, VOYAGE_EMBED } from './styles.ts';

function detail({ message }: FilledError): Json {
  return { detail: message };
}

/** Both say what is wrong in `detail`. */
const JINA_ERRORS: ErrorStyle = {
  table: errorTable({
    'no-key': [401, null, '', 'Missing API key. Get one at https://jina.ai.'],
    'bad-key': [401, null, '', 'Invalid API key, please get a new one from https://jina.ai.'],
    account: [402, null, '', 'Insufficient account balance. Please recharge your account.'],
    missing: [422, null, '', '{detail}'],
    invalid: [422, null, '', '{detail}'],
    unsupported: [422, null, '', '{detail}'],
    json: [422, null, '', 'JSON decode error'],
    model: [404, null, '', 'The model {model} does not exist.'],
    route: [404, null, '', 'Not Found'],
    method: [405, null, '', 'Method Not Allowed'],
    rate: [429, null, '', 'Rate limit exceeded: too many requests per minute.'],
    server: [500, null, '', 'Internal Server Error'],
    overloaded: [503, null, '', 'Service Unavailable'],
  }),
  body: detail,
};

const VOYAGE_ERRORS: ErrorStyle = {
  table: errorTable({
    'no-key': [401, null, '', 'Provided API key is invalid.'],
    'bad-key': [401, null, '', 'Provided API key is invalid.'],
    account: [429, null, '', 'You have not yet added your payment method in the billing page.'],
    model: [400, null, '', 'Model {model} is not supported.'],
    route: [404, null, '', 'Not Found'],
    rate: [429, null, '', 'You have exceeded your rate limit. Please try again later.'],
    server: [500, null, '', 'Internal Server Error'],
    overloaded: [503, null, '', 'Service Unavailable'],
  }),
  body: detail,
};

/** The envelope of what is not OpenAI-compatible there. */
const DASHSCOPE_ERRORS: ErrorStyle = {
  table: QWEN.table,
  body: ({ code, type, message, requestId }) => ({
    code: typeof code === 'string' ? code : type,
    message,
    request_id: requestId,
  }),
};

const JINA: Bearer = {
  id: 'jina',
  path: '/jina/v1',
  key: 'sandbox-jina-key',
  models: ['jina-embeddings-v4', 'jina-embeddings-v3', 'jina-reranker-v3', 'jina-reranker-m0'],
  errors: JINA_ERRORS,
};

const VOYAGE: Bearer = {
  id: 'voyage',
  path: '/voyage/v1',
  key: 'sandbox-voyage-key',
  models: ['voyage-4-large', 'voyage-3.5', 'rerank-2.5', 'rerank-2.5-lite'],
  errors: VOYAGE_ERRORS,
};

const RERANKERS = ['qwen3-rerank', 'gte-rerank-v2'];

/** A host of DashScope has both ways, each below a path of its own. */
const DASHSCOPE: Bearer = {
  id: 'dashscope',
  path: '/dashscope/api/v1',
  key: 'sandbox-qwen-key',
  models: RERANKERS,
  errors: DASHSCOPE_ERRORS,
};

const RERANKS: Bearer = {
  id: 'qwen-rerank',
  path: '/qwen/compatible-api/v1',
  key: 'sandbox-qwen-key',
  models: RERANKERS,
  errors: QWEN,
};

const NATIVE = '/services/rerank/text-rerank/text-rerank';

export const SEARCH_MOUNTS: readonly Mount[] = [
  restMount(JINA, {
    '/embeddings': embeddingService(JINA, JINA_EMBED),
    '/rerank': rerankService(JINA, JINA_RERANK),
  }),
  restMount(VOYAGE, {
    '/embeddings': embeddingService(VOYAGE, VOYAGE_EMBED),
    '/rerank': rerankService(VOYAGE, VOYAGE_RERANK),
  }),
  restMount(DASHSCOPE, { [NATIVE]: rerankService(DASHSCOPE, DASHSCOPE_RERANK) }),
  restMount(RERANKS, { '/reranks': rerankService(RERANKS, QWEN_RERANK) }),
];
