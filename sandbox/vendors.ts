/** The vendors whose chat the sandbox imitates, as data: where, key, errors, limits and quirks. */
import type { ErrorStyle } from './errors.ts';
import * as cn from './vendor-errors-cn.ts';
import * as intl from './vendor-errors-intl.ts';

/** Where reasoning text appears; `hidden` counts its tokens but never shows it. */
export type ReasoningStyle =
  | 'reasoning_content'
  | 'reasoning'
  | 'reasoning_details'
  | 'think-tags'
  | 'thinking-parts'
  | 'hidden';

/** What a vendor takes; a number beyond a limit is refused as the vendor refuses it. */
export interface Accepts {
  readonly roles: readonly string[];
  readonly temperatureMax: number;
  readonly stopMax: number;
  readonly nMax: number;
  readonly responseFormats: readonly string[];
  /** `json_object` needs the word "json" somewhere in the messages. */
  readonly jsonWord: boolean;
  /** `max_tokens` together with `max_completion_tokens` is an error. */
  readonly oneTokenLimit: boolean;
  /** `stream_options` without `stream: true` is an error. */
  readonly streamOptionsNeedStream: boolean;
  /** A tool message must answer a call of the assistant message before it. */
  readonly toolOrder: boolean;
  /** `strict: true` schemas must close every object and require every property. */
  readonly strictSubset: boolean;
  /** A last message of the assistant is the start of the answer, unmarked. */
  readonly goesOn: boolean;
  /** `max_tokens` counts reasoning as well as the answer. */
  readonly maxTokensCountsReasoning: boolean;
  readonly reasoningEfforts: readonly string[] | null;
  /** Models that take only `max_completion_tokens` and the default temperature. */
  readonly plainModels: RegExp | null;
}

export interface Streaming {
  /** `asked`: a chunk of its own when asked; `final`: on the last choice chunk; `every`: on all. */
  readonly usage: 'asked' | 'final' | 'every';
  /** `role` stands in every delta, not only in the first. */
  readonly roleAlways: boolean;
  /** Moonshot repeats usage inside the last choice, Groq under `x_groq`. */
  readonly usageAlsoIn: 'choice' | 'x_groq' | null;
  /** Comment lines before the first event, such as OpenRouter's. */
  readonly comment: string | null;
}

export interface FakeVendor {
  readonly id: string;
  readonly name: string;
  /** Path of the base URL at the sandbox; after the id it is the real vendor's. */
  readonly path: string;
  /** null where no key is asked for. */
  readonly key: string | null;
  readonly models: readonly string[];
  readonly errors: ErrorStyle;
  readonly accepts: Accepts;
  readonly streaming: Streaming;
  readonly reasoning: ReasoningStyle;
  /** Models that reason unless told not to, beside those with a reasoning word in the name. */
  readonly thinks: RegExp | null;
  /** Members added to each usage, by name of the quirk. */
  readonly usageStyle: 'openai' | 'deepseek' | 'moonshot';
  readonly idPrefix: string;
  /** Names and endpoints that stand for a dated model. */
  readonly resolve: Readonly<Record<string, string>>;
  readonly resolveEndpoint: string | null;
  readonly serviceTier: string | null;
  /** Models whose reasoning comes back sealed too, as `encrypted_content`. */
  readonly seals: RegExp | null;
  readonly docs: string;
}

const CLASSIC_ROLES = ['system', 'user', 'assistant', 'tool'];
const ALL_ROLES = ['developer', ...CLASSIC_ROLES, 'function'];
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

const ACCEPTS: Accepts = {
  roles: CLASSIC_ROLES,
  temperatureMax: 2,
  stopMax: 4,
  nMax: 128,
  responseFormats: ['text', 'json_object', 'json_schema'],
  jsonWord: false,
  oneTokenLimit: false,
  streamOptionsNeedStream: false,
  toolOrder: true,
  strictSubset: false,
  goesOn: false,
  maxTokensCountsReasoning: true,
  reasoningEfforts: EFFORTS,
  plainModels: null,
};

const STREAMING: Streaming = {
  usage: 'asked',
  roleAlways: false,
  usageAlsoIn: null,
  comment: null,
};

type Own = Pick<FakeVendor, 'id' | 'name' | 'models' | 'errors' | 'docs'> &
  Partial<Omit<FakeVendor, 'accepts' | 'streaming' | 'path'>> & {
    /** The path after `/<id>`. */
    readonly base: string;
    readonly accepts?: Partial<Accepts>;
    readonly streaming?: Partial<Streaming>;
  };

function vendor(own: Own): FakeVendor {
  const { base, accepts, streaming, ...rest } = own;
  return Object.freeze({
    key: `sandbox-${own.id}-key`,
    reasoning: 'reasoning_content',
    thinks: null,
    usageStyle: 'openai',
    idPrefix: 'chatcmpl-',
    resolve: {},
    resolveEndpoint: null,
    serviceTier: null,
    seals: null,
    ...rest,
    path: `/${own.id}${base}`,
    accepts: { ...ACCEPTS, ...accepts },
    streaming: { ...STREAMING, ...streaming },
  });
}

