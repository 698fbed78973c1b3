/** What callers of the platform API write, checked; what is wrong is told by field. */
import type { z } from 'zod';
import { Fault } from '../kit/fault.ts';

/** Faults: `invalid_request`, `unknown_parameter`; both name the field. */
export function readFields<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const field = issue.keys[0] ?? '';
    throw new Fault('unknown_parameter', {
      message: `"${field.slice(0, 100)}" is not a field of this request.`,
      param: field.slice(0, 100),
    });
  }
  const field = issue?.path.join('.') ?? '';
  throw new Fault('invalid_request', {
    message: `${field}: ${issue?.message ?? 'not valid'}.`,
    param: field,
  });
}
