/** Chat and embeddings in Cohere's format of the second version. */
import {
  type EmbedShape,
  readEmbedRequest,
  writeEmbeddings,
} from '../dialects/cohere-chat/embed.ts';
import { writeFault, writeFaultEvent } from '../dialects/cohere-chat/fault.ts';
import { readRequest } from '../dialects/cohere-chat/request.ts';
import { EMBEDDINGS } from '../dialects/embeddings/exchange.ts';
import { type Asking, type RelayEdge, relayed } from './relayed.ts';
import { type Route, route } from './routes.ts';

const CHAT: Asking = Object.freeze({
  family: 'chat',
  dialect: 'cohere-chat',
  readRequest,
  writeFault,
  writeFaultEvent,
});

/** Of one call: its answer repeats the texts, in the numbers that were asked for. */
function embed(): Asking {
  let asked: EmbedShape = { texts: [], kinds: [] };
  return {
    ...CHAT,
    family: 'embeddings',
    dialect: EMBEDDINGS,
    readRequest(text, bytes) {
      const { request, ...shape } = readEmbedRequest(text, bytes);
      asked = shape;
      return request;
    },
    keep: ({ text }, { requestId }) => Promise.resolve(writeEmbeddings(text, asked, requestId)),
  };
}

export function chatAndEmbedRoutes(edge: RelayEdge): readonly Route[] {
  const shared = { method: 'POST', access: 'caller', writeFault } as const;
  return [
    route({ ...shared, path: '/v2/chat', handle: (visit) => relayed(visit, CHAT, edge) }),
    route({ ...shared, path: '/v2/embed', handle: (visit) => relayed(visit, embed(), edge) }),
  ];
}
