/** Messages and their streams as Anthropic sends them. */
import { isObject, type Json, type JsonObject, parseJson } from '../../src/kit/json.ts';
import type { ToolCall, Turn } from '../answer.ts';
import type { Ask } from '../ask.ts';
import { type Frame, groups, namedFrame, type Speech, sseSpeech } from '../speech.ts';
import { countTokens } from '../tokens.ts';
import type { CacheUse } from './cache.ts';
import { signThinking, signWithheld } from './sign.ts';

export interface Message {
  readonly ask: Ask;
  readonly turn: Turn | null;
  readonly n: number;
  readonly pieces: readonly string[] | null;
  readonly cache: CacheUse;
  readonly noUsage: boolean;
  /** Thinking is kept back: its block holds the signature alone. */
  readonly withheld: boolean;
}

/** What a block holds, and the deltas that it is streamed in. */
interface Block {
  readonly whole: JsonObject;
  readonly start: JsonObject;
  readonly deltas: readonly { readonly delta: JsonObject; readonly text: string }[];
}

export function messageSpeech(message: Message): Speech {
  const blocks = message.turn === null ? [] : blocksOf(message, message.turn);
  const usage = message.noUsage ? null : usageOf(message);
  const whole: JsonObject = {
    ...headOf(message),
    content: blocks.map((block) => block.whole),
    stop_reason: stopReason(message.turn),
    stop_sequence: message.turn?.stopped ?? null,
    stop_details: null,
    ...(usage === null ? {} : { usage }),
  };
  return sseSpeech({
    whole,
    usage,
    frames: [...framesOf(message, blocks, usage)],
    broken:
      'event: content_block_delta\n' +
      'data: {"type":"content_block_delta","index":0,"delta":{"text":\n\n',
    failure: (body) => `event: error\ndata: ${JSON.stringify(body)}\n\n`,
  });
}

function headOf({ ask, n }: Message): JsonObject {
  const id = `msg_01${n.toString(16).padStart(22, '0')}`;
  return { id, type: 'message', role: 'assistant', model: ask.model };
}

function stopReason(turn: Turn | null): string {
  if (turn?.finish === 'length') return 'max_tokens';
  if (turn?.finish === 'tool_calls') return 'tool_use';
  return turn !== null && turn.stopped !== null ? 'stop_sequence' : 'end_turn';
}

/** Tokens read from a cache and written to it are not among the input tokens. */
function usageOf({ ask, turn, cache }: Message): JsonObject {
  const thinking = countTokens(turn?.reasoning ?? '');
  const answer =
    countTokens(turn?.text ?? '') +
    (turn?.calls ?? []).reduce((sum, call) => sum + countTokens(call.arguments), 0);
  const { read, written5m, written1h } = cache;
  return {
    input_tokens: Math.max(0, ask.promptTokens - read - written5m - written1h),
    cache_creation_input_tokens: written5m + written1h,
    cache_read_input_tokens: read,
    cache_creation: {
      ephemeral_5m_input_tokens: written5m,
      ephemeral_1h_input_tokens: written1h,
    },
    output_tokens: thinking + answer,
    output_tokens_details: { thinking_tokens: thinking },
    server_tool_use: null,
    service_tier: 'standard',
    inference_geo: 'global',
    speed: 'standard',
  };
}

function blocksOf(message: Message, turn: Turn): Block[] {
  const blocks: Block[] = [];
  if (turn.reasoning !== '') blocks.push(thinkingBlock(turn.reasoning, message.withheld));
  if (turn.text !== '' || turn.calls.length === 0) {
    blocks.push(textBlock(turn.text, message.pieces));
  }
  return [...blocks, ...turn.calls.map(toolBlock)];
}

function thinkingBlock(reasoning: string, withheld: boolean): Block {
  const thinking = withheld ? '' : reasoning;
  const signature = withheld ? signWithheld() : signThinking(reasoning);
  const parts = groups(thinking).map((text) => ({
    delta: { type: 'thinking_delta', thinking: text },
    text,
  }));
  const end = { delta: { type: 'signature_delta', signature }, text: '' };
  return {
    whole: { type: 'thinking', thinking, signature },
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: [...parts, end],
  };
}

function textBlock(text: string, pieces: readonly string[] | null): Block {
  return {
    whole: { type: 'text', text },
    start: { type: 'text', text: '' },
    deltas: (pieces ?? groups(text)).map((piece) => ({
      delta: { type: 'text_delta', text: piece },
      text: piece,
    })),
  };
}

function toolBlock(call: ToolCall): Block {
  const id = toolId(call);
  const input = parseJson(call.arguments);
  const start: JsonObject = { type: 'tool_use', id, name: call.name, input: {} };
  const delta = (text: string) => ({
    delta: { type: 'input_json_delta', partial_json: text },
    text,
  });
  // The first delta is always empty, and stays alone where a tool takes nothing.
  const texts = call.arguments === '{}' ? [] : groups(call.arguments);
  return {
    whole: { ...start, input: isObject(input) ? input : {} },
    start,
    deltas: ['', ...texts].map(delta),
  };
}

function toolId({ id }: ToolCall): string {
  return `toolu_01${id.replace(/^call_/, '')}`;
}

function* framesOf(
  message: Message,
  blocks: readonly Block[],
  usage: JsonObject | null,
): Generator<Frame> {
  const begun: JsonObject = {
    ...headOf(message),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    ...(usage === null ? {} : { usage: { ...usage, output_tokens: 1 } }),
  };
  yield namedFrame({ type: 'message_start', message: begun });
  for (const [index, block] of blocks.entries()) {
    yield namedFrame({ type: 'content_block_start', index, content_block: block.start });
    if (index === 0) yield namedFrame({ type: 'ping' });
    for (const { delta, text } of block.deltas) {
      yield namedFrame({ type: 'content_block_delta', index, delta }, text);
    }
    yield namedFrame({ type: 'content_block_stop', index });
  }
  const end: Record<string, Json> = {
    type: 'message_delta',
    delta: {
      stop_reason: stopReason(message.turn),
      stop_sequence: message.turn?.stopped ?? null,
      stop_details: null,
    },
  };
  if (usage !== null) end.usage = usage;
  yield namedFrame(end, '', usage);
  yield namedFrame({ type: 'message_stop' });
}
