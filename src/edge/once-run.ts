/** One request carried out under a key: its answer goes to the caller and into the store. */
import { toFault } from '../kit/fault.ts';
import type { KeptAnswer, OnceRow } from '../storage/ports.ts';
import type { OnceDeps } from './idempotency.ts';
import { KEY_HEADER } from './once-key.ts';
import { callerOf, type Route, type Visit } from './routes.ts';

export interface OnceRun {
  readonly row: OnceRow;
  readonly body: Uint8Array;
  /** Largest answer that is kept. */
  readonly bytesMax: number;
  /** What this process carries out under keys. */
  readonly load: { running: number; left: number };
}

interface Job {
  readonly visit: Visit;
  readonly run: OnceRun;
}

/** Headers that belong to the answer; the others belong to the moment. */
const KEPT_HEADERS = /^(content-type|content-disposition|cache-control|x-accel-buffering)$/;
const OWN_HEADERS = /^x-gangway-/;
const NOT_KEPT = Object.freeze({ 'x-gangway-idempotency': 'not-kept' });
const STREAMED = 'text/event-stream';
const VENDOR_STATUS_MAX = 500;

export async function carryOut(one: Route, job: Job, deps: OnceDeps): Promise<Response> {
  const { run } = job;
  const watch = watchLeaving(job, deps);
  run.load.running += 1;
  const ended = (): void => {
    run.load.running -= 1;
    watch.end();
  };
  const kept = new Kept(job, deps);
  let response: Response;
  try {
    response = await one.handle(innerVisit(job, watch.signal));
  } catch (thrown) {
    ended();
    await kept.refused(thrown, { one, cut: watch.signal.aborted });
    throw thrown;
  }
  if (response.status >= 400) {
    ended();
    await kept.forget();
    return response;
  }
  const isStream = response.headers.get('content-type')?.startsWith(STREAMED) === true;
  if (isStream) return tee(response, { kept, watch, ended, visit: job.visit });
  return whole(response, { kept, watch, ended, visit: job.visit });
}

/** The same request, with its body to be read again and a signal that we hold. */
function innerVisit({ visit, run }: Job, signal: AbortSignal): Visit {
  const { url, headers } = visit.request;
  const copied = new Headers(headers);
  copied.delete(KEY_HEADER);
  const request = new Request(url, { method: 'POST', headers: copied, body: run.body, signal });
  return { ...visit, request };
}

interface Leaving {
  /** Aborted where the call must not go on. */
  readonly signal: AbortSignal;
  end(): void;
}

/**
 * A caller that left under a key comes back with it: the call goes on, within the limits of a
 * drain, so that the whole answer is there then. A key whose policy is `abort` wants it stopped.
 */
function watchLeaving({ visit, run }: Job, deps: OnceDeps): Leaving {
  const inner = new AbortController();
  const { signal: left } = visit.request;
  let counted = false;
  let deadline: ReturnType<OnceDeps['deadlines']['add']> | null = null;
  const leave = (): void => {
    const { drainMs, drainsMax } = deps.drain;
    if (callerOf(visit).key.onDisconnect === 'abort' || run.load.left >= drainsMax) {
      inner.abort();
      return;
    }
    run.load.left += 1;
    counted = true;
    deadline = deps.deadlines.add(drainMs, () => inner.abort());
  };
  if (left.aborted) leave();
  else left.addEventListener('abort', leave, { once: true });
  return {
    signal: inner.signal,
    end() {
      left.removeEventListener('abort', leave);
      if (counted) run.load.left -= 1;
      if (deadline !== null) deps.deadlines.remove(deadline);
    },
  };
}

/** What becomes of the row. Never throws: a row that cannot be written is lost by its lease. */
class Kept {
  readonly bytesMax: number;
  readonly #deps: OnceDeps;
  readonly #job: Job;

  constructor(job: Job, deps: OnceDeps) {
    this.#job = job;
    this.#deps = deps;
    this.bytesMax = job.run.bytesMax;
  }

  /** False where the answer is not kept. */
  async finish(response: Response, body: Uint8Array): Promise<boolean> {
    const headers: Record<string, string> = {};
    for (const [name, value] of response.headers) {
      if (KEPT_HEADERS.test(name) || OWN_HEADERS.test(name)) headers[name] = value;
    }
    return this.#keep({ status: response.status, headers, body });
  }

  forget(): Promise<boolean> {
    return this.#write(() => this.#deps.store.forget(this.#job.run.row.id));
  }

