/**
 * The strict contract of the Doubao open platform's tutorial: `model`, `messages` and `stream`,
 * nothing else. Missing or misshapen fields are 422 with the field's path, others 400 by name.
 */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json } from '../../kit/json.ts';
import type { WireRequest } from '../shape.ts';
import { parseBody, readRequest } from './request.ts';

const FIELDS: ReadonlySet<string> = new Set(['model', 'messages', 'stream']);
const MESSAGE_FIELDS: ReadonlySet<string> = new Set(['role', 'content']);
const ROLES: ReadonlySet<string> = new Set(['system', 'user', 'assistant']);

export function readStrictRequest(text: string, bytes: number): WireRequest {
  const { body } = parseBody(text);
  for (const field of Object.keys(body)) {
    if (!FIELDS.has(field)) throw unknown(field);
  }
  if (body.model === undefined) throw invalid('model', 'is required');
  if (typeof body.model !== 'string' || body.model === '') {
    throw invalid('model', 'must be a string that is not empty');
  }
  if (body.messages === undefined) throw invalid('messages', 'is required');
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    throw invalid('messages', 'must be an array that is not empty');
  }
  (body.messages as readonly Json[]).forEach(checkMessage);
  if (body.stream === undefined) throw invalid('stream', 'is required');
  if (typeof body.stream !== 'boolean') throw invalid('stream', 'must be true or false');
  return readRequest(text, bytes);
}

function checkMessage(message: Json, index: number): void {
  const path = `messages[${index}]`;
  if (!isObject(message)) throw invalid(path, 'must be an object with role and content');
  for (const field of Object.keys(message)) {
    if (!MESSAGE_FIELDS.has(field)) throw unknown(`${path}.${field}`);
  }
  if (message.role === undefined) throw invalid(`${path}.role`, 'is required');
  if (typeof message.role !== 'string' || !ROLES.has(message.role)) {
    throw invalid(`${path}.role`, `must be one of ${[...ROLES].join(', ')}`);
  }
  if (message.content === undefined) throw invalid(`${path}.content`, 'is required');
  if (typeof message.content !== 'string') throw invalid(`${path}.content`, 'must be a string');
}

function invalid(param: string, why: string): Fault {
  return new Fault('invalid_parameter', { message: `${param} ${why}.`, param });
}

function unknown(param: string): Fault {
  return new Fault('unknown_parameter', {
    message: `${param} is not in this contract. It takes ${[...FIELDS].join(', ')}. Remove it.`,
    param,
  });
}
