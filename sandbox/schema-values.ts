/** Strings, numbers and arrays for a JSON Schema; prompt words fill fields of a fitting name. */
import type { Json, JsonObject } from '../src/kit/json.ts';
import { sampleOf } from './pattern.ts';
import { fill, type Place } from './schema.ts';

/** Whatever a schema asks for, no more than this is made. */
const LENGTH_CHARS_MAX = 100_000;
const ITEMS_MAX = 1_000;

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-15T09:30:00Z',
  date: '2026-01-15',
  time: '09:30:00Z',
  duration: 'PT30M',
  email: 'ada@example.com',
  'idn-email': 'ada@example.com',
  hostname: 'example.com',
  'idn-hostname': 'example.com',
  ipv4: '192.0.2.10',
  ipv6: '2001:db8::10',
  uri: 'https://example.com/page',
  url: 'https://example.com/page',
  'uri-reference': '/page',
  iri: 'https://example.com/page',
  uuid: '3f2b8c1a-5d4e-4f6a-9b7c-8d9e0f1a2b3c',
  'json-pointer': '/a/b',
  regex: '^a+$',
  byte: 'c2FuZGJveA==',
  binary: 'sandbox',
};

/** What a field of such a name mostly holds. The first rule that fits wins. */
const NAMED: readonly (readonly [RegExp, (place: Place) => string | undefined])[] = [
  [/city|location|place|country|region|destination/i, ({ hints }) => hints.proper[0] ?? 'Paris'],
  [/e-?mail/i, () => FORMATS.email],
  [/ur[li]$|link|website/i, () => FORMATS.uri],
  [/^(full_?)?name$|person|author|user_?name/i, ({ hints }) => hints.proper[0] ?? 'Ada Lovelace'],
  [/date|day$/i, () => FORMATS.date],
  [/time/i, () => FORMATS['date-time']],
  [/(^|_)id$|Id$/, ({ index }) => `id-${index + 1}`],
  [/currency/i, () => 'EUR'],
  [/lang|locale/i, () => 'en'],
  [/phone/i, () => '+15550100'],
  [/colou?r/i, () => 'blue'],
  [
    /query|text|prompt|question|input|message|content|keyword|topic|title|answer|summary/i,
    ({ hints }) => hints.quoted[0] ?? (hints.text === '' ? undefined : hints.text.slice(0, 200)),
  ],
];

function isBound(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function stringOf(schema: JsonObject, place: Place): string {
  const { minLength, maxLength, pattern, format } = schema;
  const least = isBound(minLength) ? Math.min(minLength, LENGTH_CHARS_MAX) : 0;
  const most = isBound(maxLength) ? maxLength : LENGTH_CHARS_MAX;
  const fits = (text: string): boolean => [...text].length >= least && [...text].length <= most;
  if (typeof pattern === 'string') {
    const sample = sampleOf(pattern);
    if (sample !== null) return sample;
  }
  if (typeof format === 'string' && FORMATS[format] !== undefined) return FORMATS[format];
  const named = NAMED.find(([name]) => name.test(place.name))?.[1](place);
  const plain = named ?? place.hints.quoted[0] ?? `a ${wordsOf(place.name)}`;
  const text = place.index === 0 || named !== undefined ? plain : `${plain} ${place.index + 1}`;
  if (fits(text)) return text;
  return [...text.padEnd(least, '.')].slice(0, most).join('');
}

/** `deliveryAddress` and `delivery_address` become `delivery address`. */
function wordsOf(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/[_-]+/g, ' ');
  return words.trim().toLowerCase() || 'text';
}

export function numberOf(schema: JsonObject, whole: boolean, place: Place): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const step = isBound(multipleOf) && multipleOf > 0 ? multipleOf : whole ? 1 : 0.5;
  const low = Math.max(
    isBound(minimum) ? Math.ceil(minimum / step) : Number.NEGATIVE_INFINITY,
    isBound(exclusiveMinimum) ? Math.floor(exclusiveMinimum / step) + 1 : Number.NEGATIVE_INFINITY,
  );
  const high = Math.min(
    isBound(maximum) ? Math.floor(maximum / step) : Number.POSITIVE_INFINITY,
    isBound(exclusiveMaximum) ? Math.ceil(exclusiveMaximum / step) - 1 : Number.POSITIVE_INFINITY,
  );
  if (low > high) return between(schema);
  const hinted = place.hints.numbers[0];
  const wish = hinted === undefined ? 1 + place.index : Math.round(hinted / step);
  const count = Math.min(high, Math.max(low, wish));
  // Products such as 3 * 0.1 carry dust behind the digits of the step.
  return Number((count * step).toPrecision(12));
}

/** Bounds closer than a step: their middle, or the bound that is allowed. */
function between(schema: JsonObject): number {
  const low = [schema.minimum, schema.exclusiveMinimum].find(isBound) ?? 0;
  const high = [schema.maximum, schema.exclusiveMaximum].find(isBound) ?? low;
  return (low + high) / 2;
}

export function arrayOf(schema: JsonObject, place: Place): Json {
  const prefix = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
  const least = isBound(schema.minItems) ? schema.minItems : 0;
  const most = isBound(schema.maxItems) ? schema.maxItems : ITEMS_MAX;
  const deep = place.depth > 6;
  const wish = Math.max(least, deep ? 0 : Math.max(prefix.length, schema.items === false ? 0 : 2));
  const count = Math.min(wish, most, ITEMS_MAX);
  const made: Json[] = [];
  for (let index = 0; index < count; index += 1) {
    const item = index < prefix.length ? prefix[index] : schema.items;
    made.push(fill(item ?? { type: 'string' }, { ...place, depth: place.depth + 1, index }));
  }
  return schema.uniqueItems === true ? unique(made) : made;
}

function unique(items: readonly Json[]): Json[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const text = JSON.stringify(item);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
