/**
 * What programs of the command line send, recorded from Claude Code 2.1.197, Codex 0.171.0 and
 * Gemini CLI 0.61.0 on 2026-11-26, their words replaced: every model here takes it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { z } from 'zod';
import { cleanUp, type Gateway, ROOT, startGateway } from '../gateway.ts';
import { UPSTREAMS } from './matrix.ts';
import { YAML } from './run.ts';

const recorded = z.array(
  z.object({
    name: z.string(),
    path: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.record(z.string(), z.unknown()),
  }),
);
const FILE = join(ROOT, 'test', 'fixtures', 'clients', 'command-line.json');
const REQUESTS = recorded.parse(await Bun.file(FILE).json());

/** What the last event of a whole stream says. */
const ENDS: Readonly<Record<string, RegExp>> = {
  'claude-code': /event: message_stop/,
  codex: /"type":"response\.completed"/,
  'codex-gpt': /"type":"response\.completed"/,
  'gemini-cli': /"finishReason":"STOP"/,
};
/** Tools that only some vendors have: these programs are told to send the header. */
const LEAVE = { 'x-gangway-drop': 'allow' };
/** Ark has a web search, which its account has to open. */
const UNOPENED = { upstream: 'Ark', name: 'codex-gpt' };

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
});
afterAll(cleanUp);

function send(request: (typeof REQUESTS)[number], model: string, more: Record<string, string>) {
  const body = 'model' in request.body ? { ...request.body, model } : request.body;
  return fetch(gateway.url + request.path.replace('{model}', model), {
    method: 'POST',
    headers: { ...request.headers, authorization: `Bearer ${gateway.key}`, ...more },
    body: JSON.stringify(body),
  });
}

describe.each(REQUESTS)('$name', (request) => {
  const leave = request.name.startsWith('codex') ? LEAVE : {};
  test.each(Object.entries(UPSTREAMS))('to %s', async (upstream, model) => {
    const response = await send(request, model, leave);
    const said = await response.text();
    if (upstream === UNOPENED.upstream && request.name === UNOPENED.name) {
      expect([response.status, said]).toEqual([400, expect.stringContaining('is not opened here')]);
      return;
    }
    expect([response.status, response.ok ? '' : said]).toEqual([200, '']);
    expect(said).toMatch(ENDS[request.name] ?? /never/);
  });
});

test('what is left out is said', async () => {
  const [codex] = REQUESTS.filter(({ name }) => name === 'codex');
  if (codex === undefined) throw new Error('nothing was recorded');
  const response = await send(codex, UPSTREAMS.Anthropic, LEAVE);
  await response.text();
  expect(response.headers.get('x-gangway-dropped')).toBe('tools[3]');
  expect(response.headers.get('x-gangway-warning')).toContain('client_metadata was left out');
  const refused = await send(codex, UPSTREAMS.Anthropic, {});
  expect([refused.status, await refused.text()]).toEqual([
    400,
    expect.stringContaining('"param":"tools[3]"'),
  ]);
});
