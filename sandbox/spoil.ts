/** Spoils the JSON of an answer as a fault says, only where JSON was asked for. */
import { isObject, type Json, type JsonObject, parseJson } from '../src/kit/json.ts';
import { type Turn, wantsJson } from './answer.ts';
import type { Ask } from './ask.ts';
import type { Plan, Spoil } from './faults.ts';

/** Part of a text that is left where it is truncated. */
const TRUNCATED_SHARE = 0.6;

export function spoil(turn: Turn, ask: Ask, plan: Plan): Turn {
  const { json, healsAfter } = plan;
  if (json === undefined || (healsAfter !== undefined && ask.told >= healsAfter)) return turn;
  if (turn.calls.length > 0) {
    const isForced = ask.choice === 'required' || typeof ask.choice === 'object';
    if (!isForced) return turn;
    const calls = turn.calls.map((call) => ({ ...call, arguments: spoilt(call.arguments, json) }));
    return { ...turn, calls };
  }
  return wantsJson(ask) ? { ...turn, text: spoilt(turn.text, json) } : turn;
}

function spoilt(text: string, how: Spoil): string {
  const value = parseJson(text);
  switch (how) {
    case 'fenced':
      return `\`\`\`json\n${text}\n\`\`\``;
    case 'prose':
      return `Sure! Here is the JSON you asked for:\n\n${text}\n\nLet me know if you need more.`;
    case 'truncated':
      return text.slice(0, Math.max(1, Math.floor(text.length * TRUNCATED_SHARE)));
    case 'trailing-comma':
      return value === undefined ? text : commaed(value);
    default:
      return isObject(value) ? JSON.stringify(changed(value, how)) : JSON.stringify({ value });
  }
}

function commaed(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((one) => `${commaed(one)},`).join('')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, one]) => `${JSON.stringify(name)}:${commaed(one)},`,
  );
  return `{${members.join('')}}`;
}

function changed(value: JsonObject, how: Spoil): JsonObject {
  if (how === 'extra-field') return { ...value, remark: 'nobody asked for this member' };
  const [first] = Object.keys(value);
  if (first === undefined) return value;
  const { [first]: old, ...rest } = value;
  if (how === 'missing-field') return rest;
  return { ...value, [first]: typeof old === 'string' ? { text: old } : `${JSON.stringify(old)}` };
}
