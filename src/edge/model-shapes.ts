/** A model, and a list of them, as clients of each format know them. */
import type { Model } from '../catalog/shape.ts';
import { writeFault as writeMessagesFault } from '../dialects/anthropic-messages/fault.ts';
import { writeFault as writeContentFault } from '../dialects/gemini-generate/fault.ts';
import { writeFault as writeChatFault } from '../dialects/openai-chat/fault.ts';
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

export const MESSAGES_SHAPE: ModelShape = Object.freeze<ModelShape>({
  show: ({ model, tasks }) => ({
    type: 'model',
    id: model.id,
    display_name: model.id,
    created_at: CREATED_AT,
    lifecycle: 'active',
    line: null,
    capabilities: null,
    max_input_tokens: model.contextTokens,
    max_tokens: model.outputTokensMax,
    deprecated_at: null,
    retires_at: model.retires === undefined ? null : `${model.retires}T00:00:00Z`,
    ...ownFields({ model, tasks }),
  }),
  list(entries, query) {
    const { items, next } = pageOf(entries.filter(isForMessages), {
      rows: query.get('limit'),
      rowsDefault: PAGE_ROWS_MAX,
      field: 'limit',
      after: query.get('after_id'),
      idOf,
    });
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
