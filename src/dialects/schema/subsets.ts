/** What of JSON Schema each kind of vendor takes and keeps to. Data. */

export interface Limits {
  readonly properties: number;
  readonly levels: number;
  /** Of names of properties and definitions, and of values in enum and const, together. */
  readonly chars: number;
  readonly enumValues: number;
  /** From more values than this the texts of one enum together may only be so long. */
  readonly longEnum: { readonly values: number; readonly chars: number };
}

export interface Subset {
  readonly id: string;
  /** Everything else is refused or ignored there. */
  readonly keywords: ReadonlySet<string>;
  /** Absent: any. */
  readonly formats?: ReadonlySet<string>;
  /** Largest `minItems`; absent: any. */
  readonly minItemsMax?: number;
  /** Any JSON can be asked for without a schema. */
  readonly jsonMode: boolean;
  /** Objects say `additionalProperties: false`. */
  readonly closed: boolean;
  /** Each property is required. */
  readonly complete: boolean;
  /** The root is an object, and no anyOf. */
  readonly objectRoot: boolean;
  /** Each object has a property that is required. */
  readonly someRequired?: true;
  /** No JSON can be asked for where there are tools. */
  readonly alone?: true;
  readonly limits?: Limits;
}

const STRUCTURE = [
  ...['type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'anyOf'],
  ...['$ref', '$defs', 'title', 'description'],
];
const NUMBERS = ['multipleOf', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];

/** The guide on structured outputs of 2026-02, compared with the official client of 2026-08. */
const STRICT: Subset = {
  id: 'openai-strict',
  keywords: new Set([
    ...STRUCTURE,
    ...NUMBERS,
    ...['const', 'definitions', 'pattern', 'format', 'minItems', 'maxItems'],
    ...['$schema', '$id', '$comment'],
  ]),
  jsonMode: true,
  closed: true,
  complete: true,
  objectRoot: true,
  limits: {
    properties: 5_000,
    levels: 10,
    chars: 120_000,
    enumValues: 1_000,
    longEnum: { values: 250, chars: 15_000 },
  },
};

/** What the official client 1.12 (2026-11) keeps of a schema before it sends it. */
const MESSAGES: Subset = {
  id: 'anthropic-messages',
  keywords: new Set([...STRUCTURE, 'const', 'allOf', 'format', 'minItems']),
  formats: new Set([
    ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6'],
    'uuid',
  ]),
  minItemsMax: 1,
  jsonMode: false,
  closed: true,
  complete: false,
  objectRoot: false,
};

/** `responseJsonSchema` in the API reference, read 2026-11. */
const GENERATE: Subset = {
  id: 'gemini-generate',
  keywords: new Set([
    ...STRUCTURE,
    ...['prefixItems', 'minItems', 'maxItems', 'minimum', 'maximum', 'format'],
  ]),
  jsonMode: true,
  closed: false,
  complete: false,
  objectRoot: false,
};

/** The guide on structured outputs, in the vendor's repository of documents of 2026-08. */
const COHERE: Subset = {
  id: 'cohere-chat',
  // A pattern is taken, too, but without anchors, which most begin and end with.
  keywords: new Set([...STRUCTURE, 'const', 'format']),
  formats: new Set(['date-time', 'uuid', 'date', 'time']),
  jsonMode: true,
  closed: false,
  complete: false,
  objectRoot: true,
  someRequired: true,
  alone: true,
};

const BY_DIALECT: Readonly<Record<string, Subset>> = Object.freeze({
  'openai-chat': STRICT,
  'openai-responses': STRICT,
  'anthropic-messages': MESSAGES,
  'gemini-generate': GENERATE,
  'cohere-chat': COHERE,
});

export const STRICT_SUBSET = STRICT;

/** What vendors of this format take; undefined: nothing is known of it. */
export function subsetOf(dialect: string): Subset | undefined {
  return BY_DIALECT[dialect];
}
