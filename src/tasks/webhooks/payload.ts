/** What an event says, in the shape that its receiver knows. */
import type { JsonObject } from '../../kit/json.ts';
import type { Task, TaskEvent } from '../doc.ts';
import type { NativeDoor } from '../doors.ts';
import { type LinkOf, nativeView, showTask } from '../view.ts';

const MS_PER_S = 1_000;

export function standardPayload(event: TaskEvent, data: JsonObject): string {
  const { id, type, atMs } = event;
  const created = new Date(atMs).toISOString();
  const head = { id, object: 'event', type, created_at: created, timestamp: created };
  return JSON.stringify({ ...head, data });
}

/** The shape of notices of new-api. */
export function noticePayload(event: TaskEvent, data: JsonObject): string {
  const title = `${event.type}: ${String(data.id)}`;
  return JSON.stringify({
    type: event.type.replaceAll('.', '_'),
    title,
    content: title,
    values: [data],
    timestamp: Math.floor(event.atMs / MS_PER_S),
  });
}

/** The vendor's own body of a task, as its paths here answer it. */
export function nativePayload(
  task: Task,
  doors: readonly NativeDoor[],
  linkOf: LinkOf,
): string | null {
  const door = doors.find(({ native }) => native.mount === task.row.mount);
  const read = door?.native.routes.find((one) => one.does === 'read');
  const write = door?.native.told ?? read?.write;
  return write === undefined ? null : JSON.stringify(write(nativeView(task, linkOf)));
}

export function eventData(task: Task, linkOf: LinkOf): JsonObject {
  return showTask(task, linkOf);
}
