/** Money: bigint nano-units of the installation's currency. 1 yuan or dollar = 1_000_000_000. */

export const NANOS_PER_UNIT = 1_000_000_000n;
const NANO_DIGITS = 9;
const DECIMAL = /^(-?)(\d{1,15})(?:\.(\d{1,9}))?$/;

/** Reads a decimal such as "12.5"; undefined where it is not one, or finer than a nano-unit. */
export function parseMoney(text: string): bigint | undefined {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, units = '0', fraction = ''] = match;
  const nanos = BigInt(units) * NANOS_PER_UNIT + BigInt(fraction.padEnd(NANO_DIGITS, '0'));
  return sign === '-' ? -nanos : nanos;
}

/** Writes nano-units as a decimal without trailing zeros: 12.5, 0, -0.000000001. */
export function formatMoney(nanos: bigint): string {
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = (size % NANOS_PER_UNIT).toString().padStart(NANO_DIGITS, '0').replace(/0+$/, '');
  const units = (size / NANOS_PER_UNIT).toString();
  return fraction === '' ? sign + units : `${sign}${units}.${fraction}`;
}

/** `amount` × `numerator` / `denominator`, rounded up, so that no call is ever free by rounding. */
export function mulDivUp(amount: bigint, numerator: bigint, denominator: bigint): bigint {
  const product = amount * numerator;
  return (product + denominator - 1n) / denominator;
}
