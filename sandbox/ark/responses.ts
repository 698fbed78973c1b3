/** /responses: create, stream, read, delete, list the input: ark.md 1.3. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import type { Turn } from '../answer.ts';
import { readAsk } from '../ask.ts';
import { completionOf, type Reply } from '../reply.ts';
import { splitTokens } from '../tokens.ts';
import { ARK } from '../vendors.ts';
import { type Answer, type Asked, type Event, nowS } from './asked.ts';
import { think } from './chats.ts';
import { notFound } from './refusal.ts';
import { type Plea, readPlea } from './responses-read.ts';
import type { StoredResponse } from './store.ts';

const TOKENS_AN_EVENT = 2;

function usageOf(reply: Reply): JsonObject {
  const { usage } = completionOf(reply);
  const counted = isObject(usage) ? usage : {};
  return {
    input_tokens: counted.prompt_tokens ?? 0,
    input_tokens_details: counted.prompt_tokens_details ?? {},
    output_tokens: counted.completion_tokens ?? 0,
    output_tokens_details: counted.completion_tokens_details ?? {},
    total_tokens: counted.total_tokens ?? 0,
  };
}

function outputOf(turn: Turn, n: number): JsonObject[] {
  const id = n.toString(16).padStart(12, '0');
  const status = turn.finish === 'length' ? 'incomplete' : 'completed';
  const items: JsonObject[] = [];
  if (turn.reasoning !== '') {
    const summary = [{ type: 'summary_text', text: turn.reasoning }];
    items.push({ id: `rs_${id}`, type: 'reasoning', summary, status: 'completed' });
  }
  if (turn.text !== '' || turn.calls.length === 0) {
    const content = [{ type: 'output_text', text: turn.text, annotations: [] }];
    items.push({ id: `msg_${id}`, type: 'message', role: 'assistant', content, status });
  }
  const calls = turn.calls.map((call, at) => ({
    id: `fc_${id}${at}`,
    type: 'function_call',
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
    status,
  }));
  return [...items, ...calls];
}

function assistantMessage(turn: Turn): JsonObject {
  const calls = turn.calls.map(({ id, name, arguments: written }) => ({
    id,
    type: 'function',
    function: { name, arguments: written },
  }));
  return calls.length === 0
    ? { role: 'assistant', content: turn.text }
    : { role: 'assistant', content: turn.text, tool_calls: calls };
}

function bodyOf(asked: Asked, plea: Plea, reply: Reply): JsonObject {
  const turn = reply.turns[0]!;
  const cut = turn.finish === 'length';
  const { body } = asked;
  return {
    id: `resp_0217${asked.n.toString(16).padStart(40, '0')}`,
    object: 'response',
    created_at: nowS(asked),
    status: cut ? 'incomplete' : 'completed',
    model: completionOf(reply).model!,
    output: outputOf(turn, asked.n),
    usage: usageOf(reply),
    error: null,
    incomplete_details: cut ? { reason: 'length' } : null,
    previous_response_id: body.previous_response_id ?? null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    store: plea.store,
    expire_at: plea.expireS,
    caching: { type: plea.caching },
    thinking: body.thinking ?? null,
    text: body.text ?? { format: { type: 'text' } },
    tools: body.tools ?? [],
    tool_choice: body.tool_choice ?? 'auto',
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    temperature: body.temperature ?? 1,
    top_p: body.top_p ?? 0.7,
    service_tier: 'default',
  };
}

export function createResponse(asked: Asked): Answer {
  const plea = readPlea(asked);
  const { chat, before } = plea;
  const cached =
    plea.caching === 'enabled' && before.length > 0
      ? readAsk({ model: chat.model!, messages: before }, ARK).promptTokens
      : 0;
  const reply = think(asked, chat, cached);
  const body = bodyOf(asked, plea, reply);
  if (plea.store) {
    const messages = (chat.messages as readonly JsonObject[]).filter(
      ({ role }) => role !== 'system',
    );
    const after = [...messages, assistantMessage(reply.turns[0]!)];
    const stored = { body, items: plea.items, messages: after, expireS: plea.expireS };
    asked.store.responses.set(String(body.id), stored);
  }
  const usage = body.usage as JsonObject;
  return plea.stream ? { events: eventsOf(body, usage) } : { json: body, usage };
}

function find(asked: Asked): StoredResponse {
  const id = asked.params[0]!;
  const stored = asked.store.responses.get(id);
  if (stored === undefined || stored.expireS < nowS(asked)) throw notFound('Response', id);
  return stored;
}

export function getResponse(asked: Asked): Answer {
  return { json: find(asked).body };
}

export function deleteResponse(asked: Asked): Answer {
  const id = String(find(asked).body.id);
  asked.store.responses.delete(id);
  return { json: { id, object: 'response', deleted: true } };
}

export function listInputItems(asked: Asked): Answer {
  const { items, body } = find(asked);
  const data = items.map((item, at) => ({ id: `${String(body.id)}_in${at}`, ...item }));
  const first_id = String(data[0]?.id ?? '');
  const last_id = String(data.at(-1)?.id ?? '');
  return { json: { object: 'list', data, first_id, last_id, has_more: false } };
}

type Emit = (type: string, rest: JsonObject, text?: string) => void;

/** Every event of the stream, numbered from 0. */
function eventsOf(body: JsonObject, usage: JsonObject): Event[] {
  const events: Event[] = [];
  const emit: Emit = (type, rest, text) => {
    const name = `response.${type}`;
    const json = { type: name, sequence_number: events.length, ...rest };
    events.push({ name, json, ...(text === undefined ? {} : { text }) });
  };
  const early = { ...body, status: 'in_progress', output: [], usage: null };
  emit('created', { response: early });
  emit('in_progress', { response: early });
  for (const [index, item] of (body.output as readonly JsonObject[]).entries()) {
    emitItem(emit, item, index);
  }
  emit(body.status === 'incomplete' ? 'incomplete' : 'completed', { response: body });
  const last = events.pop()!;
  return [...events, { ...last, usage }];
}

