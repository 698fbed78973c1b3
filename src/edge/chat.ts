/** Chat in OpenAI's format, plain and under the strict contract. */

import { writeFault, writeFaultEvent } from '../dialects/openai-chat/fault.ts';
import { openaiChat } from '../dialects/openai-chat/index.ts';
import { readStrictRequest } from '../dialects/openai-chat/strict.ts';
import type { Dialect } from '../dialects/shape.ts';
import type { Limits } from '../limits/limits.ts';
import type { Answer, RelayDeps } from '../relay/call.ts';
import { isEndpointId } from '../relay/endpoints.ts';
import { handle } from '../relay/handle.ts';
import type { LeakRule } from '../storage/ports.ts';
import { type BodyReader, readBody } from './body.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

export interface ChatEdge extends BodyReader {
  readonly relay: RelayDeps;
  readonly limits: Limits;
  /** The limiter per address of the strict path; null: none. */
  readonly strictLeak: LeakRule | null;
}

export function chatRoutes(edge: ChatEdge): readonly Route[] {
  const { strictLeak } = edge;
  return [
    route({
      method: 'POST',
      path: '/v1/chat/completions',
      access: 'caller',
      handle: (visit) => chat(visit, openaiChat, edge),
      writeFault,
    }),
    route({
      method: 'POST',
      path: '/api/doubao/v1/chat/completions',
      access: 'caller',
      ...(strictLeak === null ? {} : { gate: (visit) => leakGate(visit, strictLeak, edge) }),
      handle: (visit) => chat(visit, { ...openaiChat, readRequest: readStrictRequest }, edge),
      writeFault,
    }),
  ];
}

/** nginx's limiter in front of the route, as the tutorial configures it. */
async function leakGate(visit: Visit, rule: LeakRule, edge: ChatEdge): Promise<void> {
  const waitMs = await edge.limits.admitAddress('strict', visit.address(), rule);
  if (waitMs > 0) await edge.relay.clock.sleep(waitMs);
}

async function chat(visit: Visit, dialect: Dialect, edge: ChatEdge): Promise<Response> {
  // Bodies and models have time limits of their own, and a model may think for minutes.
  visit.holdOpen();
  try {
    return respond(await relayChat(visit, dialect, edge), visit);
  } catch (thrown) {
    visit.letIdle();
    throw thrown;
  }
}

async function relayChat(visit: Visit, dialect: Dialect, edge: ChatEdge): Promise<Answer> {
  const caller = callerOf(visit);
  const { request } = visit;
  const body = await readBody(request, edge.bodyLimits, edge.deadlines);
  const read = caller.key.contract === 'strict' ? readStrictRequest : dialect.readRequest;
  const asked = read(body.text, body.bytes);
  const endpoint = isEndpointId(asked.model)
    ? await edge.relay.endpoints.find(asked.model, caller.key.accountId)
    : null;
  const isStrict = endpoint?.contract === 'strict';
  return handle(
    {
      requestId: visit.requestId,
      caller,
      dialect,
      request: isStrict ? readStrictRequest(body.text, body.bytes) : asked,
      mayDrop: request.headers.get('x-gangway-drop') === 'allow',
      left: request.signal,
      writeFaultEvent: (fault) => writeFaultEvent(fault, visit.requestId),
      startedTickMs: visit.startedTickMs,
    },
    edge.relay,
  );
}

function respond(answer: Answer, visit: Visit): Response {
  const { headers } = answer;
  if (answer.kind === 'whole') {
    visit.letIdle();
    headers['content-type'] = 'application/json';
    return new Response(answer.text, { headers });
  }
  headers['content-type'] = 'text/event-stream; charset=utf-8';
  headers['cache-control'] = 'no-cache';
  // Reverse proxies would otherwise keep chunks back to fill their buffers.
  headers['x-accel-buffering'] = 'no';
  return new Response(streamBody(answer.pump, visit), { headers });
}

function streamBody(
  pump: Extract<Answer, { kind: 'stream' }>['pump'],
  visit: Visit,
): ReadableStream {
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
