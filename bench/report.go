package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"souk/bench/internal/measure"
)

// A sample is one measurement of a load.
type sample struct {
	perSecond float64
	p99       time.Duration
}

func (s sample) String() string {
	return fmt.Sprintf("%.0f/s, p99 %s", s.perSecond, s.p99.Round(100*time.Microsecond))
}

// results are the samples of all rounds.
type results struct {
	static, product, listing, commits, orders, paid []sample

	idleMB, loadMB []float64
	programMB      float64
	cold, joined   []time.Duration
	flooded        [][]flooded // by flood
}

func (r *results) measure(into *[]float64, v float64) { *into = append(*into, v) }

func (r *results) write(ctx context.Context, p plan) error {
	static, commits := rate(r.static), rate(r.commits)
	var b strings.Builder
	fmt.Fprintf(&b, "# Results of `make bench`\n\n%s, %d cores, %s, PostgreSQL %s. Shop: %d products in %d variants, private PostgreSQL with fsync on,\nrate limits off, load generator on the same cores. Medians of %d rounds of %s; ceilings and product alternate.\n\n",
		time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), runtime.Version(), measure.PostgresVersion(ctx), p.products, 3*p.products, p.rounds, p.seconds)
	b.WriteString("| Work | Measured | Share of ceiling | Target |\n|---|---|---|---|\n")
	line := func(work string, samples []sample, ceiling float64, target string) {
		share := "the ceiling"
		if ceiling > 0 {
			share = fmt.Sprintf("%.0f %%", 100*rate(samples)/ceiling)
		}
		tail := ""
		if t := tail99(samples); t > 0 {
			tail = fmt.Sprintf(", p99 %s", t.Round(100*time.Microsecond))
		}
		fmt.Fprintf(&b, "| %s | %.0f/s%s | %s | %s |\n", work, rate(samples), tail, share, target)
	}
	line("static: bare net/http, 1 KB of stored JSON, `wrk -t2 -c64`", r.static, 0, "")
	line("product page, stored bytes, c64", r.product, static, "70 %")
	line("listing of 24 with facets, stored bytes, c64", r.listing, static, "60 % of a static body of its size")
	line("commit: `pgbench -c16 -j2` TPC-B-like", r.commits, 0, "")
	line("complete orders, 5 calls each, 64 buyers", r.orders, commits, "25 %")
	fmt.Fprintf(&b, "| the same, paid at a Stripe on loopback, confirmed by its notice | %.0f/s, p99 %s | %.0f %% of cash | told as a ratio |\n",
		rate(r.paid), tail99(r.paid).Round(100*time.Microsecond), 100*rate(r.paid)/rate(r.orders))
	fmt.Fprintf(&b, "| memory of the server, idle / under these loads; of both, %.0f MB are the program's own file, mapped | %.0f / %.0f MB | | 60 / 200 MB |\n",
		r.programMB, slices.Min(r.idleMB), slices.Max(r.loadMB))
	fmt.Fprintf(&b, "| cold start to ready, migrated database / private PostgreSQL started too | %d / %d ms | | 300 ms |\n",
		median(r.joined).Milliseconds(), median(r.cold).Milliseconds())
	r.writeFloods(&b)
	fmt.Fprintf(&b, "\n`souk verify` holds after the load. Made by `make bench`, which runs `go run ./bench -rounds %d -for %s -products %d`.\n", p.rounds, p.seconds, p.products)
	measure.Say("\n%s", b.String())
	return os.WriteFile(p.out, []byte(b.String()), 0o644)
}

// writeFloods says what buyers and customers notice of those who try passwords.
func (r *results) writeFloods(b *strings.Builder) {
	b.WriteString("\n| Beside 16 buyers and a customer who signs in twice a second, limits on | Orders | Share of peace | Sign-in p99 | Target |\n|---|---|---|---|---|\n")
	var peace float64
	for i, f := range floods {
		var orders []sample
		var logins []time.Duration
		for _, seen := range r.flooded[i] {
			orders, logins = append(orders, seen.orders), append(logins, seen.logins...)
		}
		if i == 0 {
			peace = rate(orders)
		}
		fmt.Fprintf(b, "| %s | %.0f/s, p99 %s | %.0f %% | %s | orders as in peace, sign-in 2 s |\n", f.name, rate(orders),
			tail99(orders).Round(100*time.Microsecond), 100*rate(orders)/peace, measure.Percentile(logins, 99).Round(time.Millisecond))
	}
}

// rate is the median of what was done in a second.
func rate(samples []sample) float64 {
	rates := make([]float64, len(samples))
	for i, s := range samples {
		rates[i] = s.perSecond
	}
	return median(rates)
}

func tail99(samples []sample) time.Duration {
	tails := make([]time.Duration, len(samples))
	for i, s := range samples {
		tails[i] = s.p99
	}
	return median(tails)
}

func median[T float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
