/**
 * One script an operation, so that nothing comes between reading and writing. Each does what
 * memory/counters.ts does, and each key ends by itself. ARGV[1] is the time in milliseconds, or
 * empty for Redis' own, so that all nodes read one clock.
 */

export interface Script {
  readonly text: string;
  /** What EVALSHA knows it by. */
  readonly sha: string;
}

const CLOCK = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

function script(body: string): Script {
  const text = `${CLOCK}${body}`;
  return Object.freeze({ text, sha: Bun.CryptoHasher.hash('sha1', text, 'hex') });
}

/** Seconds of a window that still count. A field is a second, its value what was taken in it. */
const WINDOW = `
local size = tonumber(ARGV[2])
local newest = math.floor(now / 1000)
local costs, old = {}, {}
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  local second = tonumber(fields[i])
  if second > newest and second < newest + size then newest = second end
end
local sum = 0
for i = 1, #fields, 2 do
  local second, cost = tonumber(fields[i]), tonumber(fields[i + 1])
  if second > newest or second <= newest - size then
    old[#old + 1] = fields[i]
  else
    costs[second] = cost
    sum = sum + cost
  end
end
`;

/** ARGV: now, slots of the window (its seconds and one more), limit, cost. */
export const TAKE = script(`${WINDOW}
local limit, cost = tonumber(ARGV[3]), tonumber(ARGV[4])
local ok = sum + cost <= limit
if ok and cost > 0 then
  costs[newest] = redis.call('HINCRBY', KEYS[1], newest, cost)
  sum = sum + cost
  if #old > 0 then redis.call('HDEL', KEYS[1], unpack(old)) end
  redis.call('EXPIRE', KEYS[1], size + 1)
end
local function untilSum(target)
  local left = sum
  if left <= target then return 0 end
  for second = newest - size + 1, newest do
    left = left - (costs[second] or 0)
    if left <= target then return (second + size) * 1000 - now end
  end
  return size * 1000
end
local retry = 0
if not ok then retry = untilSum(math.max(0, limit - cost)) end
return { ok and 1 or 0, math.max(0, limit - sum), untilSum(0), now, retry }
`);

/** ARGV: now, slots of the window, second of the take, delta. */
export const CORRECT = script(`${WINDOW}
local second = tonumber(ARGV[3])
if newest - second >= size then return 0 end
local after = math.max(0, (costs[second] or 0) + tonumber(ARGV[4]))
if after == 0 then
  redis.call('HDEL', KEYS[1], second)
else
  redis.call('HSET', KEYS[1], second, after)
  redis.call('EXPIRE', KEYS[1], size + 1)
end
return 1
`);

/** A place is a slot with the time at which its lease ends. ARGV: now, lease, most, slot. */
export const ENTER = script(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`);

/** Also writes again what a restarted Redis forgot. ARGV: now, lease, slots. */
export const RENEW = script(`
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`);

/** nginx's arithmetic, in thousandths. ARGV: now, rate, burst, nodelay. */
export const LEAK = script(`
local rate, burst = tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'excess', 'last')
local excess, last = 0, now
local wait = 0
if known[1] then
  local before = tonumber(known[1])
  last = tonumber(known[2])
  local passed = now - last
  if passed < -60000 then passed = 1 elseif passed < 0 then passed = 0 end
  excess = math.max(0, before - math.floor(rate * passed / 1000) + 1000)
  if excess > burst then return { 0, 0, math.ceil((excess - burst) * 1000 / rate) } end
  if passed ~= 0 then last = now end
  if ARGV[4] == '0' then wait = math.floor(excess * 1000 / rate) end
end
redis.call('HSET', KEYS[1], 'excess', excess, 'last', last)
-- Once all has leaked out, a key that is gone gives the same verdicts.
redis.call('PEXPIRE', KEYS[1], math.ceil((excess + 1000) * 1000 / rate) + 60000)
return { 1, wait, 0 }
`);
