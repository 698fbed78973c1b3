/** What an answer says beside its body. */
import type { Model } from '../catalog/shape.ts';
import { Fault } from '../kit/fault.ts';
import { limitHeaders } from '../limits/limits.ts';
import type { Call } from './call.ts';

const WARNING_CHARS_MAX = 1_000;
const MS_PER_S = 1_000;

export function answerHeaders(call: Call): Record<string, string> {
  const headers = limitHeaders(call.admission);
  headers['x-gangway-call'] = call.hold.id;
  headers['x-request-id'] = call.input.requestId;
  if (call.dropped.length > 0) headers['x-gangway-dropped'] = call.dropped.join(', ');
  if (call.warnings.length > 0) headers['x-gangway-warning'] = headerText(call.warnings);
  if (call.route.model.retires !== undefined) {
    Object.assign(headers, sunsetHeaders(call.route.model.retires));
  }
  return headers;
}

/** Headers carry printable ASCII only. */
function headerText(warnings: readonly string[]): string {
  return warnings
    .join('; ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, WARNING_CHARS_MAX);
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
