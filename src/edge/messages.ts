/** Messages in Anthropic's format, under its own path and under the one that Ark gives them. */
import { COUNT_DIALECT, writeCount } from '../dialects/anthropic-messages/count.ts';
import { writeFault, writeFaultEvent } from '../dialects/anthropic-messages/fault.ts';
import { readCountRequest, readRequest } from '../dialects/anthropic-messages/request.ts';
import type { Place } from '../dialects/shape.ts';
import { toOwnStatus, writeFault as writeArkFault } from '../dialects/volc-ark/fault.ts';
import { Fault } from '../kit/fault.ts';
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

/** A place where the format is spoken, and in whose words it refuses there. */
interface Door extends Pick<Asking, 'writeFault' | 'writeFaultEvent'> {
  readonly base: string;
  /** The fault under the status that it has there. */
  readonly settle: (fault: Fault) => Fault;
}

/** Ark answers in this format, but its errors keep the members and the codes of its own. */
const writeOwnFault: Asking['writeFault'] = (fault, requestId) =>
  writeArkFault(fault, requestId).replace('{', '{"type":"error",');

const DOORS: readonly Door[] = Object.freeze([
  { base: '', writeFault, writeFaultEvent, settle: (fault) => fault },
  {
    base: '/api/v3/compatible',
    writeFault: writeOwnFault,
    writeFaultEvent: (fault, id) => `event: error\ndata: ${writeOwnFault(fault, id)}\n\n`,
    settle: toOwnStatus,
  },
]);

/** What these clients read the id of a request from. */
const idHeader = 'request-id';

export function messageRoutes(edge: RelayEdge): readonly Route[] {
  return DOORS.flatMap((door) => {
    const shared = { method: 'POST', access: 'caller', writeFault: door.writeFault } as const;
    const messages: Asking = {
      family: 'chat',
      dialect: 'anthropic-messages',
      readRequest,
      place: placeOfMessages,
      writeFault: door.writeFault,
      writeFaultEvent: door.writeFaultEvent,
    };
    const count: Asking = {
      ...messages,
      family: 'tokenization',
      dialect: COUNT_DIALECT,
      readRequest: readCountRequest,
    };
    return [
      route({
        ...shared,
        path: `${door.base}/v1/messages`,
        handle: (visit) => settled(relayed(visit, messages, edge), door),
        idHeader,
      }),
      route({
        ...shared,
        path: `${door.base}/v1/messages/count_tokens`,
        handle: (visit) =>
          settled(counted(visit, { asking: count, edge, write: writeCount }), door),
        idHeader,
      }),
    ];
  });
}

async function settled(answer: Promise<Response>, { settle }: Door): Promise<Response> {
  try {
    return await answer;
  } catch (thrown) {
    throw thrown instanceof Fault ? settle(thrown) : thrown;
  }
}
