/** Golden pairs: what a caller sent, what the vendor gets. */
import { describe, expect, test } from 'bun:test';
import type { WriteWish } from '../../src/dialects/shape.ts';
import { faultOf, rewrite } from './rig.ts';

const HI = '"messages":[{"role":"user","content":"hi"}]';
const USAGE = '"stream_options":{"include_usage":true}';

interface Pair {
  readonly name: string;
  readonly sent: string;
  readonly got: string;
  readonly wish?: Partial<WriteWish>;
}

const SAME: readonly Pair[] = [
  {
    name: 'nothing but the model',
    sent: `{ "model" : "ours",\n ${HI} , "x":[1.0, 1e2] }`,
    got: `{ "model" : "wire",\n ${HI} , "x":[1.0, 1e2] }`,
  },
  {
    name: 'not even that',
    sent: `{ "model" : "wire",\n ${HI} }`,
    got: `{ "model" : "wire",\n ${HI} }`,
  },
  {
    name: 'the model by an escaped name',
    sent: `{"m\\u006fdel":"ours",${HI}}`,
    got: `{"m\\u006fdel":"wire",${HI}}`,
  },
  {
    name: 'other fields called model',
    sent: `{"tools":[{"type":"f","model":"ours"}],${HI},"meta":{"model":"ours"},"model":"ours"}`,
    got: `{"tools":[{"type":"f","model":"ours"}],${HI},"meta":{"model":"ours"},"model":"wire"}`,
  },
  {
    name: 'a prompt that looks like the field',
    sent: '{"messages":[{"role":"user","content":"\\"model\\":\\"ours\\""}],"model":"ours"}',
    got: '{"messages":[{"role":"user","content":"\\"model\\":\\"ours\\""}],"model":"wire"}',
  },
  {
    name: 'numbers that no double can carry',
    sent: `{"model":"ours","seed":12345678901234567890123,${HI}}`,
    got: `{"model":"wire","seed":12345678901234567890123,${HI}}`,
  },
  {
    name: 'the nulls of the Python SDKs',
    sent: `{"model":"ours",${HI},"n":null,"stream":null,"stream_options":null,"tools":null}`,
    got: `{"model":"wire",${HI},"n":null,"stream":null,"stream_options":null,"tools":null}`,
  },
];

const ASKED: readonly Pair[] = [
  {
    name: 'usage is asked of a stream',
    sent: `{"model":"ours",${HI},"stream":true}`,
    got: `{${USAGE},"model":"wire",${HI},"stream":true}`,
  },
  {
    name: 'where the caller said null, or no, or something else',
    sent: `{"model":"ours",${HI},"stream":true,"stream_options":null}`,
    got: `{"model":"wire",${HI},"stream":true,${USAGE}}`,
  },
  {
    name: 'beside other options',
    sent: `{"model":"ours",${HI},"stream":true,"stream_options":{"x":1,"include_usage":false}}`,
    got: `{"model":"wire",${HI},"stream":true,"stream_options":{"x":1,"include_usage":true}}`,
  },
  {
    name: 'a caller who asked is left alone',
    sent: `{"model":"ours",${HI},"stream":true,"stream_options":{ "include_usage" : true }}`,
    got: `{"model":"wire",${HI},"stream":true,"stream_options":{ "include_usage" : true }}`,
  },
  {
    name: 'a vendor that refuses to be asked is not',
    sent: `{"model":"ours",${HI},"stream":true,"stream_options":{"include_usage":true}}`,
    got: `{"model":"wire",${HI},"stream":true}`,
    wish: { asksUsage: false },
  },
];

