/** POST /tokenization: ark.md 1.8. */
import { splitTokens } from '../tokens.ts';
import { type Answer, type Asked, idOf, nowS } from './asked.ts';
import { text, texts } from './fields.ts';

const TEXTS_MAX = 256;
const VOCABULARY = 150_000;

export function tokenize(asked: Asked): Answer {
  const model = text(asked.body, 'model');
  const data = texts(asked.body, 'text', TEXTS_MAX).map((one, index) => {
    const tokens = splitTokens(one);
    let at = 0;
    const mapping = tokens.map((token) => {
      const start = at;
      at += [...token].length;
      return [start, at];
    });
    return {
      object: 'tokenization',
      index,
      total_tokens: tokens.length,
      token_ids: tokens.map((token) => Number(Bun.hash(token) % BigInt(VOCABULARY))),
      offset_mapping: mapping,
    };
  });
  return { json: { id: idOf(asked), object: 'list', created: nowS(asked), model, data } };
}
