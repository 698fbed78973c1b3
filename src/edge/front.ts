/** The routes by which callers ask models; one list, for the program and for its tests. */
import { type ChatEdge, chatRoutes } from './chat.ts';
import { modelRoutes } from './models.ts';
import { retrievalRoutes } from './retrieval.ts';
import type { Route } from './routes.ts';

export function frontRoutes(edge: ChatEdge): readonly Route[] {
  return [...chatRoutes(edge), ...retrievalRoutes(edge), ...modelRoutes(edge.relay.routes)];
}
