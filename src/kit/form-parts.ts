/**
 * What the parts of a multipart form say of their types. The runtime forgets it: it guesses by the
 * ending of the file's name, and says nothing where there is none.
 */
const PARTS_MAX = 1_000;
const HEAD_BYTES_MAX = 8_192;
const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const TYPE = /^content-type:[ \t]*([^\r\n]+)$/im;

/** In the order of the parts; null where one says nothing. Empty: this is no such form. */
export function partTypes(bytes: Uint8Array, contentType: string): readonly (string | null)[] {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return [];
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = Buffer.from(`--${boundary}`);
  const types: (string | null)[] = [];
  let at = body.indexOf(mark);
  while (at >= 0 && types.length < PARTS_MAX) {
    const from = at + mark.length;
    // Two hyphens more end the form.
    if (body.subarray(from, from + 2).toString('latin1') === '--') break;
    const end = body.indexOf('\r\n\r\n', from);
    if (end < 0) break;
    const head = body.subarray(from, Math.min(end, from + HEAD_BYTES_MAX)).toString('latin1');
    types.push(TYPE.exec(head)?.[1]?.trim() ?? null);
    at = body.indexOf(Buffer.concat([CRLF, mark]), end);
    if (at >= 0) at += CRLF.length;
  }
  return types;
}

const CRLF = Buffer.from('\r\n');
