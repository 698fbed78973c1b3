-- Cuts the table of ended calls into months, on PostgreSQL. Run once, with the gateways stopped:
--   psql -v ON_ERROR_STOP=1 -f deploy/sql/partition-calls.sql "$DATABASE_URL"
-- Then once a month (or from cron): select gangway_next_months(3);
--
-- An id begins with the time at which it was made, so ranges of ids are ranges of time, and the
-- primary key stays what it was. The calls of before become the first partition as they stand:
-- nothing is copied.
begin;

-- The first id of the month that begins then.
create function gangway_first_id(month date) returns text language sql immutable as $$
  select 'call_' || lpad(to_hex(
    (extract(epoch from month::timestamp at time zone 'UTC') * 1000)::bigint), 12, '0')
$$;

-- Makes the partitions of so many months to come that are not there yet; answers how many.
create function gangway_next_months(months int) returns int language plpgsql as $$
declare
  month date;
  made int := 0;
begin
  for month in select generate_series(
      date_trunc('month', now() at time zone 'UTC') + interval '1 month',
      date_trunc('month', now() at time zone 'UTC') + months * interval '1 month',
      interval '1 month') loop
    if to_regclass('calls_' || to_char(month, 'YYYY_MM')) is null then
      execute format('create table %I partition of calls for values from (%L) to (%L)',
        'calls_' || to_char(month, 'YYYY_MM'), gangway_first_id(month),
        gangway_first_id((month + interval '1 month')::date));
      made := made + 1;
    end if;
  end loop;
  return made;
end $$;

lock table calls in access exclusive mode;
alter table calls rename to calls_before;
create table calls (like calls_before including defaults including constraints including indexes)
  partition by range (id);

do $$
declare
  next_month date := date_trunc('month', now() at time zone 'UTC') + interval '1 month';
begin
  -- Proves what the partition promises, so that attaching it looks at no row a second time.
  execute format('alter table calls_before add constraint calls_before_until
    check (id < %L)', gangway_first_id(next_month));
  execute format('alter table calls attach partition calls_before
    for values from (minvalue) to (%L)', gangway_first_id(next_month));
end $$;
alter table calls_before drop constraint calls_before_until;

select gangway_next_months(3);
-- A month that nobody made a partition for is no reason to lose a call.
create table calls_default partition of calls default;
commit;
