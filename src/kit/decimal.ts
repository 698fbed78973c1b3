/** Decimals of others: read exactly, as whole numbers of billionths. */

const DECIMAL = /^([+-]?)(\d{1,18})?(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/;
const BILLIONTH_DIGITS = 9;
const TEN = 10n;

/** Rounded to the billionth, halves away from zero; thousands may be parted by commas. */
export function parseBillionths(text: string): bigint | undefined {
  const match = DECIMAL.exec(text.trim().replaceAll(',', ''));
  if (match === null) return undefined;
  const [, sign, units = '', fraction = '', exponent = '0'] = match;
  if (units === '' && fraction === '') return undefined;
  const digits = BigInt(units + fraction);
  const shift = BILLIONTH_DIGITS + Number(exponent) - fraction.length;
  let size = digits;
  if (shift >= 0) size *= TEN ** BigInt(shift);
  else {
    const divisor = TEN ** BigInt(-shift);
    size = (digits * 2n + divisor) / (divisor * 2n);
  }
  return sign === '-' ? -size : size;
}
