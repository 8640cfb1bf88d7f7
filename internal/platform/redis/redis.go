// Package redis is what nodes share and can do without: a Redis that may be
// missing, die or hang at any time and costs a request a tenth of a second at worst.
//
// Owns: the connection ([Open]), scripts ([Script]), the breaker, which nodes
// are there ([Client.Beat]). Whoever asks has an answer of their own for when it fails.
// Tables: none; the keys souk:*. Raises: nothing. Calls: nobody.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"souk/internal/clock"
)

// ErrLeftAlone says that Redis failed a moment ago and has not been asked.
var ErrLeftAlone = errors.New("redis failed a moment ago and is left alone")

// patience is how long a call of a shop may take: a page that waits longer is late.
const patience = 100 * time.Millisecond

// Client is one node's way to Redis. It connects when it is first needed.
type Client struct {
	Patience time.Duration // how long one call may take, with the connecting that it may need

	option  rueidis.ClientOption
	breaker breaker
	node    string       // what this node calls itself
	nodes   atomic.Int64 // that were there at the last beat

	connect sync.Once
	conn    rueidis.Client
}

// Open reads the address of a single Redis (no cluster), redis://user:password@host:6379/0,
// rediss:// with TLS or unix://, and does not connect yet.
func Open(url string, clock clock.Clock, log *slog.Logger) (*Client, error) {
	option, err := rueidis.ParseURL(url)
	if err != nil {
		return nil, errors.New("the address of Redis is not one such as redis://user:password@host:6379/0") // err may tell the password
	}
	option.ClientName = "souk"
	option.ForceSingleClient, option.DisableCache, option.DisableRetry = true, true, true
	option.PipelineMultiplex = -1 // one connection
	option.ReadBufferEachConn, option.WriteBufferEachConn = 16<<10, 16<<10
	return &Client{Patience: patience, option: option, breaker: breaker{clock: clock, log: log}, node: rand.Text()}, nil
}

// Close breaks the connection off.
func (c *Client) Close() {
	c.connect.Do(func() {}) // whoever comes now finds no connection
	if c.conn != nil {
		c.conn.Close()
	}
}

// Ping is nil when Redis answers.
func (c *Client) Ping(ctx context.Context) error {
	return c.ask(ctx, func(ctx context.Context) error {
		return c.conn.Do(ctx, c.conn.B().Ping().Build()).Error()
	})
}

// Script is a Lua script that answers with a list of integers.
type Script struct{ lua *rueidis.Lua }

// NewScript is the script with this source.
func NewScript(source string) *Script { return &Script{rueidis.NewLuaScript(source)} }

// Eval runs a script, which Redis knows by its hash or is sent.
func (c *Client) Eval(ctx context.Context, s *Script, keys, args []string) (answer []int64, err error) {
	err = c.ask(ctx, func(ctx context.Context) error {
		answer, err = s.lua.Exec(ctx, c.conn, keys, args).AsIntSlice()
		return err
	})
	return answer, err
}

// ask lets Redis be asked within the patience, unless the breaker is open. A
// caller who leaves says nothing about Redis, so their leaving does not count.
func (c *Client) ask(ctx context.Context, question func(context.Context) error) error {
	if !c.breaker.enter() {
		return ErrLeftAlone
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Patience)
	defer cancel()
	err := c.connected()
	if err == nil {
		err = question(ctx)
	}
	c.breaker.leave(err)
	return err
}

// connected makes the connection the first time. One that was not to be had is
// made by the questions that follow.
func (c *Client) connected() (err error) {
	c.connect.Do(func() {
		c.option.Dialer = net.Dialer{Timeout: c.Patience / 2} // the greeting has the other half
		c.option.ConnWriteTimeout = c.Patience
		c.conn, err = rueidis.NewClient(c.option)
	})
	if err == nil && c.conn == nil {
		return rueidis.ErrClosing
	}
	return err
}
