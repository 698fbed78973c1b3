/** The key that signs access tokens: from the master key, or from a file beside the database. */
import { hkdfSync } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '../kit/env.ts';
import { newSecret } from '../kit/ids.ts';

const VARIABLE = 'GANGWAY_MASTER_KEY';
const MASTER_KEY_CHARS_MIN = 32;
const FILE = 'token.key';
const KEY_BYTES = 32;
/** Keys for other purposes are made of the same text with other words here. */
const PURPOSE = 'gangway access tokens';

/** With the master key every node signs alike; without it, this folder's server stands alone. */
export function readSigningKey(env: Env, dataDir: string): Uint8Array {
  const master = env[VARIABLE];
  if (master === undefined || master === '') return derive(readOrMake(join(dataDir, FILE)));
  if (master.length >= MASTER_KEY_CHARS_MIN) return derive(master);
  throw new Error(`${VARIABLE} must have at least ${MASTER_KEY_CHARS_MIN} characters.`);
}

function derive(text: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', text, '', PURPOSE, KEY_BYTES));
}

function readOrMake(path: string): string {
  const known = read(path);
  if (known !== null) return known;
  // Under its own name only once it is whole, so that nobody reads half a key.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, newSecret(''), { mode: 0o600, flush: true });
  try {
    linkSync(draft, path);
  } catch (error) {
    // Another process was faster: its key is the one.
    if (read(path) === null) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const made = read(path);
  if (made === null) throw new Error(`${path} is gone.`);
  return made;
}

function read(path: string): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new Error(`${path} cannot be read.`, { cause: error });
  }
  if (text.length >= MASTER_KEY_CHARS_MIN) return text;
  throw new Error(`${path} is damaged. Remove it: access tokens end, new ones are given.`);
}
