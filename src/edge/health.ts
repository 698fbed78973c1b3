/** What machines ask: alive, ready, how much. */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { type Route, route } from './routes.ts';

export interface HealthEdge {
  /** Throws where a part that every call needs does not answer. */
  readonly ping: () => Promise<void>;
  readonly stopping: () => boolean;
  /** Whether the limits can be counted; `local`: by this node alone. */
  readonly counters: () => Promise<'ok' | 'local' | 'unavailable'>;
  /** Parts that are not well, for people. */
  readonly troubles: () => readonly unknown[];
  /** Prometheus text. */
  readonly metrics: () => string;
}

export function healthRoutes(edge: HealthEdge): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      access: 'public',
      handle: () => Response.json({ status: 'ok' }),
      writeFault,
    }),
    route({
      method: 'GET',
      path: '/readyz',
      access: 'public',
      handle: () => ready(edge),
      writeFault,
    }),
    route({
      method: 'GET',
      path: '/metrics',
      access: 'operator',
      handle: () =>
        new Response(edge.metrics(), {
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        }),
      writeFault,
    }),
  ];
}

async function ready(edge: HealthEdge): Promise<Response> {
  const storage = await edge.ping().then(
    () => 'ok',
    () => 'unavailable',
  );
  const counters = await edge.counters();
  const good = storage === 'ok' && counters !== 'unavailable' && !edge.stopping();
  const status = edge.stopping() ? 'stopping' : good ? 'ready' : 'not_ready';
  return Response.json(
    { status, storage, counters, upstreams: edge.troubles() },
    { status: good ? 200 : 503 },
  );
}
