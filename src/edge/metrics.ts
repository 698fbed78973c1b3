/** Prometheus metrics of calls, by model and upstream; never by key, which has no bound. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Observer } from '../relay/call.ts';

const SECONDS = [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const MS_PER_S = 1_000;

export interface Metrics {
  readonly observer: Observer;
  /** Counts an answer that was a fault. */
  fault(code: string): void;
  text(): Promise<string>;
}

export function makeMetrics(liveCalls: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const calls = new Counter({
    name: 'gangway_calls_total',
    help: 'Calls that ended, by how they ended.',
    labelNames: ['model', 'upstream', 'reason'],
    registers,
  });
  const tokens = new Counter({
    name: 'gangway_tokens_total',
    help: 'Tokens as charged.',
    labelNames: ['model', 'upstream', 'direction'],
    registers,
  });
  const seconds = new Histogram({
    name: 'gangway_call_duration_seconds',
    help: 'From the request to its last byte.',
    labelNames: ['model'],
    buckets: SECONDS,
    registers,
  });
  const firstByte = new Histogram({
    name: 'gangway_time_to_first_byte_seconds',
    help: "From the request to the vendor's first byte.",
    labelNames: ['model'],
    buckets: SECONDS,
    registers,
  });
  const faults = new Counter({
    name: 'gangway_faults_total',
    help: 'Answers that were faults, by code.',
    labelNames: ['code'],
    registers,
  });
  new Gauge({
    name: 'gangway_open_calls',
    help: 'Calls that live now.',
    registers,
    collect() {
      this.set(liveCalls());
    },
  });
  new Gauge({
    name: 'gangway_resident_memory_bytes',
    help: 'Resident memory of the process.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  return {
    observer: {
      callEnded(call, row) {
        const { model } = call.hold;
        const upstream = row.upstream ?? 'none';
        calls.inc({ model, upstream, reason: row.endReason });
        seconds.observe({ model }, row.totalMs / MS_PER_S);
        if (row.firstByteMs !== null) firstByte.observe({ model }, row.firstByteMs / MS_PER_S);
        if (row.quantities === null) return;
        tokens.inc({ model, upstream, direction: 'input' }, row.quantities.inputTokens);
        tokens.inc({ model, upstream, direction: 'output' }, row.quantities.outputTokens);
      },
    },
    fault: (code) => faults.inc({ code }),
    text: () => registry.metrics(),
  };
}
