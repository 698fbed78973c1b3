/** Prometheus metrics of calls, by model and upstream; never by key, which has no bound. */
import { Counters, type Histogram, Histograms, type Sum, writeGauge } from '../kit/prometheus.ts';
import type { Observer } from '../relay/call.ts';
import type { SettlementEvent } from '../relay/settlements.ts';

/** Upper bounds of the buckets, seconds. */
const SECONDS = [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300] as const;
const MS_PER_S = 1_000;

/** Models and upstreams whose series are at hand; others are looked up each time. */
const SERIES_COUNT_MAX = 2_000;

/** What most calls feed. */
interface Series {
  readonly complete: Sum;
  readonly input: Sum;
  readonly output: Sum;
  readonly seconds: Histogram;
  readonly firstByte: Histogram;
}

export interface Metrics {
  readonly observer: Observer;
  /** Counts an answer that was a fault. */
  fault(code: string): void;
  settlement(event: SettlementEvent): void;
  text(): string;
}

/** What is asked when the metrics are. */
export interface Gauges {
  readonly openCalls: () => number;
  readonly unsettledCalls: () => number;
}

export function makeMetrics(gauges: Gauges): Metrics {
  const books = makeBooks();
  const settlements = new Counters(
    'gangway_settlement_failures_total',
    'Ends of calls that the books refused for now, or that were given up.',
    ['event'],
  );
  const faults = new Counters('gangway_faults_total', 'Answers that were faults.', ['code']);
  return {
    observer: {
      callEnded(call, row) {
        const { model } = call.hold;
        const upstream = row.upstream ?? 'none';
        const of = books.seriesOf(model, upstream);
        if (row.endReason === 'complete') of.complete.value += 1;
        else books.calls.of([model, upstream, row.endReason]).value += 1;
        of.seconds.observe(row.totalMs / MS_PER_S);
        if (row.firstByteMs !== null) of.firstByte.observe(row.firstByteMs / MS_PER_S);
        if (row.quantities === null) return;
        of.input.value += row.quantities.inputTokens;
        of.output.value += row.quantities.outputTokens;
      },
    },
    fault: (code) => {
      faults.of([code]).value += 1;
    },
    settlement: (event) => {
      settlements.of([event]).value += 1;
    },
    text: () =>
      [
        books.text(),
        faults.text(),
        settlements.text(),
        writeGauge('gangway_open_calls', 'Calls that live now.', gauges.openCalls()),
        writeGauge(
          'gangway_unsettled_calls',
          'Calls that ended and whose end is not in the books yet.',
          gauges.unsettledCalls(),
        ),
        writeGauge(
          'gangway_resident_memory_bytes',
          'Resident memory of the process.',
          process.memoryUsage.rss(),
        ),
      ].join(''),
  };
}

/** The metrics of calls, and the series that most of them feed, looked up once. */
function makeBooks() {
  const calls = new Counters('gangway_calls_total', 'Calls that ended, by how they ended.', [
    'model',
    'upstream',
    'reason',
  ]);
  const tokens = new Counters('gangway_tokens_total', 'Tokens as charged.', [
    'model',
    'upstream',
    'direction',
  ]);
  const duration = 'gangway_call_duration_seconds';
  const seconds = new Histograms(
    { name: duration, help: 'From the request to its last byte.' },
    'model',
    SECONDS,
  );
  const wait = 'gangway_time_to_first_byte_seconds';
  const firstByte = new Histograms(
    { name: wait, help: "From the request to the vendor's first byte." },
    'model',
    SECONDS,
  );
  const series = new Map<string, Series>();
  const seriesOf = (model: string, upstream: string): Series => {
    const name = `${model}\u0000${upstream}`;
    const known = series.get(name);
    if (known !== undefined) return known;
    const fresh: Series = {
      complete: calls.of([model, upstream, 'complete']),
      input: tokens.of([model, upstream, 'input']),
      output: tokens.of([model, upstream, 'output']),
      seconds: seconds.of(model),
      firstByte: firstByte.of(model),
    };
    if (series.size < SERIES_COUNT_MAX) series.set(name, fresh);
    return fresh;
  };
  const text = () => calls.text() + tokens.text() + seconds.text() + firstByte.text();
  return { calls, seriesOf, text };
}
