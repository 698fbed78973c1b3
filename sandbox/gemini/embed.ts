/** Gemini's embeddings: one content, or a batch of requests that must name the same model. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Complaint, first } from '../check.ts';
import { objectsOf, textOr, wrong } from '../complain.ts';
import { type Speech, wholeSpeech } from '../speech.ts';
import { embed } from '../vectors.ts';
import { wordsOf } from './ask.ts';

const DIMENSIONS_DEFAULT = 3_072;
const BATCH_MAX = 100;
const TASKS = [
  ...['TASK_TYPE_UNSPECIFIED', 'RETRIEVAL_QUERY', 'RETRIEVAL_DOCUMENT', 'SEMANTIC_SIMILARITY'],
  ...['CLASSIFICATION', 'CLUSTERING', 'QUESTION_ANSWERING', 'FACT_VERIFICATION'],
  'CODE_RETRIEVAL_QUERY',
];

export function checkEmbed(body: JsonObject): Complaint | null {
  const { content, taskType, outputDimensionality: size } = body;
  const text = wordsOf(content);
  return first([
    () => {
      if (isObject(content) && text !== '') return null;
      return wrong('content', '* EmbedContentRequest.content: contents is not specified');
    },
    () => {
      if (taskType === undefined || TASKS.includes(String(taskType))) return null;
      return wrong('task_type', `Invalid value at 'task_type', "${taskType}"`);
    },
    () => {
      if (size === undefined) return null;
      const fits = typeof size === 'number' && size >= 1 && size <= DIMENSIONS_DEFAULT;
      const rule = `output_dimensionality must be in the range [1, ${DIMENSIONS_DEFAULT}]`;
      return fits ? null : wrong('output_dimensionality', `* EmbedContentRequest: ${rule}.`);
    },
  ]);
}

export function checkBatch(body: JsonObject, model: string): Complaint | null {
  const requests = objectsOf(body.requests);
  if (requests.length === 0) {
    return wrong('requests', '* BatchEmbedContentsRequest.requests: requests is not specified');
  }
  if (requests.length > BATCH_MAX) {
    const rule = `at most ${BATCH_MAX} requests can be in one batch`;
    return wrong('requests', `* BatchEmbedContentsRequest.requests: ${rule}`);
  }
  for (const [index, request] of requests.entries()) {
    if (textOr(request.model) !== `models/${model}`) {
      const rule = 'must match the model of the batch request';
      return wrong('model', `* BatchEmbedContentsRequest.requests[${index}].model: ${rule}`);
    }
    const complaint = checkEmbed(request);
    if (complaint !== null) return complaint;
  }
  return null;
}

function vectorOf(request: JsonObject): { values: number[] } {
  const { outputDimensionality: size } = request;
  const dimensions = typeof size === 'number' ? size : DIMENSIONS_DEFAULT;
  return { values: embed(wordsOf(request.content), dimensions) };
}

export function embedSpeech(body: JsonObject): Speech {
  return wholeSpeech({ embedding: vectorOf(body) }, null);
}

export function batchSpeech(body: JsonObject): Speech {
  const embeddings: Json[] = objectsOf(body.requests).map(vectorOf);
  return wholeSpeech({ embeddings }, null);
}
