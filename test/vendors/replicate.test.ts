/** The twenty models of Replicate's that are known: their inputs field by field; prices. */
import { describe, expect, test } from 'bun:test';
import known from '../../sandbox/tasks/replicate-models.json' with { type: 'json' };
import catalogued from '../../src/catalog/models/replicate.ts';
import { faultsOf, findModel } from '../../src/vendors/replicate/models.ts';

interface Input {
  readonly name: string;
  readonly type: string;
  readonly required?: boolean;
  readonly format?: string;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Known {
  readonly version: string;
  readonly official: boolean;
  readonly input: readonly Input[];
}

const MODELS = Object.entries<Known>(known);
/** Nobody told us what a run of these costs: only unlimited accounts may use them. */
const UNPRICED = ['sujaykhandekar/object-removal', 'cjwbw/rembg'];

test('there are twenty', () => {
  expect(MODELS).toHaveLength(20);
  expect(catalogued.map(({ id }) => id).sort()).toEqual(MODELS.map(([name]) => name).sort());
});

describe.each(MODELS)('%s', (name, model) => {
  const { schema } = findModel(name) ?? {};

  test('is found by each of its names', () => {
    for (const ref of [name, model.version, `${name}:${model.version}`]) {
      expect(findModel(ref)?.name).toBe(name);
    }
    expect(findModel(`${name}:${'0'.repeat(64)}`)).toBeNull();
    expect(schema?.official ?? false).toBe(model.official);
  });

  test('has the fields that the vendor has, with their types, bounds and choices', () => {
    const ours = Object.entries(schema?.input ?? {}).map(([field, one]) => ({
      ...{ name: field, type: String(one.type), required: one.isNeeded === true },
      ...(one.isFile === true ? { format: 'uri' } : {}),
      ...(one.range === undefined ? {} : { minimum: one.range[0], maximum: one.range[1] }),
      ...(one.among === undefined ? {} : { enum: one.among }),
    }));
    const theirs = model.input.map(({ name: field, type, required, format, ...more }) => ({
      ...{ name: field, type, required: required === true },
      ...(format === 'uri' ? { format } : {}),
      ...(more.minimum === undefined ? {} : { minimum: more.minimum }),
      ...(more.maximum === undefined ? {} : { maximum: more.maximum }),
      ...(more.enum === undefined ? {} : { enum: more.enum }),
    }));
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(ours.sort(byName)).toEqual(theirs.sort(byName));
  });

  test('names the field that is wrong', () => {
    if (schema === undefined) throw new Error(`${name} is not known`);
    for (const field of model.input) {
      const wrong = field.type === 'string' ? 7 : 'no number';
      const told = faultsOf(schema, { [field.name]: wrong });
      expect(told.filter((line) => line.startsWith(`${field.name}: `))).toHaveLength(1);
      if (field.maximum === undefined) continue;
      const over = faultsOf(schema, { [field.name]: field.maximum + 1 });
      expect(over.join()).toContain(
        `${field.name}: Must be less than or equal to ${field.maximum}`,
      );
    }
  });

  test('has a price, or is marked as one that has none', () => {
    const [offer] = catalogued.find(({ id }) => id === name)?.offers ?? [];
    expect(offer?.prices === undefined).toBe(UNPRICED.includes(name));
    const wireName = model.official ? name : `${name}:${model.version}`;
    expect(offer?.wireName).toBe(wireName);
    if (offer?.prices !== undefined) expect(offer.prices[0]?.unverified).toBe(true);
  });
});
