/** What is kept of responses: found for the questions that go on from them, each in its account. */
import {
  findItem,
  itemIdsOf,
  ownItems,
  referencesOf,
  resolveItems,
  turnItems,
  withInput,
} from '../dialects/openai-responses/thread.ts';
import type { WireRequest } from '../dialects/shape.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault, storageFault } from '../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../kit/json.ts';
import type { Log } from '../kit/log.ts';
import type { ResponseRow, Responses } from '../storage/ports.ts';

/** Turns of one thread that a request can go on from. */
export const THREAD_TURNS_MAX = 500;
/** Bytes of all of them together. */
const THREAD_BYTES_MAX = 32 * 1024 * 1024;
/** Largest input that is kept, and largest response. */
export const KEPT_BYTES_MAX = 16 * 1024 * 1024;
/** Items that one request may name instead of saying them. */
export const REFERENCES_MAX = 1_000;

/** For how long a door keeps responses. */
export interface KeepRule {
  readonly lifeMs: number;
  /** The furthest that a caller may put `expire_at`. */
  readonly lifeMsMax: number;
}

export interface ResponseStoreDeps {
  readonly responses: Responses;
  readonly clock: Clock;
  readonly log: Log;
}

/** A request with all that it goes on from, and what is to be kept of it. */
export interface Thread {
  readonly request: WireRequest;
  /** JSON of this turn's own items; null: nothing is to be kept. */
  readonly input: string | null;
  readonly previousId: string | null;
  readonly expiresMs: number;
}

const MS_PER_S = 1_000;

/** Faults: `unsupported_parameter`, `resource_not_found`, `invalid_request`. */
export async function openThread(
  asked: WireRequest,
  wish: { readonly accountId: string; readonly rule: KeepRule },
  deps: ResponseStoreDeps,
): Promise<Thread> {
  refuseElsewhere(asked);
  const nowMs = deps.clock.nowMs();
  const expiresMs = expiryOf(asked, wish.rule, nowMs);
  const place = { accountId: wish.accountId, nowMs };
  const said = ownItems(asked);
  const own = await resolve(said, place, deps);
  const previousId = textOf(asked.body.previous_response_id);
  const before = previousId === null ? [] : await loadThread(previousId, place, deps);
  const isChanged = previousId !== null || referencesOf(said).length > 0;
  const request = isChanged ? withInput(asked, [...before, ...own]) : asked;
  const input = asked.body.store === false ? null : JSON.stringify(own);
  if (input !== null && Buffer.byteLength(input) > KEPT_BYTES_MAX) {
    throw new Fault('invalid_request', {
      message: `input has more than ${KEPT_BYTES_MAX} bytes: too many to keep. Send store: false.`,
      param: 'input',
    });
  }
  return { request, input, previousId, expiresMs };
}

const textOf = (value: Json | undefined): string | null =>
  typeof value === 'string' ? value : null;

/** What only a vendor could keep is not asked of it: all accounts share one account there. */
function refuseElsewhere({ body }: WireRequest): void {
  if (body.background === true) {
    throw new Fault('unsupported_parameter', {
      message: 'background: responses are not made in the background here. Leave it out.',
      param: 'background',
    });
  }
  if ((body.conversation ?? null) !== null) {
    throw new Fault('unsupported_parameter', {
      message: 'conversation: conversations are not kept here. Send previous_response_id.',
      param: 'conversation',
    });
  }
}

function expiryOf({ body }: WireRequest, rule: KeepRule, nowMs: number): number {
  const asked = body.expire_at ?? null;
  if (asked === null) return nowMs + rule.lifeMs;
  const askedMs = typeof asked === 'number' ? asked * MS_PER_S : Number.NaN;
  if (Number.isSafeInteger(askedMs) && askedMs > nowMs && askedMs <= nowMs + rule.lifeMsMax) {
    return askedMs;
  }
  throw new Fault('invalid_request', {
    message:
      'expire_at must be a time in whole Unix seconds, later than now and at most ' +
      `${rule.lifeMsMax / MS_PER_S} seconds from now.`,
    param: 'expire_at',
  });
}

interface Place {
  readonly accountId: string;
  readonly nowMs: number;
}

/** Longest id that is looked for; those of vendors are far shorter. */
const ID_CHARS_MAX = 512;

/** Others were never kept, and a database may refuse to look for a NUL. */
const mayBeKept = (id: string): boolean => id.length <= ID_CHARS_MAX && !id.includes('\0');

/** All turns up to this one, the oldest first. */
async function loadThread(
  id: string,
  place: Place,
  { responses }: ResponseStoreDeps,
): Promise<JsonObject[]> {
  const bounds = { limit: THREAD_TURNS_MAX, bytesMax: THREAD_BYTES_MAX };
  const rows = mayBeKept(id) ? await reading(responses.chain(id, { ...place, ...bounds })) : [];
  const missing = rows.length === 0 ? id : (rows.at(-1)?.previousId ?? null);
  if (missing !== null) throw missingTurn(id, missing, rows);
  return rows.toReversed().flatMap((row) => turnItems(parse(row.input), parse(row.response)));
}

