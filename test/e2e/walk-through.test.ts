/** docs/doubao.md, command by command, as a reader would type them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPython, needs } from '../needs.ts';
import { cleanUp, type Gateway, launch, makeFolder, ROOT, startGateway } from './gateway.ts';

const WALK_TIMEOUT_MS = 150_000;
const MARK = '@@@ step';

interface Step {
  /** The heading above it. */
  readonly heading: string;
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a page, in order; those of `text` are to be read only. */
function readSteps(page: string): Step[] {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8');
  const steps: Step[] = [];
  let heading = '';
  for (const [whole, title, language = '', code = ''] of text.matchAll(
    /^#+ (.*)$|^```(\w+)\n([\s\S]*?)^```$/gm,
  )) {
    if (whole.startsWith('#')) heading = title ?? '';
    else steps.push({ heading, language, code });
  }
  return steps;
}

const STEPS = readSteps('doubao.md');
const RUN = STEPS.filter(({ language }) => language !== 'text');

/** One shell for all steps, so that what one sets the next has. */
function script(steps: readonly Step[]): string {
  const parts = steps.map(({ language, code }, at) => {
    const run =
      language === 'python' ? `"$PYTHON" - <<'END_OF_PYTHON'\n${code}END_OF_PYTHON\n` : code;
    return `echo "${MARK} ${at}"\n${run}`;
  });
  return `set -e\n${parts.join('\n')}`;
}

let gateway: Gateway;
const outputs = new Map<string, string>();

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(cleanUp);

/** What the steps under this heading printed. */
const printed = (heading: string): string =>
  RUN.flatMap((step, at) =>
    step.heading.startsWith(heading) ? [outputs.get(String(at))] : [],
  ).join('\n');

async function walk(): Promise<void> {
  const { port } = new URL(gateway.url);
  const free = Bun.serve({ port: 0, fetch: () => new Response() });
  const text = script(RUN)
    .replaceAll('127.0.0.1:8420', `127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:8430', `127.0.0.1:${free.port}`);
  await free.stop(true);
  const path = join(makeFolder(), 'walk.sh');
  writeFileSync(path, text);
  const env = {
    GW_KEY: gateway.key,
    GANGWAY_DATA_DIR: gateway.data,
    PYTHON: findPython() ?? 'python3',
  };
  const { child, out, err } = launch(['bash', path], { env });
  const code = await child.exited;
  for (const part of out().split(`${MARK} `).slice(1)) {
    const end = part.indexOf('\n');
    outputs.set(part.slice(0, end), part.slice(end + 1));
  }
  const last = RUN[outputs.size - 1];
  expect([code, code === 0 ? '' : `${last?.heading}: ${err()}`]).toEqual([0, '']);
  expect(outputs.size).toBe(RUN.length);
}

describe('the walk-through', () => {
  needs(
    'bash',
    'curl',
    'node',
    'nginx',
    'python-ark',
  )('runs from its first command to its last', walk, WALK_TIMEOUT_MS);

  needs(
    'bash',
    'curl',
    'node',
    'nginx',
    'python-ark',
  )('shows what it says', () => {
    expect(printed('Before you start')).toContain('"ready"');
    expect(printed('1.2')).toContain('7200');
    const [plain, streamed, refused] =
      printed('1.3').split('data: [DONE]')[0]?.split('data: ') ?? [];
    expect(plain).toContain('good morning');
    expect(streamed).toContain('chat.completion.chunk');
    expect(refused).toBeDefined();
    expect(printed('1.3')).toMatch(/"code":"unknown_parameter".*temperature[\s\S]*\n400\n/);
    expect(printed('1.3')).toMatch(/"code":"invalid_parameter".*stream[\s\S]*\n422\n/);
    expect(printed('1.4')).toMatch(/"code":"invalid_access_token"[\s\S]*\n401\n/);
    expect(printed('1.5').match(/\b200\b/g)).toHaveLength(6);
    expect(printed('1.5').match(/\b429\b/g)).toHaveLength(6);
    expect(printed('1.5')).toContain('no secret in the configuration');
    expect(printed('1.5')).toContain('good morning');
    expect(printed('2.1').match(/good morning/g)).toHaveLength(2);
    expect(printed('2.3')).toMatch(/^ep-\d{14}-\w{5} Running$/m);
    expect(printed('2.4')).toMatch(/^doubao-seed-2-1-pro-260915 .*good morning/m);
    expect(printed('2.5')).toContain('good morning');
  });

  test('has the same commands in Chinese', () => {
    expect(readSteps('zh/doubao.md').map(({ code }) => code)).toEqual(
      STEPS.map(({ code }) => code),
    );
  });
});
