/** Makes HTTP of routes that were written without it (`kit/json-route.ts`). */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { parseBody } from '../dialects/openai-chat/request.ts';
import type { JsonAsk, JsonRoute } from '../kit/json-route.ts';
import { type BodyReader, readBody } from './body.ts';
import { type Route, route, type Visit } from './routes.ts';

export function mountJson(routes: readonly JsonRoute[], reader: BodyReader): readonly Route[] {
  return routes.map((one) =>
    route({
      method: one.method,
      path: one.path,
      access: one.access,
      handle: async (visit) => {
        const { status, body } = await one.answer(await readAsk(one, visit, reader));
        return Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
      },
      writeFault,
    }),
  );
}

async function readAsk(one: JsonRoute, visit: Visit, reader: BodyReader): Promise<JsonAsk> {
  const { request, params } = visit;
  const query = new URL(request.url).searchParams;
  if (one.method !== 'POST') return { params, query, body: {} };
  const { text } = await readBody(request, reader.bodyLimits, reader.deadlines);
  return { params, query, body: parseBody(text).body };
}
