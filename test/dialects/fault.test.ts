/** Every fault: its status, whose mend it is, whether to retry, and its words on the wire. */
import { describe, expect, test } from 'bun:test';
import { writeFault, writeFaultEvent } from '../../src/dialects/openai-chat/fault.ts';
import { FAULTS, Fault, type FaultCode, toFault } from '../../src/kit/fault.ts';
import { splitEvents } from '../../src/kit/sse.ts';

const REQUEST = 'invalid_request_error';
const AUTH = 'authentication_error';
const PERMISSION = 'permission_error';
const LIMIT = 'rate_limit_error';
const MONEY = 'insufficient_quota';
const SERVER = 'server_error';

type Row = readonly [fault: Fault, status: number, retry: boolean, type: string];

const CALLER: readonly Row[] = [
  [new Fault('missing_api_key'), 401, false, AUTH],
  [new Fault('invalid_api_key'), 401, false, AUTH],
  [new Fault('invalid_access_token'), 401, false, AUTH],
  [new Fault('invalid_signed_token'), 401, false, AUTH],
  [new Fault('signed_token_early'), 401, false, AUTH],
  [new Fault('signed_token_expired'), 401, false, AUTH],
  [new Fault('key_disabled'), 401, false, AUTH],
  [new Fault('key_expired'), 401, false, AUTH],
  [new Fault('operator_only'), 403, false, PERMISSION],
  [new Fault('address_not_allowed'), 403, false, PERMISSION],
  [new Fault('model_not_allowed'), 403, false, PERMISSION],
  [new Fault('invalid_json'), 400, false, REQUEST],
  [new Fault('json_too_deep'), 400, false, REQUEST],
  [new Fault('invalid_request'), 400, false, REQUEST],
  [new Fault('invalid_schema'), 400, false, REQUEST],
  [new Fault('unknown_parameter'), 400, false, REQUEST],
  [new Fault('unsupported_parameter'), 400, false, REQUEST],
  [new Fault('invalid_parameter'), 422, false, REQUEST],
  [new Fault('no_price'), 400, false, REQUEST],
  [new Fault('not_found'), 404, false, REQUEST],
  [new Fault('model_not_found'), 404, false, REQUEST],
  [new Fault('wrong_model_kind'), 400, false, REQUEST],
  [new Fault('endpoint_stopped'), 400, false, REQUEST],
  [new Fault('endpoint_running'), 403, false, PERMISSION],
  [new Fault('endpoint_limit_exceeded'), 403, false, PERMISSION],
  [new Fault('missing_signature'), 400, false, REQUEST],
  [new Fault('invalid_authorization'), 400, false, REQUEST],
  [new Fault('invalid_credential'), 400, false, REQUEST],
  [new Fault('invalid_timestamp'), 400, false, REQUEST],
  [new Fault('invalid_access_key'), 401, false, AUTH],
  [new Fault('invalid_security_token'), 401, false, AUTH],
  [new Fault('signature_mismatch'), 401, false, AUTH],
  [new Fault('signature_replayed'), 429, true, LIMIT],
  [new Fault('unknown_action'), 404, false, REQUEST],
  [new Fault('missing_parameter'), 400, false, REQUEST],
  [new Fault('wrong_parameter'), 400, false, REQUEST],
  [new Fault('resource_not_found'), 404, false, REQUEST],
  [new Fault('cancel_unsupported'), 409, false, REQUEST],
  [new Fault('task_ended'), 409, false, REQUEST],
  [new Fault('task_open'), 409, false, REQUEST],
  [new Fault('task_limit_exceeded'), 429, true, LIMIT],
  [new Fault('result_gone'), 410, false, REQUEST],
  [new Fault('public_url_needed'), 400, false, REQUEST],
  [new Fault('webhook_refused'), 400, false, REQUEST],
  [new Fault('method_not_allowed'), 405, false, REQUEST],
  [new Fault('idempotency_mismatch'), 409, false, REQUEST],
  [new Fault('idempotency_in_progress'), 409, true, REQUEST],
  [new Fault('idempotency_no_answer'), 409, false, REQUEST],
  [new Fault('idempotency_limit_exceeded'), 429, true, LIMIT],
  [new Fault('body_too_slow'), 408, true, REQUEST],
  [new Fault('body_too_large'), 413, false, REQUEST],
  [new Fault('unsupported_media_type'), 415, false, REQUEST],
  [new Fault('https_required'), 426, false, REQUEST],
  [new Fault('header_too_large'), 431, false, REQUEST],
  [new Fault('insufficient_balance'), 402, false, MONEY],
  [new Fault('budget_exceeded'), 402, false, MONEY],
  [new Fault('rate_limit_exceeded'), 429, true, LIMIT],
  [new Fault('token_limit_exceeded'), 429, true, LIMIT],
  [new Fault('concurrency_limit_exceeded'), 429, true, LIMIT],
  [new Fault('address_limit_exceeded'), 429, true, LIMIT],
];

