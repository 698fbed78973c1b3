/** What the rooms of tasks/ are given. */
import type { Clock } from '../kit/clock.ts';
import type { Outbound } from '../kit/fetch.ts';
import type { Log } from '../kit/log.ts';
import type { Ledger, TaskRow, Tasks } from '../storage/ports.ts';
import type { JobOutput } from '../vendors/long.ts';
import type { SignAsk } from '../vendors/shape.ts';
import type { Hints } from './callbacks.ts';
import type { TaskDoc } from './doc.ts';
import type { HandedDeps } from './handed.ts';
import type { TaskRoutes, TaskUpstream } from './routes.ts';

/** More headers for this request, where the upstream's own are not enough. */
export type Prove = (
  upstream: TaskUpstream,
  ask: Omit<SignAsk, 'credential' | 'nowMs'>,
) => null | Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

/** Exceptions to what the vendors' data say of who is charged for a failure. */
export interface Refunds {
  /** Vendors that charge for some failures, and whose callers do not. */
  readonly always: readonly string[];
  /** Vendors that charge for inputs which they refuse, and whose callers do so too. */
  readonly notRefused: readonly string[];
}

export interface TaskSettings {
  /** Our own address as vendors see it; null: they cannot call back. */
  readonly publicUrl: string | null;
  /** Longest wait for the vendor to take a job before the caller is answered. */
  readonly submitWaitMs: number;
  readonly connectMs: number;
  readonly requestMs: number;
  /** Open tasks of one account. */
  readonly openMax: number;
  /** After so long a job that the vendor does not list never arrived. */
  readonly sureAfterMs: number;
  /** What becomes of a job whose result was in an answer that was lost. */
  readonly lostAnswer: 'refund' | 'charge' | 'review';
  /** Of the vendors' pace. */
  readonly pacePercent: number;
  /** The currency of all money here. */
  readonly currency: string;
  /** For tasks that say nothing of their own; null: they may take for ever. */
  readonly deadlineMs: number | null;
  /**
   * Who pays for a job that its deadline ended: the operator always, or only for one that never
   * began or was stopped.
   */
  readonly timeoutRefund: 'always' | 'stopped';
  /** Within it a creation that a client sends anew makes no second task; 0: it does. */
  readonly retryWindowMs: number;
  /** Vendors by whether their charges for failures are passed on. */
  readonly refunds: Refunds;
}

/** What whoever copies results may ask of whoever holds the task. */
export interface Holding {
  /** False where somebody else holds it by now. */
  readonly renew: () => Promise<boolean>;
  /** Asks the vendor for its links once more; null where it has none. */
  readonly relink: () => Promise<readonly JobOutput[] | null>;
}

/** Takes the results of a job into our keeping; answers the document with what it got. */
export type Keep = (
  task: Pick<TaskRow, 'id' | 'accountId' | 'upstream'> & { readonly doc: TaskDoc },
  holding: Holding,
) => Promise<TaskDoc>;

export interface TaskDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly outbound: Outbound;
  readonly prove: Prove;
  readonly routes: TaskRoutes;
  readonly tasks: Tasks;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly settings: TaskSettings;
  readonly hints: Hints;
  /** null: results stay where the vendor put them. */
  readonly keep: Keep | null;
  /** Files of ours that jobs may name; null: none are kept. */
  readonly handed: HandedDeps | null;
  /** A task was saved: for those who wait for it, and for webhooks. */
  readonly changed: (id: string) => void;
}
