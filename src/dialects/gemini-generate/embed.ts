/** Embeddings in this format: asked in the form that is written anew for every vendor's. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { DIMENSIONS_MAX, readRequest as readEmbeddings } from '../embeddings/ask.ts';
import { listAt, objectAt, optionalNumber, optionalText, textAt, wrong } from '../fields.ts';
import { parseBody } from '../openai-chat/request.ts';
import type { Place, WireRequest } from '../shape.ts';
import { camel, pick } from './wire.ts';

const KNOWN = ['model', 'content', 'taskType', 'outputDimensionality'];
/** Tasks that are told apart for every vendor. */
const ROLES: Readonly<Record<string, string>> = {
  RETRIEVAL_QUERY: 'query',
  RETRIEVAL_DOCUMENT: 'document',
  CLASSIFICATION: 'classification',
  CLUSTERING: 'clustering',
};

interface One {
  readonly text: string;
  readonly dimensions: number | null;
  readonly role: string | null;
}

export function readEmbedRequest(text: string, bytes: number, place: Place = {}): WireRequest {
  return asked([readOne(parseBody(text).body, '')], bytes, place);
}

export function readBatchRequest(text: string, bytes: number, place: Place = {}): WireRequest {
  const list = listAt(parseBody(text).body.requests, 'requests');
  const all = list.map((one, at) => {
    const path = `requests[${at}]`;
    return readOne(objectAt(one, path), `${path}.`);
  });
  return asked(all, bytes, place);
}

function readOne(request: JsonObject, path: string): One {
  for (const [key, value] of Object.entries(request)) {
    if (value !== null && !KNOWN.includes(camel(key)))
      throw wrong(path + key, 'is not taken here: remove it');
  }
  const { parts } = objectAt(request.content, `${path}content`);
  const texts = listAt(parts, `${path}content.parts`).map((part, at) => {
    const field = `${path}content.parts[${at}]`;
    return textAt(objectAt(part, field).text, `${field}.text`);
  });
  const text = texts.join('\n');
  if (text === '') throw wrong(`${path}content.parts`, 'must hold some text');
  const dimensions = dimensionsOf(request, `${path}outputDimensionality`);
  return { text, dimensions, role: roleOf(request, `${path}taskType`) };
}

function dimensionsOf(request: JsonObject, path: string): number | null {
  const asked = optionalNumber(pick(request, 'outputDimensionality'), path);
  const isCount = asked === null || (Number.isInteger(asked) && asked >= 1);
  if (isCount && (asked ?? 0) <= DIMENSIONS_MAX) return asked;
  throw wrong(path, `must be a whole number from 1 to ${DIMENSIONS_MAX}`);
}

function roleOf(request: JsonObject, path: string): string | null {
  const task = optionalText(pick(request, 'taskType'), path);
  if (task === null || task === 'TASK_TYPE_UNSPECIFIED') return null;
  const role = ROLES[task];
  if (role !== undefined) return role;
  throw wrong(path, `must be one of ${Object.keys(ROLES).join(', ')}`);
}

/** Vendors are asked for all texts at once, so they must be asked for alike. */
function asked(all: readonly One[], bytes: number, { model = '' }: Place): WireRequest {
  const [first] = all;
  const isAlike = ({ dimensions, role }: One): boolean =>
    dimensions === first?.dimensions && role === first.role;
  if (first === undefined) throw wrong('requests', 'must not be empty');
  if (!all.every(isAlike)) {
    throw wrong('requests', 'must all have the same taskType and outputDimensionality');
  }
  const body = {
    model,
    input: all.map(({ text }) => text),
    ...(first.dimensions === null ? {} : { dimensions: first.dimensions }),
    ...(first.role === null ? {} : { input_type: first.role }),
  };
  return readEmbeddings(JSON.stringify(body), bytes);
}

function vectorsOf(text: string): JsonObject[] {
  const body = parseJson(text);
  if (!isObject(body) || !Array.isArray(body.data)) throw new Fault('vendor_malformed');
  return (body.data as readonly Json[]).map((one) => ({
    values: isObject(one) ? (one.embedding ?? null) : null,
  }));
}

/** The answer of that form, as a caller of this one gets it. */
export function writeEmbedding(text: string): string {
  return JSON.stringify({ embedding: vectorsOf(text)[0] ?? null });
}

export function writeEmbeddings(text: string): string {
  return JSON.stringify({ embeddings: vectorsOf(text) });
}