const VENDOR: readonly Row[] = [
  [new Fault('vendor_rejected'), 400, false, REQUEST],
  [new Fault('structured_output_failed'), 422, false, SERVER],
  [new Fault('task_running'), 424, false, SERVER],
  [new Fault('vendor_busy'), 429, true, LIMIT],
  [new Fault('vendor_error'), 502, true, SERVER],
  [new Fault('vendor_malformed'), 502, true, SERVER],
  [new Fault('vendor_empty'), 502, true, SERVER],
  [new Fault('vendor_cut'), 502, true, SERVER],
  [new Fault('vendor_refused_us'), 502, false, SERVER],
  [new Fault('vendor_unreachable'), 502, true, SERVER],
  [new Fault('vendor_timeout'), 504, true, SERVER],
];

const GATEWAY: readonly Row[] = [
  [new Fault('no_upstream'), 503, true, SERVER],
  [new Fault('credential_unavailable'), 503, true, SERVER],
  [new Fault('overloaded'), 503, true, SERVER],
  [new Fault('shutting_down'), 503, true, SERVER],
  [new Fault('storage_unavailable'), 503, true, SERVER],
  [new Fault('counters_unavailable'), 503, true, SERVER],
  [new Fault('internal_error'), 500, true, SERVER],
];

const ALL = [...CALLER, ...VENDOR, ...GATEWAY];

describe('the table of faults', () => {
  test('is here row by row', () => {
    const known = ALL.map(([fault]) => fault.code);
    expect([...known].sort()).toEqual(Object.keys(FAULTS).sort() as FaultCode[]);
    expect(new Set(known).size).toBe(known.length);
  });

  test.each(ALL.map((row) => [row[0].code, row] as const))('%s', (_, row) => {
    const [fault, status, retry, type] = row;
    const { words } = FAULTS[fault.code];
    expect([fault.status, fault.retry]).toEqual([status, retry]);
    const blames = { caller: CALLER, vendor: VENDOR, gateway: GATEWAY };
    expect(blames[fault.blame].some(([other]) => other === fault)).toBeTrue();
    expect(fault.message).toBe(words);
    expect(fault.message).toMatch(/^[A-Z].*\.$/);
    expect(JSON.parse(writeFault(fault, 'req_1'))).toEqual({
      code: fault.code,
      message: words,
      request_id: 'req_1',
      error: { message: words, type, param: null, code: fault.code },
    });
    expect(Object.isFrozen(FAULTS[fault.code])).toBeTrue();
  });

  test('nobody but the caller is told 401, 402, 403 or to pay', () => {
    for (const [{ code }, status, , type] of [...VENDOR, ...GATEWAY]) {
      expect([code, [401, 402, 403].includes(status)]).toEqual([code, false]);
      expect([AUTH, MONEY, PERMISSION]).not.toContain(type);
    }
  });
});

describe('a fault with detail', () => {
  const fault = new Fault('vendor_rejected', {
    message: 'No "such" voice\nhere.',
    param: 'voice',
    vendorCode: 'InvalidParameter',
    status: 422,
  });

  test('says it', () => {
    expect(fault.status).toBe(422);
    expect(JSON.parse(writeFault(fault, 'r'))).toMatchObject({
      code: 'vendor_rejected',
      message: 'No "such" voice\nhere.',
      error: { param: 'voice', code: 'InvalidParameter', message: 'No "such" voice\nhere.' },
    });
  });

  test('is one event, with no [DONE]', () => {
    const events = splitEvents(writeFaultEvent(fault, 'r'));
    expect(events.length).toBe(1);
    expect(JSON.parse(events[0]?.data ?? '')).toEqual(JSON.parse(writeFault(fault, 'r')));
  });
});

test('what is no fault becomes one that says nothing of itself', () => {
  const fault = toFault(new Error('password is hunter2'));
  expect(fault.code).toBe('internal_error');
  expect(writeFault(fault, 'r')).not.toContain('hunter2');
  expect(toFault(fault)).toBe(fault);
});
