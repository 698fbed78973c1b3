/** How a model's input is described: its fields, as the model's own schema has them. */
export interface Field {
  readonly type: 'string' | 'integer' | 'number' | 'boolean';
  /** A link, or the file itself as a data URL. */
  readonly isFile?: true;
  readonly isNeeded?: true;
  readonly range?: readonly [least: number, most: number];
  readonly among?: readonly (string | number)[];
}

export interface Schema {
  /** The newest that was read; official models run the newest whatever it is. */
  readonly version: string;
  readonly created: string;
  readonly makes: 'image' | 'video';
  /** Called by name alone and charged by what it makes; others by version and time. */
  readonly official?: true;
  /** Its output is a list, even of one. */
  readonly many?: true;
  readonly input: Readonly<Record<string, Field>>;
}

/** By owner/name. */
export type Models = Readonly<Record<string, Schema>>;

export const text: Field = { type: 'string' };
export const file: Field = { type: 'string', isFile: true };
export const flag: Field = { type: 'boolean' };

export function whole(...range: readonly [number, number] | readonly []): Field {
  return { type: 'integer', ...(range.length === 0 ? {} : { range }) };
}

export function number(...range: readonly [number, number] | readonly []): Field {
  return { type: 'number', ...(range.length === 0 ? {} : { range }) };
}

/** Words between strokes. */
export function oneOf(words: string): Field {
  return { type: 'string', among: words.split('|') };
}

export function oneNumberOf(words: string): Field {
  return { type: 'integer', among: words.split('|').map(Number) };
}

export function needed(field: Field): Field {
  return { ...field, isNeeded: true };
}
