/** Reads answers of the chat API: whole ones, and streams of server-sent events. */
import { faultIn, GangwayError, parseJson } from './errors.mjs';

const EVENT_CHARS_MAX = 16 * 1024 * 1024;
const DONE = '[DONE]';
const LINE_END = /\r\n|\n|\r/g;

/** @type {import('./index.d.mts').readAnswer} */
export async function readAnswer(response) {
  const text = await response.text();
  const body = parseJson(text);
  const detail = detailOf(response);
  if (!response.ok) throw refusal(response, body ?? text);
  const fault = faultIn(body, detail);
  if (fault !== null) throw fault;
  if (body === undefined) {
    throw new GangwayError('malformed_answer', 'The answer is not JSON.', {
      ...detail,
      body: text,
    });
  }
  if (Array.isArray(body.choices) && body.choices.length === 0) {
    throw new GangwayError('empty_choices', 'The answer has no choice.', { ...detail, body });
  }
  return body;
}

/** @type {import('./index.d.mts').readEvents} */
export async function* readEvents(response) {
  const detail = detailOf(response);
  if (!response.ok) {
    const text = await response.text();
    throw refusal(response, parseJson(text) ?? text);
  }
  let choices = 0;
  let chunks = 0;
  for await (const data of readData(response)) {
    if (data === DONE) {
      if (chunks > 0 && choices === 0) {
        throw new GangwayError('empty_choices', 'The stream had no choice.', detail);
      }
      return;
    }
    const event = parseJson(data);
    if (event === undefined) {
      throw new GangwayError('malformed_answer', 'An event is not JSON.', {
        ...detail,
        body: data,
      });
    }
    const fault = faultIn(event, detail);
    if (fault !== null) throw fault;
    if (Array.isArray(event.choices)) {
      chunks += 1;
      // The chunk that only tells usage has none.
      choices += event.choices.length;
    }
    yield event;
  }
  throw new GangwayError('stream_cut', 'The stream ended before it was complete.', detail);
}

function detailOf(response) {
  const requestId = response.headers.get('x-request-id') ?? undefined;
  return { status: response.status, requestId };
}

function refusal(response, body) {
  const detail = { ...detailOf(response), body };
  const words = `The answer has the status ${response.status}.`;
  return faultIn(body, detail) ?? new GangwayError('http_error', words, detail);
}

/** The data of each event. */
async function* readData(response) {
  if (response.body === null) return;
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  const lines = makeLines();
  let data = null;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      for (const line of lines.take(done ? '' : decoder.decode(value, { stream: true }))) {
        if (line === '') {
          if (data !== null) yield data;
          data = null;
        } else if (line === 'data' || line.startsWith('data:')) {
          const text = line.slice(5).replace(/^ /, '');
          data = data === null ? text : `${data}\n${text}`;
        }
      }
      if (lines.restChars() + (data?.length ?? 0) > EVENT_CHARS_MAX) {
        throw new GangwayError('malformed_answer', 'An event is too large.');
      }
      // Only a blank line ends an event, so what is left now was cut off.
      if (done) return;
    }
  } finally {
    // Whoever stops reading has the gateway stop too.
    await reader.cancel().catch(() => undefined);
  }
}

/** Lines end in any of three ways, and chunks anywhere, between the two signs of an end too. */
function makeLines() {
  let rest = '';
  let isHalfEnd = false;
  return {
    restChars: () => rest.length,
    take(chunk) {
      const text = isHalfEnd && chunk.startsWith('\n') ? chunk.slice(1) : chunk;
      if (chunk !== '') isHalfEnd = chunk.endsWith('\r');
      const lines = [];
      let start = 0;
      for (const found of text.matchAll(LINE_END)) {
        lines.push(rest + text.slice(start, found.index));
        rest = '';
        start = found.index + found[0].length;
      }
      rest += text.slice(start);
      return lines;
    },
  };
}