function pieces(text: string): string[] {
  const tokens = splitTokens(text);
  return Array.from({ length: Math.ceil(tokens.length / TOKENS_AN_EVENT) }, (_, at) =>
    tokens.slice(at * TOKENS_AN_EVENT, (at + 1) * TOKENS_AN_EVENT).join(''),
  );
}

function emitItem(emit: Emit, item: JsonObject, index: number): void {
  const at = { item_id: item.id ?? null, output_index: index };
  const bare: Json =
    item.type === 'message'
      ? { ...item, content: [], status: 'in_progress' }
      : item.type === 'reasoning'
        ? { ...item, summary: [], status: 'in_progress' }
        : { ...item, arguments: '', status: 'in_progress' };
  emit('output_item.added', { output_index: index, item: bare });
  if (item.type === 'function_call') {
    const written = String(item.arguments);
    for (const delta of pieces(written)) {
      emit('function_call_arguments.delta', { ...at, delta }, delta);
    }
    emit('function_call_arguments.done', { ...at, arguments: written });
  } else if (item.type === 'message') {
    emitPart(emit, { ...at, content_index: 0 }, (item.content as readonly JsonObject[])[0]!);
  } else {
    emitPart(emit, { ...at, summary_index: 0 }, (item.summary as readonly JsonObject[])[0]!);
  }
  emit('output_item.done', { output_index: index, item });
}

function emitPart(emit: Emit, at: JsonObject, part: JsonObject): void {
  const text = String(part.text);
  const summary = part.type === 'summary_text';
  const [whole, words] = summary
    ? ['reasoning_summary_part', 'reasoning_summary_text']
    : ['content_part', 'output_text'];
  emit(`${whole}.added`, { ...at, part: { ...part, text: '' } });
  for (const delta of pieces(text)) emit(`${words}.delta`, { ...at, delta }, delta);
  emit(`${words}.done`, { ...at, text });
  emit(`${whole}.done`, { ...at, part });
}
