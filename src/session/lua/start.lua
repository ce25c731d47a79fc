-- Keeps a new session. What is over is removed, then those used longest ago, until the user has fewer than may be.
-- The key lasts as long as its last session can.
local key = KEYS[1]
local id, family, now, ends, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local before = tonumber(redis.call('HGET', key, 'before') or 0)
local live = {}
local fields = redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  if fields[i] ~= 'before' then
    local started, used, _, expires = string.match(fields[i + 1], '^(%d+) (%d+) (%d+) (%d+) ')
    if not started or tonumber(expires) <= now or tonumber(started) < before then
      redis.call('HDEL', key, fields[i])
    else
      live[#live + 1] = { tonumber(used), fields[i] }
    end
  end
end
table.sort(live, function(a, b) return a[1] < b[1] end)
for i = 1, #live - most + 1 do
  redis.call('HDEL', key, live[i][2])
end
redis.call('HSET', key, id, family)
-- -1 and -2 say that there is no time to live; a key that outlasts this session keeps its own.
if redis.call('PTTL', key) < ends - now then
  redis.call('PEXPIRE', key, math.max(ends - now, 1))
end
