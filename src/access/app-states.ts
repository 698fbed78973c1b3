/** The apps as they are now, in memory, so that a token costs no read. */
import type { Apps, FoundApp } from '../storage/ports.ts';

const PAGE_ROWS = 1_000;
/** Apps kept in memory; those beyond are read when one of their tokens comes. */
const KEPT_APPS_MAX = 50_000;

/** What is kept of an app. */
export interface AppStates<Kept> {
  find(id: string): Kept | undefined | Promise<Kept | undefined>;
}

export function watchApps<Kept>(apps: Apps, prepare: (found: FoundApp) => Kept): AppStates<Kept> {
  let kept = new Map<string, Kept>();
  let changes = 0;
  let reading = false;
  const readAll = async (): Promise<Map<string, Kept>> => {
    const all = new Map<string, Kept>();
    for (let after = ''; all.size < KEPT_APPS_MAX; ) {
      const page = await apps.list({ limit: PAGE_ROWS, after });
      for (const found of page) all.set(found.app.id, prepare(found));
      after = page.at(-1)?.app.id ?? '';
      if (page.length < PAGE_ROWS) break;
    }
    return all;
  };
  const refresh = async (): Promise<void> => {
    if (reading) return;
    reading = true;
    try {
      // What changes while it is read is read again.
      for (let seen = -1; seen !== changes; ) {
        seen = changes;
        kept = await readAll();
      }
    } catch {
      // Not knowing must not keep a revoked app alive: each is then asked for by itself.
      kept = new Map();
    } finally {
      reading = false;
    }
  };
  apps.onChange(() => {
    changes += 1;
    void refresh();
  });
  void refresh();
  const read = async (id: string): Promise<Kept | undefined> => {
    const before = changes;
    const found = await apps.byId(id);
    if (found === undefined) return undefined;
    const fresh = prepare(found);
    if (changes === before && kept.size < KEPT_APPS_MAX) kept.set(id, fresh);
    return fresh;
  };
  return { find: (id) => kept.get(id) ?? read(id) };
}
