/** Chat as Ark takes it: OpenAI's form with rules of its own, and its three other doors. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { readRequest } from '../openai-chat/request.ts';
import { readStrictRequest } from '../openai-chat/strict.ts';
import type { WireRequest } from '../shape.ts';
import { parseWithoutNulls } from './nulls.ts';

const ROLES: readonly unknown[] = ['system', 'user', 'assistant', 'tool'];
const THINKING: readonly unknown[] = ['enabled', 'disabled', 'auto'];
const EFFORTS: readonly unknown[] = [
  ...['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
];
const TIERS: readonly unknown[] = ['auto', 'default', 'fast'];
/** Efforts that mean: do not think. */
const OFF: readonly unknown[] = ['none', 'minimal'];

function invalid(param: string, why: string): Fault {
  return new Fault('invalid_request', { message: `${param} ${why}.`, param });
}

function checkRoles(messages: readonly Json[]): void {
  for (const [at, message] of messages.entries()) {
    const role = isObject(message) ? message.role : undefined;
    if (!ROLES.includes(role)) {
      throw invalid(`messages[${at}].role`, `must be one of ${ROLES.join(', ')}`);
    }
  }
}

export function checkThinking({ thinking, reasoning_effort: effort }: JsonObject): void {
  const type = isObject(thinking) ? thinking.type : undefined;
  if (thinking !== undefined && !THINKING.includes(type)) {
    throw invalid('thinking.type', `must be one of ${THINKING.join(', ')}`);
  }
  if (effort === undefined) return;
  if (!EFFORTS.includes(effort)) {
    throw invalid('reasoning_effort', `must be one of ${EFFORTS.join(', ')}`);
  }
  if (type === 'disabled' && !OFF.includes(effort)) {
    throw invalid('reasoning_effort', 'cannot be used while thinking is disabled');
  }
}

function check(body: JsonObject): void {
  checkRoles(body.messages as readonly Json[]);
  checkThinking(body);
  if (body.max_tokens !== undefined && body.max_completion_tokens !== undefined) {
    throw invalid('max_tokens', 'cannot be set together with max_completion_tokens');
  }
  if (body.service_tier !== undefined && !TIERS.includes(body.service_tier)) {
    throw invalid('service_tier', `must be one of ${TIERS.join(', ')}`);
  }
}

export function readChat(text: string, bytes: number): WireRequest {
  const parsed = parseWithoutNulls(text, bytes);
  const request = readRequest(parsed.text, parsed.bytes);
  check(request.body);
  return request;
}

/** Under the strict contract of a key or an endpoint. */
export function readStrictChat(text: string, bytes: number): WireRequest {
  const parsed = parseWithoutNulls(text, bytes);
  return readStrictRequest(parsed.text, parsed.bytes);
}

/** Batch inference answers whole, when it comes to it. */
export function readBatchChat(text: string, bytes: number): WireRequest {
  const request = readChat(text, bytes);
  if (request.stream) throw refused('stream', 'is not supported by batch inference');
  return request;
}

const NOT_IN_CONTEXT = ['tools', 'tool_choice', 'thinking', 'response_format'];

/** The rest of a conversation whose start is kept in a context. */
export function readContextChat(text: string, bytes: number): WireRequest {
  const request = readChat(text, bytes);
  const { body } = request;
  if (typeof body.context_id !== 'string' || body.context_id === '') {
    throw invalid('context_id', 'is required');
  }
  for (const field of NOT_IN_CONTEXT) {
    if (body[field] !== undefined) throw refused(field, 'cannot be used with a context');
  }
  const last = (body.messages as readonly JsonObject[]).at(-1);
  if (last?.role === 'assistant') {
    throw invalid('messages', 'must not end with a message of the assistant');
  }
  return request;
}

function refused(param: string, why: string): Fault {
  return new Fault('unsupported_parameter', { message: `${param} ${why}.`, param });
}
