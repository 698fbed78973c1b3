/** What goes wrong, under one name. */

/** `code` says what: a code of docs/faults.md, or one of docs/client.md. */
export class GangwayError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{status?: number, requestId?: string, body?: unknown, cause?: unknown}} [detail]
   */
  constructor(code, message, detail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'GangwayError';
    this.code = code;
    this.status = detail.status ?? null;
    this.requestId = detail.requestId ?? null;
    this.body = detail.body ?? null;
  }
}

/** @param {unknown} value */
export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fault that a parsed answer or event carries; null where it carries none. */
export function faultIn(body, detail = {}) {
  if (!isObject(body)) return null;
  const inner = isObject(body.error) ? body.error : null;
  // Numbers stand there in good answers of some vendors.
  const own = typeof body.code === 'string' ? body.code : undefined;
  const code = own ?? inner?.code ?? inner?.type ?? (inner ? 'error' : undefined);
  if (code === undefined || code === null) return null;
  const message = body.message ?? inner?.message ?? String(code);
  const requestId = body.request_id ?? detail.requestId;
  return new GangwayError(String(code), String(message), { ...detail, requestId, body });
}

/** JSON.parse that answers undefined for what is not JSON. */
export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
