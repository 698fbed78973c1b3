/** A ranking from a caller of any shape to a vendor of any; the answer serves every client. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { isErrorBody } from '../openai-chat/reply.ts';
import type { Exchange, WireRequest } from '../shape.ts';
import { type RerankAsk, readAsk } from './ask.ts';
import { type Ranked, RERANK_FORMATS } from './formats.ts';

export const RERANK = 'rerank';

export interface RerankWish {
  readonly request: WireRequest;
  readonly callId: string;
}

export function openRerank({ request, callId }: RerankWish, to: string): Exchange {
  const format = RERANK_FORMATS.get(to);
  if (format === undefined) throw new Error(`no way from ${RERANK} to ${to}`);
  const ask = readAsk(request);
  return {
    write(_, wish) {
      return { text: JSON.stringify(format.write(ask, wish.wireModel)), dropped: [] };
    },
    readReply(text, readError) {
      const body = parseJson(text);
      if (!isObject(body)) throw new Fault('vendor_malformed');
      if (isErrorBody(body)) throw readError(body);
      const ranked = format.read(body);
      if (ranked === null) throw new Fault('vendor_malformed');
      if (ranked.length === 0) throw new Fault('vendor_empty');
      if (ranked.some(({ index }) => ask.documents[index] === undefined)) {
        throw new Fault('vendor_malformed');
      }
      const told = { id: callId, model: modelOf(body, request), body };
      return { body, text: JSON.stringify(reply(ranked, ask, told)), contentBytes: 0 };
    },
    watch() {
      throw new Error('rankings are not streamed');
    },
  };
}

function modelOf(body: JsonObject, request: WireRequest): string {
  return typeof body.model === 'string' ? body.model : request.model;
}

interface Told {
  readonly id: string;
  readonly model: string;
  readonly body: JsonObject;
}

/** Cohere's members and Jina's in one answer: each client reads its own. Best first. */
function reply(ranked: readonly Ranked[], ask: RerankAsk, told: Told): JsonObject {
  const best = [...ranked].sort((a, b) => b.score - a.score || a.index - b.index);
  const shown = best.slice(0, ask.topN ?? best.length);
  const tokens = tokensOf(told.body);
  return {
    id: told.id,
    object: 'list',
    model: told.model,
    results: shown.map(({ index, score }) => ({
      index,
      relevance_score: score,
      ...(ask.returnDocuments ? { document: documentOf(ask, index) } : {}),
    })),
    meta: { api_version: { version: '2' }, billed_units: { search_units: searchesOf(told.body) } },
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** The caller's own document; a text as clients read it. */
function documentOf(ask: RerankAsk, index: number): Json {
  const sent = ask.sent[index] ?? null;
  return isObject(sent) ? sent : { text: ask.documents[index] ?? '' };
}

function tokensOf(body: JsonObject): number {
  const { usage, meta } = body;
  const tokens = isObject(meta) && isObject(meta.tokens) ? meta.tokens.input_tokens : undefined;
  const found = (isObject(usage) ? usage.total_tokens : undefined) ?? tokens;
  return typeof found === 'number' ? found : 0;
}

function searchesOf({ meta }: JsonObject): number {
  const billed = isObject(meta) && isObject(meta.billed_units) ? meta.billed_units : null;
  return typeof billed?.search_units === 'number' ? billed.search_units : 1;
}
