/** Chat and embeddings in Cohere's format of the second version. */
import { COHERE_EMBED, readEmbedRequest } from '../dialects/cohere-chat/embed.ts';
import { writeFault, writeFaultEvent } from '../dialects/cohere-chat/fault.ts';
import { readRequest } from '../dialects/cohere-chat/request.ts';
import { type Asking, type RelayEdge, relayed } from './relayed.ts';
import { type Route, route } from './routes.ts';

const CHAT: Asking = Object.freeze({
  family: 'chat',
  dialect: 'cohere-chat',
  readRequest,
  writeFault,
  writeFaultEvent,
});
const EMBED: Asking = Object.freeze({
  ...CHAT,
  family: 'embeddings',
  dialect: COHERE_EMBED,
  readRequest: readEmbedRequest,
});

const PATHS: readonly (readonly [path: string, asking: Asking])[] = [
  ['/v2/chat', CHAT],
  ['/v2/embed', EMBED],
];

export function chatAndEmbedRoutes(edge: RelayEdge): readonly Route[] {
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
