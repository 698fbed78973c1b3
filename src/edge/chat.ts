/** Chat in OpenAI's format, plain and under the strict contract. */
import { writeFault, writeFaultEvent } from '../dialects/openai-chat/fault.ts';
import { readRequest } from '../dialects/openai-chat/request.ts';
import { readStrictRequest } from '../dialects/openai-chat/strict.ts';
import type { LeakRule } from '../storage/ports.ts';
import { type Asking, type RelayEdge, relayed } from './relayed.ts';
import { type Route, route, type Visit } from './routes.ts';

export interface ChatEdge extends RelayEdge {
  /** The limiter per address of the strict path; null: none. */
  readonly strictLeak: LeakRule | null;
}

const CHAT: Asking = Object.freeze({
  family: 'chat',
  dialect: 'openai-chat',
  readRequest,
  readStrict: readStrictRequest,
  writeFault,
  writeFaultEvent,
});
const STRICT_CHAT: Asking = Object.freeze({ ...CHAT, readRequest: readStrictRequest });

export function chatRoutes(edge: ChatEdge): readonly Route[] {
  const { strictLeak } = edge;
  return [
    route({
      method: 'POST',
      path: '/v1/chat/completions',
      access: 'caller',
      handle: (visit) => relayed(visit, CHAT, edge),
      writeFault,
    }),
    route({
      method: 'POST',
      path: '/api/doubao/v1/chat/completions',
      access: 'caller',
      ...(strictLeak === null ? {} : { gate: (visit) => leakGate(visit, strictLeak, edge) }),
      handle: (visit) => relayed(visit, STRICT_CHAT, edge),
      writeFault,
    }),
  ];
}

/** nginx's limiter in front of the route, as the tutorial configures it. */
async function leakGate(visit: Visit, rule: LeakRule, edge: ChatEdge): Promise<void> {
  const waitMs = await edge.limits.admitAddress('strict', visit.address(), rule);
  if (waitMs > 0) await edge.relay.clock.sleep(waitMs);
}
