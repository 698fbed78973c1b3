/** A task's changes as they happen, as server-sent events; or those so far, as a list. */
import type { TaskRef } from '../tasks/desk.ts';
import type { Task } from '../tasks/doc.ts';
import { showTask } from '../tasks/view.ts';
import type { Visit } from './routes.ts';
import type { TaskEdge } from './tasks.ts';

/** A comment keeps proxies from closing a silent stream. */
const HEARTBEAT_MS = 15_000;

export async function taskEvents(visit: Visit, ref: TaskRef, edge: TaskEdge): Promise<Response> {
  const task = await edge.desk.find(ref);
  const accepts = visit.request.headers.get('accept') ?? '';
  if (!accepts.includes('text/event-stream')) {
    const data = task.doc.events.map(({ id, type, atMs }) => ({
      id,
      type,
      created_at: new Date(atMs).toISOString(),
    }));
    return Response.json({ object: 'list', data, has_more: false });
  }
  visit.holdOpen();
  return new Response(stream(task, { visit, ref, edge }), {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    },
  });
}

interface Watching {
  readonly visit: Visit;
  readonly ref: TaskRef;
  readonly edge: TaskEdge;
}

function stream(first: Task, { visit, ref, edge }: Watching): ReadableStream {
  const linkOf = edge.linkOf(visit);
  const isLeft = (): boolean => visit.request.signal.aborted;
  const source: Bun.DirectUnderlyingSource<Uint8Array> = {
    type: 'direct',
    async pull(controller) {
      let task = first;
      let told = '';
      while (!isLeft()) {
        const data = JSON.stringify(showTask(task, linkOf));
        const isNews = data !== told;
        const name = `task.${task.row.state}`;
        controller.write(isNews ? `event: ${name}\ndata: ${data}\n\n` : ': still here\n\n');
        await controller.flush();
        told = data;
        if (task.row.endedMs !== null) break;
        task = await edge.desk.wait(ref, task.doc.updatedMs, HEARTBEAT_MS).catch(() => task);
      }
      visit.letIdle();
      controller.close();
    },
  };
  return new ReadableStream(source);
}
