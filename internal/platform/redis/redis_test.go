package redis_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"souk/internal/clock"
	"souk/internal/platform/redis"
	"souk/internal/platform/redis/redistest"
)

var count = redis.NewScript(`return {redis.call('INCR', KEYS[1])}`)

func open(t *testing.T, server *redistest.Server) (*redis.Client, *clock.Manual) {
	t.Helper()
	now := clock.At(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	c, err := redis.Open(server.URL, now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, now
}

func TestAScriptIsSentToAServerThatDoesNotKnowIt(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	c, _ := open(t, server)
	for want := int64(1); want <= 3; want++ {
		got, err := c.Eval(t.Context(), count, []string{"souk:test"}, nil)
		if err != nil || len(got) != 1 || got[0] != want {
			t.Fatalf("run %d: %v, %v", want, got, err)
		}
	}
}

// A Redis that dies or hangs is asked once and then left alone for a while.
func TestAFailureIsNotWaitedForTwice(t *testing.T) {
	t.Parallel()
	for _, failure := range []struct {
		name       string
		fail, mend func(*redistest.Server)
	}{
		{"dead", (*redistest.Server).Kill, (*redistest.Server).Restart},
		{"hanging", (*redistest.Server).Hang, (*redistest.Server).Wake},
	} {
		t.Run(failure.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			c, now := open(t, server)
			if err := c.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			failure.fail(server)
			if err := c.Ping(t.Context()); err == nil || err == redis.ErrLeftAlone {
				t.Fatalf("the first to notice got %v", err)
			}
			for range 3 {
				if err := c.Ping(t.Context()); err != redis.ErrLeftAlone {
					t.Fatalf("a caller right after the failure got %v", err)
				}
			}
			now.Advance(time.Minute)
			if err := c.Ping(t.Context()); err == nil || err == redis.ErrLeftAlone {
				t.Fatalf("the one who tries got %v", err)
			}
			if err := c.Ping(t.Context()); err != redis.ErrLeftAlone {
				t.Fatalf("a caller after the one who tries got %v", err)
			}
			failure.mend(server)
			for range 100 { // the connection may have to be made anew, which is a failure too
				now.Advance(time.Minute)
				if c.Ping(t.Context()) == nil {
					break
				}
			}
			if err := c.Ping(t.Context()); err != nil {
				t.Fatalf("Redis is back, and a caller got %v", err)
			}
		})
	}
}

func TestNodesThatAreThereAreCounted(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	one, _ := open(t, server)
	two, _ := open(t, server)
	if got := one.Nodes(); got != 1 {
		t.Errorf("before it ever asked, a node knows %d", got)
	}
	for _, c := range []*redis.Client{one, two, one} {
		if err := c.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if one.Nodes() != 2 || two.Nodes() != 2 {
		t.Errorf("of two nodes, one knows %d and the other %d", one.Nodes(), two.Nodes())
	}
	server.Kill()
	if err := one.Beat(t.Context()); err == nil {
		t.Error("a dead Redis took a beat")
	}
	if got := one.Nodes(); got != 2 {
		t.Errorf("without Redis a node remembers %d", got)
	}
}

// A node that has fallen silent is forgotten: its last beat is in the past of
// the server's clock.
func TestASilentNodeIsForgotten(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	c, _ := open(t, server)
	silent := redis.NewScript(`return {redis.call('ZADD', KEYS[1], redis.call('TIME')[1] - 3600, 'silent')}`)
	if _, err := c.Eval(t.Context(), silent, []string{"souk:nodes"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.Nodes(); got != 1 {
		t.Errorf("%d nodes, want 1", got)
	}
}

func TestABadAddressIsRefusedWithoutTellingThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"secret", "http://user:secret@host", "redis://user:secret@host:port:port/0", "redis://user:secret@host/first"} {
		_, err := redis.Open(url, clock.System{}, slog.Default())
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
