/** A model, and a list of them, as clients of each format know them. */
import type { Model } from '../catalog/shape.ts';
import { writeFault as writeMessagesFault } from '../dialects/anthropic-messages/fault.ts';
import { writeFault as writeCohereFault } from '../dialects/cohere-chat/fault.ts';
import { writeFault as writeContentFault } from '../dialects/gemini-generate/fault.ts';
import { writeFault as writeChatFault } from '../dialects/openai-chat/fault.ts';
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import { PAGE_ROWS_MAX, pageOf } from './paging.ts';
import type { Route } from './routes.ts';

/** A model, and the kinds of jobs that it does as tasks; none: it answers at once. */
export interface ListedModel {
  readonly model: Model;
  readonly tasks: readonly string[];
}

export interface ModelShape {
  readonly show: (entry: ListedModel) => JsonObject;
  readonly list: (entries: readonly ListedModel[], query: URLSearchParams) => JsonObject;
  readonly writeFault: Route['writeFault'];
}

/** Models have no birthday in the catalogue; clients only want a number, or a day. */
const CREATED_S = 1_735_689_600;
const CREATED_AT = '2025-01-01T00:00:00Z';
const CONTENT_PAGE_ROWS = 50;
const CONTENT_METHODS = ['generateContent', 'streamGenerateContent', 'countTokens'];
const COHERE_PAGE_ROWS = 20;
const EMBEDDING_METHODS = ['embedContent', 'batchEmbedContents'];

const idOf = ({ model }: ListedModel): string => model.id;
/** What can be asked at the door of this format, or as a task. */
const isForMessages = ({ model, tasks }: ListedModel): boolean =>
  model.kind === 'chat' || tasks.length > 0;
const isForContent = (entry: ListedModel): boolean =>
  entry.model.kind === 'embedding' || isForMessages(entry);

/** Ours, beside what the format has: it has no word for models of other kinds. */
const ownFields = ({ model, tasks }: ListedModel) => ({
  kind: model.kind,
  abilities: { ...model.abilities, tasks: [...tasks] },
});

function methodsOf({ model }: ListedModel): string[] {
  if (model.kind === 'embedding') return EMBEDDING_METHODS;
  return model.kind === 'chat' ? CONTENT_METHODS : [];
}

/** All of them at once, of every kind, as this format has no pages here. */
export const CHAT_SHAPE: ModelShape = Object.freeze<ModelShape>({
  show: ({ model, tasks }) => ({
    id: model.id,
    object: 'model',
    created: CREATED_S,
    owned_by: model.maker,
    shutdown_date: model.retires ?? null,
    context_length: model.contextTokens,
    max_output_tokens: model.outputTokensMax,
    ...ownFields({ model, tasks }),
  }),
  list: (entries) => ({ object: 'list', data: entries.map(CHAT_SHAPE.show) }),
  writeFault: writeChatFault,
});

/** No model is retired by its date alone: until its vendor refuses it, its end is overdue. */
const STAGES: readonly string[] = ['active', 'deprecated', 'retired'];

const stageOf = (retires: string | undefined): string =>
  retires === undefined ? 'active' : 'deprecated';

function inStages(entries: readonly ListedModel[], query: URLSearchParams): readonly ListedModel[] {
  const asked = [...query.getAll('lifecycle'), ...query.getAll('lifecycle[]')];
  if (asked.length === 0) return entries;
  if (!asked.every((stage) => STAGES.includes(stage))) {
    throw new Fault('invalid_request', {
      message: `lifecycle must be of ${STAGES.join(', ')}.`,
      param: 'lifecycle',
    });
  }
  return entries.filter(({ model }) => asked.includes(stageOf(model.retires)));
}

export const MESSAGES_SHAPE: ModelShape = Object.freeze<ModelShape>({
  show: ({ model, tasks }) => ({
    type: 'model',
    id: model.id,
    display_name: model.id,
    created_at: CREATED_AT,
    lifecycle: stageOf(model.retires),
    line: null,
    capabilities: null,
    max_input_tokens: model.contextTokens,
    max_tokens: model.outputTokensMax,
    deprecated_at: null,
    retires_at: model.retires === undefined ? null : `${model.retires}T00:00:00Z`,
    ...ownFields({ model, tasks }),
  }),
  list(entries, query) {
    // Backwards it is the same list turned over, and each page turned over again.
    const before = query.get('before_id');
    const chats = inStages(entries.filter(isForMessages), query);
    const { items: found, next } = pageOf(before === null ? chats : chats.toReversed(), {
      rows: query.get('limit'),
      rowsDefault: PAGE_ROWS_MAX,
      field: 'limit',
      after: before ?? query.get('after_id'),
      idOf,
    });
    const items = before === null ? found : found.toReversed();
    return {
      data: items.map(MESSAGES_SHAPE.show),
      has_more: next !== null,
      first_id: items[0]?.model.id ?? null,
      last_id: items.at(-1)?.model.id ?? null,
    };
  },
  writeFault: writeMessagesFault,
});

export const CONTENT_SHAPE: ModelShape = Object.freeze<ModelShape>({
  show: ({ model, tasks }) => ({
    name: `models/${model.id}`,
    version: '001',
    displayName: model.id,
    inputTokenLimit: model.contextTokens,
    outputTokenLimit: model.outputTokensMax,
    supportedGenerationMethods: methodsOf({ model, tasks }),
    thinking: model.abilities.reasoning,
    ...ownFields({ model, tasks }),
  }),
  list(entries, query) {
    const { items, next } = pageOf(entries.filter(isForContent), {
      rows: query.get('pageSize'),
      rowsDefault: CONTENT_PAGE_ROWS,
      field: 'pageSize',
      after: query.get('pageToken'),
      idOf,
    });
    const models = items.map(CONTENT_SHAPE.show);
    return { models, ...(next === null ? {} : { nextPageToken: next }) };
  },
  writeFault: writeContentFault,
});

/** What its clients can do with a model of each kind; others are not shown to them. */
const ENDPOINTS: Readonly<Partial<Record<ListedModel['model']['kind'], string>>> = {
  chat: 'chat',
  embedding: 'embed',
  rerank: 'rerank',
};

function featuresOf({ model }: ListedModel): readonly string[] {
  const { tools, images, json, reasoning } = model.abilities;
  return [
    ...(tools ? ['tools'] : []),
    ...(images ? ['vision'] : []),
    ...(json === 'none' ? [] : ['json_mode']),
    ...(json === 'schema' ? ['json_schema'] : []),
    ...(reasoning ? ['reasoning'] : []),
  ];
}

export const COHERE_SHAPE: ModelShape = Object.freeze<ModelShape>({
  show: (entry) => ({
    name: entry.model.id,
    is_deprecated: entry.model.retires !== undefined,
    endpoints: [ENDPOINTS[entry.model.kind] ?? []].flat(),
    finetuned: false,
    context_length: entry.model.contextTokens,
    tokenizer_url: null,
    default_endpoints: [],
    features: featuresOf(entry),
  }),
  list(entries, query) {
    const endpoint = query.get('endpoint');
    const shown = entries.filter(({ model }) => {
      const own = ENDPOINTS[model.kind];
      return own !== undefined && (endpoint === null || own === endpoint);
    });
    const { items, next } = pageOf(shown, {
      rows: query.get('page_size'),
      rowsDefault: COHERE_PAGE_ROWS,
      field: 'page_size',
      after: query.get('page_token'),
      idOf,
    });
    return { models: items.map(COHERE_SHAPE.show), next_page_token: next };
  },
  writeFault: writeCohereFault,
});
