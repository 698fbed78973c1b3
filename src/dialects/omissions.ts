/** Keeps account of what a side cannot say: refused, left out with the caller's leave, or told. */
import { Fault } from '../kit/fault.ts';
import type { Json, JsonObject } from '../kit/json.ts';
import type { WriteWish, Written } from './shape.ts';
import type { Turn } from './turn.ts';

/** Fields that change what an answer costs or who keeps it, never what it says. */
const HINTS: ReadonlySet<string> = new Set([
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'store',
]);

export class Omissions {
  readonly #mayDrop: boolean;
  readonly #dropped: string[] = [];
  readonly #warnings = new Set<string>();

  constructor(mayDrop: boolean) {
    this.#mayDrop = mayDrop;
  }

  /** Fault: `unsupported_parameter` where the caller did not allow to leave it out. */
  omit(field: string, why: string): void {
    if (!this.#mayDrop) {
      throw new Fault('unsupported_parameter', {
        message: `${field}: ${why} Remove it, or send the header "x-gangway-drop: allow".`,
        param: field,
      });
    }
    this.#dropped.push(field);
  }

  warn(words: string): void {
    this.#warnings.add(words);
  }

  /** Those of the caller's own fields that this side has too; the others are omitted. */
  sort(turn: Turn, isKnown: (field: string) => boolean): Record<string, Json> {
    const known: Record<string, Json> = {};
    for (const [field, value] of Object.entries(turn.others)) {
      if (isKnown(field)) known[field] = value;
      else if (HINTS.has(field)) this.warn(`${field} is not told to the model behind this call.`);
      else this.omit(field, 'The format of the model behind this call has no such field.');
    }
    return known;
  }

  written(body: JsonObject): Written {
    return {
      text: JSON.stringify(body),
      dropped: this.#dropped,
      ...(this.#warnings.size === 0 ? {} : { warnings: [...this.#warnings] }),
    };
  }
}

/** What one vendor wants otherwise, done to a body that was written for its format. */
export function tweakBody(body: JsonObject, wish: WriteWish, omissions: Omissions): JsonObject {
  const { rename = {}, refuse = {}, force = {} } = wish.tweaks ?? {};
  const out: Record<string, Json> = {};
  for (const [field, value] of Object.entries(body)) {
    const why = Object.hasOwn(refuse, field) ? refuse[field] : undefined;
    if (why !== undefined) omissions.omit(field, why);
    else out[(Object.hasOwn(rename, field) ? rename[field] : undefined) ?? field] = value;
  }
  return { ...out, ...force };
}
