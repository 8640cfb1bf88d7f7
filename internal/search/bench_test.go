package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// large is a made-up shop: a tree of 1,110 categories, 500 brands, 50 vendors,
// five attributes, titles and texts from 5,000 words of which some are common.
func large(products int) *shop {
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.2, 8, 4999)
	word := func() string {
		n, w := zipf.Uint64()+17, ""
		for ; n > 0; n /= 16 {
			w += string("bdfgklmnprstvzhj"[n%16]) + string("aeiou"[n%5])
		}
		return w
	}
	words := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = word()
		}
		return strings.Join(list, " ")
	}
	s := &shop{}
	for i := range 50 {
		s.vendors = append(s.vendors, newThing(fmt.Sprintf("Vendor %d", i)))
	}
	for i := range 500 {
		s.brands = append(s.brands, newThing(fmt.Sprintf("Brand %d", i)))
	}
	for i := range 40 {
		s.tags = append(s.tags, newThing(fmt.Sprintf("Tag %d", i)))
	}
	var leaves []int
	for i := range 10 {
		top := s.category(fmt.Sprintf("Top %d", i), -1)
		for j := range 10 {
			middle := s.category(fmt.Sprintf("Middle %d.%d", i, j), top)
			for k := range 10 {
				leaves = append(leaves, s.category(fmt.Sprintf("Leaf %d.%d.%d", i, j, k), middle))
			}
		}
	}
	skewed := func(n int) int { return int(float64(n) * r.Float64() * r.Float64()) }
	of := func(name string, n int) []string { return []string{fmt.Sprintf("%s %d", name, skewed(n))} }
	for i := range products {
		p := &product{
			Title: words(4), Text: "<p>" + words(60) + "</p>", Vendor: skewed(50), Brand: skewed(500), Categories: []int{leaves[skewed(1000)]}, Tags: []int{r.IntN(20), 20 + r.IntN(20)},
			Attributes: map[string][]string{"Color": of("color", 12), "Material": of("material", 8), "season": of("season", 4), "Fit": of("fit", 5)},
			Option:     "Size", Created: time.Date(2025, 1, 1, 0, 0, i, 0, time.UTC), Rating: float64(skewed(50)) / 10, Sold: int64(skewed(10000)),
		}
		price := int64(100 * (5 + skewed(500)))
		for j := range 3 {
			p.Variants = append(p.Variants, variant{
				Value: []string{"S", "M", "L"}[j], SKU: fmt.Sprintf("SKU-%d-%d", i, j),
				Prices: map[money.Currency]int64{"USD": price + int64(j)*100}, Stock: max(0, r.IntN(12)-2), Counted: true,
			})
		}
		s.products = append(s.products, p)
	}
	return s
}

