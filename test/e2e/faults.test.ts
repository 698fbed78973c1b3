/** Every fault of the sandbox, streamed and not, in both formats in which it is served. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { z } from 'zod';
import {
  audit,
  type LedgerCall,
  nanos,
  settledCalls,
  type VendorCall,
  vendorCalls,
  vendorStats,
} from './books.ts';
import { faultCode, readAll, sendChat, tell } from './chat.ts';
import { type Outcome, TABLE } from './fault-table.ts';
import { cleanUp, type Gateway, runCli, startGateway } from './gateway.ts';

const YAML = `
timeouts: { first_byte_ms: 1500, idle_ms: 1500 }
retry: { count: 2, delay_ms: 10, retry_after_ms_max: 500 }
breaker: { failures: 3, window_ms: 60000, open_ms: 60000, refused_ms: 60000 }
drain: { drain_ms: 300 }
limits: { requests_per_minute: 0 }
`;
/** It needs the machine for itself to send 64 MB, so it goes last. */
const LAST = 'sandbox-huge';
/** How much of an endless answer is read. */
const HUGE_BYTES = 100_000;
/** Here the vendor writes more than the model's own maximum, which is what a hold covers. */
const BOUNDLESS = /sandbox-(huge|long-line)$/;
/** Nano-units a token, by the made-up price of the sandbox. */
const INPUT_NANOS = 1_000n;
const OUTPUT_NANOS = 2_000n;

const VENDORS = [
  { prefix: '', upstream: 'openai-compatible' },
  { prefix: 'ark/', upstream: 'ark' },
] as const;
type Place = (typeof VENDORS)[number];

interface Seen {
  readonly see: string;
  readonly breaker: Outcome['breaker'];
}

interface Run {
  readonly seen: ReadonlyMap<string, Seen>;
  readonly calls: ReadonlyMap<string, LedgerCall>;
  readonly vendor: readonly VendorCall[];
  readonly redirects: number;
  readonly balanced: boolean;
}

interface Ask {
  readonly gateway: Gateway;
  readonly place: Place;
  readonly fault: string;
  readonly stream: boolean;
}

const nameOf = ({ place, fault }: Pick<Ask, 'place' | 'fault'>) => `${place.upstream}:${fault}`;

async function look(ask: Ask): Promise<string> {
  const leaving = new AbortController();
  const { gateway, place, fault, stream } = ask;
  const response = await sendChat({
    url: gateway.url,
    key: gateway.key,
    model: place.prefix + fault,
    stream,
    headers: { 'x-request-id': nameOf(ask) },
    signal: leaving.signal,
  });
  if (fault === 'sandbox-huge' && stream) return leave(response, leaving);
  const { text, broken } = await readAll(response);
  if (broken) return 'broken connection';
  if (response.status !== 200) {
    const after = response.headers.get('retry-after');
    const wait = after === null ? '' : `, retry after ${after}`;
    return `${response.status} ${faultCode(text)}${wait}`;
  }
  return stream ? lookAtStream(text) : lookAtWhole(text);
}

/** Goes away from an answer without end. */
async function leave(response: Response, leaving: AbortController): Promise<string> {
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > HUGE_BYTES) break;
  }
  leaving.abort();
  return 'left';
}

function lookAtStream(text: string): string {
  const told = tell(text);
  if (told.done && told.fault !== null) return 'an end after an error';
  if (told.afterFault > 0) return 'events after an error';
  if (told.fault !== null) return `event ${told.fault}`;
  if (told.usage) return 'usage that nobody asked for';
  return told.done && told.finish === 'stop' && told.text !== '' ? 'complete' : 'no end';
}

const whole = z.object({
  choices: z.array(
    z.object({ message: z.object({ content: z.string().min(1) }), finish_reason: z.string() }),
  ),
  usage: z.object({ total_tokens: z.number() }).optional(),
});

function lookAtWhole(text: string): string {
  return whole.parse(JSON.parse(text)).choices.length === 1 ? 'complete' : 'no choice';
}

const readyz = z.object({
  upstreams: z.array(z.object({ name: z.string(), state: z.string(), cause: z.string() })),
});

async function breakerOf({ gateway, place, fault }: Ask): Promise<Outcome['breaker']> {
  const { upstreams } = readyz.parse(await (await fetch(`${gateway.url}/readyz`)).json());
  // Each fault has an upstream of its own, so that one cannot close the way to the others.
  const upstream = `${place.upstream}:${fault}`;
  const whole = upstreams.find(({ name }) => name === upstream);
  if (whole?.cause === 'refused') return 'upstream refused';
  const model = upstreams.find(({ name }) => name === `${upstream}|${fault}`);
  if (model === undefined) return 'closed';
  return model.cause === 'down' ? 'model down' : 'model refused';
}

