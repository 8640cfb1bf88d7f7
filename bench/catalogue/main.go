// Command catalogue measures what shoppers do in a catalogue of one size,
// uncached and cached, and writes a section of bench/CATALOGUE.md and the plans
// of what PostgreSQL was asked to bench/plans.
//
// The shop is that of `souk demo --scale`, with a private PostgreSQL; requests
// come from this process, on the same cores. An answer that is not 200 or has
// not what it should have ends the run.
package main

import (
	"context"
	"errors"
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
	souk    string        // the binary
	scale   string        // of the demo
	dir     string        // of the shop, kept when the user names it
	out     string        // where the section goes
	plans   string        // the folder of what PostgreSQL does
	queries string        // a file of real queries
	seconds time.Duration // of each load
}

func main() {
	var p plan
	flag.StringVar(&p.souk, "souk", "bin/souk", "the binary to measure")
	flag.StringVar(&p.scale, "scale", "10k", "products, as souk demo --scale reads it")
	flag.StringVar(&p.dir, "dir", "", "folder of the filled shop, which is kept and used again; a temporary one when empty")
	flag.StringVar(&p.out, "out", "bench/CATALOGUE.md", "where the results go")
	flag.StringVar(&p.plans, "plans", "bench/plans", "folder for the plans of PostgreSQL")
	flag.StringVar(&p.queries, "queries", "", "real queries: query_id, query and query_class behind tabs, below a heading; left out when the file is not there")
	flag.DurationVar(&p.seconds, "for", 3*time.Second, "how long each load lasts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, p); err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p plan) (err error) {
	if p.souk, err = filepath.Abs(p.souk); err != nil {
		return err
	}
	if p.dir == "" {
		if p.dir, err = os.MkdirTemp("", "souk-catalogue-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(p.dir)) }()
	} else if p.dir, err = filepath.Abs(p.dir); err != nil {
		return err
	}
	r := results{plan: p, busyBefore: busy()}
	s, err := openShop(p)
	if err != nil {
		return err
	}
	if err := r.costs.measure(ctx, s); err != nil {
		return err
	}
	defer func() { s.Stop() }()
	measure.Say("Looking round the shop")
	loads, err := s.workloads(ctx, p)
	if err != nil {
		return err
	}
	for _, w := range loads {
		row, err := s.load(ctx, w, p.seconds)
		if err != nil {
			return err
		}
		r.rows = append(r.rows, row)
	}
	r.costs.loadedMB, r.busyAfter = s.Memory(), busy()
	measure.Say("Asking PostgreSQL how it answers")
	if err := s.explain(ctx, loads, filepath.Join(p.plans, p.scale+".txt")); err != nil {
		return err
	}
	return r.write(ctx)
}
