/** A kept job as a vendor's service is asked for it. */
import { isObject, type Json } from '../kit/json.ts';
import type { Tasks } from '../storage/ports.ts';
import type { Job, VendorTask } from '../vendors/job.ts';
import { type KeptJob, openTask, type Task } from './doc.ts';
import { without } from './fit.ts';
import type { Written } from './handed.ts';
import type { Way } from './routes.ts';

interface Reads {
  readonly tasks: Pick<Tasks, 'byId'>;
  readonly settings: { readonly publicUrl: string | null };
}

type Place = Pick<Way, 'upstream' | 'service' | 'wireName'> & { readonly handed?: Written };

/** As this vendor takes it: without what was left out for it. */
export async function vendorJob(task: Task, way: Place, deps: Reads): Promise<Job> {
  const { publicUrl } = deps.settings;
  const { vendor } = way.upstream;
  const isHeard = publicUrl !== null && way.service.callback !== undefined;
  const callbackUrl = isHeard ? `${publicUrl}/_cb/${vendor.id}/${task.row.token}` : null;
  const { wireName, handed } = way;
  const words = { wireName, callbackUrl, ...(handed === undefined ? {} : { handed }) };
  return writtenJob(without(task.job, task.doc.dropped ?? []), words, deps);
}

interface Words {
  readonly wireName: string;
  readonly callbackUrl: string | null;
  readonly handed?: Written;
}

/** With the vendor's ids where the caller wrote ours, and files where he named them. */
export async function writtenJob(job: KeptJob, words: Words, deps: Reads): Promise<Job> {
  const found = new Map<string, VendorTask>();
  for (const { shown, taskId } of job.sources) {
    const row = await deps.tasks.byId(taskId);
    if (row?.vendorId === null || row === undefined) continue;
    found.set(shown, { id: row.vendorId, kept: openTask(row).doc.kept });
  }
  const { handed, ...rest } = words;
  const ids = new Map([...found].map(([shown, { id }]) => [shown, id]));
  const all = new Map([...ids, ...(handed?.body ?? [])]);
  const { native } = job;
  return {
    ...job,
    ...rest,
    media: job.media.map((one) => ({ ...one, url: handed?.media.get(one.url) ?? one.url })),
    options: replaceWords(job.options, handed?.body ?? new Map()) as typeof job.options,
    source: found.values().next().value ?? null,
    native:
      native === null
        ? null
        : {
            ...native,
            path: native.path
              .split('/')
              .map((part) => ids.get(part) ?? part)
              .join('/'),
            body: replaceWords(native.body, all) as typeof native.body,
          },
  };
}

export function vendorTask({ row, doc }: Task): VendorTask {
  return { id: row.vendorId ?? '', kept: doc.kept };
}

/** Strings that are one of these words, wherever they stand, become its counterpart. */
export function replaceWords(value: Json, words: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') return words.get(value) ?? value;
  if (Array.isArray(value)) return value.map((one: Json) => replaceWords(one, words));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, replaceWords(one, words)]),
  );
}
