/** Request bodies: bounded in size and in time. */
import type { Deadlines } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';

export interface BodyLimits {
  readonly bytesMax: number;
  /** From the end of the headers to the last byte of the body. */
  readonly timeMs: number;
}

/** What a room needs to read bodies. */
export interface BodyReader {
  readonly bodyLimits: BodyLimits;
  readonly deadlines: Deadlines;
}

export interface Body {
  readonly text: string;
  readonly bytes: number;
}

/** The whole body as text. Faults: `body_too_large`, `body_too_slow`, `unsupported_media_type`. */
export function readBody(
  request: Request,
  limits: BodyLimits,
  deadlines: Deadlines,
): Promise<Body> {
  const length = checkHead(request, limits);
  const read =
    length === null
      ? readUnmeasured(request, limits.bytesMax)
      : request.text().then((text) => ({ text, bytes: length }));
  return within(read, limits, deadlines);
}

/** The whole body, byte for byte. Faults as of readBody. */
export function readBytes(
  request: Request,
  limits: BodyLimits,
  deadlines: Deadlines,
): Promise<Uint8Array> {
  checkHead(request, limits);
  return within(collect(request, limits.bytesMax), limits, deadlines);
}

/** The whole body of a form, byte for byte. Faults as of readBody. */
export function readRaw(
  request: Request,
  limits: BodyLimits,
  deadlines: Deadlines,
): Promise<Uint8Array> {
  const length = Number(request.headers.get('content-length') ?? 0);
  if (length > limits.bytesMax) throw tooLarge(limits.bytesMax);
  return within(collect(request, limits.bytesMax), limits, deadlines);
}

/** The length that the caller says; null where the body is chunked. */
function checkHead(request: Request, limits: BodyLimits): number | null {
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    throw new Fault('unsupported_media_type', {
      message: `The body is compressed (${encoding.slice(0, 40)}). Send it uncompressed.`,
    });
  }
  if (request.headers.get('content-type')?.startsWith('multipart/')) {
    throw new Fault('unsupported_media_type');
  }
  const length = request.headers.get('content-length');
  if (length === null) return null;
  if (Number(length) > limits.bytesMax) throw tooLarge(limits.bytesMax);
  return Number(length);
}

function within<T>(work: Promise<T>, limits: BodyLimits, deadlines: Deadlines): Promise<T> {
  return new Promise((resolve, reject) => {
    const deadline = deadlines.add(limits.timeMs, () => reject(tooSlow(limits.timeMs)));
    work
      .then(resolve, (error) => reject(toBodyFault(error)))
      .finally(() => deadlines.remove(deadline));
  });
}

/** A body that breaks off: its sender is gone, or the connection is. */
function toBodyFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('invalid_request', {
    message: 'The request body ended before it was complete.',
    cause: error,
  });
}

function tooSlow(timeMs: number): Fault {
  return new Fault('body_too_slow', {
    message: `The request body did not arrive within ${timeMs} ms.`,
  });
}

function tooLarge(bytesMax: number): Fault {
  return new Fault('body_too_large', {
    message: `The request body is larger than ${bytesMax} bytes.`,
  });
}

/** A chunked body says no size, so it is counted as it comes. */
async function readUnmeasured(request: Request, bytesMax: number): Promise<Body> {
  if (request.body === null) return { text: '', bytes: 0 };
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    text += decoder.decode(chunk, { stream: true });
  }
  return { text: text + decoder.decode(), bytes };
}

async function collect(request: Request, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
