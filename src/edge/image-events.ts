/** The end of a task as the last event of a stream of pictures, in OpenAI's words. */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { toFault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Task } from '../tasks/doc.ts';
import {
  about,
  bodyOf,
  openPictures,
  stillRunning,
  throwUnlessMade,
  usageOf,
  withBase64,
} from './image-answers.ts';
import type { ImageEdge } from './images.ts';
import type { Visit } from './routes.ts';

/** A comment keeps proxies from closing a silent stream. */
const HEARTBEAT_MS = 15_000;

interface Watching {
  readonly visit: Visit;
  readonly edge: ImageEdge;
  readonly isEdit: boolean;
  readonly waitMs: number;
}

export function pictureEvents(made: Task, watching: Watching): Response {
  return new Response(bodyOf(events(made, watching)), {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
      'x-gangway-task': made.row.id,
    },
  });
}

async function* events(made: Task, watching: Watching): AsyncGenerator<string> {
  const { visit, edge, waitMs } = watching;
  const ref = { id: made.row.id, mount: '', accountId: made.row.accountId };
  const endMs = edge.clock.tickMs() + waitMs;
  let task = made;
  try {
    while (task.row.endedMs === null) {
      const leftMs = endMs - edge.clock.tickMs();
      if (leftMs <= 0) throw stillRunning(task);
      yield ': still here\n\n';
      task = await edge.desk.wait(ref, task.doc.updatedMs, Math.min(leftMs, HEARTBEAT_MS));
    }
    yield* completed(task, watching);
  } catch (thrown) {
    yield `event: error\ndata: ${writeFault(toFault(thrown), visit.requestId)}\n\n`;
  } finally {
    visit.letIdle();
  }
}

async function* completed(task: Task, { edge, isEdit }: Watching): AsyncGenerator<string> {
  throwUnlessMade(task);
  const pictures = await openPictures(task, edge.files);
  const type = isEdit ? 'image_edit.completed' : 'image_generation.completed';
  for (const [index, picture] of pictures.entries()) {
    const isLast = index === pictures.length - 1;
    yield `event: ${type}\ndata: `;
    yield* withBase64({ type, ...told(task), ...(isLast ? usageOf(task) : {}) }, picture);
    yield '\n\n';
  }
}

function told(task: Task): JsonObject {
  const { created = 0, usage: _, ...rest } = about(task);
  return { created_at: created, quality: 'auto', background: 'auto', ...rest };
}
