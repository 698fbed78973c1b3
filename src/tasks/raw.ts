/** The vendor's last words on a task as they came, without what is ours to keep from its caller. */
import { isObject, type Json, parseJson } from '../kit/json.ts';
import type { TaskDeps } from './deps.ts';
import type { Task } from './doc.ts';

const REMOVED = '[removed]';
/** Names of fields whose values open something. */
const SECRET_NAME =
  /^(authorization|api[-_]?key|secret([-_]?key)?|access[-_]?key|token|password)$/i;
const SECRET_CHARS_MIN = 6;

export function rawBody(task: Task, deps: Pick<TaskDeps, 'routes' | 'settings'>): Json {
  const { row, doc } = task;
  if (row.body === null) return null;
  const place = deps.routes.pinned(row.upstream, doc.service);
  const parts = place?.upstream.credential?.split(':') ?? [];
  // The callback's token would let anybody speak as the vendor.
  const secrets = [...parts, row.token].filter((text) => text.length >= SECRET_CHARS_MIN);
  return clean(parseJson(row.body) ?? null, secrets);
}

function clean(value: Json, secrets: readonly string[]): Json {
  if (typeof value === 'string') {
    return secrets.reduce((text, secret) => text.replaceAll(secret, REMOVED), value);
  }
  if (Array.isArray(value)) return value.map((one: Json) => clean(one, secrets));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const isSecret = SECRET_NAME.test(name) && typeof one === 'string';
      return [name, isSecret ? REMOVED : clean(one, secrets)];
    }),
  );
}