async function runAll(gateway: Gateway, stream: boolean): Promise<Run> {
  const seen = new Map<string, Seen>();
  const one = async (ask: Ask): Promise<void> => {
    const see = await look(ask);
    seen.set(nameOf(ask), { see, breaker: await breakerOf(ask) });
  };
  const rest = Object.keys(TABLE).filter((fault) => fault !== LAST);
  await Promise.all(
    VENDORS.flatMap((place) => rest.map((fault) => one({ gateway, place, fault, stream }))),
  );
  for (const place of VENDORS) await one({ gateway, place, fault: LAST, stream });
  const calls = await settledCalls(gateway);
  const sandbox = await gateway.sandboxUrl();
  return {
    seen,
    calls: new Map(calls.map((call) => [call.requestId, call])),
    vendor: await vendorCalls(sandbox),
    redirects: (await vendorStats(sandbox)).redirects_followed,
    balanced: (await audit(gateway)).balanced,
  };
}

function outcomeOf(run: Run, name: string): Outcome {
  const call = run.calls.get(name);
  const seen = run.seen.get(name);
  if (call === undefined || seen === undefined) throw new Error(`${name} is in no ledger`);
  return {
    ...seen,
    ledger: `${call.state} ${call.endReason} ${call.usageSource}`,
    tries: call.attempts.map(({ result }) => result),
  };
}

const runs = new Map<boolean, Run>();
const runOf = (stream: boolean): Run => {
  const run = runs.get(stream);
  if (run === undefined) throw new Error('the faults were not run');
  return run;
};

beforeAll(async () => {
  for (const stream of [false, true]) {
    const gateway = await startGateway({ yaml: YAML });
    runs.set(stream, await runAll(gateway, stream));
    await gateway.stop();
  }
}, 60_000);
afterAll(cleanUp);

const ROWS = VENDORS.flatMap((place) =>
  Object.entries(TABLE).flatMap(([fault, row]) =>
    [false, true].map((stream) => ({ place, fault, row, stream, kind: stream ? 'streamed' : '' })),
  ),
);

describe('each fault: caller, ledger, breaker', () => {
  test.each(ROWS)('$place.upstream $fault $kind', ({ place, fault, row, stream }) => {
    const own = place.upstream === 'ark' ? row.ark : undefined;
    const expected = own ?? (stream ? row.stream : row.whole);
    expect(outcomeOf(runOf(stream), nameOf({ place, fault }))).toEqual(expected);
  });

  test('the table has every fault of the sandbox', async () => {
    const { code, out } = await runCli(['sandbox', '--list', '--json']);
    expect(code).toBe(0);
    const { faults } = z
      .object({ faults: z.array(z.object({ model: z.string() })) })
      .parse(JSON.parse(out));
    // Spoilt JSON is none where no JSON is asked for; structured.test.ts has those.
    const plain = faults.filter(({ model }) => !model.startsWith('sandbox-json-'));
    expect(plain.map(({ model }) => model).sort()).toEqual(Object.keys(TABLE).sort());
  });
});

describe.each([false, true])('the books after all faults, streamed: %p', (stream) => {
  test('balance', () => {
    expect(runOf(stream).balanced).toBe(true);
  });

  test('a call costs its quantities, and nothing where it was released', () => {
    for (const call of runOf(stream).calls.values()) {
      const cost =
        BigInt(call.inputTokens) * INPUT_NANOS + BigInt(call.outputTokens) * OUTPUT_NANOS;
      expect([call.requestId, nanos(call.charge)]).toEqual([call.requestId, cost]);
      if (call.state === 'released') expect(cost).toBe(0n);
      else expect(cost).toBeGreaterThan(0n);
      if (!BOUNDLESS.test(call.model)) {
        expect(nanos(call.charge)).toBeLessThanOrEqual(nanos(call.hold));
      }
      expect(call.evidence === null).toBe(call.usageSource !== 'estimate');
    }
  });

  test('what the vendor counted is what was charged', () => {
    const { calls, vendor } = runOf(stream);
    let compared = 0;
    for (const call of calls.values()) {
      if (call.usageSource !== 'vendor') continue;
      const sent = vendor.filter((each) => each.client_request_id === call.id);
      const usage = sent.at(-1)?.usage;
      expect([call.requestId, call.inputTokens, call.outputTokens]).toEqual([
        call.requestId,
        usage?.prompt_tokens ?? -1,
        usage?.completion_tokens ?? -1,
      ]);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(15);
  });

  test('the vendor was asked as often as the ledger says, and no redirect was followed', () => {
    const { calls, vendor, redirects } = runOf(stream);
    for (const call of calls.values()) {
      const asked = vendor.filter((each) => each.client_request_id === call.id).length;
      expect([call.requestId, asked]).toEqual([call.requestId, call.attempts.length]);
    }
    expect(vendor.length).toBe(
      [...calls.values()].reduce((sum, { attempts }) => sum + attempts.length, 0),
    );
    expect(redirects).toBe(0);
  });
});
