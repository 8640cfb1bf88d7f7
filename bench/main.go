// Command bench measures Souk beside its ceilings, on one machine in one run,
// and writes bench/RESULTS.md.
//
// Machines differ and are busy, so a figure counts as a share of a ceiling
// that was measured beside it: a bare net/http server that answers 1 KB of
// stored JSON, and pgbench's TPC-B-like load with fsync on. Rounds alternate
// between ceiling and product; figures are medians.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"souk/bench/internal/measure"
)

// plan is what a run measures.
type plan struct {
	souk     string        // the binary
	out      string        // where the results go
	rounds   int           // of which the median counts
	seconds  time.Duration // of each load
	products int
	dir      string // of everything that the run makes
}

func main() {
	if os.Getenv(staticAddress) != "" {
		serveStatic(os.Getenv(staticAddress))
		return
	}
	var p plan
	flag.StringVar(&p.souk, "souk", "bin/souk", "the binary to measure")
	flag.StringVar(&p.out, "out", "bench/RESULTS.md", "where the results go")
	flag.IntVar(&p.rounds, "rounds", 3, "rounds, of which the median counts")
	flag.DurationVar(&p.seconds, "for", 8*time.Second, "how long each load lasts")
	flag.IntVar(&p.products, "products", 1000, "products in the shop, each in three variants")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, p); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p plan) (err error) {
	if p.souk, err = filepath.Abs(p.souk); err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp("", "souk-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(p.dir) }()
	if err := os.Chmod(p.dir, 0o755); err != nil { // PostgreSQL runs as somebody else
		return err
	}
	var r results
	measure.Say("Filling a shop with %d products in %d variants", p.products, 3*p.products)
	s, err := openSouk(ctx, p)
	if err != nil {
		return err
	}
	defer s.Stop()
	ceiling, err := startStatic(ctx)
	if err != nil {
		return err
	}
	defer ceiling.stop()
	clerk, err := startPgbench(ctx, p)
	if err != nil {
		return err
	}
	defer clerk.stop(ctx)
	b, err := s.openBank(ctx)
	if err != nil {
		return err
	}
	defer b.http.Close()
	for round := range p.rounds {
		measure.Say("Round %d of %d", round+1, p.rounds)
		if err := r.round(ctx, p, s, b, ceiling, clerk); err != nil {
			return err
		}
	}
	if err := s.verify(ctx); err != nil {
		return err
	}
	measure.Say("Trying passwords")
	if err := r.floods(ctx, p, s); err != nil {
		return err
	}
	measure.Say("Starting the shop anew")
	if err := r.starts(ctx, p, s); err != nil {
		return err
	}
	return r.write(ctx, p)
}

// round measures everything once, each load beside its ceiling.
func (r *results) round(ctx context.Context, p plan, s *souk, b *bank, ceiling *process, clerk *pgbench) error {
	for _, load := range []struct {
		into *[]sample
		url  string
	}{
		{&r.static, "http://" + ceiling.address + "/"},
		{&r.product, s.url("/api/v1/products/" + s.slug)},
		{&r.listing, s.url("/api/v1/products?limit=24&facets=true")},
	} {
		measured, err := wrk(ctx, load.url, p.seconds)
		if err != nil {
			return err
		}
		*load.into = append(*load.into, measured)
		measure.Say("  %-60.60s %s", load.url, measured)
	}
	tps, err := clerk.run(ctx, p.seconds)
	if err != nil {
		return err
	}
	r.commits = append(r.commits, sample{perSecond: tps})
	measure.Say("  pgbench TPC-B-like, 16 clients: %.0f/s", tps)
	orders, err := s.orders(ctx, 64, p.seconds)
	if err != nil {
		return err
	}
	r.orders = append(r.orders, orders)
	measure.Say("  complete orders, 64 buyers: %s", orders)
	paid, err := s.paidOrders(ctx, b, 64, p.seconds)
	if err != nil {
		return err
	}
	r.paid = append(r.paid, paid)
	measure.Say("  the same, paid at a Stripe on loopback: %s", paid)
	r.measure(&r.loadMB, s.Memory())
	return nil
}

// floods measures orders and sign-ins in peace and while somebody tries 500
// passwords a second, with the limits that a shop has.
func (r *results) floods(ctx context.Context, p plan, s *souk) error {
	s.limits = "on"
	if _, err := s.restart(ctx); err != nil {
		return err
	}
	if err := s.signUp(ctx); err != nil {
		return err
	}
	r.flooded = make([][]flooded, len(floods))
	for range p.rounds {
		for i, f := range floods {
			seen, err := s.underFlood(ctx, f.flood, 16, p.seconds)
			if err != nil {
				return err
			}
			r.flooded[i] = append(r.flooded[i], seen)
			measure.Say("  %s: orders %s; sign-in p99 %s; %d tries answered", f.name, seen.orders, measure.Percentile(seen.logins, 99).Round(time.Millisecond), seen.tried)
		}
	}
	s.limits = "off"
	return nil
}

// floods are the loads beside which people order and sign in.
var floods = []struct {
	name string
	flood
}{
	{"nobody tries passwords", flood{}},
	{"500 requests/s for nothing (404), to tell what they cost by themselves", flood{500, 50, 500, "/api/v1/auth/nothing"}},
	{"500 passwords/s from 50 addresses", flood{500, 50, 500, "/api/v1/auth/login"}},
	{"500 passwords/s, each from another address", flood{500, 1 << 20, 500, "/api/v1/auth/login"}},
}

// starts measures how long it takes until the first answer, and what memory that is.
func (r *results) starts(ctx context.Context, p plan, s *souk) error {
	for range p.rounds {
		took, err := s.restart(ctx)
		if err != nil {
			return err
		}
		r.cold = append(r.cold, took)
		r.measure(&r.idleMB, s.Memory())
		r.programMB = s.Program()
		if took, err = s.join(ctx); err != nil {
			return err
		}
		r.joined = append(r.joined, took)
	}
	return nil
}
