/** Pictures of a task in OpenAI's shape. No file is ever whole in memory. */
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Files } from '../storage/ports.ts';
import { refusalOf } from '../tasks/desk.ts';
import type { Task, TaskOutput } from '../tasks/doc.ts';
import type { LinkOf } from '../tasks/view.ts';

const MS_PER_S = 1_000;
const BYTES_PER_GROUP = 3;
const encoder = new TextEncoder();

type Pieces = AsyncIterable<string>;

/** What the answer says beside the pictures. */
export function about(task: Task): JsonObject {
  const { row, doc, job } = task;
  const file = doc.outputs.find(isPicture)?.file ?? null;
  const { quality, background } = job.params;
  const isMeasured = file !== null && file.width !== null && file.height !== null;
  const format = /^image\/(png|jpeg|webp|gif)$/.exec(file?.mime ?? '')?.[1];
  return {
    created: Math.floor((row.endedMs ?? row.createdMs) / MS_PER_S),
    ...(background === undefined ? {} : { background }),
    ...(format === undefined ? {} : { output_format: format }),
    ...(quality === undefined ? {} : { quality }),
    ...(isMeasured ? { size: `${file.width}x${file.height}` } : {}),
    ...usageOf(task),
  };
}

/** Only what is counted in tokens has a usage in this format. */
export function usageOf({ doc }: Task): JsonObject {
  const { inputTokens, outputTokens, units = {} } = doc.used ?? {};
  if (inputTokens === undefined || outputTokens === undefined) return {};
  const image_tokens = units.image_token ?? 0;
  return {
    usage: {
      input_tokens: inputTokens,
      input_tokens_details: { text_tokens: inputTokens - image_tokens, image_tokens },
      output_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    },
  };
}

/** Faults: whatever made it fail. */
export function throwUnlessMade(task: Task): void {
  const { state, id } = task.row;
  if (state === 'succeeded') return;
  if (state === 'failed') throw refusalOf(task);
  throw new Fault('task_ended', {
    message: `The task ${id} was canceled.`,
    headers: { 'x-gangway-task': id },
  });
}

export function stillRunning({ row }: Task): Fault {
  return new Fault('task_running', {
    message:
      `The pictures take longer than a request may. It goes on as the task ${row.id}: ` +
      `GET /v1/tasks/${row.id} tells how it ends, and nothing is paid twice.`,
    headers: { 'x-gangway-task': row.id, location: `/v1/tasks/${row.id}` },
  });
}

const isPicture = ({ type }: TaskOutput): boolean => type === 'image';

interface Picture {
  readonly output: TaskOutput;
  readonly index: number;
}

function picturesOf({ doc }: Task): readonly Picture[] {
  const all = doc.outputs.map((output, index) => ({ output, index }));
  const found = all.filter(({ output }) => isPicture(output));
  if (found.length === 0) throw new Fault('vendor_empty', { message: 'No picture was made.' });
  return found;
}

export function linksOf(task: Task, linkOf: LinkOf): readonly string[] {
  return picturesOf(task).map(({ output, index }) => linkOf(task, index) ?? output.url);
}

/** Some picture is only where its vendor put it. */
export function lacksBytes(task: Task): boolean {
  return picturesOf(task).some(({ output }) => output.file === null && /^http/.test(output.url));
}

/** All are opened before the first byte is sent, so that what is missing is still a fault. */
export function openPictures(task: Task, files: Pick<Files, 'read'>): Promise<readonly Pieces[]> {
  return Promise.all(
    picturesOf(task).map(async ({ output, index }) => {
      if (output.file !== null) {
        const bytes = await files.read(output.file.key);
        if (bytes !== null) return inBase64(bytes);
      } else if (output.url.startsWith('data:')) {
        return one(output.url.slice(output.url.indexOf(',') + 1));
      }
      throw new Fault('result_gone', {
        message:
          `Picture ${index} of ${task.row.id} is not kept here (${output.lost ?? 'removed'}), ` +
          'so it cannot be given as base64. The task has its link.',
        headers: { 'x-gangway-task': task.row.id },
      });
    }),
  );
}

async function* one(text: string): AsyncGenerator<string> {
  yield text;
}

/** Groups of three bytes are four characters; what is left of a piece waits for the next. */
async function* inBase64(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of bytes) {
    const all = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    const whole = all.length - (all.length % BYTES_PER_GROUP);
    yield all.toString('base64', 0, whole);
    rest = all.subarray(whole);
  }
  yield rest.toString('base64');
}

/** An object whose one member is as long as it likes: `{...head, "b64_json": "…"}`. */
export async function* withBase64(head: JsonObject, picture: Pieces): AsyncGenerator<string> {
  const text = JSON.stringify(head);
  yield `${text.slice(0, -1)}${text === '{}' ? '' : ','}"b64_json":"`;
  yield* picture;
  yield '"}';
}

export async function* wholeAnswer(
  head: JsonObject,
  pictures: readonly Pieces[],
): AsyncGenerator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"data":[`;
  for (const [index, picture] of pictures.entries()) {
    if (index > 0) yield ',';
    yield* withBase64({}, picture);
  }
  yield ']}';
}

/** Pulled, so that a slow reader slows the reading of the file. */
export function bodyOf(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
}
