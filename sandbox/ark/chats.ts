/** The other doors to a chat model: contexts, batch, bots: ark.md 1.8. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { answer, type Turn } from '../answer.ts';
import { type Ask, readAsk } from '../ask.ts';
import { checkChat } from '../check.ts';
import { chunksOf, completionOf, type Reply } from '../reply.ts';
import { ARK } from '../vendors.ts';
import { type Answer, type Asked, type Event, nowS } from './asked.ts';
import { given, number, object, oneOf, text } from './fields.ts';
import { checkFileIds } from './files.ts';
import { invalid, invalidState, missing, noModel, notFound, unsupported } from './refusal.ts';
import type { StoredContext } from './store.ts';

const TTL_S = { low: 3_600, high: 604_800, whole: true };
const TTL_DEFAULT_S = 86_400;

/** Checks a chat body as chat/completions does; what is wrong is refused with its words. */
export function checkAsChat(asked: Asked, body: JsonObject): void {
  const complaint = checkChat(body, ARK);
  if (complaint?.kind === 'missing') throw missing(complaint.param);
  if (complaint !== null) throw invalid(complaint.param, complaint.detail);
  checkFileIds(asked, body);
}

/** What the pretended model makes of a chat body. */
export function think(asked: Asked, body: JsonObject, cachedTokens = 0): Reply {
  const read: Ask = readAsk(body, ARK);
  const ask = { ...read, cachedTokens: Math.max(read.cachedTokens, cachedTokens) };
  const turns: Turn[] = [answer(ask, ARK.name, 0)];
  return {
    vendor: ARK,
    ask,
    turns,
    n: asked.n,
    createdS: nowS(asked),
    pieces: null,
    noUsage: false,
  };
}

function usageIn(json: JsonObject): { usage?: JsonObject } {
  return isObject(json.usage) ? { usage: json.usage } : {};
}

function spoken(reply: Reply, extra: JsonObject = {}): Answer {
  if (!reply.ask.stream) {
    const json = { ...completionOf(reply), ...extra };
    return { json, ...usageIn(json) };
  }
  const events: Event[] = [...chunksOf(reply)].map(({ json, text: said }) => ({
    name: null,
    json,
    text: said,
    ...usageIn(json),
  }));
  const last = events.findLastIndex(({ json }) => (json.choices as readonly Json[]).length > 0);
  return {
    events: events.map((event, at) =>
      at === last ? { ...event, json: { ...event.json, ...extra } } : event,
    ),
  };
}

/** Batch inference takes only endpoints, and never streams. */
export function onlyBatch(body: JsonObject): void {
  const model = text(body, 'model');
  if (!model.startsWith('ep-')) throw invalid('model', 'batch inference needs an endpoint, ep-…');
  if (body.stream === true) throw unsupported('stream', 'is not supported by batch inference');
}

export function batchChat(asked: Asked): Answer {
  onlyBatch(asked.body);
  checkAsChat(asked, asked.body);
  return spoken(think(asked, asked.body));
}

export function botChat(asked: Asked): Answer {
  const { body } = asked;
  const bot = text(body, 'model');
  if (!bot.startsWith('bot-')) throw noModel(bot);
  const metadata = object(body, 'metadata');
  checkAsChat(asked, body);
  const reply = think(asked, { ...body, model: 'doubao-seed-1-6-251015' });
  const { usage } = completionOf(reply);
  const counted = isObject(usage) ? usage : {};
  const { prompt_tokens, completion_tokens, total_tokens } = counted;
  const used = { name: 'doubao-seed-1-6-251015', prompt_tokens, completion_tokens, total_tokens };
  const extra = {
    bot_usage: { model_usage: [used as JsonObject], action_usage: [] },
    references: [{ url: `${asked.origin}/sandbox`, title: 'The sandbox', site_name: 'sandbox' }],
    ...(metadata === undefined ? {} : { metadata }),
  };
  return spoken(reply, extra);
}

const STRATEGIES = ['last_history_tokens', 'rolling_tokens'] as const;

export function createContext(asked: Asked): Answer {
  const { body, store, nowMs } = asked;
  const model = text(body, 'model');
  if (!model.startsWith('ep-')) throw invalid('model', 'a context needs an endpoint, ep-…');
  checkAsChat(asked, { model, messages: body.messages ?? null });
  const mode = oneOf(body, 'mode', ['session', 'common_prefix']) ?? 'session';
  const ttlS = number(body, 'ttl', TTL_S) ?? TTL_DEFAULT_S;
  const strategy = object(body, 'truncation_strategy');
  if (strategy !== undefined) {
    if (mode === 'common_prefix') throw unsupported('truncation_strategy', 'needs mode session');
    if (oneOf(strategy, 'type', STRATEGIES) === undefined)
      throw missing('truncation_strategy.type');
  }
  const messages = body.messages as readonly JsonObject[];
  const id = store.nextId('ctx', nowMs);
  const context: StoredContext = { id, model, mode, ttlS, messages, endsMs: nowMs + ttlS * 1000 };
  store.contexts.set(id, context);
  const { promptTokens } = readAsk({ model, messages }, ARK);
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: 0,
    total_tokens: promptTokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
  const shown = strategy ?? { type: 'rolling_tokens', rolling_tokens: true };
  const json = { id, model, mode, ttl: ttlS, truncation_strategy: shown, usage };
  return { json, usage };
}

const NOT_IN_CONTEXT = ['tools', 'tool_choice', 'thinking', 'response_format'];

export function contextChat(asked: Asked): Answer {
  const { body, store, nowMs } = asked;
  const id = text(body, 'context_id');
  const context = store.contexts.get(id);
  if (context === undefined) throw notFound('Context', id);
  if (context.endsMs < nowMs) throw invalidState(`The context ${id}`);
  for (const name of NOT_IN_CONTEXT) {
    if (given(body, name) !== undefined) throw unsupported(name, 'cannot be used with a context');
  }
  checkAsChat(asked, body);
  if (body.model !== context.model) throw invalid('model', 'is not the model of the context');
  const sent = body.messages as readonly JsonObject[];
  if (sent.at(-1)?.role === 'assistant') {
    throw invalid('messages', 'the last message must not be of the assistant');
  }
  const messages = [...context.messages, ...sent];
  const kept = readAsk({ model: context.model, messages: context.messages }, ARK).promptTokens;
  const reply = think(asked, { ...body, messages }, kept);
  context.endsMs = nowMs + context.ttlS * 1000;
  if (context.mode === 'session') {
    context.messages = [...messages, { role: 'assistant', content: reply.turns[0]!.text }];
  }
  return spoken(reply);
}
