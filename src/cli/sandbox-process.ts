/** The sandbox is a separate program; here it is started, and heard when it is ready. */
import { join } from 'node:path';
import { z } from 'zod';

const PROGRAM = join(import.meta.dir, '..', '..', 'sandbox', 'main.ts');
const LINE_CHARS_MAX = 256 * 1024;

const ready = z.object({
  url: z.url(),
  vendors: z.array(z.object({ vendor: z.string(), base_url: z.url(), key: z.string().nullable() })),
  faults: z.array(z.object({ model: z.string(), what: z.string() })),
});

export type SandboxReady = z.output<typeof ready>;

export interface SandboxProcess extends SandboxReady {
  stop(): void;
}

/** Starts it on a free port. It ends with this process, however that ends. */
export async function startSandboxProcess(): Promise<SandboxProcess> {
  const child = Bun.spawn(
    [process.execPath, PROGRAM, '--listen', '127.0.0.1:0', '--json', '--with-parent'],
    { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' },
  );
  const line = await firstLine(child.stdout);
  if (line === null) throw new Error('the sandbox ended before it was ready');
  return { ...ready.parse(JSON.parse(line)), stop: () => child.kill() };
}

/** `gangway sandbox …`: the program itself, with these flags. */
export async function sandbox(args: readonly string[]): Promise<number> {
  const child = Bun.spawn([process.execPath, PROGRAM, ...args], {
    stdin: 'inherit',
    stdout: 'inherit',
    stderr: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
  return child.exited;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string | null> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!text.includes('\n') && text.length < LINE_CHARS_MAX) {
    const { done, value } = await reader.read();
    if (done) return null;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text.slice(0, text.indexOf('\n'));
}
