package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A flood is somebody who tries passwords: so many in a second, whether or not
// the shop keeps up, from so many addresses, at so many names.
type flood struct {
	perSecond, addresses, names int

	path string
}

// flooded is what buyers and an honest customer see while it lasts.
type flooded struct {
	orders sample
	logins []time.Duration
	tried  int64
}

// underFlood lets buyers order and a customer sign in while f goes on; a flood
// of nothing is how it is in peace.
func (s *souk) underFlood(ctx context.Context, f flood, buyers int, d time.Duration) (flooded, error) {
	ctx, stop := context.WithTimeout(ctx, d+time.Minute)
	defer stop()
	var (
		seen     flooded
		tried    atomic.Int64
		wait     sync.WaitGroup
		until    = time.Now().Add(d)
		loginErr error
	)
	wait.Go(func() { s.try(ctx, f, until, &tried) })
	wait.Go(func() { seen.logins, loginErr = s.signIns(ctx, until) })
	orders, err := s.orders(ctx, buyers, d)
	wait.Wait()
	seen.orders, seen.tried = orders, tried.Load()
	if err == nil {
		err = loginErr
	}
	return seen, err
}

// try sends wrong passwords at a steady rate, without waiting for answers, as an
// attacker would not, and counts those that come.
func (s *souk) try(ctx context.Context, f flood, until time.Time, tried *atomic.Int64) {
	if f.perSecond == 0 {
		return
	}
	tick := time.NewTicker(time.Second / time.Duration(f.perSecond))
	defer tick.Stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}, Timeout: 10 * time.Second}
	var wait sync.WaitGroup
	defer wait.Wait()
	for n := int64(0); time.Now().Before(until); n++ {
		<-tick.C
		wait.Go(func() {
			body := fmt.Sprintf(`{"username":"victim%d","password":"wrong wrong %d"}`, n%int64(f.names), n)
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url(f.path), strings.NewReader(body))
			if err != nil {
				return
			}
			req.Header = http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {address(172, n%int64(f.addresses))}}
			answer, err := client.Do(req)
			if err != nil {
				return // the shop may well hang up on a flood
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			tried.Add(1)
		})
	}
}

var customer = map[string]string{"username": "honest", "email": "honest@demo.test", "password": "seven brass lanterns"}

// signUp makes the customer who signs in during floods.
func (s *souk) signUp(ctx context.Context) error {
	return s.call(ctx, http.MethodPost, "/api/v1/auth/register", nil, customer, nil)
}

// signIns signs the customer in every half second and says how long each took.
// "Busy, try again" is an answer that an honest client follows.
func (s *souk) signIns(ctx context.Context, until time.Time) (took []time.Duration, err error) {
	for time.Now().Before(until) {
		began := time.Now()
		for {
			err = s.call(ctx, http.MethodPost, "/api/v1/auth/login", http.Header{"X-Forwarded-For": {address(192, 1)}},
				map[string]string{"username": customer["username"], "password": customer["password"]}, nil)
			if err == nil || !strings.Contains(err.Error(), `"busy"`) {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err != nil {
			return took, err
		}
		took = append(took, time.Since(began))
		time.Sleep(max(0, 500*time.Millisecond-time.Since(began)))
	}
	return took, nil
}

// address is the n-th of a network, as the proxy in front of the shop says it.
func address(network byte, n int64) string {
	return fmt.Sprintf("%d.%d.%d.%d", network, n>>16&255, n>>8&255, n&255)
}
