/** Which errors of the database pass, and so are worth another try. */

/** Of the operating system, when the server is not there. */
const NETWORK: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOENT'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ERR_SOCKET_CLOSED'],
]);
/**
 * SQLSTATE. 08: the connection; 53: too many connections, no space; 57P: it stops or starts;
 * 25006: it became a standby; 25P03: it ended a transaction that stood still; 58: the disk.
 */
const AWAY = /^(08...|53...|57P0.|25006|25P0[34]|58...)$/;
/** A transaction that lost against another one, or waited too long: the connection is good. */
const LOST = /^(40001|40P01|55P03|57014)$/;
/** The same row was written by another, or by an earlier try: the next one sees it. */
const TWICE = '23505';
/** The driver's own, which carry no code. */
const DRIVER = /terminated|timeout|not queryable|connection error|socket|closed/i;

/** A transaction that must see what another one wrote. */
export class RaceLost extends Error {
  override readonly name = 'RaceLost';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** True where the same words may succeed later: the database is away, or another was faster. */
export function isPassing(error: unknown): boolean {
  if (isRaceLost(error) || error instanceof RaceLost) return true;
  const code = codeOf(error);
  if (code !== '') return NETWORK.has(code) || AWAY.test(code);
  return error instanceof Error && error.name === 'Error' && DRIVER.test(error.message);
}

export function isWrittenTwice(error: unknown): boolean {
  return codeOf(error) === TWICE;
}

/** True where the transaction must be rolled back, and the connection can stay. */
export function isRaceLost(error: unknown): boolean {
  return LOST.test(codeOf(error));
}
