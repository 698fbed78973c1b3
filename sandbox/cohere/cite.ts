/** Citations: the longest run of an answer's words that stands in each document as well. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { field } from '../check.ts';
import { objectsOf } from '../complain.ts';

/** What can be cited, and how it is shown as a source. */
interface Cited {
  readonly text: string;
  readonly source: JsonObject;
}

/** Shorter ones stand in every text. */
const RUN_CHARS_MIN = 4;
const WORDS_MAX = 400;
const OFF = ['OFF', 'DISABLED'];

export function citationsOf(body: JsonObject, answer: string): JsonObject[] {
  const options = field(body, 'citation_options');
  if (isObject(options ?? null) && OFF.includes(String((options as JsonObject).mode))) return [];
  const found = [...documentsOf(body), ...resultsOf(body)].flatMap(({ text, source }) => {
    const run = longestRun(answer, text);
    if (run === null) return [];
    const [start, end] = run;
    const cited = { start, end, text: answer.slice(start, end), sources: [source] };
    return [{ ...cited, type: 'TEXT_CONTENT' }];
  });
  return found.sort((a, b) => a.start - b.start);
}

function documentsOf(body: JsonObject): Cited[] {
  const documents = field(body, 'documents');
  if (!Array.isArray(documents)) return [];
  return documents.map((one, at): Cited => {
    const given: JsonObject = isObject(one) ? one : { data: one };
    const id = typeof given.id === 'string' ? given.id : `doc:${at}`;
    const data = isObject(given.data ?? null) ? (given.data as JsonObject) : { text: given.data };
    const document = { id, ...data } as JsonObject;
    return { text: Object.values(data).join('\n'), source: { type: 'document', id, document } };
  });
}

function resultsOf(body: JsonObject): Cited[] {
  const tools = objectsOf(body.messages).filter(({ role }) => role === 'tool');
  return tools.flatMap(({ content, tool_call_id: callId }) =>
    objectsOf(content)
      .filter(({ type }) => type === 'document')
      .map(({ document }, at): Cited => {
        const data = isObject(document ?? null) ? (document as JsonObject).data : null;
        const text = typeof data === 'string' ? data : JSON.stringify(data ?? {});
        const output: Json = isObject(data ?? null) ? (data as JsonObject) : { content: text };
        const source = { type: 'tool', id: `${String(callId)}:${at}`, tool_output: output };
        return { text, source };
      }),
  );
}

function longestRun(answer: string, text: string): readonly [number, number] | null {
  const words = [...answer.matchAll(/[\p{L}\p{N}]+/gu)].slice(0, WORDS_MAX);
  const low = text.toLowerCase();
  let best: readonly [number, number] | null = null;
  for (const [at, word] of words.entries()) {
    for (const last of words.slice(at)) {
      const end = last.index + last[0].length;
      if (!low.includes(answer.slice(word.index, end).toLowerCase())) break;
      const isLong = end - word.index >= RUN_CHARS_MIN;
      const isBest = best === null || end - word.index > best[1] - best[0];
      if (isLong && isBest) best = [word.index, end];
    }
  }
  return best;
}
