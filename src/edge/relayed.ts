/** What every route that asks a model has in common: read the body, relay it, write the answer. */
import type { CallerDialect, Family, Place, WireRequest } from '../dialects/shape.ts';
import { Fault } from '../kit/fault.ts';
import type { Limits } from '../limits/limits.ts';
import type { Answer, RelayDeps, Sink } from '../relay/call.ts';
import { isEndpointId } from '../relay/endpoints.ts';
import { handle } from '../relay/handle.ts';
import type { EndpointRow, Resources } from '../storage/ports.ts';
import { type BodyReader, readBody } from './body.ts';
import { pinToFiles } from './pins.ts';
import { callerOf, type Visit } from './routes.ts';
import { structuredWishes } from './structured.ts';

export interface RelayEdge extends BodyReader {
  readonly relay: RelayDeps;
  readonly limits: Limits;
  /** What accounts have at vendors. */
  readonly resources: Resources;
}

/** How one route reads what it is asked, and writes what went wrong. */
export interface Asking extends Pick<CallerDialect, 'readRequest' | 'writeFault'> {
  readonly family: Family;
  /** Id of the caller's format. */
  readonly dialect: string;
  /** Where the format may be streamed. */
  readonly writeFaultEvent: CallerDialect['writeFaultEvent'];
  /** Reads a request of a key, an app or an endpoint under the strict contract; absent: as any. */
  readonly readStrict?: (text: string, bytes: number) => WireRequest;
  /** What the path and the headers say of the request. */
  readonly place?: (visit: Visit) => Place;
  /** The one upstream that has what the request names. Absent: any. */
  readonly pin?: (request: WireRequest, visit: Visit) => Promise<string | undefined>;
  /** Puts into the request what it only names. */
  readonly prepare?: (request: WireRequest, visit: Visit) => Promise<WireRequest>;
  /** Stands between a stream and its caller, under the headers of the answer. */
  readonly tap?: (headers: Readonly<Record<string, string>>, sink: Sink) => Tapped;
  /** Of its streams, where they are no events. */
  readonly streamType?: string;
  /** Runs before a whole answer leaves; what it answers leaves instead. */
  readonly keep?: (answer: WholeAnswer, visit: Visit) => Promise<string>;
}

export interface Tapped extends Sink {
  /** Runs after the last byte. */
  readonly end?: () => void | Promise<void>;
}

export type WholeAnswer = Extract<Answer, { kind: 'whole' }>;

export async function relayed(visit: Visit, asking: Asking, edge: RelayEdge): Promise<Response> {
  // Bodies and models have time limits of their own, and a model may think for minutes.
  visit.holdOpen();
  try {
    const answer = await ask(visit, asking, edge);
    if (answer.kind === 'stream') return streamed(answer, visit, asking);
    const text = asking.keep === undefined ? answer.text : await asking.keep(answer, visit);
    visit.letIdle();
    answer.headers['content-type'] = 'application/json';
    return new Response(text, { headers: answer.headers });
  } catch (thrown) {
    visit.letIdle();
    throw thrown;
  }
}

async function ask(visit: Visit, asking: Asking, edge: RelayEdge): Promise<Answer> {
  const caller = callerOf(visit);
  const { request: http } = visit;
  const body = await readBody(http, edge.bodyLimits, edge.deadlines);
  const asked = await readAsked(visit, { asking, edge, ...body });
  const request = asking.prepare === undefined ? asked : await asking.prepare(asked, visit);
  const files = await pinToFiles(request, caller.key.accountId, edge.resources);
  const upstream = (await asking.pin?.(request, visit)) ?? files;
  return handle(
    {
      requestId: visit.requestId,
      caller,
      family: asking.family,
      dialect: asking.dialect,
      request,
      ...(upstream === undefined ? {} : { upstream }),
      mayDrop: http.headers.get('x-gangway-drop') === 'allow',
      ...structuredWishes(http.headers),
      left: http.signal,
      writeFaultEvent: (fault) => asking.writeFaultEvent(fault, visit.requestId),
      startedTickMs: visit.startedTickMs,
    },
    edge.relay,
  );
}

interface Arrived {
  readonly asking: Asking;
  readonly edge: RelayEdge;
  readonly text: string;
  readonly bytes: number;
}

/** By the contract of the key, and by that of the endpoint which the request names. */
async function readAsked(visit: Visit, arrived: Arrived): Promise<WireRequest> {
  const { asking, edge, text, bytes } = arrived;
  const { key } = callerOf(visit);
  if (key.contract === 'strict') return readStrictly(arrived, visit);
  const asked = asking.readRequest(text, bytes, asking.place?.(visit));
  if (!isEndpointId(asked.model)) return asked;
  const endpoint: EndpointRow | null = await edge.relay.endpoints.find(asked.model, key.accountId);
  return endpoint?.contract === 'strict' ? readStrictly(arrived, visit) : asked;
}

/** The contract is about chats, in one format: other formats of a chat would be ways around it. */
function readStrictly(arrived: Arrived, visit: Visit): WireRequest {
  const { asking, text, bytes } = arrived;
  if (asking.readStrict !== undefined) return asking.readStrict(text, bytes);
  if (asking.family !== 'chat') return asking.readRequest(text, bytes, asking.place?.(visit));
  throw new Fault('not_found', {
    message: 'This key or endpoint is held to the strict contract: POST /v1/chat/completions only.',
  });
}

function streamed(
  answer: Extract<Answer, { kind: 'stream' }>,
  visit: Visit,
  { tap, streamType }: Asking,
): Response {
  const { headers } = answer;
  headers['content-type'] = streamType ?? 'text/event-stream; charset=utf-8';
  headers['cache-control'] = 'no-cache';
  // Reverse proxies would otherwise keep chunks back to fill their buffers.
  headers['x-accel-buffering'] = 'no';
  const tapped: Pump = async (sink) => {
    const between = tap?.(answer.headers, sink) ?? sink;
    await answer.pump(between);
    await (between as Tapped).end?.();
  };
  return new Response(streamBody(tap === undefined ? answer.pump : tapped, visit), { headers });
}

type Pump = Extract<Answer, { kind: 'stream' }>['pump'];

function streamBody(pump: Pump, visit: Visit): ReadableStream {
  const source: Bun.DirectUnderlyingSource<Uint8Array> = {
    type: 'direct',
    async pull(controller) {
      await pump({
        write(bytes) {
          // Bun answers a number, or a promise when the caller reads too slowly.
          const written: unknown = controller.write(bytes);
          return written instanceof Promise ? written : undefined;
        },
      });
      visit.letIdle();
      controller.close();
    },
  };
  return new ReadableStream(source);
}
