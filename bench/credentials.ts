/**
 * What it costs to know a caller: a key, an access token, a signature. First the check alone, in
 * this process; then whole calls that ask no vendor, so that only the caller's proof differs.
 */
import { makeSignedAccess, mintAccessKey } from '../src/access/access-keys.ts';
import { mintApp } from '../src/access/apps.ts';
import { makeAccess, mintKey } from '../src/access/keys.ts';
import { makeTokens } from '../src/access/tokens.ts';
import { systemClock } from '../src/kit/clock.ts';
import { makeSealer } from '../src/kit/seal.ts';
import { makeSigner } from '../src/kit/signed.ts';
import { openSqlite } from '../src/storage/sqlite/store.ts';
import { sign } from '../test/suites/signer.ts';
import type { Contestant } from './contestant.ts';
import type { Job, Sample } from './lockstep.ts';
import { measureRequests } from './lockstep.ts';
import { SHAPES } from './payloads.ts';
import { quantile, round } from './stats.ts';
import { nowUs } from './sys.ts';

const BATCHES = 200;
const CHECKS_A_BATCH = 2_000;
const WARM_CHECKS = 20_000;
const P10 = 0.1;
const US_PER_S = 1_000_000;
const KEYS = 10_000;
const ACCOUNT = 'default';

export interface CheckRow {
  readonly name: string;
  /** µs a check, p10 over batches; null: could not be measured. */
  readonly us: number | null;
  readonly perSecond: number | null;
}

export interface ProofRow {
  readonly name: string;
  readonly us: number | null;
  readonly cpuUs: number | null;
  readonly stealPct: number | null;
  readonly noData?: string;
}

export interface CredentialResult {
  readonly checks: readonly CheckRow[];
  readonly calls: readonly ProofRow[];
}

/** How a contestant's callers prove who they are, each by a request that it answers with 200. */
export interface Proof {
  readonly name: string;
  readonly request: Buffer;
}

type Check = () => unknown;

async function timeChecks(name: string, check: Check): Promise<CheckRow> {
  for (let n = 0; n < WARM_CHECKS; n++) await check();
  const samples: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const from = nowUs();
    for (let n = 0; n < CHECKS_A_BATCH; n++) {
      const known = check();
      if (known instanceof Promise) await known;
    }
    samples.push((nowUs() - from) / CHECKS_A_BATCH);
  }
  const us = quantile(samples, P10);
  return { name, us: round(us), perSecond: Math.round(US_PER_S / us) };
}

/** The product's own code on a database of its own, with as many keys as the other jobs have. */
async function checkAlone(dir: string): Promise<CheckRow[]> {
  const store = await openSqlite({ dir, sync: 'interval' });
  const clock = systemClock;
  const nowMs = clock.nowMs();
  const secret = new Uint8Array(32).fill(7);
  const tokens = makeTokens({ apps: store.apps, signer: makeSigner(secret), clock });
  const sealer = makeSealer(secret);
  const minted = Array.from({ length: KEYS }, (_, n) =>
    mintKey({ accountId: ACCOUNT, name: `key ${n}`, role: 'caller' }, nowMs),
  );
  await store.keys.insert(minted.map(({ row }) => row));
  const app = mintApp(
    { accountId: ACCOUNT, name: 'app', callbackDomain: 'a.test', scenario: 's', contract: null },
    nowMs,
  );
  await store.apps.insert(app.row);
  const pair = mintAccessKey(ACCOUNT, sealer, nowMs);
  await store.accessKeys.insert(pair.row);
  const access = makeAccess(store.keys, clock, [tokens]);
  const signers = makeSignedAccess({ pairs: store.accessKeys, sealer, clock });
  const key = minted[Math.floor(KEYS / 2)]?.secret ?? '';
  const token = await tokens.issue(app.apiKey, app.apiSecret);
  const parts = signedParts({ accessKeyId: pair.row.id, secret: pair.secret });
  try {
    return [
      await timeChecks('key', () => access.identify(key)),
      await timeChecks('access token', () => access.identify(token)),
      await timeChecks('signature', () => signers.identify(parts)),
    ];
  } finally {
    await store.close();
  }
}

const QUERY = 'Action=ListEndpoints&Version=2024-01-01';

function signedParts(pair: { readonly accessKeyId: string; readonly secret: string }) {
  const headers = new Headers(sign({ ...pair, url: `http://127.0.0.1/?${QUERY}`, body: '{}' }));
  headers.set('host', '127.0.0.1');
  return {
    method: 'POST',
    path: '/',
    query: QUERY,
    header: (name: string) => headers.get(name),
    body: Buffer.from('{}'),
  };
}

/** One request, measured by itself. */
export async function callRow(job: Job, to: Contestant, proof: Proof): Promise<ProofRow> {
  const [shape] = SHAPES;
  if (shape === undefined) throw new Error('no shape to take connections from');
  try {
    const plan = { shape, accept: [200], request: proof.request };
    const sample: Sample = await measureRequests(job, to, plan);
    const { p10Us, cpuUs } = sample;
    const stealPct = round(sample.stealPct);
    return { name: proof.name, us: round(p10Us), cpuUs: round(cpuUs), stealPct };
  } catch (error) {
    const noData = error instanceof Error ? error.message : String(error);
    return { name: proof.name, us: null, cpuUs: null, stealPct: null, noData };
  }
}

export async function credentialsJob(
  job: Job,
  all: readonly Contestant[],
  dir: string,
): Promise<CredentialResult> {
  const checks = await checkAlone(dir);
  const calls: ProofRow[] = [];
  for (const to of all) {
    for (const proof of (await to.proofs?.()) ?? []) calls.push(await callRow(job, to, proof));
  }
  return { checks, calls };
}
