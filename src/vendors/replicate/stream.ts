/** A prediction's stream: text as the vendor says it, files when they are where our links lead. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { NativeView, StreamEvent } from '../native.ts';

const LINK = /^(https?:\/\/|data:)/;

/** Where the vendor streams a prediction; null where its model does not. */
export function streamOf({ urls }: JsonObject): string | null {
  return isObject(urls) && typeof urls.stream === 'string' ? urls.stream : null;
}

/** How it ended is told by the prediction itself. */
export function event({ name, data }: StreamEvent): 'pass' | 'hold' | 'end' {
  if (name === 'done' || name === 'error') return 'end';
  return name === 'output' && !LINK.test(data) ? 'pass' : 'hold';
}

export function end({ state, body, error }: NativeView, sent: string): readonly StreamEvent[] {
  if (state === 'failed') {
    return [{ name: 'error', data: error?.message ?? 'The prediction failed.' }, done('error')];
  }
  if (state !== 'succeeded') return [done('canceled')];
  const all = itemsOf(body?.output ?? null);
  const text = all.filter((one) => !LINK.test(one)).join('');
  const rest = text.startsWith(sent) ? text.slice(sent.length) : '';
  const more = [...(rest === '' ? [] : [rest]), ...all.filter((one) => LINK.test(one))];
  return [...more.map((data) => ({ name: 'output', data })), done(null)];
}

function done(reason: string | null): StreamEvent {
  return { name: 'done', data: JSON.stringify(reason === null ? {} : { reason }) };
}

function itemsOf(output: Json): readonly string[] {
  if (output === null) return [];
  const all = Array.isArray(output) ? (output as readonly Json[]) : [output];
  return all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
}
