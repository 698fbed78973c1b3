/** Vendors that do what a script says, on the simulated clock. */
import {
  type Outbound,
  OutboundError,
  type OutboundErrorKind,
  type OutboundReply,
  type OutboundRequest,
} from '../../src/kit/fetch.ts';
import type { SimClock } from '../suites/sim-clock.ts';

export type Act =
  | { readonly bytes: string }
  | { readonly waitMs: number }
  | { readonly fail: OutboundErrorKind };

export interface Script {
  /** Before the status comes; Infinity: it never does. */
  readonly afterMs?: number;
  /** Instead of an answer. */
  readonly fail?: OutboundErrorKind;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the body does; then it ends. */
  readonly acts?: readonly Act[];
}

export const HANG: Act = { waitMs: Number.POSITIVE_INFINITY };

export class SimVendors {
  readonly asked: OutboundRequest[] = [];
  /** Bodies that were let go of before their end. */
  closed = 0;
  reads = 0;
  readonly #clock: SimClock;
  readonly #events: string[];
  readonly #scripts: Map<string, Script[]>;

  constructor(clock: SimClock, events: string[], scripts: Record<string, Script[]>) {
    this.#clock = clock;
    this.#events = events;
    this.#scripts = new Map(Object.entries(scripts).map(([name, list]) => [name, [...list]]));
  }

  readonly outbound: Outbound = async (request) => {
    const name = new URL(request.url).hostname.replace(/\.test$/, '');
    this.#events.push(`ask ${name}`);
    this.asked.push(request);
    const list = this.#scripts.get(name) ?? [];
    // The last script goes on for good.
    const script = (list.length > 1 ? list.shift() : list[0]) ?? { status: 500 };
    await this.wait(script.afterMs ?? 0, request.signal);
    if (script.fail !== undefined) throw new OutboundError(script.fail, null);
    return new SimReply(script, request.signal, this);
  };

  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(new OutboundError('aborted', null));
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(new OutboundError('aborted', null));
      signal.addEventListener('abort', stop, { once: true });
      if (ms !== Number.POSITIVE_INFINITY) void this.#clock.sleep(ms).then(resolve);
    });
  }
}

class SimReply implements OutboundReply {
  readonly status: number;
  readonly #script: Script;
  readonly #signal: AbortSignal;
  readonly #vendors: SimVendors;
  #at = 0;

  constructor(script: Script, signal: AbortSignal, vendors: SimVendors) {
    this.status = script.status ?? 200;
    this.#script = script;
    this.#signal = signal;
    this.#vendors = vendors;
  }

  header(name: string): string | null {
    return this.#script.headers?.[name] ?? null;
  }

  async text(bytesMax: number): Promise<string> {
    let text = '';
    for (let next = await this.read(); next !== null; next = await this.read()) {
      text += Buffer.from(next).toString('utf8');
      if (text.length > bytesMax) throw new OutboundError('too_large', null);
    }
    return text;
  }

  async read(): Promise<Uint8Array | null> {
    this.#vendors.reads += 1;
    for (;;) {
      await this.#vendors.wait(0, this.#signal);
      const act = this.#script.acts?.[this.#at];
      if (act === undefined) return null;
      this.#at += 1;
      if ('bytes' in act) return Buffer.from(act.bytes, 'latin1');
      if ('fail' in act) throw new OutboundError(act.fail, null);
      await this.#vendors.wait(act.waitMs, this.#signal);
    }
  }

  close(): void {
    this.#vendors.closed += 1;
  }
}

const USAGE = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };

/** A good whole answer: 100 tokens in, 10 out. */
export function whole(more: Partial<Script> = {}): Script {
  const message = { role: 'assistant', content: 'hello' };
  const body = { choices: [{ index: 0, message, finish_reason: 'stop' }], usage: USAGE };
  return { acts: [{ bytes: JSON.stringify(body) }], ...more };
}

export function refuse(status: number, code: string, headers?: Record<string, string>): Script {
  const body = JSON.stringify({ error: { message: `no: ${code}`, code } });
  return { status, acts: [{ bytes: body }], ...(headers === undefined ? {} : { headers }) };
}

const event = (body: object): string => `data: ${JSON.stringify(body)}\n\n`;

/** A chunk with eight bytes of text: two tokens by estimate. */
export const CHUNK = event({ choices: [{ index: 0, delta: { content: '12345678' } }] });
export const STOP = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
export const COUNTED = event({ choices: [], usage: USAGE });
export const DONE = 'data: [DONE]\n\n';

/** A stream of these events, so many milliseconds apart. */
export function stream(events: readonly string[], apartMs = 100): Script {
  const acts = events.flatMap((bytes): Act[] => [{ waitMs: apartMs }, { bytes }]);
  return { headers: { 'content-type': 'text/event-stream' }, acts };
}

export const GOOD_STREAM = [CHUNK, CHUNK, CHUNK, STOP, COUNTED, DONE];
