-- Removes the sessions that started before a time, and keeps that time for so many milliseconds; without a time, removes all.
local key = KEYS[1]
local time, lasts = tonumber(ARGV[1]), tonumber(ARGV[2])
local ended = 0
local fields = redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  if fields[i] ~= 'before' then
    local started = tonumber(string.match(fields[i + 1], '^(%d+) '))
    if not time or not started or started < time then
      ended = ended + redis.call('HDEL', key, fields[i])
    end
  end
end
if time then
  if tonumber(redis.call('HGET', key, 'before') or 0) < time then
    redis.call('HSET', key, 'before', ARGV[1])
  end
  if redis.call('PTTL', key) < lasts then
    redis.call('PEXPIRE', key, lasts)
  end
end
return ended
