/** The door itself: a port, with TLS where there is a certificate, that can take a new one. */
import type { Clock } from '../kit/clock.ts';

/** PEM texts; the certificate with its chain. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

export type BunServer = Bun.Server<undefined>;
export type BunHandler = (
  request: Bun.BunRequest,
  server: BunServer,
) => Response | Promise<Response>;

interface Door {
  readonly hostname: string;
  readonly port: number;
  readonly tls: TlsPair | null;
  readonly clock: Clock;
  readonly idleTimeoutS: number;
  readonly routes: Readonly<Record<string, BunHandler>>;
  readonly fetch: (request: Request, server: BunServer) => Response | Promise<Response>;
  readonly error: (error: Error) => Response;
}

export interface Listener {
  readonly url: string;
  readonly port: number;
  /** New connections get this certificate; calls under way end on the old one. */
  renew(tls: TlsPair): void;
  stop(): Promise<void>;
  kill(): void;
}

/** Bun's own refusal has no words, so ours comes first: bodies are counted where they are read. */
const RUNTIME_BODY_BYTES_MAX = 2 ** 40;
/** How long connections of the old certificate are told to close before idle ones are closed. */
const HAND_OVER_MS = 5_000;

export function openListener(door: Door): Listener {
  // With TLS the port is shared between the listener of the old certificate and that of the new:
  // Bun's reload does not take one. So another program on the port has to be noticed beforehand.
  const shared = door.tls !== null;
  if (shared && door.port !== 0) void serve(door, { reusePort: false }).stop(true);
  let current = serve(door, { reusePort: shared });
  const port = current.port ?? door.port;
  const retired = new Set<BunServer>();
  const scheme = shared ? 'https' : 'http';
  const retire = async (old: BunServer): Promise<void> => {
    retired.add(old);
    old.reload({ routes: closing(door.routes), fetch: lastAnswer(door.fetch) });
    await door.clock.sleep(HAND_OVER_MS);
    await old.stop();
    retired.delete(old);
  };
  return {
    url: `${scheme}://${urlHost(door.hostname)}:${port}`,
    port,
    renew(tls) {
      if (!shared) throw new Error('a plain listener takes no certificate');
      const old = current;
      current = serve({ ...door, port, tls }, { reusePort: true });
      void retire(old);
    },
    async stop() {
      await Promise.all([current, ...retired].map((server) => server.stop()));
    },
    kill() {
      for (const server of [current, ...retired]) void server.stop(true);
    },
  };
}

function serve(door: Door, wish: { readonly reusePort: boolean }): BunServer {
  return Bun.serve({
    hostname: door.hostname,
    port: door.port,
    idleTimeout: door.idleTimeoutS,
    maxRequestBodySize: RUNTIME_BODY_BYTES_MAX,
    development: false,
    // Without this Bun shares the port with another process where `development` is off.
    reusePort: wish.reusePort,
    ...(door.tls === null ? {} : { tls: { ...door.tls } }),
    routes: door.routes,
    fetch: door.fetch,
    error: door.error,
  });
}

function closing(routes: Door['routes']): Record<string, BunHandler> {
  return Object.fromEntries(
    Object.entries(routes).map(([path, handle]) => [path, lastAnswer(handle)]),
  );
}

/** The answer after which the client has to connect anew, and so meets the new certificate. */
function lastAnswer<R>(handle: (request: R, server: BunServer) => Response | Promise<Response>) {
  return async (request: R, server: BunServer): Promise<Response> => {
    const response = await handle(request, server);
    response.headers.set('connection', 'close');
    return response;
  };
}

function urlHost(hostname: string): string {
  return hostname.includes(':') ? `[${hostname}]` : hostname;
}
