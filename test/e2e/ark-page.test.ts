/** docs/ark.md, command by command, as a reader would type them. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { needs } from '../needs.ts';
import { cleanUp, type Gateway, keepYaml, launch, ROOT, runCli, startGateway } from './gateway.ts';

const RUN_MS = 60_000;
const MARK = '@@@';

const blocks = (page: string, language: string): string[] => {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8');
  const found = text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'));
  return [...found].map(([, code = '']) => code);
};

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(cleanUp);

needs('bash', 'curl', 'node')(
  'every command does what the page says',
  async () => {
    const steps = blocks('ark.md', 'sh').map((code) => `echo ${MARK}\n${code}`);
    const { host } = new URL(gateway.url);
    const script = `set -e\n${steps.join('\n')}`.replaceAll('127.0.0.1:8420', host);
    const { child, out, err } = launch(['bash', '-c', script], { env: { GW_KEY: gateway.key } });
    expect([await child.exited, err()]).toEqual([0, '']);
    const [, , chat, vectors, files, refused] = out().split(`${MARK}\n`);
    expect(chat).toContain('good morning');
    expect(vectors).toContain('"object":"embedding"');
    expect(vectors?.match(/event: image_generation\.partial_succeeded/g)).toHaveLength(3);
    expect(vectors).toContain('event: image_generation.completed');
    expect(files).toContain('"filename":"README.md"');
    expect(files).toContain('"deleted":true');
    expect(refused).toMatch(/"code":"AuthenticationError".* Request id: \S+"/);
  },
  RUN_MS,
);

test('its settings are good', async () => {
  const config = keepYaml(blocks('ark.md', 'yaml').join('\n'));
  const checked = await runCli(['check', '--config', config], { env: { ARK_API_KEY: 'x' } });
  expect([checked.code, checked.err]).toEqual([0, '']);
});

test('has the same commands in Chinese', () => {
  for (const language of ['sh', 'yaml']) {
    expect(blocks('zh/ark.md', language)).toEqual(blocks('ark.md', language));
  }
});
