-- The same decision as `Family::exchange`, where the record lies.
local key = KEYS[1]
local id, secret, token, successor, seed = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local now, idle, grace, most = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
-- Beyond 14 digits Lua would write a number as a power of ten.
local function digits(number) return string.format('%.0f', number) end

local found = redis.call('HMGET', key, id, 'before')
if not found[1] then
  return { 'unknown' }
end
local started, used, ends, expires, family, current, spent, rest =
  string.match(found[1], '^(%d+) (%d+) (%d+) (%d+) (%S+) (%S+) (%S*) (.*)$')
if not started or tonumber(started) < tonumber(found[2] or 0) or family ~= secret then
  return { 'unknown' }
end
if tonumber(expires) <= now then
  redis.call('HDEL', key, id)
  return { 'expired' }
end

local chain, last, seeds, found_at = {}, 0, {}, nil
for own, its_seed, till in string.gmatch(spent, '([^:,]+):([^:,]+):(%d+),') do
  if tonumber(till) > now then
    chain[#chain + 1] = own .. ':' .. its_seed .. ':' .. till .. ','
    last = tonumber(till)
    if own == token then
      found_at = #chain
    end
    if found_at then
      seeds[#seeds + 1] = its_seed
    end
  end
end

if current == token then
  seeds = {}
  if #chain < most then
    if grace > 0 then
      chain[#chain + 1] = token .. ':' .. seed .. ':' .. digits(math.max(now + grace, last)) .. ','
    end
    current = successor
    used = digits(now)
    expires = digits(math.min(now + idle, tonumber(ends)))
    seeds = { seed }
  end
elseif not found_at then
  redis.call('HDEL', key, id)
  return { 'reused' }
end

local record = table.concat({ started, used, ends, expires, family, current, table.concat(chain), rest }, ' ')
redis.call('HSET', key, id, record)
return { 'renewed', record, unpack(seeds) }
