-- The same decision as `Question::judge`, where the records lie.
-- ARGV: the time or '', six numbers of each rule, whether a CAPTCHA was solved.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
-- Beyond 14 digits Lua would write a number as a power of ten.
local function digits(number) return string.format('%.0f', number) end

local rules, records = {}, {}
local found = redis.call('MGET', KEYS[1], KEYS[2], KEYS[3])
for i = 1, 3 do
  local at = 2 + (i - 1) * 6
  local rule = {
    max = tonumber(ARGV[at]), captcha = tonumber(ARGV[at + 1]), within = tonumber(ARGV[at + 2]),
    first = tonumber(ARGV[at + 3]), factor = tonumber(ARGV[at + 4]), longest = tonumber(ARGV[at + 5]),
  }
  local failures, since, blocked, known = string.match(found[i] or '', '^(%d+) (%d+) (%d+) (%d+)$')
  local record = {
    failures = tonumber(failures or 0), since = tonumber(since or 0),
    blocked = tonumber(blocked or 0), known = tonumber(known or 0),
  }
  function rule.forgotten()
    return (rule.first > 0 and math.max(record.since, record.blocked) or record.since) + rule.within
  end
  if rule.max > 0 and rule.forgotten() <= now then
    record.failures, record.since, record.blocked = 0, 0, 0
  end
  rules[i], records[i] = rule, record
end

local judged = records[1].known > now and 2 or 3
local function locked()
  local place, longest = 0, 0
  for i = 1, judged do
    local wait = records[i].blocked - now
    if rules[i].max > 0 and wait > longest then
      place, longest = i, wait
    end
  end
  return place, longest
end
local function captcha()
  for i = 1, judged do
    if rules[i].max > 0 and records[i].failures >= rules[i].captcha then
      return i
    end
  end
end

local place, wait = locked()
if place > 0 then
  return { 0, place, wait }
end
local demanded = captcha()
if demanded and ARGV[20] ~= '1' then
  return { 1, demanded }
end

local charges = {}
for i = 1, 3 do
  local rule, record = rules[i], records[i]
  if rule.max > 0 then
    local before = record.blocked
    if record.failures == 0 then
      record.since = now
    end
    record.failures = record.failures + 1
    if record.failures >= rule.max then
      local till = rule.forgotten()
      if rule.first > 0 then
        till = now + math.min(rule.first * rule.factor ^ (record.failures - rule.max), rule.longest)
      end
      record.blocked = math.max(record.blocked, till)
    end
    local text = table.concat({
      digits(record.failures), digits(record.since), digits(record.blocked), digits(record.known),
    }, ' ')
    redis.call('SET', KEYS[i], text, 'PX', digits(math.max(rule.forgotten(), record.known) - now))
    charges[i] = { record.since, record.failures, before }
  else
    charges[i] = { 0, 0, 0 }
  end
end
place, wait = locked()
local answer = { 2, place, wait, captcha() and 1 or 0 }
for i = 1, 3 do
  for j = 1, 3 do
    answer[#answer + 1] = charges[i][j]
  end
end
return answer
