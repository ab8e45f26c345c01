"""The control of the shared journal: a script that writes for whoever comes, whatever epoch and seq they know."""

from typing import Final

UNFENCED: Final = """#!lua
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local seq = last and tonumber(string.match(last[1], '^%d+')) or 0
for i = 3, #ARGV, 2 do
    seq = seq + 1
    redis.call('XADD', KEYS[1], string.format('%d-0', seq), 'body', ARGV[i + 1])
    redis.call('HSET', KEYS[3], ARGV[i], seq)
end
return {tonumber(ARGV[1]), seq, 1}
"""
