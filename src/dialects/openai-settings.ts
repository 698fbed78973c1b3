/** Settings that both of OpenAI's formats write the same way. */
import type { Json, JsonObject } from '../kit/json.ts';
import {
  leftOver,
  needObject,
  needText,
  noForm,
  type Spot,
  takeFlag,
  takeObject,
  takeText,
} from './spots.ts';
import type { Effort, Format, Tool, ToolChoice } from './turn.ts';

/** Name, description, parameters and strictness, wherever they stand. */
export function readFunction(asked: Spot): Tool {
  return {
    name: needText(asked, 'name'),
    description: takeText(asked, 'description'),
    parameters: takeObject(asked, 'parameters'),
    strict: takeFlag(asked, 'strict'),
  };
}

const MODES = ['auto', 'none', 'required'] as const;

/** A mode by its word; null where it is none. */
export function readMode(word: Json | undefined): ToolChoice | null {
  const mode = MODES.find((known) => known === word);
  return mode === undefined ? null : { mode };
}

export function readSchema(spot: Spot): Format {
  return {
    type: 'schema',
    name: needText(spot, 'name'),
    description: takeText(spot, 'description'),
    schema: needObject(spot, 'schema').of,
    strict: takeFlag(spot, 'strict') ?? false,
  };
}

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

export function readEffort(value: string | null, param: string): Effort | null {
  if (value === null) return null;
  const effort = EFFORTS.find((known) => known === value);
  if (effort === undefined) throw noForm(param, `send one of ${EFFORTS.join(', ')}`);
  return effort;
}

/** `thinking.type`: enabled, disabled, or auto, which is as if it were not said. */
export function readSwitch(spot: Spot, others: Record<string, Json>): boolean | null {
  const thinking: JsonObject | null = takeObject(spot, 'thinking');
  if (thinking === null) return null;
  Object.assign(others, leftOver({ of: thinking, path: 'thinking' }, new Set(['type'])));
  const { type } = thinking;
  if (type === 'enabled' || type === 'disabled') return type === 'enabled';
  if (type !== 'auto') others['thinking.type'] = type ?? null;
  return null;
}
