package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"souk/bench/internal/measure"
)

// A workload is what shoppers ask for again and again.
type workload struct {
	name   string
	target string
	expect string // stands in every answer

	// path is the n-th of many; the answer to none of them is kept.
	path func(n int64) string
	// follow is how many pages a client reads before it takes the next path.
	follow int
}

// row is a workload as it was measured.
type row struct {
	workload

	fresh, stored [2]answers // by as many clients as there are in crowds
}

var crowds = [2]int{1, 16}

// answers are those of one load.
type answers struct {
	took   []time.Duration
	lasted time.Duration

	// What the processor did for it, which others on the machine change less
	// than how long an answer takes.
	souk, postgres time.Duration
}

func (a answers) perSecond() float64 { return float64(len(a.took)) / a.lasted.Seconds() }

// each is a share of the processor's time, in ms.
func (a answers) each(d time.Duration) string {
	return fmt.Sprintf("%.2f", d.Seconds()*1000/float64(max(1, len(a.took))))
}

func (a answers) String() string {
	return fmt.Sprintf("%d answers, %.0f/s, p50 %s, p95 %s, p99 %s ms; CPU of souk %s, of PostgreSQL %s ms", len(a.took), a.perSecond(),
		a.ms(50), a.ms(95), a.ms(99), a.each(a.souk), a.each(a.postgres))
}

func (a answers) ms(p int) string {
	ms := measure.Percentile(a.took, p).Seconds() * 1000
	if ms < 10 {
		return fmt.Sprintf("%.2f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

// few is how many addresses everybody asks for when answers are kept.
const few = 8

// load measures a workload: each request another, then few requests again and
// again.
func (s *shop) load(ctx context.Context, w workload, d time.Duration) (row, error) {
	r := row{workload: w}
	again := w
	again.follow = 1
	paths := make([]string, few)
	for i := range paths {
		paths[i] = w.path(s.next())
	}
	again.path = func(n int64) string { return paths[n%few] }
	for i, clients := range crowds {
		var err error
		if r.fresh[i], err = s.ask(ctx, w, clients, d); err != nil {
			return r, err
		}
		measure.Say("  %s, uncached, clients: %d: %s", w.name, clients, r.fresh[i])
		if r.stored[i], err = s.ask(ctx, again, clients, d); err != nil {
			return r, err
		}
		measure.Say("  %s, cached, clients: %d: %s", w.name, clients, r.stored[i])
	}
	return r, nil
}

func (s *shop) next() int64 { return atomic.AddInt64(&s.asked, 1) }

// ask lets clients ask one thing after the other until the time is over.
func (s *shop) ask(ctx context.Context, w workload, clients int, d time.Duration) (answers, error) {
	var (
		wait  sync.WaitGroup
		took  = make([][]time.Duration, clients)
		began = time.Now()
		all   answers
	)
	souk, postgres := s.CPU()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for i := range took {
		wait.Go(func() {
			for time.Since(began) < d && ctx.Err() == nil {
				if err := s.walk(ctx, w, began.Add(d), &took[i]); err != nil {
					stop(err)
				}
			}
		})
	}
	wait.Wait()
	all.lasted = time.Since(began)
	all.souk, all.postgres = s.CPU()
	all.souk -= souk
	all.postgres -= postgres
	for _, some := range took {
		all.took = append(all.took, some...)
	}
	return all, context.Cause(ctx)
}

// walk asks for a path and then for the pages that follow.
func (s *shop) walk(ctx context.Context, w workload, until time.Time, took *[]time.Duration) error {
	at := w.path(s.next())
	list, _, _ := strings.Cut(at, "&after=") // where the walk begins
	for page := range w.follow {
		if page > 0 && time.Now().After(until) {
			return nil
		}
		began := time.Now()
		body, err := s.get(ctx, s.Base+at)
		if err != nil {
			return err
		}
		*took = append(*took, time.Since(began))
		if !bytes.Contains(body, []byte(w.expect)) {
			return fmt.Errorf("%s: no %s in %.500s", at, w.expect, body)
		}
		if w.follow == 1 {
			return nil
		}
		next, err := nextPage(body)
		if next == "" || err != nil {
			return err
		}
		at = with(list, "after", next)
	}
	return nil
}

func nextPage(body []byte) (cursor string, err error) {
	var page struct {
		Next string `json:"next_cursor"`
	}
	err = json.Unmarshal(body, &page)
	return page.Next, err
}
