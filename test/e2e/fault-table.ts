/** Every fault of the sandbox: what the caller sees, the ledger says, the breaker does. */

/** One way to ask for one fault. */
export interface Outcome {
  /** `complete`; a status with a code; or the code of the event that ends a cut stream. */
  readonly see: string;
  /** State, end reason and source of the usage. */
  readonly ledger: string;
  /** Result of each attempt, in order. */
  readonly tries: readonly string[];
  /** What GET /readyz lists afterwards, and why. */
  readonly breaker: 'closed' | 'model down' | 'model refused' | 'upstream refused';
}

export interface FaultRow {
  readonly whole: Outcome;
  readonly stream: Outcome;
  /** Where Ark's own way to say it makes a difference. */
  readonly ark?: Outcome;
}

const COMPLETE: Outcome = {
  see: 'complete',
  ledger: 'charged complete vendor',
  tries: ['ok'],
  breaker: 'closed',
};

const complete = (...failed: string[]): Outcome => ({ ...COMPLETE, tries: [...failed, 'ok'] });

/** Refused before anything reached the caller; the last try decides. */
function refused(see: string, tries: readonly string[], breaker: Outcome['breaker']): Outcome {
  const ledger = see.startsWith('504') ? 'released timeout none' : 'released vendor_fault none';
  return { see, ledger, tries, breaker };
}

/** Asked three times, which is enough for the breaker of these tests. */
const down = (code: string): Outcome => refused(`502 ${code}`, [code, code, code], 'model down');
const timeout = refused('504 vendor_timeout', ['vendor_timeout'], 'closed');

/** A stream that broke after its first event: charged by what was streamed. */
function cut(code: string, ledger = 'charged vendor_cut estimate'): Outcome {
  return { see: `event ${code}`, ledger, tries: ['ok'], breaker: 'closed' };
}

const both = (outcome: Outcome): FaultRow => ({ whole: outcome, stream: outcome });

const UPSTREAM_REFUSED = refused(
  '502 vendor_refused_us',
  ['vendor_refused_us'],
  'upstream refused',
);
const BUSY_THRICE = refused(
  '429 vendor_busy, retry after 1',
  ['vendor_busy', 'vendor_busy', 'vendor_busy'],
  'closed',
);
const LEFT: Outcome = {
  see: 'left',
  ledger: 'charged caller_left estimate',
  tries: ['ok'],
  breaker: 'closed',
};

export const TABLE: Readonly<Record<string, FaultRow>> = {
  'sandbox-401': both(UPSTREAM_REFUSED),
  'sandbox-403-account': both(UPSTREAM_REFUSED),
  'sandbox-400': both(refused('400 vendor_rejected', ['vendor_rejected'], 'closed')),
  'sandbox-404': both(refused('502 vendor_refused_us', ['vendor_refused_us'], 'model refused')),
  // A wait that is longer than the setting allows is the caller's.
  'sandbox-429': both(refused('429 vendor_busy, retry after 1', ['vendor_busy'], 'closed')),
  'sandbox-429-long': both(refused('429 vendor_busy, retry after 120', ['vendor_busy'], 'closed')),
  'sandbox-500': both(down('vendor_error')),
  'sandbox-500-once': both(complete('vendor_error')),
  'sandbox-500-twice': both(complete('vendor_error', 'vendor_error')),
  'sandbox-503': { ...both(down('vendor_error')), ark: BUSY_THRICE },
  'sandbox-hang': both(timeout),
  'sandbox-hang-headers-sent': both(timeout),
  'sandbox-hang-middle': {
    whole: timeout,
    stream: cut('vendor_timeout', 'charged timeout estimate'),
  },
  'sandbox-cut-middle': { whole: down('vendor_cut'), stream: cut('vendor_cut') },
  'sandbox-cut-clean': { whole: down('vendor_malformed'), stream: cut('vendor_cut') },
  'sandbox-malformed': { whole: down('vendor_malformed'), stream: cut('vendor_malformed') },
  'sandbox-200-error': both(down('vendor_error')),
  'sandbox-error-middle': { whole: down('vendor_error'), stream: cut('vendor_error') },
  'sandbox-empty-choices': both(down('vendor_empty')),
  'sandbox-long-line': both(COMPLETE),
  'sandbox-utf8-split': both(COMPLETE),
  'sandbox-byte-by-byte': both(COMPLETE),
  'sandbox-crlf': both(COMPLETE),
  // Not streamed it takes longer than the time to the first byte.
  'sandbox-slow': { whole: timeout, stream: COMPLETE },
  'sandbox-html-502': both(down('vendor_error')),
  'sandbox-redirect': both(down('vendor_error')),
  'sandbox-no-usage': both({ ...COMPLETE, ledger: 'charged complete estimate' }),
  // Not streamed it is more than an answer may be; streamed, the caller of this test leaves.
  'sandbox-huge': { whole: down('vendor_malformed'), stream: LEFT },
  'sandbox-echo': both(COMPLETE),
  'sandbox-fast': both(COMPLETE),
};
