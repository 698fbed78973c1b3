/** Exports of vendors, read whatever they call their columns. */
import { describe, expect, test } from 'bun:test';
import { billFormatOf, GENERIC } from '../../src/catalog/bills/index.ts';
import { readBill } from '../../src/catalog/bills/read.ts';
import { parseBillionths } from '../../src/kit/decimal.ts';

const NOTHING = {
  ...{ amount: null, currency: null, calls: null, tokens: null },
  ...{ inputTokens: null, outputTokens: null, cachedInputTokens: null },
};

describe('plain columns', () => {
  test('are read by name, in any order, with a mark, blanks, empty lines and quotes', () => {
    const text =
      '\uFEFFmodel, amount ,day,input_tokens,currency,note\r\n' +
      '"a, ""b""","1,234.5",2026-11-01,1000,usd,x\r\n\r\nc,-0.5,20261102,,,\r\n';
    const { rows, errors } = readBill(text, GENERIC);
    expect(errors).toEqual([]);
    expect(rows).toEqual([
      {
        ...NOTHING,
        ...{ day: '2026-11-01', model: 'a, "b"', amount: 1_234_500_000_000n, currency: 'USD' },
        inputTokens: 1_000n,
      },
      { ...NOTHING, day: '2026-11-02', model: 'c', amount: -500_000_000n },
    ]);
  });

  test('rows that cannot be read are named by line, the others count', () => {
    const text =
      'day,model,amount\n' +
      '2026-11-01,a,1\n' +
      '2026-02-30,a,1\n' +
      'yesterday,a,1\n' +
      '2026-11-01,a,one\n' +
      '2026-11-01,a\n' +
      '2026-11-02,a,2\n';
    const { rows, errors } = readBill(text, GENERIC);
    expect(rows.map(({ day }) => day)).toEqual(['2026-11-01', '2026-11-02']);
    expect(errors.map(({ line }) => line)).toEqual([3, 4, 5, 6]);
    expect(errors[0]?.why).toBe('"2026-02-30" is no day');
    expect(errors[2]?.why).toBe('amount: "one" is no number');
  });

  test('tabs and semicolons part cells as well', () => {
    for (const sign of ['\t', ';']) {
      const text = `day${sign}model${sign}calls\n2026-11-01${sign}a,b${sign}3\n`;
      expect(readBill(text, GENERIC).rows).toEqual([
        { ...NOTHING, day: '2026-11-01', model: 'a,b', calls: 3n },
      ]);
    }
  });

  test('a file without days, or with nothing to compare, is refused with what it has', () => {
    expect(() => readBill('model,amount\na,1\n', GENERIC)).toThrow(
      /day, date.*It has: model, amount/,
    );
    expect(() => readBill('day,model\n2026-11-01,a\n', GENERIC)).toThrow('neither amounts');
    expect(() => readBill('', GENERIC)).toThrow('It has: no rows');
  });
});

describe('the formats of vendors', () => {
  test('OpenAI: activity, by UTC days', () => {
    const text =
      'start_time\tend_time\tstart_time_iso\tend_time_iso\tproject_id\tnum_model_requests\t' +
      'model\tinput_tokens\toutput_tokens\tinput_cached_tokens\n' +
      '1759622400\t1759708800\t2025-10-05T00:00:00+00:00\t2025-10-06T00:00:00+00:00\tp\t3\t' +
      'gpt-5-mini-2025-08-07\t1200\t340\t1000\n' +
      '1759968000\t1760054400\t2025-10-09T00:00:00+00:00\t2025-10-10T00:00:00+00:00\t\t\t\t\t\t\n';
    expect(readBill(text, billFormatOf('openai'))).toEqual({
      rows: [
        {
          ...{ ...NOTHING, day: '2025-10-05', model: 'gpt-5-mini-2025-08-07', calls: 3n },
          ...{ inputTokens: 1_200n, outputTokens: 340n, cachedInputTokens: 1_000n },
          currency: 'USD',
        },
      ],
      errors: [],
    });
  });

  test('OpenAI: costs, by line item or as one sum a day', () => {
    const head =
      'start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item\n';
    const span = '1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00';
    const row = (amount: string, item: string) => `${span},${amount},usd,${item}\n`;
    const text =
      head + row('0.8958740000000000', '"gpt-5-mini-2025-08-07, input"') + row('0.1', '');
    const { rows } = readBill(text, billFormatOf('openai'));
    expect(rows.map(({ model, amount, currency }) => [model, amount, currency])).toEqual([
      ['gpt-5-mini-2025-08-07', 895_874_000n, 'USD'],
      [null, 100_000_000n, 'USD'],
    ]);
  });

  test('Ark: split bills, thousands of tokens, by days of UTC+8', () => {
    const text =
      'BillPeriod,BillingDate,Product,SplitItemID,SplitItemName,Currency,OriginalBillAmount,' +
      'PayableAmount,Count,Unit\n' +
      '2026-05,2026-05-15,ark_bd,ep-20260101-abc,chat,CNY,123.45,113.45,1234.567,千tokens\n' +
      '2026-05,2026-05-15,ark_bd,ep-20260101-abc,chat,CNY,2,2,5,张\n';
    const { rows, errors } = readBill(text, billFormatOf('ark'));
    expect(errors).toEqual([]);
    expect(rows).toEqual([
      {
        ...{ ...NOTHING, day: '2026-05-15', model: 'ep-20260101-abc', currency: 'CNY' },
        ...{ amount: 113_450_000_000n, tokens: 1_234_567n },
      },
      {
        ...{ ...NOTHING, day: '2026-05-15', model: 'ep-20260101-abc', currency: 'CNY' },
        amount: 2_000_000_000n,
      },
    ]);
    const late = 'BillingDate,SplitItemID,Count,Unit\n2026-05-15T20:00:00Z,a,1,千tokens\n';
    expect(readBill(late, billFormatOf('ark')).rows[0]?.day).toBe('2026-05-16');
  });

  test('each says where it is from, and what nobody has seen', () => {
    for (const vendor of ['ark', 'openai']) {
      const { docs, checked, unverified } = billFormatOf(vendor);
      expect(docs.length).toBeGreaterThan(0);
      expect(checked).toMatch(/^2026-\d\d-\d\d$/);
      expect(unverified).not.toBe('');
    }
    expect(billFormatOf('groq')).toBe(GENERIC);
  });
});

test('decimals of others are read exactly', () => {
  const read = [
    ['1', 1_000_000_000n],
    ['-0.1', -100_000_000n],
    ['.5', 500_000_000n],
    ['1e-6', 1_000n],
    ['1.5E3', 1_500_000_000_000n],
    ['0.0000000005', 1n],
    ['0.00000000049', 0n],
    ['123,456.7', 123_456_700_000_000n],
  ] as const;
  for (const [text, value] of read) expect([text, parseBillionths(text)]).toEqual([text, value]);
  for (const bad of ['', '.', 'x', '1.2.3', '--1', '1e', '0x1', 'NaN']) {
    expect([bad, parseBillionths(bad)]).toEqual([bad, undefined]);
  }
});
