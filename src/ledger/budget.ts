/** A budget that does not cover a call, in words. */
import { formatMoney } from '../kit/money.ts';
import type { BudgetRefusal } from '../storage/ports.ts';

const WHOSE = Object.freeze({ key: 'API key', account: 'account' });
const PERIODS = Object.freeze({ total: '', month: ' for this month', day: ' for this day' });

/** Which budget it is, its limit, what is left, and when it starts anew. */
export function explainRefusal(refusal: BudgetRefusal): string {
  const { scope, period, unit, resetsMs } = refusal;
  const write = (amount: bigint): string =>
    unit === 'money' ? formatMoney(amount) : `${amount} tokens`;
  const head = `The ${WHOSE[scope]} has a budget of ${write(refusal.limit)}${PERIODS[period]}`;
  const rest = `of which ${write(refusal.left)} is left`;
  const call = `this call may use ${write(refusal.asked)}`;
  const reset = resetsMs === null ? '' : ` It starts anew at ${new Date(resetsMs).toISOString()}.`;
  return `${head}, ${rest}; ${call}.${reset}`;
}
