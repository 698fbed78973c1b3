/** What an answer says beside its body. */
import type { Model } from '../catalog/shape.ts';
import { Fault } from '../kit/fault.ts';
import { limitHeaders } from '../limits/limits.ts';
import type { Call } from './call.ts';
import { structuredHeader } from './structured.ts';

/** Of a header; names of fields and types are the caller's own words, of any length. */
const HEADER_CHARS_MAX = 1_000;
const MS_PER_S = 1_000;

export function answerHeaders(call: Call): Record<string, string> {
  const headers = limitHeaders(call.admission);
  headers['x-gangway-call'] = call.hold.id;
  headers['x-request-id'] = call.input.requestId;
  if (call.dropped.length > 0) headers['x-gangway-dropped'] = headerText(call.dropped, ', ');
  if (call.warnings.length > 0) headers['x-gangway-warning'] = headerText(call.warnings, '; ');
  const structured = structuredHeader(call);
  if (structured !== null) headers['x-gangway-structured'] = structured;
  if (call.route.model.retires !== undefined) {
    Object.assign(headers, sunsetHeaders(call.route.model.retires));
  }
  return headers;
}

/** Headers carry printable ASCII only. */
function headerText(parts: readonly string[], between: string): string {
  const text = parts.join(between).replaceAll(/[^\x20-\x7e]/g, '?');
  if (text.length <= HEADER_CHARS_MAX) return text;
  return `${text.slice(0, HEADER_CHARS_MAX)}...`;
}

/** RFC 8594 and RFC 9745: the vendor ends this model on that day (YYYY-MM-DD). */
function sunsetHeaders(day: string): Record<string, string> {
  const endsMs = Date.parse(day);
  return { sunset: new Date(endsMs).toUTCString(), deprecation: `@${endsMs / MS_PER_S}` };
}

/** A refusal of a model that ends says so too: most often that is why. */
export function withSunset(fault: Fault, { retires }: Model): Fault {
  if (retires === undefined) return fault;
  const headers = { ...fault.detail.headers, ...sunsetHeaders(retires) };
  return new Fault(fault.code, { ...fault.detail, headers });
}
