/** What search is made of: embeddings in OpenAI's format, rankings in every client's. */
import { readRequest as readEmbeddings } from '../dialects/embeddings/ask.ts';
import { EMBEDDINGS } from '../dialects/embeddings/exchange.ts';
import { writeFault, writeFaultEvent } from '../dialects/openai-chat/fault.ts';
import { readRequest as readRerank } from '../dialects/rerank/ask.ts';
import { RERANK } from '../dialects/rerank/exchange.ts';
import { type Asking, type RelayEdge, relayed } from './relayed.ts';
import { type Route, route } from './routes.ts';

const EMBED: Asking = Object.freeze({
  family: 'embeddings',
  dialect: EMBEDDINGS,
  readRequest: readEmbeddings,
  writeFault,
  writeFaultEvent,
});

const RANK: Asking = Object.freeze({
  family: 'rerank',
  dialect: RERANK,
  readRequest: readRerank,
  writeFault,
  writeFaultEvent,
});

const PATHS: readonly (readonly [path: string, asking: Asking])[] = [
  ['/v1/embeddings', EMBED],
  ['/v1/rerank', RANK],
  ['/v2/rerank', RANK],
  ['/rerank', RANK],
];

export function retrievalRoutes(edge: RelayEdge): readonly Route[] {
  return PATHS.map(([path, asking]) =>
    route({
      method: 'POST',
      path,
      access: 'caller',
      handle: (visit) => relayed(visit, asking, edge),
      writeFault,
    }),
  );
}
