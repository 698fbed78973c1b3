/** Bodies that are JSON or a form, as OpenAI's clients send them. */
import { parseBody } from '../dialects/openai-chat/request.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Inbox } from '../tasks/inbox.ts';
import { type BodyReader, readBody } from './body.ts';
import { readForm } from './form.ts';
import { callerOf, type Visit } from './routes.ts';

export interface AnyBodyReader extends BodyReader {
  readonly inbox: Pick<Inbox, 'putOnce'>;
}

export function isForm({ request }: Visit): boolean {
  return request.headers.get('content-type')?.startsWith('multipart/') === true;
}

/** A file of a form is an upload, the same one for the same bytes. */
export async function readAnyBody(visit: Visit, edge: AnyBodyReader): Promise<JsonObject> {
  const { request } = visit;
  if (!isForm(visit)) {
    return parseBody((await readBody(request, edge.bodyLimits, edge.deadlines)).text).body;
  }
  const { accountId } = callerOf(visit).key;
  return readForm(request, edge, async (file) => {
    const more = { name: file.name ?? '', metadata: {}, isMedia: true };
    return `gw-file://${(await edge.inbox.putOnce(accountId, file, more)).id}`;
  });
}
