/**
 * Files of ours that a job names in place of a link: what was handed in (`gw-file://<id>`) and what
 * an earlier task made (`gw-task://<id>/<n>`). The job keeps the name; what the vendor can read is
 * written when the job is sent.
 */
import { Fault } from '../kit/fault.ts';
import { isObject, type Json } from '../kit/json.ts';
import type { Files, Tasks } from '../storage/ports.ts';
import type { Job } from '../vendors/job.ts';
import type { LongService } from '../vendors/long.ts';
import { openTask } from './doc.ts';
import type { Inbox } from './inbox.ts';

const NAME = /^gw-(?:file:\/\/([A-Za-z0-9]{1,64})|task:\/\/(task_[0-9a-f]{32})\/(\d{1,3}))$/;
const NAMES_MAX = 32;
/** What stands for the bytes while nothing is sent yet. */
const NO_BYTES = 'AAAA';

export function isHanded(url: string): boolean {
  return NAME.test(url);
}

export interface HandedDeps {
  readonly tasks: Pick<Tasks, 'byId'>;
  readonly files: Pick<Files, 'read'>;
  readonly inbox: Pick<Inbox, 'find'>;
  /** Links that vendors can follow; null: they cannot reach us. */
  readonly links: HandedLinks | null;
}

export interface HandedLinks {
  ofFile(accountId: string, id: string): string;
  ofOutput(accountId: string, taskId: string, index: number): string;
}

interface Named {
  readonly mime: string;
  readonly bytes: number;
  /** Where it is kept; null: only its maker has it. */
  readonly key: string | null;
  /** null: nobody else can fetch it. */
  readonly link: string | null;
}

/** By the names that stand in a job: at a medium of our own words, and in the vendor's format. */
export interface Written {
  readonly media: ReadonlyMap<string, string>;
  readonly body: ReadonlyMap<string, string>;
}

const NOTHING: Written = Object.freeze({ media: new Map(), body: new Map() });

export type HandedJob = Pick<Job, 'media' | 'options' | 'native'>;

export interface WriteWish {
  readonly accountId: string;
  readonly service: Pick<LongService, 'inline'>;
  /** Whether the job is sent with it; else only its form counts. */
  readonly whole: boolean;
}

/** Faults: `resource_not_found`, `public_url_needed`. */
export async function writeHanded(
  job: HandedJob,
  wish: WriteWish,
  deps: HandedDeps | null,
): Promise<Written> {
  const names = [...namesOf(job)];
  if (names.length === 0) return NOTHING;
  if (names.length > NAMES_MAX) {
    throw new Fault('invalid_request', { message: `A job may name ${NAMES_MAX} files.` });
  }
  const media = new Map<string, string>();
  const body = new Map<string, string>();
  for (const [name, param] of names) {
    const found = deps === null ? null : await findNamed(name, wish.accountId, deps);
    if (deps === null || found === null) throw gone(name, param);
    const inline = inlineOf(found, wish.service);
    if (inline === null && found.link === null) {
      throw new Fault('public_url_needed', { param });
    }
    const data = inline === null ? null : await dataOf(found, wish, deps);
    if (inline !== null && data === null) throw gone(name, param);
    const url = data === null ? null : `data:${found.mime};base64,${data}`;
    media.set(name, url ?? found.link ?? '');
    // Of a field of the vendor's own nobody here knows whether it may be anything but a link.
    body.set(name, found.link ?? (inline?.bare === true ? data : url) ?? '');
  }
  return { media, body };
}

function gone(name: string, param: string): Fault {
  return new Fault('resource_not_found', {
    message: `There is no file "${name.slice(0, 100)}" in this account, or it is kept no more.`,
    param,
  });
}

/** Every name, and where it stands first. */
function namesOf({ media, options, native }: HandedJob): Map<string, string> {
  const names = new Map<string, string>();
  const put = (text: string, param: string): void => {
    if (isHanded(text) && !names.has(text)) names.set(text, param);
  };
  for (const [index, { url }] of media.entries()) put(url, `input.media[${index}].url`);
  walk(options, 'provider_options', put);
  if (native !== null) walk(native.body, '', put);
  return names;
}

function walk(value: Json, path: string, put: (text: string, path: string) => void): void {
  if (typeof value === 'string') put(value, path);
  else if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) walk(one as Json, `${path}[${index}]`, put);
  } else if (isObject(value)) {
    for (const [name, one] of Object.entries(value)) {
      walk(one, path === '' ? name : `${path}.${name}`, put);
    }
  }
}

/** null: not this account's, or kept no more. */
async function findNamed(name: string, accountId: string, deps: HandedDeps): Promise<Named | null> {
  const [, file, task, index] = NAME.exec(name) ?? [];
  if (file !== undefined) {
    const found = await deps.inbox.find(accountId, file).catch(() => null);
    if (found === null) return null;
    const { mime, bytes, key } = found;
    return { mime, bytes, key, link: deps.links?.ofFile(accountId, file) ?? null };
  }
  const row = await deps.tasks.byId(task ?? '');
  if (row?.accountId !== accountId || row.state !== 'succeeded') return null;
  const output = openTask(row).doc.outputs[Number(index)];
  if (output === undefined) return null;
  const theirs = output.url.startsWith('http') ? output.url : null;
  if (output.file === null) return { mime: '', bytes: 0, key: null, link: theirs };
  const link = deps.links?.ofOutput(accountId, row.id, Number(index)) ?? theirs;
  return { ...output.file, link };
}

/** Small, and of a kind that this vendor takes without a link. */
function inlineOf({ mime, bytes, key }: Named, { inline }: WriteWish['service']) {
  const isTaken = inline?.types.some((type) => mime.startsWith(`${type}/`)) === true;
  return inline === undefined || key === null || !isTaken || bytes > inline.bytesMax
    ? null
    : inline;
}

async function dataOf(
  { key }: Named,
  { whole }: WriteWish,
  deps: HandedDeps,
): Promise<string | null> {
  if (!whole) return NO_BYTES;
  const stream = key === null ? null : await deps.files.read(key);
  if (stream === null) return null;
  return Buffer.from(await Bun.readableStreamToBytes(stream)).toString('base64');
}
