/** Responses and their events as OpenAI sends them. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import type { Turn } from '../answer.ts';
import type { Ask } from '../ask.ts';
import { type Frame, groups, namedFrame, type Speech, sseSpeech } from '../speech.ts';
import { countTokens } from '../tokens.ts';
import { seal } from './seal.ts';

export interface Answering {
  readonly body: JsonObject;
  readonly ask: Ask;
  readonly turn: Turn | null;
  readonly n: number;
  readonly createdS: number;
  readonly pieces: readonly string[] | null;
  readonly noUsage: boolean;
}

export function responseId(n: number): string {
  return `resp_${hex(n)}`;
}

function hex(n: number): string {
  return n.toString(16).padStart(48, '0');
}

function usageOf({ ask, turn }: Answering): JsonObject {
  const reasoning = countTokens(turn?.reasoning ?? '');
  const said =
    countTokens(turn?.text ?? '') +
    (turn?.calls ?? []).reduce((sum, call) => sum + countTokens(call.arguments), 0);
  return {
    input_tokens: ask.promptTokens,
    input_tokens_details: { cached_tokens: ask.cachedTokens, cache_write_tokens: 0 },
    output_tokens: reasoning + said,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: ask.promptTokens + reasoning + said,
  };
}

/** Every member that a response has, asked for or not. */
function frameOf(answering: Answering, status: string): Record<string, Json> {
  const { body, ask, createdS, n } = answering;
  const text = isObject(body.text) ? body.text : {};
  const reasoning = isObject(body.reasoning) ? body.reasoning : {};
  return {
    id: responseId(n),
    object: 'response',
    created_at: createdS,
    status,
    background: false,
    completed_at: status === 'in_progress' ? null : createdS,
    error: null,
    frequency_penalty: 0,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    model: ask.model,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    presence_penalty: 0,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: reasoning.effort ?? null, summary: reasoning.summary ?? null },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: text.format ?? { type: 'text' }, verbosity: text.verbosity ?? 'medium' },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
    usage: null,
    user: null,
    metadata: body.metadata ?? {},
  };
}

/** The whole response. */
export function responseOf(answering: Answering): JsonObject {
  const { turn, noUsage } = answering;
  const isCut = turn?.finish === 'length';
  const made = frameOf(answering, isCut ? 'incomplete' : 'completed');
  made.output = itemsOf(answering).map(({ item }) => item);
  if (isCut) made.incomplete_details = { reason: 'max_output_tokens' };
  made.usage = noUsage ? null : usageOf(answering);
  return made;
}

/** An item of the output, and how it comes to be in a stream. */
interface Made {
  readonly item: JsonObject;
  readonly begun: JsonObject;
  readonly events: (index: number) => Iterable<Event>;
}

interface Event {
  readonly json: JsonObject;
  readonly text: string;
}

function itemsOf(answering: Answering): Made[] {
  const { turn } = answering;
  if (turn === null) return [];
  const made: Made[] = [];
  if (turn.reasoning !== '') made.push(reasoningItem(answering, turn.reasoning));
  if (turn.text !== '' || turn.calls.length === 0) made.push(messageItem(answering, turn));
  return [...made, ...turn.calls.map((_, at) => callItem(answering, turn, at))];
}

function event(json: JsonObject, text = ''): Event {
  return { json, text };
}

function reasoningItem({ body, n }: Answering, reasoning: string): Made {
  const id = `rs_${hex(n)}`;
  const asked = isObject(body.reasoning) && typeof body.reasoning.summary === 'string';
  const sealed =
    Array.isArray(body.include) && body.include.includes('reasoning.encrypted_content');
  const part = { type: 'summary_text', text: reasoning };
  const more: JsonObject = sealed ? { encrypted_content: seal(reasoning) } : {};
  return {
    item: { id, type: 'reasoning', summary: asked ? [part] : [], ...more },
    begun: { id, type: 'reasoning', summary: [] },
    *events(index) {
      if (!asked) return;
      const at = { item_id: id, output_index: index, summary_index: 0 };
      const empty = { type: 'summary_text', text: '' };
      yield event({ type: 'response.reasoning_summary_part.added', ...at, part: empty });
      for (const delta of groups(reasoning)) {
        yield event({ type: 'response.reasoning_summary_text.delta', ...at, delta }, delta);
      }
      yield event({ type: 'response.reasoning_summary_text.done', ...at, text: reasoning });
      yield event({ type: 'response.reasoning_summary_part.done', ...at, part });
    },
  };
}

