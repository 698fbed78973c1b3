import type { BillFormat } from './shape.ts';

/** Bills of Volcengine: the fields of ListBillDetail and ListSplitBillDetail. */
export const ARK: BillFormat = {
  docs: [
    'https://www.volcengine.com/docs/6269/1127494',
    'https://docs.byteplus.com/en/docs/byteplus-platform/ListBillDetail',
    'https://github.com/volcengine/ark-cli (skills/arkcli-billing/references)',
  ],
  checked: '2026-11-26',
  unverified:
    'The Chinese heads are those of the console’s own CSV as its pages name the fields; ' +
    'no such file was at hand.',
  utcOffsetHours: 8,
  day: ['BillingDate', 'ExpenseDate', '账单日期', '消费日期', '日期'],
  model: ['SplitItemID', 'InstanceNo', 'SplitItemName', 'InstanceName', '分拆项ID', '实例ID'],
  amount: ['PayableAmount', 'DiscountBillAmount', '应付金额', '折后价'],
  currency: ['Currency', '币种'],
  currencyDefault: 'CNY',
  calls: [],
  inputTokens: [],
  outputTokens: [],
  cachedInputTokens: [],
  count: ['Count', '用量'],
  unit: ['Unit', '用量单位', '单位'],
  tokensPerUnit: { 千tokens: 1_000, 百万tokens: 1_000_000, tokens: 1, token: 1 },
};
