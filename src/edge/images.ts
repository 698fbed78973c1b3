/**
 * Pictures as OpenAI's clients ask for them, over every model of pictures: each request is a task,
 * and waits for its end unless the caller would rather have the task.
 */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { Fault, toFault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Files } from '../storage/ports.ts';
import type { Task } from '../tasks/doc.ts';
import type { TaskWish } from '../tasks/wish.ts';
import { type AnyBodyReader, isForm, readAnyBody } from './any-body.ts';
import {
  about,
  bodyOf,
  lacksBytes,
  linksOf,
  openPictures,
  stillRunning,
  throwUnlessMade,
  wholeAnswer,
} from './image-answers.ts';
import { pictureEvents } from './image-events.ts';
import { fromForm, type ImageAsk, inWordsOfImages, readImageAsk } from './image-shapes.ts';
import { preferenceApplied, readPrefer } from './prefer.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';
import { repeatKeyOf, showMade, type TaskEdge, taskCaller } from './tasks.ts';

export interface ImageEdge extends TaskEdge, AnyBodyReader {
  readonly files: Pick<Files, 'read'>;
  /** Longest that a request waits for its pictures. */
  readonly waitMs: number;
  /** Whether what vendors give a link to is kept here too. */
  readonly keepsLinks: boolean;
}

const MS_PER_S = 1_000;
/** So often somebody who waits looks whether the caller is still there. */
const LOOK_MS = 15_000;

type Made = Task & { readonly repeated: boolean };

export function imageRoutes(edge: ImageEdge): readonly Route[] {
  const own = (path: string, isEdit: boolean): Route =>
    route({
      method: 'POST',
      path,
      access: 'caller',
      handle: (visit) => create(visit, isEdit, edge),
      writeFault,
    });
  return [own('/v1/images/generations', false), own('/v1/images/edits', true)];
}

async function create(visit: Visit, isEdit: boolean, edge: ImageEdge): Promise<Response> {
  visit.holdOpen();
  const prefer = readPrefer(visit.request.headers.get('prefer'));
  const ask = readImageAsk(await readAny(visit, edge), isEdit);
  const { keepsLinks } = edge;
  if (!keepsLinks && (ask.format === 'b64_json' || ask.stream)) throw keepsNone(ask);
  await edge.admit(visit);
  const wish = await wishOf(ask, visit, edge);
  const made: Made = await edge.desk.create(wish).catch((thrown: unknown) => {
    throw inWordsOfImages(toFault(thrown), ask);
  });
  const wanted = prefer.waitS === null ? edge.waitMs : prefer.waitS * MS_PER_S;
  const waitMs = Math.min(edge.waitMs, wanted);
  if (ask.stream) return pictureEvents(made, { visit, edge, isEdit, waitMs });
  // Who wants the task now gets it, even where its end is already known.
  const isNow = prefer.isAsync && prefer.waitS === null;
  const task = isNow ? made : await untilEnd(made, waitMs, { visit, edge });
  const isOver = !isNow && task.row.endedMs !== null;
  if (!isOver && !prefer.isAsync) throw stillRunning(task);
  const response = isOver
    ? await answer(task, ask, { visit, edge })
    : showMade({ ...task, repeated: made.repeated }, edge.linkOf(visit));
  if (prefer.isAsync) response.headers.set('preference-applied', preferenceApplied(prefer));
  if (made.repeated) response.headers.set('idempotent-replayed', 'true');
  visit.letIdle();
  return response;
}

function keepsNone({ stream }: ImageAsk): Fault {
  const param = stream ? 'stream' : 'response_format';
  return new Fault('unsupported_parameter', {
    message: `${param}: this gateway keeps no results (results.keep), so it has links only.`,
    param,
  });
}

async function readAny(visit: Visit, edge: ImageEdge): Promise<JsonObject> {
  const body = await readAnyBody(visit, edge);
  return isForm(visit) ? fromForm(body) : body;
}

async function wishOf(ask: ImageAsk, visit: Visit, edge: ImageEdge): Promise<TaskWish> {
  const caller = taskCaller(visit);
  const { endUser } = ask.params;
  return {
    requestId: visit.requestId,
    caller,
    ...(await edge.resolve(ask.model, caller.accountId)),
    door: null,
    kind: ask.media.length === 0 ? 'text_to_image' : 'image_to_image',
    makes: 'image',
    prompt: ask.prompt,
    negativePrompt: ask.negativePrompt,
    media: ask.media,
    params: ask.params,
    options: ask.options,
    native: null,
    sources: [],
    callback: null,
    // Vendors that do not want to know who asks are not told; the account can still see it.
    metadata: endUser === undefined ? null : { user: endUser },
    repeatKey: repeatKeyOf(visit),
  };
}

interface Place {
  readonly visit: Visit;
  readonly edge: ImageEdge;
}

/** Its end, or as it stands when the time is over or nobody waits any more. */
async function untilEnd(made: Task, ms: number, { visit, edge }: Place): Promise<Task> {
  const { accountId } = callerOf(visit).key;
  const endMs = edge.clock.tickMs() + ms;
  let task = made;
  while (task.row.endedMs === null && !visit.request.signal.aborted) {
    const leftMs = endMs - edge.clock.tickMs();
    if (leftMs <= 0) break;
    const ref = { id: made.row.id, mount: '', accountId };
    task = await edge.desk.wait(ref, task.doc.updatedMs, Math.min(leftMs, LOOK_MS));
  }
  return task;
}

async function answer(task: Task, ask: ImageAsk, { visit, edge }: Place): Promise<Response> {
  throwUnlessMade(task);
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-gangway-task': task.row.id,
  };
  // For who did not say, a link is better than nothing.
  const isLinks = ask.format === 'url' || (ask.format === null && lacksBytes(task));
  const links = linksOf(task, edge.linkOf(visit));
  if (isLinks) {
    const data = links.map((url) => ({ url }));
    return new Response(JSON.stringify({ ...about(task), data }), { headers });
  }
  const pictures = await openPictures(task, edge.files);
  return new Response(bodyOf(wholeAnswer(about(task), pictures)), { headers });
}
