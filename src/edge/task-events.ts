/** A task's changes as they happen, as server-sent events; or those so far, as a list. */
import type { TaskRef } from '../tasks/desk.ts';
import { PROGRESS, type Task, type TaskEvent } from '../tasks/doc.ts';
import { showTask } from '../tasks/view.ts';
import type { Visit } from './routes.ts';
import type { TaskEdge } from './tasks.ts';

/** A comment keeps proxies from closing a silent stream. */
const HEARTBEAT_MS = 15_000;

export async function taskEvents(visit: Visit, ref: TaskRef, edge: TaskEdge): Promise<Response> {
  const task = await edge.desk.find(ref);
  const { headers, url } = visit.request;
  // Progress is told to who asks for it.
  const isWanted = ({ type }: TaskEvent): boolean =>
    type !== PROGRESS || new URL(url).searchParams.get('progress') === 'true';
  if (headers.get('accept')?.includes('text/event-stream') !== true) {
    const data = task.doc.events.filter(isWanted).map(({ id, type, atMs, progress }) => ({
      id,
      type,
      created_at: new Date(atMs).toISOString(),
      ...(progress === undefined ? {} : { progress }),
    }));
    return Response.json({ object: 'list', data, has_more: false });
  }
  visit.holdOpen();
  return new Response(stream(task, { visit, ref, edge, isWanted }), {
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
  readonly isWanted: (event: TaskEvent) => boolean;
}

/** Every event once, from after the one that a client names which comes back; then the end. */
function stream(first: Task, { visit, ref, edge, isWanted }: Watching): ReadableStream {
  const linkOf = edge.linkOf(visit);
  const isLeft = (): boolean => visit.request.signal.aborted;
  const last = visit.request.headers.get('last-event-id');
  const source: Bun.DirectUnderlyingSource<Uint8Array> = {
    type: 'direct',
    async pull(controller) {
      let task = first;
      let told = first.doc.events.findIndex(({ id }) => id === last) + 1;
      while (!isLeft()) {
        const news = task.doc.events.slice(told).filter(isWanted);
        const data = news.length === 0 ? '' : JSON.stringify(showTask(task, linkOf));
        for (const { id, type } of news) {
          controller.write(`id: ${id}\nevent: ${type}\ndata: ${data}\n\n`);
        }
        if (news.length === 0) controller.write(': still here\n\n');
        await controller.flush();
        told = task.doc.events.length;
        const later = task.row.endedMs === null ? await next(task) : null;
        if (later === null) break;
        task = later;
      }
      visit.letIdle();
      controller.close();
    },
  };
  /** As it is at its next event, its end, or a heartbeat; null where it is there no more. */
  async function next(task: Task): Promise<Task | null> {
    const seen = task.doc.events.length;
    let now = task;
    const endMs = edge.clock.tickMs() + HEARTBEAT_MS;
    while (!isLeft() && now.doc.events.length === seen && now.row.endedMs === null) {
      const leftMs = endMs - edge.clock.tickMs();
      if (leftMs <= 0) break;
      const seenNow = await edge.desk.wait(ref, now.doc.updatedMs, leftMs).catch(() => null);
      if (seenNow === null) return null;
      now = seenNow;
    }
    return now;
  }
  return new ReadableStream(source);
}
