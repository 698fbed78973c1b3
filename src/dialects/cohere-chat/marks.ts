/** Names that both directions of this format need. */
import type { Seal } from '../turn.ts';

export const DIALECT = 'cohere-chat';

/** The format proves no thoughts; these marks only bring them back to where they came from. */
export const THINKING: Seal = Object.freeze({ dialect: DIALECT, value: 'thinking' });
/** Thoughts that stand in `tool_plan`. */
export const PLAN: Seal = Object.freeze({ dialect: DIALECT, value: 'tool_plan' });

export const isPlan = (seal: Seal | null): boolean =>
  seal?.dialect === DIALECT && seal.value === PLAN.value;
