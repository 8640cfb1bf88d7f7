// Package torture tries to make a shop oversell, lose an order or forget what
// it said: buyers who race for the last unit, double clicks, kill -9.
//
// Owns: the storm ([Storm]), the race for a coupon ([HotCoupon]), payments by a
// provider that fails ([PayTogether]), the crash points ([CrashPoints]) and the steps of
// those that no request can cause ([Act]). It runs a real server as a child
// process in a shop of its own, on this machine only.
// Tables: none that are not its own shop's. Raises: nothing.
// Calls: the HTTP API; verify, while the storm blows.
package torture

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// A Plan is how hard it gets.
type Plan struct {
	Exe    string // the souk to run; it must know `serve` and `torture --act`
	Buyers int    // at once, for the same units
	Units  int    // for sale in each round
	Rounds int
	Kill   bool   // kill -9 the server now and then, sometimes its PostgreSQL too
	Seed   uint64 // of who double-clicks and when kills come

	Provider string // by which buyers pay, for [PayTogether] and [CrashPoints]; stripe when empty

	// URL is a server that runs already, on this machine, whose staff member
	// Email is; empty starts one.
	URL, Email, Password string

	Scratch string                        // where the shop is made; the system's folder for such things when empty
	Step    func(done, of int, at string) // told of progress; may be nil
}

func (p *Plan) step(done, of int, at string) {
	if p.Step != nil {
		p.Step(done, of, at)
	}
}

// A Report is what came of it.
type Report struct {
	OK         bool     `json:"ok"`
	Seed       uint64   `json:"seed"`
	Violations []string `json:"violations"` // the first of them
	Broken     int      `json:"violation_count"`

	Rounds    int `json:"rounds,omitempty"`
	Buyers    int `json:"buyers,omitempty"`
	Units     int `json:"units,omitempty"`
	Orders    int `json:"orders,omitempty"`
	Refusals  int `json:"refusals,omitempty"`
	Completed int `json:"completed_carts,omitempty"` // second clicks that were told of the order
	Repeats   int `json:"repeats,omitempty"`         // orders asked for again under the same key
	Lost      int `json:"lost_connections,omitempty"`
	Busy      int `json:"busy,omitempty"` // 503 and keys in progress, tried again
	Requests  int `json:"requests"`

	Kills         int `json:"kills,omitempty"`
	DatabaseKills int `json:"database_kills,omitempty"`
	Checks        int `json:"checks"` // of all invariants

	OrderTimes   *Times `json:"order_ms,omitempty"`
	RefusalTimes *Times `json:"refusal_ms,omitempty"`

	Crashes []Crash `json:"crashes,omitempty"`
	Seconds float64 `json:"seconds"`

	mu   sync.Mutex
	took map[string][]time.Duration
}

// Times are percentiles in milliseconds.
type Times struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

const violationsKept = 20

// violated records what must not be.
func (r *Report) violated(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Broken++
	if len(r.Violations) < violationsKept {
		r.Violations = append(r.Violations, fmt.Sprintf(format, args...))
	}
}

// count changes counters under the lock.
func (r *Report) count(change func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

func (r *Report) time(what string, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took[what] = append(r.took[what], d)
}

func newReport(p *Plan) *Report {
	if p.Seed == 0 {
		p.Seed = rand.Uint64N(1 << 53) //nolint:gosec // a schedule of faults, not a secret; JavaScript can read it
	}
	return &Report{Seed: p.Seed, Violations: []string{}, took: map[string][]time.Duration{}}
}

func (r *Report) finish(began time.Time, requests int64) *Report {
	r.OrderTimes, r.RefusalTimes = times(r.took["order"]), times(r.took["refusal"])
	r.Requests, r.Seconds, r.OK = int(requests), time.Since(began).Seconds(), r.Broken == 0
	return r
}

func times(took []time.Duration) *Times {
	if len(took) == 0 {
		return nil
	}
	slices.Sort(took)
	at := func(percent int) float64 {
		d := took[min(len(took)-1, len(took)*percent/100)]
		return float64(d.Round(100*time.Microsecond).Microseconds()) / 1000
	}
	return &Times{at(50), at(95), at(99), at(100)}
}

// Print tells people.
func (r *Report) Print(w io.Writer) {
	if r.Rounds > 0 {
		fmt.Fprintf(w, "%d rounds of %d buyers for %d units: %d orders, %d refusals, %d second clicks told of their order\n",
			r.Rounds, r.Buyers, r.Units, r.Orders, r.Refusals, r.Completed)
		printTimes(w, "an order took", r.OrderTimes)
		printTimes(w, "a refusal took", r.RefusalTimes)
		fmt.Fprintf(w, "  %d orders asked for again under their key gave the same order; %d busy answers were tried again\n", r.Repeats, r.Busy)
	}
	if r.Kills > 0 {
		fmt.Fprintf(w, "  %d kills of the server, %d of them with its PostgreSQL; %d connections lost and tried again\n", r.Kills, r.DatabaseKills, r.Lost)
	}
	for _, c := range r.Crashes {
		fmt.Fprintf(w, "  %-34s %-10s %s\n", c.Point, c.Scenario, c.outcome())
	}
	fmt.Fprintf(w, "  all invariants checked %d times; %d requests in %.1f s; seed %d\n", r.Checks, r.Requests, r.Seconds, r.Seed)
	for _, v := range r.Violations {
		fmt.Fprintln(w, "VIOLATION", v)
	}
	if more := r.Broken - len(r.Violations); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	if r.OK {
		fmt.Fprintln(w, "The shop held.")
	} else {
		fmt.Fprintf(w, "The shop broke: %d violations.\n", r.Broken)
	}
}

func printTimes(w io.Writer, what string, t *Times) {
	if t != nil {
		fmt.Fprintf(w, "  %s p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, at most %.1f ms\n", what, t.P50, t.P95, t.P99, t.Max)
	}
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
