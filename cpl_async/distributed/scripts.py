"""Lua scripts that Redis runs atomically. Times are microseconds of Redis's own clock."""

from __future__ import annotations

import hashlib

from attrs import Factory, field, frozen

__all__ = ["ALL", "ASK", "DISCARD", "LANDED", "LEAVE", "LOOK", "MARK", "PROBE", "SLOW", "WROTE", "Script"]


@frozen
class Script:
    """A Lua script, identified by its digest."""

    text: str = field(repr=False)
    sha: str = field(
        init=False,
        default=Factory(
            lambda script: hashlib.sha1(script.text.encode(), usedforsecurity=False).hexdigest(), takes_self=True
        ),
    )


NOW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
"""

PROBE = Script(
    """
-- KEYS: probe. A server that is read-only, or a replica, refuses this: it cannot keep the limits
redis.call('SET', KEYS[1], 1, 'PX', 10000)
return 1
"""
)

MARK = Script(
    """
-- KEYS: mark of a journal. ARGV: uid, counter, at, or nothing to read only. The counter of a journal never goes back
local s = redis.call('HMGET', KEYS[1], 'uid', 'counter', 'at')
if ARGV[1] and (s[1] ~= ARGV[1] or (tonumber(s[2]) or 0) < tonumber(ARGV[2])) then
    redis.call('HSET', KEYS[1], 'uid', ARGV[1], 'counter', ARGV[2], 'at', ARGV[3])
end
if ARGV[1] then redis.call('PEXPIRE', KEYS[1], 7776000000) end
return s
"""
)

ASK = Script(
    NOW
    + """
-- KEYS: pace, line. ARGV: me, priority, interval, lead, grace, valid, absent
local pace, line, me, priority = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local interval, lead, grace, valid = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local absent = tonumber(ARGV[7])
local WEIGHT = {interactive = 6, batch = 3, background = 2}
local function text(number) return string.format('%.0f', number) end

local s = redis.call('HMGET', pace, 'free', 'factor', 'slow', 'holder', 'due', 'ticket', 'turn', 'at')
local free, slow, holder = tonumber(s[1]), tonumber(s[3]) or 0, s[4] or ''
local factor = now < slow and tonumber(s[2]) or 1
local due_of_holder, ticket, turn = tonumber(s[5]) or 0, tonumber(s[6]) or 0, tonumber(s[7]) or 0
local step = interval * factor
if not free or (tonumber(s[8]) or 0) > now + 1000000 then
    -- nothing is remembered, or this clock was set back: what is here is of a time that has not come.
    -- Somebody may have written just before
    free, factor, slow, holder, step = now + interval, 1, 0, '', interval
    redis.call('HSET', pace, 'free', text(free), 'slow', 0, 'holder', '')
    redis.call('DEL', line)
end
redis.call('HSET', pace, 'at', text(now))
if holder == me then holder = '' end
if holder ~= '' and now > due_of_holder + valid then -- it may have written until then, and nobody will tell us
    free = math.max(free, due_of_holder + valid + step)
    holder = ''
end

