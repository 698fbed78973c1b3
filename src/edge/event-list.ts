/** A stream of events as one JSON list that grows, for clients that ask for no events. */
import { asBuffer, splitEvents } from '../kit/sse.ts';
import type { Sink } from '../relay/call.ts';
import type { Tapped } from './relayed.ts';

/** Bytes of whole events in; their data out, as members of the list. */
export function listEvents(sink: Sink): Tapped {
  let isEmpty = true;
  return {
    write(bytes) {
      const text = typeof bytes === 'string' ? bytes : asBuffer(bytes).toString('utf8');
      let out = '';
      for (const { data } of splitEvents(text)) {
        if (data === null) continue;
        out += (isEmpty ? '[' : ',\r\n') + data;
        isEmpty = false;
      }
      return out === '' ? undefined : sink.write(out);
    },
    end: () => sink.write(isEmpty ? '[]' : ']'),
  };
}