export const ARK = vendor({
  id: 'ark',
  name: 'Volcengine Ark',
  base: '/api/v3',
  models: [
    'doubao-seed-2-1-pro-260915',
    'doubao-seed-2-1-turbo-260628',
    'doubao-seed-1-8-251228',
    'doubao-seed-1-6-251015',
    'doubao-1-5-pro-32k-250115',
    'deepseek-v4-pro-ga-260813',
    'doubao-embedding-large-text-250515',
    'doubao-embedding-vision-251215',
    'doubao-seedream-4-0-250828',
    'doubao-seedream-4-5-251128',
    'doubao-seedream-5-0-260128',
  ],
  errors: cn.ARK,
  accepts: {
    nMax: 5,
    oneTokenLimit: true,
    toolOrder: false,
    goesOn: true,
    maxTokensCountsReasoning: false,
  },
  streaming: { roleAlways: true },
  thinks: /^doubao-seed-(?!.*(flash|translation|character))/,
  idPrefix: '0217',
  resolve: {
    'doubao-seed-2-1-pro': 'doubao-seed-2-1-pro-260915',
    'doubao-seed-1-8': 'doubao-seed-1-8-251228',
    'doubao-seed-1-6': 'doubao-seed-1-6-251015',
    'doubao-1-5-pro-32k': 'doubao-1-5-pro-32k-250115',
  },
  resolveEndpoint: 'doubao-seed-1-6-251015',
  serviceTier: 'default',
  seals: /^doubao-seed-(2-1|evolving)/,
  docs: 'https://www.volcengine.com/docs/82379/1494384',
});

const OPENAI = vendor({
  id: 'openai',
  name: 'OpenAI',
  base: '/v1',
  models: ['gpt-5.2', 'gpt-5.2-mini', 'gpt-4.1', 'gpt-4o-mini', 'o4-mini'],
  errors: intl.OPENAI,
  accepts: {
    roles: ALL_ROLES,
    jsonWord: true,
    streamOptionsNeedStream: true,
    strictSubset: true,
    plainModels: /^(o\d|gpt-[5-9])/,
  },
  reasoning: 'hidden',
  thinks: /^(o\d|gpt-[5-9])/,
  serviceTier: 'default',
  docs: 'https://platform.openai.com/docs/api-reference/chat',
});

const DEEPSEEK = vendor({
  id: 'deepseek',
  name: 'DeepSeek',
  base: '',
  models: ['deepseek-chat', 'deepseek-reasoner', 'deepseek-v4-pro', 'deepseek-v4-flash'],
  errors: cn.DEEPSEEK,
  accepts: {
    stopMax: 16,
    responseFormats: ['text', 'json_object'],
    jsonWord: true,
    streamOptionsNeedStream: true,
  },
  streaming: { usage: 'final' },
  usageStyle: 'deepseek',
  idPrefix: '',
  docs: 'https://api-docs.deepseek.com/api/create-chat-completion',
});

const MOONSHOT = vendor({
  id: 'moonshot',
  name: 'Moonshot AI',
  base: '/v1',
  models: ['kimi-k3', 'kimi-k2-turbo-preview', 'kimi-k2-thinking', 'moonshot-v1-32k'],
  errors: cn.MOONSHOT,
  accepts: { temperatureMax: 1, stopMax: 5, nMax: 5 },
  streaming: { usageAlsoIn: 'choice' },
  usageStyle: 'moonshot',
  docs: 'https://platform.moonshot.cn/docs/api/chat',
});

const ZHIPU = vendor({
  id: 'zhipu',
  name: 'Zhipu AI',
  base: '/api/paas/v4',
  models: ['glm-5.2', 'glm-4.7', 'glm-4.6v', 'glm-4.5-flash'],
  errors: cn.ZHIPU,
  accepts: {
    temperatureMax: 1,
    stopMax: 1,
    nMax: 1,
    responseFormats: ['text', 'json_object'],
    toolOrder: false,
  },
  streaming: { usage: 'final', roleAlways: true },
  thinks: /^glm-(4\.[5-9]|[5-9])(?!.*flash)/,
  idPrefix: '2026',
  docs: 'https://docs.bigmodel.cn/api-reference',
});

const QWEN = vendor({
  id: 'qwen',
  name: 'Alibaba Model Studio',
  base: '/compatible-mode/v1',
  models: ['qwen3.7-max', 'qwen-plus', 'qwen-flash', 'qwen3-vl-plus', 'qwq-plus'],
  errors: cn.QWEN,
  accepts: { roles: [...CLASSIC_ROLES, 'function'], nMax: 4, jsonWord: true, stopMax: 16 },
  docs: 'https://help.aliyun.com/zh/model-studio/qwen-api-reference',
});

const MINIMAX = vendor({
  id: 'minimax',
  name: 'MiniMax',
  base: '/v1',
  models: ['MiniMax-M2.7', 'MiniMax-M2.5', 'MiniMax-M2'],
  errors: cn.MINIMAX,
  accepts: { temperatureMax: 1, nMax: 1, responseFormats: ['text', 'json_object'] },
  reasoning: 'think-tags',
  thinks: /^MiniMax-M2/,
  idPrefix: '06',
  docs: 'https://platform.minimaxi.com/docs/api-reference/text-openai-api',
});