function missingTurn(id: string, missing: string, rows: readonly ResponseRow[]): Fault {
  const bytes = rows.reduce((sum, row) => sum + Buffer.byteLength(row.input + row.response), 0);
  if (rows.length >= THREAD_TURNS_MAX || bytes >= THREAD_BYTES_MAX) {
    return new Fault('invalid_request', {
      message:
        `previous_response_id: the turns before "${id}" are more than ${THREAD_TURNS_MAX}, or ` +
        `have more than ${THREAD_BYTES_MAX} bytes. Begin anew with a summary.`,
      param: 'previous_response_id',
    });
  }
  const which = missing === id ? '' : ` needs "${missing.slice(0, 100)}", which`;
  return new Fault('resource_not_found', {
    message:
      `Previous response with id "${id.slice(0, 100)}"${which} was not found: it has expired, ` +
      'was deleted, or was never kept.',
    param: 'previous_response_id',
    status: 400,
    vendorCode: 'previous_response_not_found',
  });
}

async function resolve(
  items: readonly JsonObject[],
  place: Place,
  { responses }: ResponseStoreDeps,
): Promise<JsonObject[]> {
  const ids = referencesOf(items);
  if (ids.length === 0) return [...items];
  if (ids.length > REFERENCES_MAX) {
    throw new Fault('invalid_request', {
      message: `input names more than ${REFERENCES_MAX} items. Send previous_response_id instead.`,
      param: 'input',
    });
  }
  const lost = ids.find((id) => !mayBeKept(id));
  if (lost !== undefined) throw noItem(lost, items);
  const rows = await reading(responses.byItems(ids, place));
  const parsed = new Map<string, Json>();
  const found = new Map<string, JsonObject>();
  for (const id of ids) {
    const row = rows.get(id);
    if (row !== undefined && !parsed.has(row.id)) parsed.set(row.id, parse(row.response));
    const item = row === undefined ? undefined : findItem(parsed.get(row.id) ?? null, id);
    if (item === undefined) throw noItem(id, items);
    found.set(id, item);
  }
  return resolveItems(items, found);
}

function noItem(id: string, items: readonly JsonObject[]): Fault {
  const at = items.findIndex((item) => item.id === id);
  return new Fault('resource_not_found', {
    message: `Item with id "${id.slice(0, 100)}" was not found. Send the item whole.`,
    param: `input[${at}]`,
  });
}

export interface Kept {
  readonly thread: Thread;
  readonly accountId: string;
  readonly model: string;
}

/** False where it could not be kept: the answer is good all the same, and says so. */
export async function keepResponse(
  response: JsonObject,
  kept: Kept,
  { responses, clock, log }: ResponseStoreDeps,
): Promise<boolean> {
  const { thread, accountId, model } = kept;
  const text = JSON.stringify(response);
  if (thread.input === null) return false;
  if (Buffer.byteLength(text) > KEPT_BYTES_MAX) {
    log.warn('a response is too large to be kept', { response: String(response.id) });
    return false;
  }
  const row: ResponseRow = {
    id: String(response.id),
    accountId,
    previousId: thread.previousId,
    model,
    input: thread.input,
    response: text,
    createdMs: clock.nowMs(),
    expiresMs: thread.expiresMs,
  };
  try {
    await responses.insert({ row, itemIds: itemIdsOf(response) });
    return true;
  } catch (error) {
    log.error('a response could not be kept', { response: row.id, error });
    return false;
  }
}

/** Fault: `resource_not_found`. */
export async function findResponse(
  id: string,
  accountId: string,
  { responses, clock }: ResponseStoreDeps,
): Promise<ResponseRow> {
  const row = await reading(responses.byId(id, { accountId, nowMs: clock.nowMs() }));
  if (row === undefined) throw noResponse(id);
  return row;
}

/** Fault: `resource_not_found`. */
export async function removeResponse(
  id: string,
  accountId: string,
  { responses, clock }: ResponseStoreDeps,
): Promise<void> {
  const removed = await reading(responses.remove(id, { accountId, nowMs: clock.nowMs() }));
  if (!removed) throw noResponse(id);
}

function noResponse(id: string): Fault {
  return new Fault('resource_not_found', {
    message: `Response with id "${id.slice(0, 100)}" not found.`,
    param: 'response_id',
  });
}

function reading<T>(read: Promise<T>): Promise<T> {
  return read.catch((error: unknown) => {
    throw storageFault(error);
  });
}

function parse(text: string): Json {
  const value = parseJson(text);
  return isObject(value) || Array.isArray(value) ? value : null;
}
