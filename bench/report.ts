/** The result as a table for people; the JSON beside it holds everything. */
import type { NotServed } from './contestant.ts';
import type { CredentialResult } from './credentials.ts';
import type { DisconnectRow, SoakRow } from './disconnect.ts';
import type { ColdResult, MemoryRow } from './memory.ts';
import type { Latency, SaturationRow } from './saturation.ts';
import type { UnitCell, UnitResult } from './unit.ts';

export interface Results {
  unit?: UnitResult[];
  stream?: UnitResult[];
  flood?: UnitResult[];
  credentials?: CredentialResult;
  saturation?: SaturationRow[];
  memory?: MemoryRow[];
  coldStart?: ColdResult;
  disconnect?: DisconnectRow[];
  soak?: SoakRow[];
  notServed: NotServed[];
}

const NO_DATA = 'no data';
const PERCENT = 100;

type Value = string | number | null | undefined;

const show = (value: Value): string =>
  value === null || value === undefined ? NO_DATA : String(value);

/** Columns as wide as their widest cell; the first one to the left, numbers to the right. */
function table(title: string, head: readonly string[], rows: readonly (readonly Value[])[]) {
  const cells = [head, ...rows.map((row) => row.map(show))];
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[0] ?? 0)));
  return [`\n${title}`, ...cells.map((row) => `  ${line(row).join('  ')}`)].join('\n');
}

function unitTable(result: UnitResult): string {
  const head = [
    '',
    'level',
    result.unit,
    'x nginx',
    'passes apart',
    'CPU µs',
    'CPU x',
    'idle %',
    'steal %',
  ];
  const mean = (values: number[]) =>
    values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : Number.NaN;
  const cpuOf = (cell: UnitCell | undefined) =>
    mean(cell?.samples.map((sample) => sample.cpuUs) ?? []);
  const yard = cpuOf(result.cells.find((cell) => cell.level === 'nginx'));
  const rows = result.cells.map((cell) => {
    const of = (pick: (sample: (typeof cell.samples)[number]) => number, digits = 0) =>
      cell.samples.length ? mean(cell.samples.map(pick)).toFixed(digits) : NO_DATA;
    const apart = cell.spread === null ? null : `${Math.round(cell.spread * PERCENT)} %`;
    const isDirect = cell.level === 'direct';
    return [
      cell.name,
      cell.level,
      cell.us === null ? null : cell.us.toFixed(1),
      isDirect ? '-' : cell.ratio,
      apart,
      isDirect ? '-' : of((sample) => sample.cpuUs, 1),
      isDirect || !(cpuOf(cell) / yard > 0) ? '-' : (cpuOf(cell) / yard).toFixed(2),
      of((sample) => sample.idlePct),
      of((sample) => sample.stealPct),
    ];
  });
  const what = result.subtractsDirect
    ? 'over direct, p10; direct itself absolute'
    : 'absolute, p10';
  const notes = [
    ...result.cells.filter((cell) => cell.noData).map((cell) => `${cell.name}: ${cell.noData}`),
    ...result.voidedRuns.map((why) => `void run, ${why}`),
  ];
  const text = table(`${result.job} (${what})`, head, rows);
  return [text, ...notes.map((note) => `    ${note}`)].join('\n');
}

function latencyCells(name: string, at: Latency): Value[] {
  return [
    name,
    at.perSecond,
    at.p50Ms,
    at.p99Ms,
    at.addedP50Ms,
    at.addedP99Ms,
    at.generatorLateP99Ms,
    at.stealPct,
    at.keptWindows,
    at.noData ?? '',
  ];
}

function saturationTables(rows: readonly SaturationRow[]): string {
  const ceiling = table(
    'ceiling, 32 connections, 1 KB prompt, gateway on a core of its own',
    ['', 'level', 'req/s', 'CPU µs', 'load %', 'gw %', 'steal %', 'windows', 'why not'],
    rows.map(({ name, level, ceiling: at }) => [
      name,
      level,
      at.perSecond,
      at.cpuUsPerRequest === 0 ? '-' : at.cpuUsPerRequest,
      at.loadCoreBusyPct,
      at.gatewayCoreBusyPct,
      at.stealPct,
      at.keptWindows,
      at.noData ?? '',
    ]),
  );
  const latency = table(
    'latency, open loop, from the intended time, ms (added = over direct in the same run)',
    ['', 'req/s', 'p50', 'p99', '+p50', '+p99', 'late p99', 'steal %', 'windows', 'why not'],
    rows.flatMap((row) => row.latency.map((at) => latencyCells(row.name, at))),
  );
  const ttft = table(
    'time to first content, pairs in turns, ms',
    ['', 'direct p50', 'added p50', 'added p99', 'steal %', 'pairs', 'why not'],
    rows.flatMap(({ name, ttft: at }) =>
      at
        ? [
            [
              name,
              at.directP50Ms,
              at.addedP50Ms,
              at.addedP99Ms,
              at.stealPct,
              at.keptPairs,
              at.noData ?? '',
            ],
          ]
        : [],
    ),
  );
  return [ceiling, latency, ttft].join('\n');
}

