/** What the command line and the sandbox say about calls and money, checked for its shape. */
import { z } from 'zod';
import { type Gateway, until } from './gateway.ts';

/** A decimal of money as nano-units. */
export function nanos(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);

const ledgerCall = z.object({
  id: z.string(),
  requestId: z.string(),
  keyId: z.string(),
  model: z.string(),
  stream: z.boolean(),
  state: z.enum(['open', 'charged', 'released', 'unknown']),
  endReason: z.string().nullable(),
  fault: z.string().nullable(),
  usageSource: z.string().nullable(),
  upstream: z.string().nullable(),
  hold: decimal,
  charge: decimal,
  shortfall: decimal,
  evidence: z.string().nullable(),
  attempts: z.array(
    z.object({ upstream: z.string(), status: z.number().nullable(), result: z.string() }),
  ),
  inputTokens: z.number().default(0),
  outputTokens: z.number().default(0),
});
export type LedgerCall = z.output<typeof ledgerCall>;

const PAGE = 1_000;

/** Every call of the ledger, newest first. */
export async function ledgerCalls(gateway: Pick<Gateway, 'cli'>): Promise<LedgerCall[]> {
  const all: LedgerCall[] = [];
  for (;;) {
    const last = all.at(-1);
    const after = last === undefined ? [] : ['--after', last.id];
    const page = await gateway.cli('usage', 'calls', '--limit', String(PAGE), ...after);
    const rows = z.array(ledgerCall).parse(page);
    all.push(...rows);
    if (rows.length < PAGE) return all;
  }
}

/** The ledger once no call in it is open. */
export function settledCalls(gateway: Pick<Gateway, 'cli'>): Promise<LedgerCall[]> {
  return until(async () => {
    const calls = await ledgerCalls(gateway);
    return calls.some(({ state }) => state === 'open') ? undefined : calls;
  }, 'every call is settled');
}

const account = z.object({
  name: z.string(),
  balance: decimal,
  held: decimal,
  available: decimal.nullable(),
});

export async function showAccount(gateway: Pick<Gateway, 'cli'>, name: string) {
  return account.parse(await gateway.cli('accounts', 'show', name));
}

const books = z.object({
  balanced: z.boolean(),
  problems: z.array(z.string()),
  calls: z.number(),
  open_holds: z.number(),
  unknown: z.number(),
  charged: z.number(),
  released: z.number(),
  sum: decimal,
  charged_total: decimal,
});

export async function audit(gateway: Pick<Gateway, 'cli'>) {
  return books.parse(await gateway.cli('audit'));
}

const newKey = z.object({ id: z.string(), key: z.string() });

export async function createKey(gateway: Pick<Gateway, 'cli'>, ...flags: string[]) {
  return newKey.parse(await gateway.cli('keys', 'create', '--rpm', '0', ...flags));
}

const vendorCall = z.object({
  n: z.number(),
  vendor: z.string(),
  model: z.string(),
  stream: z.boolean(),
  client_request_id: z.string().nullable(),
  status: z.number(),
  chunks_sent: z.number(),
  chunks_total: z.number(),
  aborted: z.boolean(),
  usage: z.looseObject({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullable(),
  ended_ms: z.number().nullable(),
});
export type VendorCall = z.output<typeof vendorCall>;

const vendorPage = z.object({ calls: z.array(vendorCall), next: z.number(), last: z.number() });

/** Every chat call that the sandbox received. */
export async function vendorCalls(sandboxUrl: string): Promise<VendorCall[]> {
  const all: VendorCall[] = [];
  for (let after = 0; ; ) {
    const response = await fetch(`${sandboxUrl}/sandbox/calls?after=${after}&limit=10000`);
    const page = vendorPage.parse(await response.json());
    all.push(...page.calls);
    if (page.next >= page.last) return all;
    after = page.next;
  }
}

const stats = z.object({
  calls: z.number(),
  open: z.number(),
  open_max: z.number(),
  redirects_followed: z.number(),
});

export async function vendorStats(sandboxUrl: string) {
  return stats.parse(await (await fetch(`${sandboxUrl}/sandbox/stats`)).json());
}