// BenchmarkCatalogue answers requests over SOUK_BENCH_PRODUCTS products
// (10,000), through the whole door but for the socket, and reports the median
// and the 99th percentile in microseconds.
func BenchmarkCatalogue(b *testing.B) {
	n := 10_000
	if s := os.Getenv("SOUK_BENCH_PRODUCTS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	pool := pgtest.DB(b)
	s := large(n)
	search := newSearch(pool)
	begun := time.Now()
	if err := postgres.InTx(b.Context(), pool, func(tx pgx.Tx) error {
		mustExec(b, tx, `SET LOCAL statement_timeout = 0`, nil)
		s.insert(b, tx)
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	b.Logf("inserted %d products in %v", n, time.Since(begun))
	begun = time.Now()
	if _, err := search.Rebuild(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	b.Logf("listed them in %v", time.Since(begun))
	if err := postgres.InTx(b.Context(), pool, func(tx pgx.Tx) error {
		for _, p := range s.products {
			mustExec(b, tx, `UPDATE listings SET rating = @rating, rating_count = 1, popularity = @sold WHERE product_id = @id`, pgx.NamedArgs{"rating": p.Rating, "sold": p.Sold, "id": p.ID})
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Exec(b.Context(), `VACUUM ANALYZE`); err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	for _, how := range []string{"from the listings", "from the file that the last node left"} {
		begun := time.Now()
		node := &Search{DB: pool, Pool: pool, Currency: "USD", Dir: dir}
		ctx, stop := context.WithCancel(b.Context())
		var part errgroup.Group
		part.Go(func() error { return node.Follow(ctx) })
		<-node.node().built
		b.Logf("started in %v %s", time.Since(begun), how)
		stop()
		if err := part.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	doors := map[uint64]http.Handler{}
	for _, bytes := range []uint64{0, 32 << 20} {
		begun := time.Now()
		node := &Search{DB: pool, Pool: pool, Currency: "USD", CacheBytes: bytes}
		ctx, stop := context.WithCancel(b.Context())
		var parts errgroup.Group
		parts.Go(func() error { return node.Follow(ctx) })
		defer func() {
			stop()
			if err := parts.Wait(); err != nil {
				b.Error(err)
			}
		}()
		doors[bytes] = serve(b, node)
		<-node.node().built
		b.Logf("built an index in %v", time.Since(begun))
	}
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(list []thing) string { return list[r.IntN(len(list))].Slug }
	title := func() string { return s.products[r.IntN(n)].Title }
	// What a request over one SELECT by key costs on this machine at this hour.
	b.Run("one select", func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			begun := time.Now()
			if _, err := postgres.Scalar[string](b.Context(), pool, `SELECT card FROM product_pages WHERE product_id = @id AND currency = 'USD'`, pgx.NamedArgs{"id": s.products[r.IntN(n)].ID}); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(begun))
		}
		report(b, took)
	})
	for _, bench := range []struct {
		name  string
		path  func() string
		cache uint64
	}{
		{"page", func() string { return "products/" + s.products[r.IntN(n)].Slug }, 0},
		{"page stored", func() string { return "products/" + s.products[r.IntN(100)].Slug }, 32 << 20},
		{"list", func() string { return "products?limit=24" }, 0},
		{"list facets", func() string { return "products?limit=24&facets=true" }, 0},
		{"list facets stored", func() string { return "products?limit=24&facets=true" }, 32 << 20},
		{"list top category facets", func() string { return fmt.Sprintf("products?limit=24&facets=true&category=top_%d", r.IntN(10)) }, 0},
		{"list leaf category facets", func() string {
			return "products?limit=24&facets=true&category=" + s.categories[len(s.categories)-1-r.IntN(900)].Slug
		}, 0},
		{"list 3 filters facets", func() string {
			return fmt.Sprintf("products?limit=24&facets=true&category=top_%d&brand=%s,%s&in_stock=true&price[lte]=%d", r.IntN(4), pick(s.brands[:100]), pick(s.brands[:100]), 10000+r.IntN(20000))
		}, 0},
		{"list 3 soft filters facets", func() string {
			return fmt.Sprintf("products?limit=24&facets=true&attr[color]=color+%d&attr[material]=material+%d&price[lte]=%d", r.IntN(6), r.IntN(4), 10000+r.IntN(20000))
		}, 0},
		{"list by price", func() string { return fmt.Sprintf("products?limit=24&sort=price&category=top_%d", r.IntN(10)) }, 0},
		{"text facets", func() string {
			return "products?limit=24&facets=true&q=" + url.QueryEscape(strings.Join(strings.Fields(title())[:2], " "))
		}, 0},
		{"text one word", func() string { return "products?limit=24&q=" + url.QueryEscape(strings.Fields(title())[0]) }, 0},
		{"text typo", func() string { t := title(); return "products?limit=24&q=" + url.QueryEscape(t[:3]+"q"+t[4:9]) }, 0},
		{"suggest", func() string { return "search/suggest?q=" + url.QueryEscape(title()[:3]) }, 0},
	} {
		b.Run(bench.name, func(b *testing.B) {
			h := doors[bench.cache]
			var took []time.Duration
			for b.Loop() {
				path := "/api/v1/" + bench.path()
				begun := time.Now()
				w := get(h, path)
				took = append(took, time.Since(begun))
				if w.Code != http.StatusOK {
					b.Fatalf("%s: %d %s", path, w.Code, w.Body)
				}
			}
			report(b, took)
		})
	}
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
