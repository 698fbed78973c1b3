/** Where vendors call back: a path of its own for each task, that nobody else knows. */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { type CallbackDeps, hearCallback } from '../tasks/callbacks.ts';
import { type BodyReader, readBody } from './body.ts';
import { type Route, route } from './routes.ts';

const BODY_BYTES_MAX = 1024 * 1024;

export function callbackRoutes(deps: CallbackDeps, reader: BodyReader): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/_cb/:vendor/:token',
      access: 'public',
      async handle({ request, params }) {
        const limits = { ...reader.bodyLimits, bytesMax: BODY_BYTES_MAX };
        const { text } = await readBody(request, limits, reader.deadlines);
        const { vendor = '', token = '' } = params;
        const header = (name: string): string | null => request.headers.get(name);
        await hearCallback({ vendor, token, text, header }, deps);
        return Response.json({ ok: true });
      },
      writeFault,
    }),
  ];
}