function memoryTables(rows: readonly MemoryRow[], cold: ColdResult | undefined): string {
  const counts = rows[0]?.points.map((point) => point.streams) ?? [];
  const text = table(
    'resident memory (MB; KB per open stream; failures must be 0)',
    [
      ...['', 'level', 'idle', 'warm'],
      ...counts.flatMap((n) => [`KB at ${n}`, 'failures']),
      ...['after', 'left open', 'why not'],
    ],
    rows.map((row) => [
      ...[row.name, row.level, row.idleMb, row.warmMb],
      ...row.points.flatMap((point) => [point.kbPerStream, point.failures]),
      ...[row.afterMb, row.leftOpen],
      row.points
        .map((point) => point.noData ?? '')
        .join(' ')
        .trim(),
    ]),
  );
  if (!cold) return text;
  const runs = `runs ${cold.runsMs.join(', ')} ms, by ${cold.startedBy || '-'}`;
  const ms = cold.medianMs === null ? `${NO_DATA} (${cold.noData})` : `${cold.medianMs} ms`;
  return `${text}\n\ncold start to first answer: ${ms}; ${runs}`;
}

const disconnectTable = (rows: readonly DisconnectRow[]): string =>
  table(
    'disconnect after 3 chunks, one chunk every 50 ms',
    ['', 'level', 'chunks after', 'most', 'in all', 'noticed ms', 'never', 'runs', 'why not'],
    rows.map((row) => [
      ...[row.name, row.level, row.chunksAfterMedian, row.chunksAfterMost],
      ...[row.chunksInAllMedian, row.noticedMsMedian, row.neverNoticed, row.runs],
      row.noData ?? '',
    ]),
  );

function soakTable(rows: readonly SoakRow[]): string {
  const text = table(
    'soak (MB resident)',
    [
      ...['', 'streams', 'aborted', 'failures', 's', 'start', 'plateau'],
      ...['last third', 'end', 'end - plateau', 'left open'],
    ],
    rows.map((row) => [
      ...[row.name, row.streams, row.aborted, row.failures, row.seconds, row.startMb],
      ...[row.plateauMb, row.lastThirdMb, row.endMb, row.endMinusPlateauMb, row.leftOpen],
    ]),
  );
  const notes = rows.flatMap((row) => [
    ...(row.firstFailure ? [`    ${row.name}: first failure: ${row.firstFailure}`] : []),
    ...(row.books === '-' ? [] : [`    ${row.name}: books: ${row.books}`]),
  ]);
  return [text, ...notes].join('\n');
}

function credentialTables({ checks, calls }: CredentialResult): string {
  const alone = table(
    'to know a caller, the check alone, in process, p10',
    ['', 'µs', 'checks/s'],
    checks.map((row) => [row.name, row.us, row.perSecond]),
  );
  const whole = table(
    'calls that ask no vendor, lock-step, absolute, p10 (client included)',
    ['', 'µs/request', 'CPU µs', 'steal %', 'why not'],
    calls.map((row) => [row.name, row.us, row.cpuUs, row.stealPct, row.noData ?? '']),
  );
  return [alone, whole].join('\n');
}

export function render(results: Results): string {
  const parts: string[] = [];
  for (const list of [results.unit, results.stream, results.flood]) {
    for (const result of list ?? []) parts.push(unitTable(result));
  }
  if (results.credentials) parts.push(credentialTables(results.credentials));
  if (results.saturation) parts.push(saturationTables(results.saturation));
  if (results.memory) parts.push(memoryTables(results.memory, results.coldStart));
  if (results.disconnect) parts.push(disconnectTable(results.disconnect));
  if (results.soak) parts.push(soakTable(results.soak));
  for (const one of results.notServed) {
    parts.push(`\n${one.name}: ${NO_DATA}, not served: ${one.evidence}`);
  }
  return parts.join('\n');
}
