/**
 * Speaks the product's command line around a bare proxy, so that the bench can be tested without
 * the product. Nothing measured with it says anything about the product.
 */
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const words = process.argv.slice(2);
const option = (name: string): string => words[words.indexOf(`--${name}`) + 1] ?? '';
const keysFile = join(option('data'), 'keys.txt');

const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

function makeKeys(count: number): { id: string; key: string }[] {
  const made = Array.from({ length: count }, () => {
    const id = crypto.randomUUID();
    return { id, key: `sk-stand-in-${id}` };
  });
  appendFileSync(keysFile, made.map((one) => `${one.key}\n`).join(''));
  return made;
}

let known = new Set<string>();
let readAtMs = -1;

function knows(key: string): boolean {
  if (known.has(key)) return true;
  const changedAtMs = existsSync(keysFile) ? statSync(keysFile).mtimeMs : 0;
  if (changedAtMs === readAtMs) return false;
  readAtMs = changedAtMs;
  known = new Set(readFileSync(keysFile, 'utf8').split('\n').filter(Boolean));
  return known.has(key);
}

async function forward(request: Request, base: string): Promise<Response> {
  if (!knows(request.headers.get('authorization')?.slice(7) ?? '')) {
    return Response.json({ error: { code: 'invalid_api_key' } }, { status: 401 });
  }
  const answer = await fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: await request.bytes(),
    signal: request.signal,
  });
  const headers = { 'content-type': answer.headers.get('content-type') ?? '' };
  return new Response(answer.body, { status: answer.status, headers });
}

function serve(): void {
  const base = /base_url: (\S+)/.exec(readFileSync(option('config'), 'utf8'))?.[1] ?? '';
  const [hostname, port] = option('listen').split(':');
  const [first] = makeKeys(1);
  Bun.serve({ hostname, port, idleTimeout: 0, fetch: (request) => forward(request, base) });
  print({ url: `http://${option('listen')}`, operator_key: 'op', key: first?.key });
}

if (words[0] === 'serve') serve();
else if (words[0] === 'keys') {
  const made = makeKeys(words.includes('--count') ? Number(option('count')) : 1);
  print(words.includes('--count') ? made : made[0]);
} else print({ balanced: true, open_holds: 0, stand_in: true });
