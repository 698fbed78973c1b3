/** What was left out is named in a header, whatever the caller called it. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';

/** As other servers and clients take it in one line. */
const LINE_CHARS_MAX = 1_100;
const LONG = 'x'.repeat(100_000);

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(cleanUp);

async function dropped(path: string, body: object): Promise<string> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'x-gangway-drop': 'allow' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  await response.text();
  return response.headers.get('x-gangway-dropped') ?? '';
}

test.each(['\0', 'a\r\nx-evil: 1', '中文', '\ud800', LONG])(
  'a type of file: %j',
  async (mimeType) => {
    const parts = [{ text: 'Say hi' }, { inlineData: { mimeType, data: 'aGk=' } }];
    const path = '/v1beta/models/claude-sonnet-5-5:generateContent';
    expect(await dropped(path, { contents: [{ parts }] })).toMatch(
      /^file of type [\x20-\x7e]{1,200}$/,
    );
  },
);

test('thousands of fields', async () => {
  const fields = Array.from({ length: 3_000 }, (_, at) => [`field${at}`, at] as const);
  const messages = [{ role: 'user', content: 'Say hi' }];
  const body = { model: 'gpt-5.4', max_tokens: 99, messages, ...Object.fromEntries(fields) };
  const told = await dropped('/v1/messages', { ...body, [LONG]: 1 });
  expect(told).toStartWith('field0, field1, ');
  expect(told).toEndWith('...');
  expect(told.length).toBeLessThan(LINE_CHARS_MAX);
});