const SILICONFLOW = vendor({
  id: 'siliconflow',
  name: 'SiliconFlow',
  base: '/v1',
  models: ['deepseek-ai/DeepSeek-V3.2', 'Qwen/Qwen3-32B', 'zai-org/GLM-4.6'],
  errors: cn.SILICONFLOW,
  accepts: { toolOrder: false },
  streaming: { usage: 'every', roleAlways: true },
  idPrefix: '019',
  docs: 'https://docs.siliconflow.cn/cn/api-reference/chat-completions/chat-completions',
});

const OPENROUTER = vendor({
  id: 'openrouter',
  name: 'OpenRouter',
  base: '/api/v1',
  models: ['openai/gpt-5.2', 'deepseek/deepseek-chat', 'qwen/qwen3-32b'],
  errors: intl.OPENROUTER,
  accepts: { roles: ALL_ROLES },
  streaming: { comment: 'OPENROUTER PROCESSING', roleAlways: true },
  reasoning: 'reasoning_details',
  idPrefix: 'gen-',
  docs: 'https://openrouter.ai/docs/api-reference/chat-completion',
});

const XAI = vendor({
  id: 'xai',
  name: 'xAI',
  base: '/v1',
  models: ['grok-4.20', 'grok-4-fast-reasoning', 'grok-4-fast-non-reasoning'],
  errors: intl.XAI,
  accepts: { roles: ALL_ROLES },
  thinks: /^grok-4\.20$/,
  idPrefix: '',
  docs: 'https://docs.x.ai/docs/api-reference',
});

const MISTRAL = vendor({
  id: 'mistral',
  name: 'Mistral AI',
  base: '/v1',
  models: ['mistral-large-latest', 'mistral-small-latest', 'magistral-medium-latest'],
  errors: intl.MISTRAL,
  accepts: { temperatureMax: 1.5 },
  streaming: { usage: 'final' },
  reasoning: 'thinking-parts',
  thinks: /^magistral/,
  idPrefix: '',
  docs: 'https://docs.mistral.ai/api/#tag/chat',
});

const GROQ = vendor({
  id: 'groq',
  name: 'Groq',
  base: '/openai/v1',
  models: ['llama-3.3-70b-versatile', 'openai/gpt-oss-120b', 'qwen/qwen3-32b'],
  errors: intl.GROQ,
  accepts: { roles: ALL_ROLES, nMax: 1, jsonWord: true },
  streaming: { usageAlsoIn: 'x_groq' },
  reasoning: 'reasoning',
  thinks: /gpt-oss/,
  docs: 'https://console.groq.com/docs/api-reference',
});

const TOGETHER = vendor({
  id: 'together',
  name: 'Together AI',
  base: '/v1',
  models: ['meta-llama/Llama-3.3-70B-Instruct-Turbo', 'deepseek-ai/DeepSeek-V3.1'],
  errors: intl.TOGETHER,
  accepts: { roles: ALL_ROLES },
  streaming: { usage: 'final', roleAlways: true },
  reasoning: 'reasoning',
  idPrefix: 'o',
  docs: 'https://docs.together.ai/reference/chat-completions-1',
});

const FIREWORKS = vendor({
  id: 'fireworks',
  name: 'Fireworks AI',
  base: '/inference/v1',
  models: ['accounts/fireworks/models/deepseek-v3p2', 'accounts/fireworks/models/kimi-k2p5'],
  errors: intl.FIREWORKS,
  accepts: { roles: ALL_ROLES },
  streaming: { usage: 'final' },
  docs: 'https://docs.fireworks.ai/api-reference/post-chatcompletions',
});

const OLLAMA = vendor({
  id: 'ollama',
  name: 'Ollama',
  base: '/v1',
  key: null,
  models: ['llama3.3', 'qwen3:8b', 'gemma3:4b'],
  errors: intl.OLLAMA,
  accepts: { roles: ALL_ROLES, toolOrder: false },
  reasoning: 'reasoning',
  docs: 'https://docs.ollama.com/api/openai-compatibility',
});

const COMPATIBLE = vendor({
  id: 'openai-compatible',
  name: 'an OpenAI-compatible service',
  base: '/v1',
  models: ['compatible-chat', 'compatible-reasoning'],
  errors: intl.OPENAI,
  accepts: { roles: ALL_ROLES, toolOrder: false },
  docs: 'https://platform.openai.com/docs/api-reference/chat',
});

/** Every vendor of the sandbox, Ark first. */
export const VENDORS: readonly FakeVendor[] = Object.freeze([
  ARK,
  OPENAI,
  DEEPSEEK,
  MOONSHOT,
  ZHIPU,
  QWEN,
  MINIMAX,
  SILICONFLOW,
  OPENROUTER,
  XAI,
  MISTRAL,
  GROQ,
  TOGETHER,
  FIREWORKS,
  OLLAMA,
  COMPATIBLE,
]);
