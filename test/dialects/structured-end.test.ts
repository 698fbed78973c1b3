/** Where a verdict stands in a stream that is judged as it flows, in a format without comments. */
import { expect, test } from 'bun:test';
import {
  geminiGenerateCaller,
  geminiGeneratePassage,
  geminiGenerateVendor,
} from '../../src/dialects/gemini-generate/index.ts';
import { writeRemark } from '../../src/dialects/shape.ts';
import { type Heard, JudgingWatch } from '../../src/dialects/structured/stream.ts';
import { Fault } from '../../src/kit/fault.ts';

const readError = () => new Fault('vendor_error');
const piece = (text: string, more: object = {}): string => {
  const candidates = [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...more }];
  return `data: ${JSON.stringify({ candidates, modelVersion: 'm', responseId: 'r' })}\n\n`;
};
const START = piece('{"age"');
/** Here the end stands beside the last of the text, as this vendor likes it. */
const END = piece(':7}', { finishReason: 'STOP' });

function watch(judge: (heard: Heard) => Fault | null) {
  const body = '{"contents":[{"parts":[{"text":"hi"}]}]}';
  const place = { model: 'm', stream: true };
  const asked = geminiGenerateCaller.readRequest(body, body.length, place);
  const inner = geminiGeneratePassage.watch(asked, readError);
  const watching = new JudgingWatch(inner, geminiGenerateVendor.readEvents(readError), {
    tool: null,
    judge,
    note: () => writeRemark(geminiGenerateCaller, 'all is well'),
    notesFirst: true,
  });
  const seen = [START, END].map((event) => watching.look(Buffer.from(event)));
  return { watching, seen: seen.map((bytes) => (bytes === null ? '' : String(bytes))) };
}

test('the end waits for the verdict, which comes before it and is no comment', () => {
  let text = '';
  const { watching, seen } = watch((heard) => {
    text = heard.texts.join('');
    return null;
  });
  expect(text).toBe('{"age":7}');
  expect(seen).toEqual([START, '']);
  expect(watching.end()).toBeNull();
  const [remark = '', end] = Buffer.from(watching.tail)
    .toString()
    .split(/(?<=\n\n)/);
  expect(JSON.parse(remark.slice('data: '.length))).toEqual({
    candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, index: 0 }],
    remark: 'all is well',
  });
  expect(end).toBe(END);
});

test('a wrong answer has no end that looks good', () => {
  const fault = new Fault('structured_output_failed');
  const { watching, seen } = watch(() => fault);
  expect(seen.join('')).not.toContain('finishReason');
  expect(watching.end()).toBe(fault);
});
