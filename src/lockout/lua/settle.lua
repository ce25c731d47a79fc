-- The same change as `Settlement::apply`, where the records lie.
-- ARGV: the time or '', six numbers of each rule, whether it succeeded, how long the pair is known then, three numbers of each charge.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local function digits(number) return string.format('%.0f', number) end

local function give_back(i)
  local max = tonumber(ARGV[2 + (i - 1) * 6])
  local at = 22 + (i - 1) * 3
  local since, charged, before = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local found = redis.call('GET', KEYS[i])
  local failures, began, blocked, known = string.match(found or '', '^(%d+) (%d+) (%d+) (%d+)$')
  if charged == 0 or not failures or failures == '0' or tonumber(began) ~= since then
    return
  end
  local left = failures - 1
  if left < max then
    blocked = 0
  elseif tonumber(failures) == charged then
    blocked = before
  end
  if left == 0 and known == '0' then
    redis.call('DEL', KEYS[i])
  else
    if left == 0 then
      began = '0'
    end
    local text = table.concat({ digits(left), began, digits(tonumber(blocked)), known }, ' ')
    redis.call('SET', KEYS[i], text, 'KEEPTTL')
  end
end

if ARGV[20] ~= '1' then
  for i = 1, 3 do
    give_back(i)
  end
  return
end
local lasts = tonumber(ARGV[21])
if lasts > 0 then
  redis.call('SET', KEYS[1], '0 0 0 ' .. digits(now + lasts), 'PX', ARGV[21])
else
  redis.call('DEL', KEYS[1])
end
give_back(2)
redis.call('DEL', KEYS[3])
