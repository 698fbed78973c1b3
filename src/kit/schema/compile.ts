/** Compiles JSON Schemas of strangers to checks, keeps them, and bounds what a check may cost. */
import type { ErrorObject, Options } from 'ajv';
import { Ajv } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { pointerStep } from '../pointer.ts';
import { FORMATS } from './formats.ts';
import { type Draft, draftOf, guardSchema, SCHEMA_CHARS_MAX, SchemaError, STEP } from './guard.ts';
import { PatternError, safePattern } from './pattern.ts';
import { isUnique } from './unique.ts';

/** Times that one check may be sent on over the same value by references and branches. */
const STEPS_MAX = 100_000;
const PROBLEMS_MAX = 20;
const CACHE_SCHEMAS_MAX = 500;
const CACHE_CHARS_MAX = 8 * 1024 * 1024;

/** Something that does not fit: where in the value, and why. */
export interface Problem {
  readonly pointer: string;
  readonly message: string;
}

export interface Checker {
  /** Nothing where the value fits; at most 20 problems. */
  check(value: Json): readonly Problem[];
}

/** Least recently used first. */
const cache = new Map<string, Checker>();
let cachedChars = 0;

/** Throws SchemaError. Without `$schema` it is read as 2020-12; formats are checked. */
export function compileSchema(schema: Json): Checker {
  const text = JSON.stringify(schema);
  const known = cache.get(text);
  if (known !== undefined) {
    cache.delete(text);
    cache.set(text, known);
    return known;
  }
  const made = compile(schema, text);
  cache.set(text, made);
  cachedChars += text.length;
  for (const oldest of cache.keys()) {
    if (cache.size <= CACHE_SCHEMAS_MAX && cachedChars <= CACHE_CHARS_MAX) break;
    cache.delete(oldest);
    cachedChars -= oldest.length;
  }
  return made;
}

function compile(schema: Json, text: string): Checker {
  if (typeof schema === 'boolean') {
    const problems = schema ? [] : [{ pointer: '', message: 'nothing is allowed here' }];
    return { check: () => problems };
  }
  if (!isObject(schema)) throw new SchemaError('', 'must be an object');
  if (text.length > SCHEMA_CHARS_MAX) {
    throw new SchemaError('', `is longer than ${SCHEMA_CHARS_MAX} characters`);
  }
  const draft = draftOf(schema);
  checkKeywords(schema, draft);
  const budget: Budget = { steps: 0 };
  const validate = build(guardSchema(schema, draft), { draft, budget });
  const checker: Checker = {
    check(value) {
      budget.steps = 0;
      try {
        return validate(value) ? [] : toProblems(validate.errors ?? []);
      } catch (thrown) {
        return [{ pointer: '', message: `cannot be checked: it ${whyStopped(thrown)}` }];
      }
    },
  };
  // A schema that sends every value round in circles shows it on any.
  budget.steps = 0;
  try {
    validate(null);
  } catch (thrown) {
    throw new SchemaError('', whyStopped(thrown));
  }
  return checker;
}

interface Budget {
  steps: number;
}

class TooManySteps extends Error {}

function whyStopped(thrown: unknown): string {
  if (thrown instanceof TooManySteps || thrown instanceof RangeError) {
    return 'sends the check round in circles, or takes too many steps';
  }
  if (thrown instanceof PatternError) return `has a pattern that ${thrown.message}`;
  throw thrown;
}

const OPTIONS: Options = {
  strict: false,
  // One long list of errors compiles to flat code; else each property nests one level deeper.
  allErrors: true,
  logger: false,
  inlineRefs: false,
  ownProperties: true,
  validateSchema: false,
  formats: { ...FORMATS },
  code: {
    regExp: Object.assign((source: string) => safePattern(source), { code: 'safePattern' }),
    optimize: false,
  },
};

function makeAjv(draft: Draft, options: Options): Ajv | Ajv2019 | Ajv2020 {
  if (draft === '7') return new Ajv(options);
  return draft === '2019-09' ? new Ajv2019(options) : new Ajv2020(options);
}

const judges = new Map<Draft, Ajv | Ajv2019 | Ajv2020>();

/** Against the schema of schemas. */
function checkKeywords(schema: JsonObject, draft: Draft): void {
  let judge = judges.get(draft);
  if (judge === undefined) {
    judge = makeAjv(draft, { strict: false, logger: false, validateFormats: false });
    judges.set(draft, judge);
  }
  if (judge.validateSchema(schema) === true) return;
  const [error] = judge.errors ?? [];
  throw new SchemaError(error?.instancePath ?? '', error?.message ?? 'is not a JSON Schema');
}

/** Ids are known to one compiler only, so that no two callers meet in it. */
function build(schema: JsonObject, how: { readonly draft: Draft; readonly budget: Budget }) {
  const ajv = makeAjv(how.draft, OPTIONS);
  ajv.addKeyword({
    keyword: STEP,
    schema: false,
    errors: false,
    validate: () => {
      how.budget.steps += 1;
      if (how.budget.steps > STEPS_MAX) throw new TooManySteps();
      return true;
    },
  });
  // Ajv compares each pair.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must not have the same item twice' },
    validate: (wanted: boolean, items: readonly Json[]) => !wanted || isUnique(items),
  });
  try {
    return ajv.compile(schema);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new SchemaError('', 'is too large to be compiled');
    const why = thrown instanceof Error ? thrown.message : 'cannot be compiled';
    throw new SchemaError('', refWords(why));
  }
}

/** The one thing that compiling finds after all checks: references that lead nowhere. */
function refWords(why: string): string {
  const ref = /^can't resolve reference (\S+)/.exec(why)?.[1];
  if (ref === undefined) return `cannot be compiled: ${why}`;
  return `refers to ${ref}, which is not in it; other documents are not fetched`;
}

function toProblems(errors: readonly ErrorObject[]): readonly Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const error of errors) {
    const problem = toProblem(error);
    const key = `${problem.pointer} ${problem.message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    problems.push(problem);
    if (problems.length >= PROBLEMS_MAX) break;
  }
  return problems;
}

function toProblem({
  instancePath,
  keyword,
  params,
  message = 'does not fit',
}: ErrorObject): Problem {
  const detail: unknown = params;
  const told = isObject(detail) ? detail : {};
  const extra = told.additionalProperty ?? told.unevaluatedProperty;
  if (typeof extra === 'string') {
    return { pointer: `${instancePath}/${pointerStep(extra)}`, message: 'must not be there' };
  }
  if (keyword === 'required' && typeof told.missingProperty === 'string') {
    return {
      pointer: `${instancePath}/${pointerStep(told.missingProperty)}`,
      message: 'is missing',
    };
  }
  if (keyword === 'enum') {
    return { pointer: instancePath, message: `must be one of ${cut(told.allowedValues)}` };
  }
  if (keyword === 'const') {
    return { pointer: instancePath, message: `must be ${cut(told.allowedValue)}` };
  }
  return { pointer: instancePath, message };
}

const WORDS_CHARS_MAX = 200;

function cut(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? '';
  return text.length <= WORDS_CHARS_MAX ? text : `${text.slice(0, WORDS_CHARS_MAX)}…`;
}
