package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"souk/internal/platform/redis"
)

// sharedCounts counts in Redis, for all nodes together.
type sharedCounts struct{ redis *redis.Client }

// gcra does what localCounts does, in microseconds of the clock of Redis. Each
// key lives until its bucket is empty. It answers with what is left and the
// reset of each ask that it came to; nothing is left, but -1, to one who is refused.
var gcra = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer = {}
for i, key in ipairs(KEYS) do
  local every, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local ahead = math.max(tonumber(redis.call('GET', key) or now) - now, 0)
  local spare = window - math.min(ahead, window) - every
  if spare < 0 then
    table.insert(answer, -1)
    table.insert(answer, -spare)
    break
  end
  ahead = ahead + every
  redis.call('SET', key, string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000))
  table.insert(answer, math.floor(spare / every))
  table.insert(answer, ahead)
end
return answer
`)

// take counts the asks one after the other until one is refused, in one round
// trip; it returns those that it came to.
func (c *sharedCounts) take(ctx context.Context, asks []ask) ([]ask, error) {
	keys, args := make([]string, len(asks)), make([]string, 0, 2*len(asks))
	for i, a := range asks {
		keys[i] = a.who.key()
		args = append(args, microseconds(a.bucket.every), microseconds(a.bucket.window))
	}
	answer, err := c.redis.Eval(ctx, gcra, keys, args)
	if err != nil {
		return nil, err
	}
	counted := asks[:len(answer)/2]
	for i := range counted {
		left, reset := answer[2*i], answer[2*i+1]
		counted[i].left, counted[i].reset, counted[i].refused = max(left, 0), reset*int64(time.Microsecond), left < 0
	}
	return counted, nil
}

func microseconds(d time.Duration) string {
	return strconv.FormatInt(max(1, d.Microseconds()), 10)
}

// key names the subject in Redis. The id of a cart is a secret, so its hash stands there.
func (w subject) key() string {
	prefix := "souk:limit:" + string(w.class)
	switch {
	case w.addr.IsValid():
		return prefix + ":address:" + w.addr.String()
	case w.name != "":
		sum := sha256.Sum256([]byte(w.name))
		return prefix + ":name:" + hex.EncodeToString(sum[:16])
	}
	return prefix + ":user:" + w.user.String()
}
