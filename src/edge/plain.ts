/** Plain HTTP where TLS is served: sent on to https, or refused. Nothing is read of the request. */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { newId } from '../kit/ids.ts';
import type { Log } from '../kit/log.ts';
import { type Listener, openListener } from './listener.ts';
import type { Metrics } from './metrics.ts';
import { faultResponse } from './server.ts';

export interface PlainDeps {
  readonly hostname: string;
  readonly port: number;
  readonly mode: 'redirect' | 'refuse';
  /** Where https is served. */
  readonly httpsPort: number;
  readonly idleTimeoutS: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

const HTTPS_PORT = 443;
/** A name, an IPv4 or an IPv6 address, with or without a port. */
const HOST = /^([\w.-]{1,253}|\[[\da-fA-F:.]{2,45}\])(:\d{1,5})?$/;

export function startPlain(deps: PlainDeps): Listener {
  const refuse = (): Response => {
    deps.metrics.fault('https_required');
    return faultResponse(new Fault('https_required'), newId('req'), writeFault);
  };
  return openListener({
    ...deps,
    tls: null,
    routes: {},
    fetch: (request) => (deps.mode === 'redirect' ? redirect(request, deps) : null) ?? refuse(),
    error: (error) => {
      deps.log.error('a request failed outside its handler', { error });
      return refuse();
    },
  });
}

/** null where the request does not say which host it wants. */
function redirect(request: Request, deps: PlainDeps): Response | null {
  const host = HOST.exec(request.headers.get('host') ?? '')?.[1];
  if (host === undefined) return null;
  const { pathname, search } = new URL(request.url);
  const port = deps.httpsPort === HTTPS_PORT ? '' : `:${deps.httpsPort}`;
  const headers = { location: `https://${host}${port}${pathname}${search}`, connection: 'close' };
  // 308 and not 301: the method and the body stay.
  return new Response(null, { status: 308, headers });
}
