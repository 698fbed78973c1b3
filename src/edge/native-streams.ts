/** A job's output as it comes, in the vendor's own events: for whoever was given the link. */
import type { Clock } from '../kit/clock.ts';
import type { OutboundReply } from '../kit/fetch.ts';
import { isObject, parseJson } from '../kit/json.ts';
import { asBuffer, EventCutter, type ServerEvent, splitEvents } from '../kit/sse.ts';
import type { Desk } from '../tasks/desk.ts';
import type { Task } from '../tasks/doc.ts';
import type { NativeRoute } from '../tasks/doors.ts';
import { type LinkOf, nativeView } from '../tasks/view.ts';
import type { Visit } from './routes.ts';

/** A comment keeps proxies from closing a silent stream. */
const HEARTBEAT_MS = 15_000;
/** Longest that one stream is kept open. */
const WATCH_MS_MAX = 1_800_000;
const TOO_LONG = 'This stream was open for as long as one may be. The job goes on: ask for it.';
/** Beyond, the rest is told when the job has ended. */
const SENT_CHARS_MAX = 4 * 1024 * 1024;

export interface StreamEdge {
  readonly desk: Desk;
  readonly linkOf: (visit: Visit) => LinkOf;
  readonly clock: Pick<Clock, 'tickMs' | 'after'>;
  /** The task that a pass opens. Faults: `not_found`, `result_gone`, `resource_not_found`. */
  readonly openPass: (pass: string) => Promise<Task>;
}

type Streamed = Extract<NativeRoute, { does: 'stream' }>;

interface Watching {
  readonly visit: Visit;
  readonly one: Streamed;
  readonly edge: StreamEdge;
}

type Sink = (text: string) => Promise<void>;

export async function streamTask(visit: Visit, watching: Watching): Promise<Response> {
  const task = await watching.edge.openPass(visit.params.pass ?? '');
  visit.holdOpen();
  const source: Bun.DirectUnderlyingSource<Uint8Array> = {
    type: 'direct',
    async pull(controller) {
      const write: Sink = async (text) => {
        controller.write(text);
        await controller.flush();
      };
      await watch(task, watching, write);
      visit.letIdle();
      controller.close();
    },
  };
  return new Response(new ReadableStream(source), {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
  });
}

/** What the vendor streams; then, from the task's own end, what was held back or never came. */
async function watch(task: Task, watching: Watching, write: Sink): Promise<void> {
  const { visit, one, edge } = watching;
  const endMs = edge.clock.tickMs() + WATCH_MS_MAX;
  const seen = await relayed(task, watching, write);
  if (seen === null) return;
  // What the vendor has said to its end is over there: we need not wait for our turn to ask.
  await edge.desk.hurry(task);
  const ended = await untilEnd(task, { watching, endMs, write });
  if (ended === null) {
    if (!visit.request.signal.aborted) await write(frame('error', TOO_LONG));
    return;
  }
  const view = nativeView(ended, edge.linkOf(visit));
  for (const { name, data } of one.end(view, seen)) await write(frame(name, data));
}

/** The data that was passed on, up to where the vendor ended or broke; null: the caller left. */
async function relayed(
  task: Task,
  { visit, one, edge }: Watching,
  write: Sink,
): Promise<string | null> {
  const body = task.row.body === null ? null : parseJson(task.row.body);
  const url = isObject(body) && task.row.endedMs === null ? one.from(body) : null;
  if (url === null) return '';
  const { signal } = visit.request;
  const abort = new AbortController();
  const end = (): void => abort.abort();
  signal.addEventListener('abort', end, { once: true });
  const takeBack = edge.clock.after(WATCH_MS_MAX, end);
  let sent = '';
  const reply = await edge.desk.listen(task, url, abort.signal);
  try {
    if (reply === null) return sent;
    for await (const { name, data } of eventsOf(reply)) {
      const verdict = data === null ? 'hold' : one.event({ name, data });
      if (verdict === 'end' || sent.length > SENT_CHARS_MAX) break;
      if (data === null || verdict === 'hold') continue;
      await write(frame(name, data));
      sent += data;
    }
  } catch {
    // It broke: what is known of the task tells the rest.
  } finally {
    reply?.close();
    takeBack();
    signal.removeEventListener('abort', end);
  }
  return signal.aborted ? null : sent;
}

async function* eventsOf(reply: OutboundReply): AsyncGenerator<ServerEvent> {
  const cutter = new EventCutter();
  for (;;) {
    const bytes = await reply.read();
    if (bytes === null) return;
    const whole = cutter.push(bytes);
    if (whole !== null) yield* splitEvents(asBuffer(whole).toString());
  }
}

interface Ending {
  readonly watching: Watching;
  readonly endMs: number;
  readonly write: Sink;
}

async function untilEnd(first: Task, { watching, endMs, write }: Ending): Promise<Task | null> {
  const { visit, edge } = watching;
  const { id, accountId } = first.row;
  let task = first;
  while (task.row.endedMs === null) {
    if (visit.request.signal.aborted || edge.clock.tickMs() > endMs) return null;
    const ref = { id, mount: '', accountId };
    task = await edge.desk.wait(ref, task.doc.updatedMs, HEARTBEAT_MS);
    if (task.row.endedMs === null) await write(': still here\n\n');
  }
  return task;
}

function frame(name: string, data: string): string {
  const lines = data.split(/\r\n|\n|\r/).map((line) => `data: ${line}\n`);
  return `event: ${name}\n${lines.join('')}\n`;
}
