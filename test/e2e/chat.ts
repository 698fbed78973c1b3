/** Chat calls as a caller makes them, and what came back. */
import { z } from 'zod';

export interface ChatWish {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly stream?: boolean;
  readonly content?: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Sends a chat call; the answer's head. */
export function sendChat(wish: ChatWish): Promise<Response> {
  return fetch(`${wish.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${wish.key}`,
      'content-type': 'application/json',
      ...wish.headers,
    },
    body: JSON.stringify({
      model: wish.model,
      messages: [{ role: 'user', content: wish.content ?? 'Say hello' }],
      ...(wish.stream === undefined ? {} : { stream: wish.stream }),
      ...wish.body,
    }),
    ...(wish.signal === undefined ? {} : { signal: wish.signal }),
  });
}

const fault = z.object({
  code: z.string(),
  message: z.string(),
  request_id: z.string(),
  error: z.object({ message: z.string(), type: z.string(), code: z.string().nullable() }),
});

/** The code of a body that is one of the gateway's faults; null where it is none. */
export function faultCode(text: string): string | null {
  try {
    const read = fault.safeParse(JSON.parse(text));
    return read.success ? read.data.code : null;
  } catch {
    return null;
  }
}

const chunk = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        delta: z.looseObject({ content: z.string().nullish() }).default({}),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  usage: z.looseObject({ total_tokens: z.number() }).nullish(),
});

/** A stream put together. */
export interface Told {
  readonly text: string;
  readonly chunks: number;
  readonly finish: string | null;
  readonly done: boolean;
  readonly usage: boolean;
  /** Code of the error event, where there was one. */
  readonly fault: string | null;
  /** Events after the error event; there should be none. */
  readonly afterFault: number;
}

/** `data:` payloads of a stream's text. */
export function payloads(text: string): string[] {
  return text
    .split(/\r?\n\r?\n/)
    .flatMap((block) => block.split(/\r?\n/))
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart());
}

export function tell(text: string): Told {
  let content = '';
  let finish: string | null = null;
  let usage = false;
  let found: string | null = null;
  let chunks = 0;
  let afterFault = 0;
  let done = false;
  for (const payload of payloads(text)) {
    if (found !== null) afterFault += 1;
    if (payload === '[DONE]') {
      done = true;
      continue;
    }
    const code = faultCode(payload);
    if (code !== null) {
      found = code;
      continue;
    }
    const read = chunk.parse(JSON.parse(payload));
    chunks += 1;
    for (const choice of read.choices) {
      content += choice.delta.content ?? '';
      finish = choice.finish_reason ?? finish;
    }
    if (read.usage !== null && read.usage !== undefined) usage = true;
  }
  return { text: content, chunks, finish, done, usage, fault: found, afterFault };
}

/** Text of an answer up to where the connection broke. */
export async function readAll(response: Response): Promise<{ text: string; broken: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true });
    return { text: text + decoder.decode(), broken: false };
  } catch {
    return { text, broken: true };
  }
}