  lose(): Promise<boolean> {
    return this.#write(() => this.#deps.store.lose(this.#job.run.row.id));
  }

  /**
   * A refusal that is ours, or that may pass, leaves the key free. One of the vendor's that would
   * be the same again is kept. What was cut short may have been charged.
   */
  async refused(thrown: unknown, how: { one: Route; cut: boolean }): Promise<void> {
    const fault = toFault(thrown);
    if (how.cut || fault.code === 'internal_error') {
      await this.lose();
      return;
    }
    if (fault.blame !== 'vendor' || fault.retry || fault.status >= VENDOR_STATUS_MAX) {
      await this.forget();
      return;
    }
    const { request, requestId } = this.#job.visit;
    const body = Buffer.from(how.one.writeFault(fault, requestId, request));
    const headers = { 'content-type': 'application/json', 'x-should-retry': 'false' };
    await this.#keep({ status: fault.status, headers, body });
  }

  #keep(answer: KeptAnswer): Promise<boolean> {
    return this.#write(() => this.#deps.store.finish(this.#job.run.row.id, answer));
  }

  async #write(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      const request = this.#job.visit.requestId;
      this.#deps.log.error('the answer under an idempotency key is not kept', { request, error });
      return false;
    }
  }
}

interface Carried {
  readonly kept: Kept;
  readonly watch: Leaving;
  readonly ended: () => void;
  readonly visit: Visit;
}

/** Bytes up to a bound; beyond, none. */
class Copy {
  readonly #bytesMax: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isWhole(): boolean {
    return this.#bytes <= this.#bytesMax;
  }

  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.isWhole) this.#chunks.push(chunk);
    else this.#chunks = [];
  }
}

/** An answer that comes at once is in the store before it leaves. */
async function whole(response: Response, carried: Carried): Promise<Response> {
  const { kept, watch, ended, visit } = carried;
  try {
    // What the runtime holds already is not held a second time for being larger than the bound.
    const body = new Uint8Array(await response.arrayBuffer());
    const { status, headers } = response;
    const fits = body.length <= kept.bytesMax && !watch.signal.aborted;
    const isKept = fits && (await kept.finish(response, body));
    if (!fits) await kept.lose();
    if (!isKept) for (const [name, value] of Object.entries(NOT_KEPT)) headers.set(name, value);
    visit.letIdle();
    return new Response(body, { status, headers });
  } catch (thrown) {
    await kept.lose();
    throw thrown;
  } finally {
    ended();
  }
}

/** A stream goes through as it comes; it is in the store before it ends. */
function tee(response: Response, carried: Carried): Response {
  const { visit } = carried;
  const { signal: left } = visit.request;
  let carrying: Promise<void> | null = null;
  const start = (send: Send | null): Promise<void> => {
    carrying ??= carry(response, carried, send);
    return carrying;
  };
  // Who is gone before it asked for the body is carried on for as well.
  const carryOn = (): void => void start(null);
  if (left.aborted) carryOn();
  else left.addEventListener('abort', carryOn, { once: true });
  const source: Bun.DirectUnderlyingSource<Uint8Array> = {
    type: 'direct',
    async pull(controller) {
      await start((chunk) => {
        const written: unknown = controller.write(chunk);
        return written instanceof Promise ? written : undefined;
      });
      visit.letIdle();
      controller.close();
    },
  };
  const { status, headers } = response;
  return new Response(new ReadableStream(source), { status, headers });
}

type Send = (chunk: Uint8Array) => Promise<unknown> | undefined;

/** Never throws. */
async function carry(response: Response, carried: Carried, send: Send | null): Promise<void> {
  const { kept, watch, ended, visit } = carried;
  const { signal: left } = visit.request;
  const copy = new Copy(kept.bytesMax);
  const away = gone(left);
  try {
    for await (const chunk of response.body ?? []) {
      copy.add(chunk);
      if (send === null || left.aborted) continue;
      const slow = send(chunk);
      if (slow !== undefined) await Promise.race([slow, away]);
    }
    const body = Buffer.concat(copy.chunks);
    if (copy.isWhole && !watch.signal.aborted) await kept.finish(response, body);
    else await kept.lose();
  } catch {
    await kept.lose();
  } finally {
    ended();
  }
}

function gone(left: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (left.aborted) resolve();
    else left.addEventListener('abort', () => resolve(), { once: true });
  });
}
