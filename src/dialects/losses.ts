/** What one side cannot say: refused by name, or left out with the caller's leave and named. */
import { Fault } from '../kit/fault.ts';
import type { Json } from '../kit/json.ts';
import type { WireTweaks, WriteWish, Written } from './shape.ts';
import type { Turn } from './turn.ts';

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
      if (value !== null) this.lose(field, why);
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

const FOREIGN = 'only models behind the format that has this field take it.';

/** Fields of the caller's format without a common form: back where they came from, else lost. */
export function placeOthers(
  turn: Turn,
  own: { readonly dialect: string; readonly body: Record<string, Json> },
  losses: Losses,
): void {
  for (const [path, value] of Object.entries(turn.others)) {
    if (value === null) continue;
    if (turn.origin === own.dialect) putBack(own.body, path, value);
    else losses.lose(path, FOREIGN);
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
