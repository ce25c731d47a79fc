-- Takes from all quotas of a request, or from none. The same decision as `Rule::take`, where the counts lie.
-- KEYS: one for each quota. ARGV, for each: the window in microseconds, or 0 for GCRA; the most that may be used; what is asked.
-- With GCRA what is used is the time until the quota is whole, in microseconds, and the key holds when that is. In a window it is
-- a count, and the key holds when the window ends, and the count.
-- Answers 0 and then two numbers for each quota, what is used and how long until none is; or the first that refuses, and its two.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local found = redis.call('MGET', unpack(KEYS))
local answer, values = { 0 }, {}
-- A clock that went back, as it may where another node takes over, must not lock anybody out for longer than the quota can: what is
-- kept is made to fit also where the request is refused.
local function fit(key, value, left)
  redis.call('SET', key, value, 'PX', math.ceil(left / 1000) + 1)
end
for i, key in ipairs(KEYS) do
  local window, most, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local used, left, ends = 0, 0, now + window
  if window == 0 then
    used = math.max(0, (tonumber(found[i] or '') or now) - now)
    if used > most then
      used = most
      fit(key, string.format('%.0f', now + used), used)
    end
    left = used
  else
    local till, count = string.match(found[i] or '', '^(%d+) (%d+)$')
    if till and tonumber(till) > now then
      used = tonumber(count)
      if tonumber(till) > ends then
        fit(key, string.format('%.0f %.0f', ends, used), window)
      else
        ends = tonumber(till)
      end
      left = ends - now
    end
  end
  if used + cost > most then
    return { i, used, left }
  end
  if cost > 0 then
    used = used + cost
    left = window == 0 and used or ends - now
    -- Beyond 14 digits Lua would write a number as a power of ten.
    values[i] = window == 0 and string.format('%.0f', now + used) or string.format('%.0f %.0f', ends, used)
  end
  answer[2 * i], answer[2 * i + 1] = used, left
end
for i, key in ipairs(KEYS) do
  if values[i] then
    redis.call('SET', key, values[i], 'PX', math.ceil(answer[2 * i + 1] / 1000) + 1)
  end
end
return answer
