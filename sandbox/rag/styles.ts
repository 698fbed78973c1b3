/** The limits and names of each vendor's embeddings (read 2026-11). */
import type { EmbedStyle } from './embeddings.ts';

const OPEN: EmbedStyle = {
  inputsMax: 2_048,
  tokensMax: 8_192,
  totalTokensMax: 300_000,
  takesTokens: true,
  takesObjects: false,
  sizeField: 'dimensions',
  codingField: 'encoding_format',
  codings: ['float', 'base64'],
  kindField: '',
  sizes: [],
  fields: null,
  enums: {},
  usage: (tokens) => ({ prompt_tokens: tokens, total_tokens: tokens }),
};

/** https://platform.openai.com/docs/api-reference/embeddings */
export const OPENAI_EMBED: EmbedStyle = {
  ...OPEN,
  sizes: [
    { model: /3-large/, sizes: [3_072], free: true },
    { model: /ada-002/, sizes: [1_536] },
    { model: /^/, sizes: [1_536], free: true },
  ],
  fields: ['user'],
};

/** https://docs.mistral.ai/api/endpoint/embeddings: only its model of code can be made smaller. */
export const MISTRAL_EMBED: EmbedStyle = {
  ...OPEN,
  takesTokens: false,
  sizeField: 'output_dimension',
  sizes: [{ model: /^/, sizes: [1_024] }],
};

/** https://help.aliyun.com/zh/model-studio/embedding-interfaces-compatible-with-openai */
export const QWEN_EMBED: EmbedStyle = {
  ...OPEN,
  inputsMax: 10,
  totalTokensMax: 81_920,
  takesTokens: false,
  codings: ['float'],
  sizes: [
    { model: /v4/, sizes: [1_024, 2_048, 1_536, 768, 512, 256, 128, 64] },
    { model: /v3/, sizes: [1_024, 768, 512, 256, 128, 64] },
    { model: /v[12]/, sizes: [1_536] },
  ],
};

/** https://docs.bigmodel.cn/api-reference: embedding-3 */
export const ZHIPU_EMBED: EmbedStyle = {
  ...OPEN,
  inputsMax: 64,
  tokensMax: 3_072,
  takesTokens: false,
  codings: ['float'],
  sizes: [
    { model: /embedding-3/, sizes: [2_048, 1_024, 512, 256] },
    { model: /embedding-2/, sizes: [1_024] },
  ],
  usage: (tokens) => ({ prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens }),
};

/** https://docs.siliconflow.cn/cn/api-reference/embeddings/create-embeddings */
export const SILICONFLOW_EMBED: EmbedStyle = {
  ...OPEN,
  inputsMax: 32,
  takesTokens: false,
  sizes: [
    { model: /Qwen3-Embedding-8B/, sizes: [4_096, 2_560, 2_048, 1_536, 1_024, 768, 512, 256, 64] },
    { model: /Qwen3-Embedding/, sizes: [1_024, 768, 512, 256, 128, 64] },
    { model: /^/, sizes: [1_024] },
  ],
  usage: (tokens) => ({ prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens }),
};

/** https://docs.ollama.com/api/openai-compatibility */
export const OLLAMA_EMBED: EmbedStyle = {
  ...OPEN,
  takesTokens: false,
  sizes: [{ model: /^/, sizes: [768], free: true }],
};

/** https://jina.ai/embeddings: longer inputs are refused unless `truncate` is asked for. */
export const JINA_EMBED: EmbedStyle = {
  ...OPEN,
  inputsMax: 512,
  takesTokens: false,
  takesObjects: true,
  codingField: 'embedding_type',
  codings: ['float', 'base64', 'binary', 'ubinary'],
  kindField: 'embedding_type',
  sizes: [
    { model: /v4/, sizes: [2_048], free: true },
    { model: /^/, sizes: [1_024], free: true },
  ],
  fields: ['truncate', 'late_chunking', 'normalized', 'return_multivector'],
  enums: {
    task: [
      ...['retrieval.query', 'retrieval.passage', 'separation', 'classification', 'text-matching'],
      ...['retrieval', 'code', 'code.query', 'code.passage'],
    ],
  },
  usage: (tokens) => ({ total_tokens: tokens, prompt_tokens: tokens }),
};

/** https://docs.voyageai.com/reference/embeddings-api */
export const VOYAGE_EMBED: EmbedStyle = {
  ...OPEN,
  inputsMax: 1_000,
  tokensMax: 32_000,
  totalTokensMax: 320_000,
  takesTokens: false,
  sizeField: 'output_dimension',
  codings: ['base64'],
  kindField: 'output_dtype',
  sizes: [{ model: /^/, sizes: [1_024, 256, 512, 2_048] }],
  fields: ['truncation'],
  enums: {
    input_type: ['query', 'document'],
    output_dtype: ['float', 'int8', 'uint8', 'binary', 'ubinary'],
  },
  usage: (tokens) => ({ total_tokens: tokens }),
};
