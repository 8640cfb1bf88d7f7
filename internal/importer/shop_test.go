package importer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/catalog"
	"souk/internal/clock"
	"souk/internal/inventory"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/verify"
)

// A shop is an importer on a database of the test's own.
type shop struct {
	*Importer
	pool *pgxpool.Pool
}

func newShop(t testing.TB) shop {
	t.Helper()
	return shopOn(pgtest.DB(t))
}

func shopOn(pool *pgxpool.Pool) shop {
	stock := &inventory.Stock{DB: pool, Clock: clock.System{}}
	prices := &pricing.Prices{DB: pool, Stock: stock}
	goods := &catalog.Catalog{DB: pool, SetOffers: prices.SetOffers, Offers: prices.Offers, SumBundles: prices.SumBundles}
	return shop{&Importer{DB: pool, Catalog: goods, Stock: stock, Prices: prices, Currency: "USD", BaseURL: "https://shop.example"}, pool}
}

// run imports a file and gives the report and the refused rows.
func (s shop) run(t testing.TB, file string, o Options) (Report, string) {
	t.Helper()
	if o.House == "" {
		o.House = "House"
	}
	var refused bytes.Buffer
	o.Refused = &refused
	report, err := s.Run(t.Context(), strings.NewReader(file), o)
	if err != nil {
		t.Fatalf("%v: %+v", err, report.Problems)
	}
	return report, refused.String()
}

// clean imports a file of which nothing may be refused.
func (s shop) clean(t testing.TB, file string, o Options) Report {
	t.Helper()
	report, refused := s.run(t, file, o)
	if len(report.Problems) > 0 || report.Refused > 0 || refused != "" {
		t.Fatalf("refused: %+v\n%s", report.Problems, refused)
	}
	return report
}

// runs imports a file that has to wait for somebody, and returns when it does.
func (s shop) runs(t testing.TB, file string) <-chan Report {
	t.Helper()
	done := make(chan Report, 1)
	go func() {
		report, err := s.Run(t.Context(), strings.NewReader(file), Options{House: "House"})
		if err != nil {
			t.Error(err)
		}
		done <- report
	}()
	for s.count(t, `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0 {
		if len(done) > 0 {
			t.Fatalf("it waited for nobody: %+v", <-done)
		}
	}
	return done
}

func (s shop) export(t testing.TB) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := s.Export(t.Context(), &out, "souk", ""); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func (s shop) count(t testing.TB, sql string) int {
	t.Helper()
	n, err := postgres.Scalar[int](t.Context(), s.pool, sql, pgx.NamedArgs{})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (s shop) exec(t testing.TB, sql string) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// text is a query's one column, joined with line ends.
func (s shop) text(t testing.TB, sql string) string {
	t.Helper()
	lines, err := postgres.Column[string](t.Context(), s.pool, sql, pgx.NamedArgs{})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(lines, "\n")
}

// footprint changes when a row of any table is written, were it with the same
// values.
func (s shop) footprint(t testing.TB) map[string]string {
	t.Helper()
	prints := map[string]string{}
	for _, table := range strings.Fields(s.text(t, `
		SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY c.relname`)) {
		// What a lock leaves is in xmax only.
		prints[table] = s.text(t, `SELECT md5(coalesce(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid), '')) FROM `+pgx.Identifier{table}.Sanitize())
	}
	return prints
}

func (s shop) verify(t testing.TB) {
	t.Helper()
	report, err := verify.Run(t.Context(), s.pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range report.Violations {
		t.Errorf("%s is broken: %s %v", v.Rule, v.Text, v.Examples)
	}
}

// tally is a report without its problems.
func tally(r Report) Report {
	r.Problems, r.DryRun = nil, false
	return r
}

func wantReport(t testing.TB, got, want Report) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Problem{})); diff != "" {
		t.Errorf("report: %s", diff)
	}
}