-- who waits, and in which order
local waiting, first, my_ticket, alone = {}, {}, nil, true
local all = redis.call('HGETALL', line)
for place = 1, #all, 2 do
    local of, number, seen = string.match(all[place + 1], '^(%a+):(%d+):(%d+)$')
    if of == nil or now - tonumber(seen) > absent then
        redis.call('HDEL', line, all[place])
    else
        if all[place] == me then
            my_ticket = tonumber(number)
        else
            waiting[#waiting + 1] = {of, tonumber(number)}
            if of == priority then alone = false end
        end
    end
end
if my_ticket == nil then
    my_ticket = ticket
    redis.call('HSET', pace, 'ticket', ticket + 1)
end
local function passed(of) return tonumber(redis.call('HGET', pace, 'pass:' .. of)) or 0 end
local my_pass = passed(priority)
if alone and my_pass < turn then my_pass = turn end -- a class that nobody was in has not saved up turns
local ahead = 0
for _, other in ipairs(waiting) do
    if other[1] == priority then
        if other[2] < my_ticket then ahead = ahead + 1 end
    else
        local pass = math.max(passed(other[1]), 0)
        if pass < my_pass or (pass == my_pass and WEIGHT[other[1]] > WEIGHT[priority]) then ahead = ahead + 1 end
    end
end

local due = math.max(free, now)
local mine = holder == '' and due - now <= lead and (ahead == 0 or now >= free + ahead * grace)
if mine then
    redis.call('HDEL', line, me)
    turn = my_pass
    redis.call('HSET', pace, 'holder', me, 'due', text(due), 'free', text(free), 'turn', turn,
        'pass:' .. priority, my_pass + 1 / WEIGHT[priority])
else
    redis.call('HSET', line, me, priority .. ':' .. my_ticket .. ':' .. text(now))
    if alone then redis.call('HSET', pace, 'pass:' .. priority, my_pass) end
    redis.call('PEXPIRE', line, 60000)
end
redis.call('PEXPIRE', pace, 600000)
if mine then return {1, text(due)} end
if holder ~= '' then due = math.max(due, due_of_holder + step) end
return {0, text(due + ahead * step - lead)}
"""
)

WROTE = Script(
    NOW
    + """
-- KEYS: pace. ARGV: me, when, interval
local pace, me, at = KEYS[1], ARGV[1], math.min(tonumber(ARGV[2]), now) -- who wrote may think of another time
local s = redis.call('HMGET', pace, 'free', 'factor', 'slow', 'holder')
local factor = at < (tonumber(s[3]) or 0) and tonumber(s[2]) or 1
local free = math.max(tonumber(s[1]) or 0, at + tonumber(ARGV[3]) * factor)
redis.call('HSET', pace, 'free', string.format('%.0f', free))
if s[4] == me then redis.call('HSET', pace, 'holder', '') end
redis.call('PEXPIRE', pace, 600000)
return 1
"""
)

LEAVE = Script(
    """
-- KEYS: pace, line. ARGV: me
redis.call('HDEL', KEYS[2], ARGV[1])
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('HSET', KEYS[1], 'holder', '') end
return 1
"""
)

SLOW = Script(
    NOW
    + """
-- KEYS: pace. ARGV: slower, slowest, for, pause
local s = redis.call('HMGET', KEYS[1], 'free', 'factor', 'slow')
local factor = now < (tonumber(s[3]) or 0) and tonumber(s[2]) or 1
factor = math.min(tonumber(ARGV[2]), factor * tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'factor', factor, 'slow', string.format('%.0f', now + tonumber(ARGV[3])))
if tonumber(ARGV[4]) > 0 then
    local free = math.max(tonumber(s[1]) or 0, now + tonumber(ARGV[4]))
    redis.call('HSET', KEYS[1], 'free', string.format('%.0f', free))
end
redis.call('PEXPIRE', KEYS[1], 600000)
return 1
"""
)

LOOK = Script(
    NOW
    + """
-- KEYS: token, asked. ARGV: flight, fetches, minute, lost, me
local s = redis.call('HMGET', KEYS[1], 'blob', 'renew', 'ends', 'flight', 'since', 'refusal')
if s[1] and now < tonumber(s[2]) then return {'token', s[1], s[2], s[3]} end
local mine = s[4] and string.sub(s[4], 1, #ARGV[5]) == ARGV[5] -- whose answer was lost
local age = s[4] and now - tonumber(s[5])
if s[4] and not mine and age >= 0 and age < tonumber(ARGV[4]) then return {'wait', '30000'} end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[3]))
for _, of in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], string.format('(%.0f', now), '+inf')) do
    redis.call('ZADD', KEYS[2], now, of) -- this clock was set back
end
local fetches = tonumber(ARGV[2])
local asked = redis.call('ZRANGE', KEYS[2], -fetches, -1, 'WITHSCORES')
if #asked >= 2 * fetches then
    local wait = string.format('%.0f', tonumber(asked[2]) + tonumber(ARGV[3]) - now)
    if s[6] then return {'refused', wait, s[6]} end
    return {'wait', wait}
end
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('PEXPIRE', KEYS[2], 120000)
redis.call('HSET', KEYS[1], 'flight', ARGV[1], 'since', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], 864000000)
return {'fetch'}
"""
)

LANDED = Script(
    NOW
    + """
-- KEYS: token, asked. ARGV: flight, blob, mark, renew, ends, refusal, microseconds that count less
if redis.call('HGET', KEYS[1], 'flight') == ARGV[1] then redis.call('HDEL', KEYS[1], 'flight', 'since') end
redis.call('ZADD', KEYS[2], now - tonumber(ARGV[7]), ARGV[1]) -- it may have left any time until now
redis.call('PEXPIRE', KEYS[2], 120000)
if ARGV[2] ~= '' then
    redis.call('HSET', KEYS[1], 'blob', ARGV[2], 'mark', ARGV[3], 'renew', ARGV[4], 'ends', ARGV[5])
    redis.call('HDEL', KEYS[1], 'refusal')
    redis.call('PEXPIRE', KEYS[1], 864000000)
elseif ARGV[6] ~= '' then
    redis.call('HSET', KEYS[1], 'refusal', ARGV[6])
end
return 1
"""
)

DISCARD = Script(
    """
-- KEYS: token. ARGV: mark, or nothing for whatever is there
if ARGV[1] == '' or redis.call('HGET', KEYS[1], 'mark') == ARGV[1] then
    redis.call('HDEL', KEYS[1], 'blob', 'mark', 'renew', 'ends')
end
return 1
"""
)

ALL = (ASK, WROTE, LEAVE, SLOW, LOOK, LANDED, DISCARD, PROBE, MARK)
