import { describe, expect, test } from 'bun:test';
import { partTypes } from '../../src/kit/form-parts.ts';

const HEAD = 'multipart/form-data; boundary=XX';

function form(...parts: readonly (readonly [heads: readonly string[], body: string])[]) {
  const lines = parts.flatMap(([heads, body]) => ['--XX', ...heads, '', body]);
  return Buffer.from([...lines, '--XX--', ''].join('\r\n'));
}

const named = (name: string) => `Content-Disposition: form-data; name="${name}"`;

describe('types of parts', () => {
  test('are what the parts say, in their order, whatever the files are called', async () => {
    const bytes = form(
      [[named('a'), 'Content-Type: image/webp'], 'x'],
      [[named('b')], 'plain'],
      [['content-type:  audio/wav; rate=8', named('c')], '\r\n--X\r\n\r\nContent-Type: no/no'],
    );
    expect(partTypes(bytes, HEAD)).toEqual(['image/webp', null, 'audio/wav; rate=8']);
    expect(partTypes(bytes, 'multipart/form-data; boundary="XX"')).toHaveLength(3);
    // As many as the runtime finds, in the same order.
    const read = await new Response(new Uint8Array(bytes), {
      headers: { 'content-type': HEAD },
    }).formData();
    expect([...read.keys()]).toEqual(['a', 'b', 'c']);
  });

  test('of what the runtime itself writes', async () => {
    const sent = new FormData();
    sent.set('file', new Blob(['x'], { type: 'image/avif' }), 'no ending');
    sent.set('note', 'words');
    const response = new Response(sent);
    const type = response.headers.get('content-type') ?? '';
    expect(partTypes(await response.bytes(), type)).toEqual(['image/avif', null]);
  });

  test('of nothing, of something else, and of a form that breaks off', () => {
    expect(partTypes(Buffer.from(''), HEAD)).toEqual([]);
    expect(partTypes(Buffer.from('{}'), 'application/json')).toEqual([]);
    expect(partTypes(Buffer.from('--XX\r\nContent-Type: a/b'), HEAD)).toEqual([]);
    expect(partTypes(Buffer.from('--XX--'), HEAD)).toEqual([]);
  });

  test('of no more parts than are read', () => {
    const many = Array.from({ length: 1_100 }, () => [[named('a')], 'x'] as const);
    expect(partTypes(form(...many), HEAD)).toHaveLength(1_000);
  });
});
