/** The pages about clients: their tables are those of the tests, their commands are run. */
import { afterAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, launch, ROOT, startGateway } from '../gateway.ts';
import { CLIENTS, tableOf } from './matrix.ts';

const PAGES = ['docs/clients.md', 'docs/zh/clients.md'];
const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

afterAll(cleanUp);

describe.each(PAGES)('%s', (page) => {
  test.each([...CLIENTS])('tells of %s what was tried', (client) => {
    expect(textOf(page)).toContain(tableOf(client));
  });

  test('has commands that work as they stand', async () => {
    const gateway = await startGateway();
    const [block = ''] = [...textOf(page).matchAll(/```sh\n([\s\S]*?)```/g)].map(
      ([, code]) => code,
    );
    const commands = block.trim().split('\n\n');
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      const here = command.replaceAll('http://127.0.0.1:8420', gateway.url);
      const { child, out } = launch(['sh', '-c', `${here} --silent --show-error --fail`], {
        env: { GW_KEY: gateway.key },
      });
      expect(await child.exited).toBe(0);
      await Bun.sleep(20);
      expect(out()).toContain('"hello"');
    }
  });
});
