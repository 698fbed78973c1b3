/** The command line of the bench. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BareLevel } from './bare.ts';
import type { PeerName } from './peers.ts';
import { PEERS } from './peers.ts';

export const JOBS = [
  'unit',
  'stream',
  'flood',
  'credentials',
  'saturation',
  'memory',
  'disconnect',
  'soak',
] as const;
export type JobName = (typeof JOBS)[number];

const DEFAULT_STREAMS = 20_000;
const QUICK_STREAMS = 600;
const DEFAULT_ABORT = 0.3;

export const HELP = `usage: bun bench/main.ts [JOB...] [options]

jobs (default: all, which is every one but soak)
  unit        cost of a call at 1, 10 and 100 KB, lock-step on one core (the headline)
  stream      cost of one SSE chunk, the same way
  flood       cost of refusing a call with an unknown key, the same way
  credentials what it costs to know a caller by key, access token and signature
  saturation  most calls per second, latency and time to first content, in quiet windows
  memory      per open stream (1,000 and 5,000), idle, and the time of a cold start
  disconnect  what the vendor still sends after the caller has gone
  soak        many streams, some aborted: does memory come back?

options
  --quick           short runs, to try the bench out; never quote them
  --level L         only L0, L1 or L2 besides direct and nginx (repeatable)
  --peers A,B       ${PEERS.join(', ')}: installed pinned into a temporary directory
  --json FILE       default bench/results/latest.json
  --core N          core of client, mock and lock-step gateways (default 0)
  --gateway-core N  core of the gateway in the other jobs (default 1)
  --streams N       soak: number of streams (default ${DEFAULT_STREAMS})
  --abort SHARE     soak: share that the caller leaves early (default ${DEFAULT_ABORT})
  --stand-in        a stand-in instead of the product, to test the bench itself
`;

export type OwnLevel = BareLevel | 'L2';

export interface Options {
  readonly jobs: ReadonlySet<JobName>;
  readonly quick: boolean;
  readonly levels: ReadonlySet<OwnLevel>;
  readonly peers: readonly PeerName[];
  readonly json: string;
  readonly core: number;
  readonly gatewayCore: number;
  readonly streams: number;
  readonly abortShare: number;
  readonly standIn: boolean;
}

const LEVELS: readonly OwnLevel[] = ['L0', 'L1', 'L2'];

/** The names in `words`, each of which must be one of `allowed`. */
function pick<T extends string>(words: readonly string[], allowed: readonly T[]): T[] {
  return words.map((word) => {
    const found = allowed.find((one) => one === word);
    if (!found) throw new Error(`'${word}' is not one of ${allowed.join(', ')}`);
    return found;
  });
}

function numberOf(text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`'${text}' is not a number`);
  return value;
}

/** Undefined when help was asked for. */
export function readOptions(words: readonly string[], root: string): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      level: { type: 'string', multiple: true },
      peers: { type: 'string' },
      json: { type: 'string' },
      core: { type: 'string' },
      'gateway-core': { type: 'string' },
      streams: { type: 'string' },
      abort: { type: 'string' },
      'stand-in': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const asked = positionals.length > 0 ? positionals : ['all'];
  const every = JOBS.filter((name) => name !== 'soak');
  const jobs = asked.flatMap((word) => (word === 'all' ? every : pick([word], JOBS)));
  return {
    jobs: new Set(jobs),
    quick: values.quick,
    levels: new Set(values.level ? pick(values.level, LEVELS) : LEVELS),
    peers: values.peers ? pick(values.peers.split(','), PEERS) : [],
    json: values.json ?? join(root, 'bench', 'results', 'latest.json'),
    core: numberOf(values.core, 0),
    gatewayCore: numberOf(values['gateway-core'], 1),
    streams: numberOf(values.streams, values.quick ? QUICK_STREAMS : DEFAULT_STREAMS),
    abortShare: numberOf(values.abort, DEFAULT_ABORT),
    standIn: values['stand-in'],
  };
}
