/** Messages in Anthropic's format, under its own path and under the one that Ark gives them. */
import { COUNT_DIALECT, writeCount } from '../dialects/anthropic-messages/count.ts';
import { writeFault, writeFaultEvent } from '../dialects/anthropic-messages/fault.ts';
import { readCountRequest, readRequest } from '../dialects/anthropic-messages/request.ts';
import type { Place } from '../dialects/shape.ts';
import { counted } from './count.ts';
import { type Asking, type RelayEdge, relayed } from './relayed.ts';
import { type Route, route, type Visit } from './routes.ts';

function placeOfMessages({ request }: Visit): Place {
  const version = request.headers.get('anthropic-version');
  const preview = request.headers.get('anthropic-beta');
  return {
    ...(version === null ? {} : { version }),
    ...(preview === null ? {} : { preview }),
  };
}

const MESSAGES: Asking = Object.freeze({
  family: 'chat',
  dialect: 'anthropic-messages',
  readRequest,
  place: placeOfMessages,
  writeFault,
  writeFaultEvent,
});
const COUNT: Asking = Object.freeze({
  ...MESSAGES,
  family: 'tokenization',
  dialect: COUNT_DIALECT,
  readRequest: readCountRequest,
});

/** What these clients read the id of a request from. */
const idHeader = 'request-id';

/** `/api/v3/compatible` is where clients of Ark's look for this format. */
const BASES = ['', '/api/v3/compatible'];

export function messageRoutes(edge: RelayEdge): readonly Route[] {
  return BASES.flatMap((base) => [
    route({
      method: 'POST',
      path: `${base}/v1/messages`,
      access: 'caller',
      handle: (visit) => relayed(visit, MESSAGES, edge),
      writeFault,
      idHeader,
    }),
    route({
      method: 'POST',
      path: `${base}/v1/messages/count_tokens`,
      access: 'caller',
      handle: (visit) => counted(visit, { asking: COUNT, edge, write: writeCount }),
      writeFault,
      idHeader,
    }),
  ]);
}
