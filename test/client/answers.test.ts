import { describe, expect, test } from 'bun:test';
import { GangwayError, readAnswer, readEvents } from 'gangway/client';

const chunk = (content: string) => ({ choices: [{ index: 0, delta: { content } }] });
const event = (body: unknown) => `data: ${JSON.stringify(body)}\n\n`;
const FAULT = { code: 'vendor_cut', message: 'it broke off', request_id: 'req_7' };

function streamOf(pieces: readonly (string | Uint8Array)[], init: ResponseInit = {}): Response {
  const source = pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
  const body = new ReadableStream({
    start(controller) {
      for (const piece of source) controller.enqueue(piece);
      controller.close();
    },
  });
  return new Response(body, init);
}

async function textOf(response: Response): Promise<string> {
  let text = '';
  for await (const { choices } of readEvents<ReturnType<typeof chunk>>(response)) {
    for (const { delta } of choices) text += delta.content;
  }
  return text;
}

const failOf = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => (error instanceof GangwayError ? error : Promise.reject(error)),
  );

describe('readEvents', () => {
  const whole = `${event(chunk('你好'))}: a comment\n\n${event(chunk(' 👋'))}data: [DONE]\n\n`;

  test.each(['\n', '\r\n', '\r'])('reads lines that end in %j, cut anywhere', async (end) => {
    const bytes = Buffer.from(whole.replaceAll('\n', end));
    for (let size = 1; size < bytes.length; size += 7) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      expect(await textOf(streamOf(pieces))).toBe('你好 👋');
    }
  });

  test('joins data lines, passes over other fields', async () => {
    const lines = 'id: 1\nevent: x\ndata: {"choices":\ndata:[{"delta":{"content":"a"}}]}\n\n';
    expect(await textOf(streamOf([`${lines}data: [DONE]\n\n`]))).toBe('a');
  });

  test('the chunk that tells usage may have no choice', async () => {
    const usage = event({ choices: [], usage: { total_tokens: 3 } });
    expect(await textOf(streamOf([event(chunk('a')), usage, 'data: [DONE]\n\n']))).toBe('a');
  });

  test.each([
    ['stream_cut', event(chunk('a'))],
    ['stream_cut', `${event(chunk('a'))}data: [DONE]`],
    ['stream_cut', ''],
    ['empty_choices', `${event({ choices: [] })}data: [DONE]\n\n`],
    ['malformed_answer', 'data: {"choices"\n\n'],
    ['vendor_cut', event(chunk('a')) + event(FAULT)],
    ['busy', event({ error: { message: 'later', code: 'busy' } })],
  ])('%s is thrown for %j', async (code, text) => {
    expect(await failOf(textOf(streamOf([text])))).toMatchObject({ code });
  });

  test('an answer that is no stream but a fault is thrown with its status', async () => {
    const refused = await failOf(textOf(Response.json(FAULT, { status: 502 })));
    expect(refused).toMatchObject({ code: 'vendor_cut', status: 502, requestId: 'req_7' });
    const html = await failOf(textOf(new Response('<html>', { status: 502 })));
    expect(html).toMatchObject({ code: 'http_error', status: 502, body: '<html>' });
  });

  test('whoever stops reading cancels the stream', async () => {
    const canceled = Promise.withResolvers<void>();
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.from(event(chunk('a')))),
      cancel: () => canceled.resolve(),
    });
    for await (const _ of readEvents(new Response(body))) break;
    await canceled.promise;
  });

  test('an event has a bound', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(piece) });
    const failed = await failOf(textOf(new Response(endless)));
    expect(failed).toMatchObject({ code: 'malformed_answer' });
  });
});

describe('readAnswer', () => {
  test('gives the JSON', async () => {
    expect(await readAnswer(Response.json(chunk('a')))).toEqual(chunk('a'));
    expect(await readAnswer(Response.json({ data: [] }))).toEqual({ data: [] });
    expect(await readAnswer(Response.json({ code: 0 }))).toEqual({ code: 0 });
  });

  test.each([
    ['empty_choices', () => Response.json({ choices: [] })],
    ['malformed_answer', () => new Response('<html>')],
    ['http_error', () => new Response('', { status: 500 })],
    ['vendor_cut', () => Response.json(FAULT, { status: 502 })],
    ['vendor_cut', () => Response.json(FAULT)],
  ])('%s is thrown', async (code, make) => {
    expect(await failOf(readAnswer(make()))).toMatchObject({ code });
  });
});