function messageItem({ n, pieces }: Answering, turn: Turn): Made {
  const id = `msg_${hex(n)}`;
  const { text } = turn;
  const part = { type: 'output_text', annotations: [], logprobs: [], text };
  const status = turn.finish === 'length' ? 'incomplete' : 'completed';
  return {
    item: { id, type: 'message', status, content: [part], role: 'assistant' },
    begun: { id, type: 'message', status: 'in_progress', content: [], role: 'assistant' },
    *events(index) {
      const at = { item_id: id, output_index: index, content_index: 0 };
      const empty = { ...part, text: '' };
      yield event({ type: 'response.content_part.added', ...at, part: empty });
      for (const delta of pieces ?? groups(text)) {
        yield event({ type: 'response.output_text.delta', ...at, delta, logprobs: [] }, delta);
      }
      yield event({ type: 'response.output_text.done', ...at, text, logprobs: [] });
      yield event({ type: 'response.content_part.done', ...at, part });
    },
  };
}

function callItem({ n }: Answering, turn: Turn, at: number): Made {
  const call = turn.calls[at]!;
  const { name, arguments: text } = call;
  const id = `fc_${hex(n * 100 + at)}`;
  const made = { id, type: 'function_call', call_id: call.id, name };
  return {
    item: { ...made, status: 'completed', arguments: text },
    begun: { ...made, status: 'in_progress', arguments: '' },
    *events(index) {
      const place = { item_id: id, output_index: index };
      for (const delta of groups(text)) {
        yield event({ type: 'response.function_call_arguments.delta', ...place, delta }, delta);
      }
      const done = { type: 'response.function_call_arguments.done', ...place };
      yield event({ ...done, name, arguments: text });
    },
  };
}

function* eventsOf(answering: Answering, whole: JsonObject): Generator<Event> {
  const begun = frameOf(answering, 'in_progress');
  yield event({ type: 'response.created', response: begun });
  yield event({ type: 'response.in_progress', response: begun });
  for (const [index, { item, begun: start, events }] of itemsOf(answering).entries()) {
    yield event({ type: 'response.output_item.added', output_index: index, item: start });
    yield* events(index);
    yield event({ type: 'response.output_item.done', output_index: index, item });
  }
  yield event({ type: `response.${whole.status}`, response: whole });
}

export function responseSpeech(answering: Answering, whole: JsonObject): Speech {
  const usage = isObject(whole.usage) ? whole.usage : null;
  const frames: Frame[] = [];
  for (const { json, text } of answering.ask.stream ? eventsOf(answering, whole) : []) {
    const numbered = { ...json, sequence_number: frames.length };
    frames.push(namedFrame(numbered, text, json.response === whole ? usage : null));
  }
  return sseSpeech({
    whole,
    usage,
    frames,
    broken:
      'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":\n\n',
    failure: (body) => failure(answering, body, frames.length),
  });
}

/** As recorded: the error nested in an event of its own, then the response that failed. */
function failure(answering: Answering, body: Json, after: number): string {
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  const failed = frameOf(answering, 'failed');
  failed.error = { code: 'server_error', message: error.message ?? '' };
  const events: JsonObject[] = [
    { type: 'error', sequence_number: after, error },
    { type: 'response.failed', sequence_number: after + 1, response: failed },
  ];
  return events.map((one) => String(namedFrame(one).bytes)).join('');
}
