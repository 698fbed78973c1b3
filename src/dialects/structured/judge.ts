/** Whether an answer is the JSON that was asked for, after mending what is only syntax. */
import type { Json } from '../../kit/json.ts';
import { type Repair, repairJson } from '../../kit/json-repair.ts';
import type { Problem } from '../../kit/schema/compile.ts';
import type { Answered, Item, StopReason, TurnReply } from '../turn.ts';
import { type Ask, toolName } from './ask.ts';
import type { Want } from './want.ts';

/** `passed`: no answer to be judged, such as a refusal, a filter, a cut or another tool's call. */
export type Verdict = 'valid' | 'passed' | 'invalid';

export interface Judged {
  readonly verdict: Verdict;
  /** The answer as the caller shall have it; the very same where nothing had to be done. */
  readonly reply: TurnReply;
  readonly repairs: readonly (Repair | 'unwrapped')[];
  readonly problems: readonly Problem[];
  /** What the model wrote, of the first answer that did not do. */
  readonly text: string;
}

interface One {
  readonly verdict: Verdict;
  readonly answer: Answered;
  readonly repairs: Judged['repairs'];
  readonly problems: readonly Problem[];
  readonly text: string;
}

export function judgeReply(reply: TurnReply, want: Want, ask: Ask): Judged {
  const all = reply.answers.map((answer) => judgeOne(answer, want, ask));
  const bad = all.find(({ verdict }) => verdict === 'invalid');
  const same = all.every(({ answer }, at) => answer === reply.answers[at]);
  const passed = all.every(({ verdict }) => verdict === 'passed');
  return {
    verdict: bad === undefined ? (passed ? 'passed' : 'valid') : 'invalid',
    reply: same ? reply : { ...reply, answers: all.map(({ answer }) => answer) },
    repairs: [...new Set(all.flatMap(({ repairs }) => repairs))],
    problems: bad?.problems ?? [],
    text: bad?.text ?? '',
  };
}

/** As OpenAI has it: these are told to the caller as they are, and are no fault. */
const TOLD: ReadonlySet<StopReason> = new Set(['refusal', 'filter', 'length', 'pause']);

function judgeOne(answer: Answered, want: Want, ask: Ask): One {
  const pass = { verdict: 'passed', answer, repairs: [], problems: [], text: '' } as const;
  const { items } = answer;
  if (TOLD.has(answer.stop) || items.some(({ type }) => type === 'refusal')) {
    return ask.mode === 'forced_tool' ? { ...pass, answer: asText(answer, want) } : pass;
  }
  if (want.kind === 'call') return judgeCalls(answer, want);
  const called = ask.mode === 'forced_tool' ? findCall(items, toolName(want)) : undefined;
  // A call of a tool of the caller's own: the answer comes in a later turn.
  if (called === undefined && items.some(({ type }) => type === 'tool_call')) return pass;
  const text = called?.arguments ?? textOf(items);
  const found = judgeText(text, want, ask);
  if (found.problems.length > 0) return { ...pass, ...found, verdict: 'invalid', text };
  const isSame = called === undefined && found.text === text;
  return {
    verdict: 'valid',
    answer: isSame ? answer : { ...answer, items: withText(items, found.text), stop: 'stop' },
    repairs: found.repairs,
    problems: [],
    text,
  };
}

type Call = Extract<Item, { type: 'tool_call' }>;

function findCall(items: readonly Item[], name: string): Call | undefined {
  return items.find((item): item is Call => item.type === 'tool_call' && item.name === name);
}

function textOf(items: readonly Item[]): string {
  let text = '';
  for (const item of items) {
    if (item.type !== 'message') continue;
    for (const part of item.content) if (part.type === 'text') text += part.text;
  }
  return text;
}

/** Thoughts stay; everything that was said becomes this one text. */
function withText(items: readonly Item[], text: string): readonly Item[] {
  const thoughts = items.filter(({ type }) => type === 'reasoning');
  return [...thoughts, { type: 'message', role: 'assistant', content: [{ type: 'text', text }] }];
}

/** A call that was cut off or refused, as the words that it holds: the tool is ours alone. */
function asText(answer: Answered, want: Want): Answered {
  const call = findCall(answer.items, toolName(want));
  if (call === undefined) return answer;
  return { ...answer, items: withText(answer.items, call.arguments) };
}

interface Found {
  /** JSON for the caller: the model's own text where that is good. */
  readonly text: string;
  readonly repairs: Judged['repairs'];
  readonly problems: readonly Problem[];
}

const NOT_JSON: readonly Problem[] = [{ pointer: '', message: 'is not JSON' }];

export function judgeText(text: string, want: Want, ask: Ask): Found {
  const repaired = repairJson(text);
  if (repaired === null) return { text, repairs: [], problems: NOT_JSON };
  const first = judgeValue(repaired.value, want, ask);
  if (first.problems.length === 0) {
    const written = first.value === repaired.value ? repaired.text : JSON.stringify(first.value);
    return { text: written, repairs: repaired.did, problems: [] };
  }
  // JSON within a JSON string: nothing but one more layer of writing.
  const inner = typeof repaired.value === 'string' ? repairJson(repaired.value) : null;
  if (inner !== null && typeof inner.value === 'object') {
    const second = judgeValue(inner.value, want, ask);
    const repairs = [...repaired.did, ...inner.did, 'unwrapped'] as const;
    if (second.problems.length === 0) {
      return { text: JSON.stringify(second.value), repairs, problems: [] };
    }
  }
  return { text, repairs: [], problems: first.problems };
}

/** As the model wrote it, or with what only the vendor's subset asked for taken out again. */
function judgeValue(
  value: Json,
  { checker }: Want,
  { rewriting }: Ask,
): { readonly value: Json; readonly problems: readonly Problem[] } {
  const restored = rewriting?.restores === true ? rewriting.restore(value) : value;
  const problems = checker.check(restored);
  if (problems.length === 0) {
    const isSame = restored === value || JSON.stringify(restored) === JSON.stringify(value);
    return { value: isSame ? value : restored, problems };
  }
  if (restored !== value && checker.check(value).length === 0) return { value, problems: [] };
  return { value, problems };
}

function judgeCalls(answer: Answered, want: Want): One {
  const text = textOf(answer.items);
  const none = { verdict: 'invalid', answer, repairs: [], text } as const;
  if (findCall(answer.items, want.name) === undefined) {
    return { ...none, problems: [{ pointer: '', message: `is no call of ${want.name}` }] };
  }
  const repairs: (Repair | 'unwrapped')[] = [];
  const items: Item[] = [];
  for (const item of answer.items) {
    if (item.type !== 'tool_call' || item.name !== want.name) {
      items.push(item);
      continue;
    }
    // A call without arguments is one with none.
    const said = item.arguments.trim() === '' ? '{}' : item.arguments;
    const found = judgeText(said, want, { mode: 'native', rewriting: null });
    if (found.problems.length > 0) return { ...none, ...found, text: item.arguments };
    repairs.push(...found.repairs);
    items.push(found.text === item.arguments ? item : { ...item, arguments: found.text });
  }
  const isSame = items.every((item, at) => item === answer.items[at]);
  const mended = isSame ? answer : { ...answer, items };
  return { verdict: 'valid', answer: mended, repairs, problems: [], text };
}