const RENAME = { rename: { max_completion_tokens: 'max_tokens' } };
const TWEAKED: readonly Pair[] = [
  {
    name: 'a field under its other name, bytes of its value kept',
    sent: `{"max_completion_tokens" : 5 ,"model":"ours",${HI}}`,
    got: `{"max_tokens" : 5 ,"model":"wire",${HI}}`,
    wish: { tweaks: RENAME },
  },
  {
    name: 'renamed in the first place while another is added there',
    sent: `{"max_completion_tokens":5,"model":"ours",${HI},"stream":true}`,
    got: `{${USAGE},"max_tokens":5,"model":"wire",${HI},"stream":true}`,
    wish: { tweaks: RENAME },
  },
  {
    name: 'the name that the vendor knows wins',
    sent: `{"max_completion_tokens":5,"max_tokens":7,"model":"ours",${HI}}`,
    got: `{"max_tokens":7,"model":"wire",${HI}}`,
    wish: { tweaks: RENAME },
  },
  {
    name: 'unless it is null; a null is not carried over',
    sent: `{"max_completion_tokens":5,"max_tokens":null,"model":"ours",${HI}}`,
    got: `{"max_tokens":5,"model":"wire",${HI}}`,
    wish: { tweaks: RENAME },
  },
  {
    name: 'a null under the old name goes',
    sent: `{"max_completion_tokens":null,"model":"ours",${HI}}`,
    got: `{"model":"wire",${HI}}`,
    wish: { tweaks: RENAME },
  },
  {
    name: 'forced, there or not',
    sent: `{"model":"ours",${HI},"b":2}`,
    got: `{"a":{"x":1},"model":"wire",${HI},"b":false}`,
    wish: { tweaks: { force: { a: { x: 1 }, b: false } } },
  },
  {
    name: 'a role under its other name',
    sent: '{"model":"ours","messages":[{"role":"developer","content":"x","n":1},{"role":"user"}]}',
    got: '{"model":"wire","messages":[{"role":"system","content":"x","n":1},{"role":"user"}]}',
    wish: { tweaks: { roles: { developer: 'system' } } },
  },
  {
    name: 'no such role, no byte moves',
    sent: `{"model":"ours","messages" : [ {"role":"user", "content":"developer"} ]}`,
    got: `{"model":"wire","messages" : [ {"role":"user", "content":"developer"} ]}`,
    wish: { tweaks: { roles: { developer: 'system' } } },
  },
  {
    name: 'a refused field that is null says nothing',
    sent: `{"model":"ours",${HI},"logit_bias":null}`,
    got: `{"model":"wire",${HI}}`,
    wish: { tweaks: { refuse: { logit_bias: 'Not known here.' } } },
  },
];

describe.each([
  ['the same bytes', SAME],
  ['usage', ASKED],
  ['tweaks', TWEAKED],
])('%s', (_, pairs) => {
  test.each(pairs)('$name', ({ sent, got, wish }) => {
    JSON.parse(got);
    expect(rewrite(sent, wish)).toEqual({ text: got, dropped: [] });
  });
});

test('the model after a message of 100 KB, with every awkward byte', () => {
  const content = JSON.stringify('"}]\\{[終\u0000\u2028😀'.repeat(6_000));
  const text = (model: string) =>
    `{"messages":[{"role":"user","content":${content}}],"model":"${model}"}`;
  expect(text('x').length).toBeGreaterThan(100_000);
  expect(rewrite(text('ours')).text).toBe(text('wire'));
});

describe('a field that the vendor refuses', () => {
  const sent = `{"model":"ours","logit_bias":{"1":2},${HI}}`;
  const tweaks = { refuse: { logit_bias: 'The vendor has no such thing.' } };

  test('is refused by name, with the way out', () => {
    const fault = faultOf(() => rewrite(sent, { tweaks }));
    expect([fault.code, fault.detail.param]).toEqual(['unsupported_parameter', 'logit_bias']);
    expect(fault.message).toContain('x-gangway-drop');
  });

  test('is left out, and listed, where the caller allowed it', () => {
    expect(rewrite(sent, { tweaks, mayDrop: true })).toEqual({
      text: `{"model":"wire",${HI}}`,
      dropped: ['logit_bias'],
    });
  });
});
