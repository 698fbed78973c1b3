/** Prompt caching: what stands before a mark is written once, and read from then on. */
import { isObject, type JsonObject } from '../../src/kit/json.ts';
import type { Ask } from '../ask.ts';
import { objectsOf } from '../complain.ts';
import type { Memory } from '../memory.ts';
import { countTokens } from '../tokens.ts';

export interface CacheUse {
  readonly read: number;
  readonly written5m: number;
  readonly written1h: number;
}

/** A shorter start of a prompt is not cached. */
export const CACHE_TOKENS_MIN = 1_024;

/** Tools come first, then the system prompt, then the turns; marks are read from the last one. */
export function cacheUse(body: JsonObject, ask: Ask, memory: Memory): CacheUse {
  if (ask.cachedTokens > 0) return { read: ask.cachedTokens, written5m: 0, written1h: 0 };
  const blocks: JsonObject[] = [
    ...objectsOf(body.tools),
    ...objectsOf(body.system),
    ...objectsOf(body.messages).flatMap(({ role, content }) =>
      typeof content === 'string' ? [{ role: role ?? '', content }] : objectsOf(content),
    ),
  ];
  if (isObject(body.cache_control)) {
    const last = blocks.pop();
    if (last !== undefined) blocks.push({ ...last, cache_control: body.cache_control });
  }
  const marks = marksOf(blocks, String(body.model));
  let read = 0;
  const written = { '5m': 0, '1h': 0 };
  for (const { prefix, tokens, ttl } of marks) {
    if (tokens < CACHE_TOKENS_MIN) continue;
    const before = read + written['5m'] + written['1h'];
    if (memory.seen(prefix) && written['5m'] + written['1h'] === 0) read = tokens;
    else written[ttl] += tokens - before;
  }
  return { read, written5m: written['5m'], written1h: written['1h'] };
}

interface Mark {
  readonly prefix: string;
  readonly tokens: number;
  readonly ttl: '5m' | '1h';
}

function marksOf(blocks: readonly JsonObject[], model: string): Mark[] {
  const marks: Mark[] = [];
  let prefix = `${model}\n`;
  let tokens = 0;
  for (const { cache_control: mark, ...block } of blocks) {
    const text = JSON.stringify(block);
    prefix += text;
    tokens += countTokens(typeof block.text === 'string' ? block.text : text);
    if (isObject(mark)) marks.push({ prefix, tokens, ttl: mark.ttl === '1h' ? '1h' : '5m' });
  }
  return marks;
}
