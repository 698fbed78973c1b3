/** Content in Gemini's format: model and method stand in the path. */
import { EMBEDDINGS } from '../dialects/embeddings/exchange.ts';
import { COUNT_DIALECT, readCountRequest, writeCount } from '../dialects/gemini-generate/count.ts';
import {
  readBatchRequest,
  readEmbedRequest,
  writeEmbedding,
  writeEmbeddings,
} from '../dialects/gemini-generate/embed.ts';
import { writeFault, writeFaultEvent } from '../dialects/gemini-generate/fault.ts';
import { readRequest } from '../dialects/gemini-generate/request.ts';
import type { Place } from '../dialects/shape.ts';
import { Fault } from '../kit/fault.ts';
import type { Sink } from '../relay/call.ts';
import { counted } from './count.ts';
import { listEvents } from './event-list.ts';
import { type Asking, type RelayEdge, relayed, type WholeAnswer } from './relayed.ts';
import { type Route, route, type Visit } from './routes.ts';

/** `models/gemini-x:generateContent` -> model and method; a model's name may hold a colon. */
function targetOf({ params }: Visit): { readonly model: string; readonly method: string } {
  const target = params['*'] ?? '';
  const colon = target.lastIndexOf(':');
  if (colon < 0) return { model: target, method: '' };
  return { model: target.slice(0, colon), method: target.slice(colon + 1) };
}

const place = (visit: Visit): Place => ({ model: targetOf(visit).model });
const streamPlace = (visit: Visit): Place => ({ ...place(visit), stream: true });

const GENERATE: Asking = Object.freeze({
  family: 'chat',
  dialect: 'gemini-generate',
  readRequest,
  place,
  writeFault,
  writeFaultEvent,
});
const STREAM: Asking = Object.freeze({ ...GENERATE, place: streamPlace });
const STREAM_LIST: Asking = Object.freeze({
  ...STREAM,
  tap: (_headers: Readonly<Record<string, string>>, sink: Sink) => listEvents(sink),
  streamType: 'application/json; charset=utf-8',
});
const COUNT: Asking = Object.freeze({
  ...GENERATE,
  family: 'tokenization',
  dialect: COUNT_DIALECT,
  readRequest: readCountRequest,
});

const EMBED: Asking = Object.freeze({
  ...GENERATE,
  family: 'embeddings',
  dialect: EMBEDDINGS,
  readRequest: readEmbedRequest,
  keep: ({ text }: WholeAnswer) => Promise.resolve(writeEmbedding(text)),
});
const EMBED_BATCH: Asking = Object.freeze({
  ...EMBED,
  readRequest: readBatchRequest,
  keep: ({ text }: WholeAnswer) => Promise.resolve(writeEmbeddings(text)),
});

type Method = (visit: Visit, edge: RelayEdge) => Promise<Response>;

const METHODS: Readonly<Record<string, Method>> = {
  generateContent: (visit, edge) => relayed(visit, GENERATE, edge),
  streamGenerateContent(visit, edge) {
    const form = new URL(visit.request.url).searchParams.get('alt') ?? 'json';
    if (form === 'sse') return relayed(visit, STREAM, edge);
    if (form === 'json') return relayed(visit, STREAM_LIST, edge);
    throw new Fault('invalid_request', {
      message: 'alt must be sse for events, or json for a list, which is also what comes unasked.',
      param: 'alt',
    });
  },
  embedContent: (visit, edge) => relayed(visit, EMBED, edge),
  batchEmbedContents: (visit, edge) => relayed(visit, EMBED_BATCH, edge),
  countTokens: (visit, edge) => counted(visit, { asking: COUNT, edge, write: writeCount }),
};

function methodOf(visit: Visit): Method {
  const { method } = targetOf(visit);
  const found = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  if (found !== undefined) return found;
  throw new Fault('not_found', {
    message: `There is no "${method.slice(0, 100)}". There are ${Object.keys(METHODS).join(', ')}.`,
  });
}

/** Clients differ in which of both versions they ask by themselves; both mean the same here. */
const PATHS = ['/v1beta/models/*', '/v1/models/*'];

export function contentRoutes(edge: RelayEdge): readonly Route[] {
  return PATHS.map((path) =>
    route({
      method: 'POST',
      path,
      access: 'caller',
      keyInQuery: 'key',
      handle: (visit) => methodOf(visit)(visit, edge),
      writeFault,
    }),
  );
}
