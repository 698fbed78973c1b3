/** The routes by which callers ask models; one list, for the program and for its tests. */
import { type ChatEdge, chatRoutes } from './chat.ts';
import { chatAndEmbedRoutes } from './cohere.ts';
import { contentRoutes } from './content.ts';
import { dataPlaneRoutes } from './data-plane.ts';
import { messageRoutes } from './messages.ts';
import { type ModelEdge, modelRoutes } from './models.ts';
import { PLAIN_DOOR, type ResponsesEdge, responsesRoutes } from './responses.ts';
import { retrievalRoutes } from './retrieval.ts';
import type { Route } from './routes.ts';

export interface FrontEdge extends ChatEdge, ResponsesEdge, Pick<ModelEdge, 'slow'> {}

export function frontRoutes(edge: FrontEdge): readonly Route[] {
  return [
    ...chatRoutes(edge),
    ...responsesRoutes(edge, PLAIN_DOOR),
    ...messageRoutes(edge),
    ...contentRoutes(edge),
    ...chatAndEmbedRoutes(edge),
    ...retrievalRoutes(edge),
    ...modelRoutes(edge),
    ...dataPlaneRoutes(edge),
  ];
}
