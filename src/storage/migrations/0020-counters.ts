import { type Kysely, sql } from 'kysely';
import type { Flavour } from './flavour.ts';

/**
 * Counters that several nodes share, where PostgreSQL carries them: tables without a log, for what
 * a crash takes is counted anew. One function an operation, so that each is one round trip and one
 * row lock. `p_now` is null for the database's own clock, so that all nodes read one.
 */
export async function up(db: Kysely<unknown>, flavour: Flavour): Promise<void> {
  if (flavour !== 'postgres') return;
  for (const text of [TABLES, NOW, WINDOW, TAKE, CORRECT, ENTER, LEAK, SWEEP]) {
    for (const statement of text.split(/^---$/m)) await sql.raw(statement).execute(db);
  }
}

const TABLES = `
create unlogged table counters (
  name text collate "C" primary key,
  seconds bigint[] not null default '{}',
  costs bigint[] not null default '{}',
  excess bigint,
  last_ms bigint,
  until_ms bigint not null
) with (fillfactor = 50)
---
create unlogged table counter_slots (
  name text collate "C" not null,
  slot text collate "C" not null,
  until_ms bigint not null,
  primary key (name, slot)
)`;

const NOW = `
create function counter_now(p_now bigint) returns bigint language sql volatile as $$
  select coalesce(p_now, (extract(epoch from clock_timestamp()) * 1000)::bigint)
$$`;

/** The row of a name, locked and made where it is missing, without what has left its window. */
const WINDOW = `
create function counter_window(p_name text, p_size bigint, p_now bigint,
  out secs bigint[], out costs bigint[], out total bigint, out newest bigint, out now_ms bigint)
language plpgsql as $$
declare kept counters%rowtype;
begin
  select * into kept from counters where name = p_name for update;
  if not found then
    insert into counters (name, until_ms) values (p_name, counter_now(p_now) + 60000)
      on conflict do nothing;
    select * into kept from counters where name = p_name for update;
  end if;
  now_ms := counter_now(p_now);
  select greatest(now_ms / 1000, max(s)) into newest
    from unnest(kept.seconds) s where s < now_ms / 1000 + p_size;
  select coalesce(array_agg(s order by s), '{}'), coalesce(array_agg(c order by s), '{}'),
      coalesce(sum(c), 0)
    into secs, costs, total
    from unnest(kept.seconds, kept.costs) as one(s, c)
    where s > newest - p_size and s <= newest;
end $$`;

const TAKE = `
create function counter_until(p_secs bigint[], p_costs bigint[], p_target bigint)
returns bigint language plpgsql immutable as $$
declare left_over bigint;
begin
  select coalesce(sum(c), 0) into left_over from unnest(p_costs) c;
  if left_over <= p_target then return null; end if;
  for i in 1 .. coalesce(array_length(p_secs, 1), 0) loop
    left_over := left_over - p_costs[i];
    if left_over <= p_target then return p_secs[i]; end if;
  end loop;
end $$
---
create function counter_take(p_name text, p_size bigint, p_limit bigint, p_cost bigint,
  p_now bigint, out ok boolean, out remaining bigint, out reset_ms bigint, out at_ms bigint,
  out retry_ms bigint)
language plpgsql as $$
declare
  seen record;
  spent bigint[];
  at_end int;
begin
  select * into seen from counter_window(p_name, p_size, p_now);
  spent := seen.costs;
  ok := seen.total + p_cost <= p_limit;
  if ok and p_cost > 0 then
    at_end := coalesce(array_length(seen.secs, 1), 0);
    if at_end = 0 or seen.secs[at_end] <> seen.newest then
      seen.secs := seen.secs || seen.newest;
      spent := spent || p_cost;
    else
      spent[at_end] := spent[at_end] + p_cost;
    end if;
    seen.total := seen.total + p_cost;
    update counters
      set seconds = seen.secs, costs = spent, until_ms = seen.now_ms + (p_size + 1) * 1000
      where name = p_name;
  end if;
  remaining := greatest(0, p_limit - seen.total);
  at_ms := seen.now_ms;
  reset_ms := coalesce((counter_until(seen.secs, spent, 0) + p_size) * 1000 - at_ms, 0);
  retry_ms := 0;
  if not ok then
    retry_ms := coalesce(
      (counter_until(seen.secs, spent, greatest(0, p_limit - p_cost)) + p_size) * 1000 - at_ms,
      0);
  end if;
end $$`;

