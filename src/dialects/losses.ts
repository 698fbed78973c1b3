/** What one side cannot say: refused by name, or left out with the caller's leave and named. */
import { Fault } from '../kit/fault.ts';
import type { Json } from '../kit/json.ts';
import type { WireTweaks, WriteWish, Written } from './shape.ts';
import type { ContentPart, Turn } from './turn.ts';

/** A warning is a sentence, and a turn may have thousands of causes for one. */
const WARNINGS_MAX = 20;

export class Losses {
  readonly #mayDrop: boolean;
  readonly #dropped = new Set<string>();
  readonly #warnings = new Set<string>();

  constructor({ mayDrop }: Pick<WriteWish, 'mayDrop'>) {
    this.#mayDrop = mayDrop;
  }

  /** The field cannot be said. Fault: `unsupported_parameter`, unless it may be left out. */
  lose(field: string, why: string): void {
    if (!this.#mayDrop) {
      throw new Fault('unsupported_parameter', {
        message: `${field}: ${why} Remove it, or send the header "x-gangway-drop: allow".`,
        param: field,
      });
    }
    this.#dropped.add(field);
  }

  /** Loses each of these that is not null. */
  loseAll(fields: Readonly<Record<string, Json>>, why: string): void {
    for (const [field, value] of Object.entries(fields)) {
      if (!saysNothing(field, value)) this.lose(field, why);
    }
  }

  /** It was said otherwise, or a hint was left out: people are told, nothing is refused. */
  warn(sentence: string): void {
    if (this.#warnings.size < WARNINGS_MAX) this.#warnings.add(sentence);
  }

  written(text: string, headers?: Readonly<Record<string, string>>): Written {
    const warnings = [...this.#warnings];
    return {
      text,
      dropped: [...this.#dropped],
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(headers === undefined ? {} : { headers }),
    };
  }
}

/** Fields that change what an answer costs or who keeps it, never what is asked. */
const HINTS: ReadonlySet<string> = new Set([
  'client_metadata',
  'context_management',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'store',
]);

/** Values that ask for nothing but what happens anyway; many clients send them with each call. */
const USUAL: Readonly<Record<string, Json>> = Object.freeze({
  logprobs: false,
  top_logprobs: 0,
  responseLogprobs: false,
  presence_penalty: 0,
  frequency_penalty: 0,
  repetition_penalty: 1,
  min_p: 0,
  truncation: 'disabled',
  background: false,
  echo: false,
});

/** Fields that ask for something by being there, even if they are empty. */
const ASKING: ReadonlySet<string> = new Set(['web_search_options']);
const TEXT_ALONE: ReadonlySet<string> = new Set(['modalities', 'responseModalities']);

function saysNothing(path: string, value: Json): boolean {
  if (value === null) return true;
  const field = path.slice(path.lastIndexOf('.') + 1);
  if (USUAL[field] === value) return true;
  if (Array.isArray(value)) {
    const [first, ...more] = value as readonly Json[];
    const isText = typeof first === 'string' && first.toLowerCase() === 'text';
    return first === undefined || (TEXT_ALONE.has(field) && isText && more.length === 0);
  }
  return typeof value === 'object' && Object.keys(value).length === 0 && !ASKING.has(field);
}

const FOREIGN = 'only models behind the format that has this field take it.';

/** Fields of the caller's format without a common form: back where they came from, else lost. */
export function placeOthers(
  turn: Turn,
  own: {
    readonly dialect: string;
    readonly body: Record<string, Json>;
    /** Fields of other formats that mean the same in this one. */
    readonly shared?: ReadonlySet<string>;
  },
  losses: Losses,
): void {
  for (const [path, value] of Object.entries(turn.others)) {
    if (value === null) continue;
    if (turn.origin === own.dialect) putBack(own.body, path, value);
    else if (saysNothing(path, value)) continue;
    else if (own.shared?.has(path)) own.body[path] = value;
    else if (HINTS.has(path)) losses.warn(`${path} was left out`);
    else losses.lose(path, FOREIGN);
  }
}

/** Hints on parts that a format has no place for. */
export function warnOfMarks(content: readonly ContentPart[], losses: Losses): void {
  for (const part of content) {
    if (part.cache !== undefined) losses.warn('marks of what to cache were left out');
    if (part.type !== 'text' && (part.context !== undefined || part.cite === true)) {
      losses.warn('citations of a file, and what was said of it, were left out');
    }
  }
}

/** Sets `a.b[0].c` where everything above it stands; a path whose place is gone is gone too. */
function putBack(body: Record<string, Json>, path: string, value: Json): void {
  const keys = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  const last = keys.pop() ?? '';
  let place: Json | undefined = body;
  for (const key of keys) {
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, key)) return;
    place = (place as Record<string, Json>)[key];
  }
  if (typeof place === 'object' && place !== null) (place as Record<string, Json>)[last] = value;
}

/** What one vendor of the format wants otherwise, on a body that was just written. */
export function applyTweaks(
  body: Record<string, Json>,
  tweaks: WireTweaks | undefined,
  losses: Losses,
): void {
  for (const [field, why] of Object.entries(tweaks?.refuse ?? {})) {
    if (body[field] === undefined) continue;
    losses.lose(field, why);
    delete body[field];
  }
  for (const [ours, theirs] of Object.entries(tweaks?.rename ?? {})) {
    const value = body[ours];
    if (value === undefined) continue;
    delete body[ours];
    body[theirs] = value;
  }
  Object.assign(body, tweaks?.force);
}
