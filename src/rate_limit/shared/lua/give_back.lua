-- Gives back what a request took. KEYS and ARGV as `take.lua` has them.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local found = redis.call('MGET', unpack(KEYS))
for i, key in ipairs(KEYS) do
  local window, most, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local value, left
  if window == 0 then
    left = math.min((tonumber(found[i] or '') or now) - now, most) - cost
    value = string.format('%.0f', now + left)
  else
    local till, count = string.match(found[i] or '', '^(%d+) (%d+)$')
    left = math.min((tonumber(till or '') or now) - now, window)
    value = string.format('%.0f %.0f', now + left, math.max(0, (tonumber(count or '') or 0) - cost))
  end
  if left > 0 then
    redis.call('SET', key, value, 'PX', math.ceil(left / 1000) + 1)
  elseif found[i] then
    redis.call('DEL', key)
  end
end
return { 0 }
