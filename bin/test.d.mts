/** Types of test.mjs, for its own test. */
export interface Row {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
}
export interface Run {
  /** Its exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly isTimedOut: boolean;
}
export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly why: readonly string[];
  readonly skips: readonly string[];
}
export function readJunit(xml: string): Row[];
export function judgeFile(run: Run, rows: readonly Row[]): Verdict;
