/** A process for the runtime tests: `bun child.ts upstream` or `bun child.ts proxy URL`. */
import { LOCALHOST, makeDirectStream, type Stats, serveProxy } from './rig.ts';

const FLOOD_CHUNK_BYTES = 65_536;
const BIG_CHUNKS = 512;

const stats = { sentChunks: 0, openStreams: 0, abortedStreams: 0 };

/** `/hold`: one event, then open until the caller leaves. Else: 32 MB in 512 chunks. */
function serveUpstream() {
  return Bun.serve({
    hostname: LOCALHOST,
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      const left = Promise.withResolvers<void>();
      request.signal.addEventListener('abort', () => {
        stats.abortedStreams += 1;
        left.resolve();
      });
      const isHold = new URL(request.url).pathname === '/hold';
      const chunk = isHold ? 'data: 1\n\n' : new Uint8Array(FLOOD_CHUNK_BYTES);
      const body = makeDirectStream({
        async pull(to) {
          stats.openStreams += 1;
          for (let count = 0; count < (isHold ? 1 : BIG_CHUNKS); count += 1) {
            if (request.signal.aborted) break;
            await to.write(chunk);
            stats.sentChunks += 1;
          }
          if (isHold) await left.promise;
          stats.openStreams -= 1;
          if (!request.signal.aborted) to.close();
        },
      });
      return new Response(body);
    },
  });
}

const [role, upstream = ''] = process.argv.slice(2);
const server = role === 'proxy' ? serveProxy(upstream) : serveUpstream();

process.on('message', () => {
  Bun.gc(true);
  const own: Stats = { ...stats, rssBytes: process.memoryUsage.rss() };
  process.send?.({ stats: own });
});
process.on('disconnect', () => process.exit());
process.send?.({ port: server.port });
