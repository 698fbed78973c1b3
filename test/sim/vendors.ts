/** What a vendor does with one request: every way of answering, and of failing. */
import type { Act, Script } from '../relay/sim-vendors.ts';
import { DONE, HANG, refuse, STOP, stream } from '../relay/sim-vendors.ts';
import type { Dice } from './dice.ts';

export interface Played {
  readonly name: string;
  readonly script: Script;
  /** It counts more than can have been used. */
  readonly exceeds: boolean;
  /** What it counts, where it answers all of it and in order; null: it does not. */
  readonly used: { readonly input: number; readonly output: number } | null;
  /** It never begins to answer, so it is paid nothing. */
  readonly isSilent: boolean;
}

export interface Asked {
  readonly stream: boolean;
  readonly isJson: boolean;
  /** Texts to be embedded; 0: a chat. */
  readonly inputs: number;
}

const LATE_MS = 40_000;
const REFUSALS = [400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529] as const;
const event = (body: object): string => `data: ${JSON.stringify(body)}\n\n`;

/** `health`: how many of a hundred requests go well. */
export function play(dice: Dice, asked: Asked, health: number): Played {
  if (dice.chance(health)) return good(dice, asked);
  const fail = dice.pick(['connect', 'reset', 'refused', 'late', 'never', 'body', 'body', 'usage']);
  const base = { exceeds: false, used: null, isSilent: false };
  const silent = { ...base, isSilent: true };
  if (fail === 'connect' || fail === 'reset') {
    return { ...silent, name: fail, script: { fail, afterMs: dice.below(500) } };
  }
  if (fail === 'refused') {
    const status = dice.pick(REFUSALS);
    const headers = dice.chance(30) ? { 'retry-after': String(dice.below(20)) } : undefined;
    return { ...silent, name: 'refused', script: refuse(status, `c${status}`, headers) };
  }
  if (fail === 'late' || fail === 'never') {
    const afterMs = fail === 'late' ? LATE_MS : Number.POSITIVE_INFINITY;
    return { ...silent, name: fail, script: { afterMs, acts: [] } };
  }
  if (fail === 'usage') return wrongUsage(dice, asked);
  return { ...base, ...(asked.stream ? brokenStream(dice) : brokenBody(dice)) };
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens?: number;
  readonly total_tokens: number;
}

function usageOf(dice: Dice, asked: Asked): Usage {
  const prompt = asked.inputs > 0 ? asked.inputs : 5 + dice.below(15);
  const completion = asked.inputs > 0 ? 0 : 1 + dice.below(30);
  return {
    prompt_tokens: prompt,
    ...(asked.inputs > 0 ? {} : { completion_tokens: completion }),
    total_tokens: prompt + completion,
  };
}

function good(dice: Dice, asked: Asked): Played {
  const usage = usageOf(dice, asked);
  const script = answerOf(dice, asked, usage);
  const used = { input: usage.prompt_tokens, output: usage.completion_tokens ?? 0 };
  const name = dice.chance(20) ? 'slow' : 'good';
  const afterMs = name === 'slow' ? 5_000 + dice.below(20_000) : dice.below(800);
  return { name, script: { ...script, afterMs }, exceeds: false, used, isSilent: false };
}

function answerOf(dice: Dice, asked: Asked, usage: object | null): Script {
  const counted = usage === null ? {} : { usage };
  if (asked.inputs > 0) {
    const data = Array.from({ length: asked.inputs }, (_, index) => ({ index, embedding: [1] }));
    return { acts: [{ bytes: JSON.stringify({ object: 'list', data, model: 'w', ...counted }) }] };
  }
  const fits = dice.chance(50) ? '{"name":"Li","age":3}' : '{"name":"Li","age":"three"}';
  const content = asked.isJson ? fits : 'all that there is to say';
  if (!asked.stream) {
    const message = { role: 'assistant', content };
    const body = { choices: [{ index: 0, message, finish_reason: 'stop' }], ...counted };
    return { acts: [{ bytes: JSON.stringify(body) }] };
  }
  const half = Math.ceil(content.length / 2);
  const parts = [content.slice(0, half), content.slice(half)].map((text) =>
    event({ choices: [{ index: 0, delta: { content: text } }] }),
  );
  const last = usage === null ? [] : [event({ choices: [], usage })];
  return odd(dice, stream([...parts, STOP, ...last, DONE], 1 + dice.below(300)));
}

/** Some networks cut events anywhere. */
function odd(dice: Dice, script: Script): Script {
  if (!dice.chance(30)) return script;
  const acts = (script.acts ?? []).flatMap((act): Act[] => {
    if (!('bytes' in act)) return [act];
    const at = dice.below(act.bytes.length);
    return [{ bytes: act.bytes.slice(0, at) }, { waitMs: 1 }, { bytes: act.bytes.slice(at) }];
  });
  return { ...script, acts };
}

function wrongUsage(dice: Dice, asked: Asked): Played {
  const wrong = dice.pick([
    null,
    { prompt_tokens: 90_000, completion_tokens: 70_000, total_tokens: 160_000 },
    { prompt_tokens: -5, completion_tokens: 'many' },
    { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    { prompt_tokens: 1.5, completion_tokens: 1e30 },
  ]);
  const script = answerOf(dice, asked, wrong);
  return { name: 'wrong usage', script, exceeds: true, used: null, isSilent: false };
}

function brokenBody(dice: Dice): { name: string; script: Script } {
  return dice.pick([
    { name: 'empty', script: { acts: [] } },
    { name: 'malformed', script: { acts: [{ bytes: '{"choices": [' }] } },
    { name: 'malformed', script: { acts: [{ bytes: '<html>busy</html>' }] } },
    { name: 'error under 200', script: { acts: [{ bytes: '{"error":{"message":"no"}}' }] } },
    { name: 'cut', script: { acts: [{ bytes: '{"choi' }, { fail: 'reset' }] } },
    { name: 'hang', script: { acts: [{ bytes: '{"choi' }, HANG] } },
  ] as const);
}

function brokenStream(dice: Dice): { name: string; script: Script } {
  const piece = event({ choices: [{ index: 0, delta: { content: 'some words ' } }] });
  const begun = Array.from({ length: dice.below(4) }, () => piece);
  const { acts = [], headers = {} } = stream(begun, 1 + dice.below(300));
  const end = dice.pick<{ name: string; acts: readonly Act[] }>([
    { name: 'cut stream', acts: [] },
    { name: 'cut stream', acts: [{ bytes: piece.slice(0, 20) }] },
    { name: 'reset stream', acts: [{ fail: 'reset' }] },
    { name: 'hanging stream', acts: [HANG] },
    { name: 'malformed', acts: [{ bytes: 'data: {"choices": [\n\n' }] },
    { name: 'error under 200', acts: [{ bytes: event({ error: { message: 'no', code: 'x' } }) }] },
  ]);
  return { name: end.name, script: { headers, acts: [...acts, ...end.acts] } };
}
