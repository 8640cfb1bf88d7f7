package checkout_test

import (
	"sync/atomic"
	"testing"

	"souk/internal/cart"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// BenchmarkPlace places orders of one line by 16 buyers at once, each commit
// included: of things of their own, and all of one thing.
func BenchmarkPlace(b *testing.B) {
	for _, bench := range []struct {
		name   string
		things int
	}{{"many things", 200}, {"one thing", 1}} {
		b.Run(bench.name, func(b *testing.B) {
			s := openOn(b, pgtest.DB(b))
			vendor := s.vendor()
			var variants []id.Variant
			for range bench.things {
				variants = append(variants, s.sell(goods{vendor: vendor, stock: 1_000_000}))
			}
			carts := make([]cart.View, b.N)
			for i := range carts {
				carts[i] = s.fill("", 1, variants[i%len(variants)])
			}
			var next atomic.Int64
			b.SetParallelism(8) // times two cores
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.place(carts[next.Add(1)-1]); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
