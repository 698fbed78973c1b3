/** Jobs of pretended vendors: when each was begun says what it is by now. */
import type { JsonObject } from '../../src/kit/json.ts';
import { nowMs, pause } from '../clock.ts';

/** How long a job takes unless the program is told otherwise: a short one of a real vendor. */
export const JOB_MS = 20_000;
/** Part of that time that it waits in a queue. */
const QUEUED_PART = 0.2;
const MINUTE_MS = 60_000;
/** How long links to results live unless the program is told otherwise: as each vendor says. */
const LINK_LIVES_MS: Readonly<Record<string, number>> = {
  bfl: 10 * MINUTE_MS,
  replicate: 60 * MINUTE_MS,
  'volc-visual': 60 * MINUTE_MS,
  kling: 30 * 1_440 * MINUTE_MS,
};
const LINK_LIFE_MS = 1_440 * MINUTE_MS;
const JOBS_MAX = 50_000;
const CALLBACK_TRIES = 3;
const CALLBACK_TIMEOUT_MS = 5_000;

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface FakeJob {
  readonly vendor: string;
  readonly id: string;
  readonly createdMs: number;
  readonly request: JsonObject;
  readonly prompt: string;
  readonly seed: number;
  readonly seconds: number;
  cancelledMs: number | null;
}

/** What a prompt can ask for, wherever it stands in it. */
export const PROMPTS: readonly { readonly word: string; readonly what: string }[] = [
  { word: 'sandbox-refuse', what: 'the input is refused by moderation' },
  { word: 'sandbox-moderate', what: 'the result is refused by moderation' },
  { word: 'sandbox-fail', what: 'the job fails' },
  { word: 'sandbox-balance', what: 'our account is out of money' },
  { word: 'sandbox-busy', what: 'too many jobs at once' },
  { word: 'sandbox-lost-answer', what: 'the job begins, and the answer is a 5xx' },
  { word: 'sandbox-no-answer', what: 'the job begins, and the connection breaks' },
  { word: 'sandbox-broken', what: 'a 500, and no job' },
  { word: 'sandbox-slow', what: 'takes ten times as long' },
  { word: 'sandbox-dead-link', what: 'the link of the result is dead at once' },
];

export class Jobs {
  readonly #jobs = new Map<string, FakeJob>();
  readonly jobMs: number;
  readonly linkLifeMs: number | undefined;
  #made = 0;

  constructor(jobMs: number, linkLifeMs?: number) {
    this.jobMs = jobMs;
    this.linkLifeMs = linkLifeMs;
  }

  add(vendor: string, id: string, request: JsonObject & { prompt: string }): FakeJob {
    this.#made += 1;
    const { prompt, ...rest } = request;
    const seconds = typeof rest.seconds === 'number' ? rest.seconds : 5;
    const job: FakeJob = {
      vendor,
      id,
      createdMs: nowMs(),
      request: rest,
      prompt,
      seed: this.#made,
      seconds,
      cancelledMs: null,
    };
    if (this.#jobs.size >= JOBS_MAX) this.#jobs.delete(this.#jobs.keys().next().value ?? '');
    this.#jobs.set(id, job);
    return job;
  }

  find(vendor: string, id: string): FakeJob | undefined {
    const job = this.#jobs.get(id);
    return job?.vendor === vendor ? job : undefined;
  }

  remove(id: string): void {
    this.#jobs.delete(id);
  }

  /** Newest first. */
  list(vendor: string | null): readonly FakeJob[] {
    const all = [...this.#jobs.values()].reverse();
    return vendor === null ? all : all.filter((job) => job.vendor === vendor);
  }

  clear(): void {
    this.#jobs.clear();
  }

  timeOf(job: FakeJob): number {
    if (job.request.atOnce === true) return 0;
    return this.jobMs * (job.prompt.includes('sandbox-slow') ? 10 : 1);
  }

  stateOf(job: FakeJob): JobState {
    if (job.cancelledMs !== null) return 'cancelled';
    const age = nowMs() - job.createdMs;
    const whole = this.timeOf(job);
    if (age < whole * QUEUED_PART) return 'queued';
    if (age < whole) return 'running';
    return /sandbox-(fail|moderate)/.test(job.prompt) ? 'failed' : 'succeeded';
  }

  /** Percent of its time that is over; a hundred only when it is done. */
  progressOf(job: FakeJob): number {
    const whole = this.timeOf(job);
    if (this.stateOf(job) === 'succeeded' || whole === 0) return 100;
    const running = (nowMs() - job.createdMs) / whole - QUEUED_PART;
    return Math.min(99, Math.max(0, Math.floor((running / (1 - QUEUED_PART)) * 100)));
  }

  updatedMs(job: FakeJob): number {
    const whole = this.timeOf(job);
    const at = { queued: 0, running: whole * QUEUED_PART, succeeded: whole, failed: whole };
    const state = this.stateOf(job);
    return state === 'cancelled' ? (job.cancelledMs ?? 0) : job.createdMs + at[state];
  }

  isLinkAlive(job: FakeJob): boolean {
    if (job.prompt.includes('sandbox-dead-link')) return false;
    const lifeMs = this.linkLifeMs ?? LINK_LIVES_MS[job.vendor] ?? LINK_LIFE_MS;
    return nowMs() - job.createdMs < this.timeOf(job) + lifeMs;
  }

  /** Tells `url` of every state, as vendors do: a few tries each, then never again. */
  async tell(job: FakeJob, url: string, body: () => unknown): Promise<void> {
    let told: JobState | null = null;
    for (;;) {
      const state = this.stateOf(job);
      if (state !== told) {
        told = state;
        await post(url, JSON.stringify(body()));
      }
      if (state !== 'queued' && state !== 'running') return;
      const next = state === 'queued' ? this.timeOf(job) * QUEUED_PART : this.timeOf(job);
      await pause(Math.max(10, job.createdMs + next - nowMs()));
    }
  }
}

async function post(url: string, body: string): Promise<void> {
  for (let tries = 0; tries < CALLBACK_TRIES; tries += 1) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
        signal: AbortSignal.timeout(CALLBACK_TIMEOUT_MS),
      });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch {
      // Nobody is there: once more, as a vendor would.
    }
    await pause(200 * 2 ** tries);
  }
}