const CORRECT = `
create function counter_correct(p_name text, p_size bigint, p_second bigint, p_delta bigint,
  p_now bigint) returns void language plpgsql as $$
declare
  seen record;
  spent bigint[];
  place int;
begin
  select * into seen from counter_window(p_name, p_size, p_now);
  if seen.newest - p_second >= p_size then return; end if;
  spent := seen.costs;
  place := array_position(seen.secs, p_second);
  if place is null then
    seen.secs := seen.secs || p_second;
    spent := spent || greatest(0, p_delta);
  else
    spent[place] := greatest(0, spent[place] + p_delta);
  end if;
  update counters
    set seconds = seen.secs, costs = spent, until_ms = seen.now_ms + (p_size + 1) * 1000
    where name = p_name;
end $$`;

/** The row in counters is only the lock that makes counting and entering one. */
const ENTER = `
create function counter_enter(p_name text, p_slot text, p_max bigint, p_lease_ms bigint,
  p_now bigint) returns boolean language plpgsql as $$
declare
  now_ms bigint;
  inside bigint;
begin
  insert into counters (name, until_ms) values (p_name, counter_now(p_now) + p_lease_ms)
    on conflict (name) do update set until_ms = excluded.until_ms;
  now_ms := counter_now(p_now);
  delete from counter_slots where name = p_name and until_ms <= now_ms;
  select count(*) into inside from counter_slots where name = p_name;
  if inside >= p_max then return false; end if;
  insert into counter_slots (name, slot, until_ms) values (p_name, p_slot, now_ms + p_lease_ms);
  return true;
end $$
---
create function counter_renew(p_name text, p_slots text[], p_lease_ms bigint, p_now bigint)
returns void language sql as $$
  insert into counter_slots (name, slot, until_ms)
    select p_name, slot, counter_now(p_now) + p_lease_ms from unnest(p_slots) slot
    on conflict (name, slot) do update set until_ms = excluded.until_ms
$$`;

/** nginx's arithmetic, in thousandths of a request; see memory/counters.ts. */
const LEAK = `
create function counter_leak(p_name text, p_rate bigint, p_burst bigint, p_nodelay boolean,
  p_now bigint, out ok boolean, out wait_ms bigint, out retry_ms bigint)
language plpgsql as $$
declare
  kept counters%rowtype;
  now_ms bigint;
  passed bigint;
  over bigint;
  done int;
begin
  ok := true;
  wait_ms := 0;
  retry_ms := 0;
  insert into counters (name, excess, last_ms, until_ms)
    values (p_name, 0, counter_now(p_now), counter_now(p_now) + 60000 + 1000000 / p_rate)
    on conflict do nothing;
  get diagnostics done = row_count;
  if done = 1 then return; end if;
  select * into kept from counters where name = p_name for update;
  now_ms := counter_now(p_now);
  passed := now_ms - kept.last_ms;
  if passed < -60000 then passed := 1; elsif passed < 0 then passed := 0; end if;
  over := greatest(0, kept.excess - p_rate * passed / 1000 + 1000);
  if over > p_burst then
    ok := false;
    retry_ms := ceil((over - p_burst) * 1000.0 / p_rate);
    return;
  end if;
  if not p_nodelay then wait_ms := over * 1000 / p_rate; end if;
  update counters set excess = over,
      last_ms = case when passed <> 0 then now_ms else last_ms end,
      until_ms = now_ms + 60000 + (over + 1000) * 1000 / p_rate
    where name = p_name;
end $$`;

/** Rows whose time is over, so many at most; what another node deletes is passed over. */
const SWEEP = `
create function counter_sweep(p_rows bigint, p_now bigint) returns bigint
language plpgsql as $$
declare
  swept bigint;
  slots bigint;
begin
  delete from counters where name in (
    select name from counters where until_ms < counter_now(p_now)
      limit p_rows for update skip locked);
  get diagnostics swept = row_count;
  delete from counter_slots where (name, slot) in (
    select name, slot from counter_slots where until_ms < counter_now(p_now)
      limit p_rows for update skip locked);
  get diagnostics slots = row_count;
  return swept + slots;
end $$`;
