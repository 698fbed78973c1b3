/** The header Prefer (RFC 7240), as far as it is understood: `respond-async`, and `wait` beside. */

export interface Preference {
  /** Rather a task now than its result later. */
  readonly isAsync: boolean;
  /** Seconds that the caller is ready to wait; null: it does not say. */
  readonly waitS: number | null;
}

/** Anything else is passed over, as the standard has it. Of two the first counts. */
export function readPrefer(header: string | null): Preference {
  let [isAsync, waitS]: [boolean, number | null] = [false, null];
  for (const part of header?.split(',') ?? []) {
    // What follows a semicolon are parameters of a preference; these two have none.
    const [, name = '', value = ''] =
      /^\s*([\w-]+)\s*(?:=\s*"?([^";]*)"?)?\s*(?:;.*)?$/.exec(part) ?? [];
    if (name.toLowerCase() === 'respond-async') isAsync = true;
    if (name.toLowerCase() === 'wait' && /^\d{1,6}$/.test(value)) waitS ??= Number(value);
  }
  return { isAsync, waitS };
}

/** What was done of it, for the header Preference-Applied. */
export function preferenceApplied({ waitS }: Preference): string {
  return waitS === null ? 'respond-async' : `respond-async, wait=${waitS}`;
}
