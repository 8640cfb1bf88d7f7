package redis

import (
	"context"
	"strconv"
	"time"
)

// How often a node says that it is there, and after which silence it is gone.
const (
	beatEvery = 2 * time.Second
	goneAfter = 10 * time.Second
)

// Run keeps saying that this node is there, and so finds out when a Redis that
// failed is back, until ctx ends.
func (c *Client) Run(ctx context.Context) error {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		_ = c.Beat(ctx) // the breaker logs a failure once, not at every beat
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Beat says that this node is there and counts those that are.
func (c *Client) Beat(ctx context.Context) error {
	answer, err := c.Eval(ctx, beat, []string{"souk:nodes"}, []string{c.node, strconv.Itoa(int(goneAfter.Seconds()))})
	if err != nil {
		return err
	}
	c.nodes.Store(answer[0])
	return nil
}

// Nodes is how many nodes were there when Redis last answered: 1 before it ever did.
func (c *Client) Nodes() int { return int(max(1, c.nodes.Load())) }

// beat goes by the clock of Redis, so those of the nodes may differ.
var beat = NewScript(`
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {redis.call('ZCARD', KEYS[1])}
`)
