package index

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// mall is a made-up catalogue: a tree of 2,000 categories, 5,000 brands, 200
// vendors, 62 values of 8 attributes, and titles and texts from 200,000 words,
// all of them skewed as in life.
type mall struct {
	*rand.Rand
	word                    *rand.Zipf
	brands, vendors, leaves *rand.Zipf
	sales                   *rand.Zipf
}

func newMall() *mall {
	r := rand.New(rand.NewPCG(1, 2))
	return &mall{
		r, rand.NewZipf(r, 1.1, 20, 199_999), rand.NewZipf(r, 1.1, 30, 4_999), rand.NewZipf(r, 1.1, 10, 199),
		rand.NewZipf(r, 1.05, 40, 1_779), rand.NewZipf(r, 1.3, 5, 1_000_000),
	}
}

// spelt is the word of a rank: the frequent ones are short.
func spelt(n uint64) string {
	var b strings.Builder
	for n += 20; n > 0; n /= 70 {
		b.WriteByte("bdfgklmnprstvz"[n%14])
		b.WriteByte("aeiou"[n/14%5])
	}
	return b.String()
}

func (m *mall) words(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = spelt(m.word.Uint64())
	}
	return strings.Join(list, " ")
}

// path is a leaf of the tree of categories and those above it: 20 tops, 200
// below them, 1,780 leaves.
func (m *mall) path() []uuid.UUID {
	leaf := int(m.leaves.Uint64())
	return []uuid.UUID{number(3, leaf%20), number(3, 20+leaf%200), number(3, 220+leaf)}
}

func number(kind byte, n int) uuid.UUID {
	return uuid.UUID{0: kind, 12: 1, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

func (m *mall) document(i int) *Document {
	d := &Document{
		Product: number(9, i), Vendor: number(1, int(m.vendors.Uint64())), Brand: number(2, int(m.brands.Uint64())), Categories: m.path(),
		Tags: []uuid.UUID{number(4, m.IntN(40))}, InStock: m.IntN(10) > 0, Rating: m.IntN(501), Popularity: int64(m.sales.Uint64()), Created: int64(i),
		Prices: []Price{{"USD", int64(100 + m.ExpFloat64()*5000)}}, Title: m.words(6), Texts: []string{m.words(8), m.words(50)},
		SKUs: []string{fmt.Sprintf("sku-%d-1", i), fmt.Sprintf("sku-%d-2", i), fmt.Sprintf("sku-%d-3", i)},
	}
	d.Name = Fold(d.Title)
	for a := range 8 {
		d.Facets = append(d.Facets, int32(1+8*a+min(m.IntN(8), m.IntN(8))))
	}
	return d
}

// sized is how many documents: SOUK_BENCH_PRODUCTS, or 100,000.
func sized() int {
	if n, err := strconv.Atoi(os.Getenv("SOUK_BENCH_PRODUCTS")); err == nil {
		return n
	}
	return 100_000
}

func (m *mall) documents(n int) func(yield func(*Document) bool) {
	return func(yield func(*Document) bool) {
		for i := range n {
			if !yield(m.document(i)) {
				return
			}
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func benchOptions() Options {
	var edges []int64
	for e := int64(100); e < 1_000_000_000; e = e * 4 / 3 {
		edges = append(edges, e)
	}
	return Options{PriceEdges: func(string) []int64 { return edges }, Languages: []Language{"en"}}
}

// BenchmarkIndex builds an index and asks it, one client after the other, and
// reports the median and the 99th percentile in microseconds.
func BenchmarkIndex(b *testing.B) {
	m, n := newMall(), sized()
	cpu := cpuTime()
	for range m.documents(n) { // what making them up costs
	}
	made := cpuTime() - cpu
	before := heap()
	begun := time.Now()
	cpu = cpuTime()
	ix := New(benchOptions(), newMall().documents(n))
	ix.Prepare()
	took := time.Since(begun)
	cpu = cpuTime() - cpu - made
	b.Logf("%d documents: built in %v, %v of CPU; heap %d MB", n, (took - made).Round(time.Millisecond), cpu.Round(time.Millisecond), (heap()-before)>>20)
	saveAndRead(b, ix)
	for _, bench := range []struct {
		name  string
		query func() *Query
	}{
		{"top category", func() *Query { return &Query{Categories: []uuid.UUID{number(3, m.IntN(3))}} }},
		{"second level", func() *Query { return &Query{Categories: []uuid.UUID{number(3, 20+m.IntN(200))}} }},
		{"leaf", func() *Query { return &Query{Categories: []uuid.UUID{number(3, 220+m.IntN(1000))}} }},
		{"3 filters in a top category", func() *Query {
			return &Query{Categories: []uuid.UUID{number(3, m.IntN(3))}, Price: &Range{1000, int64(3000 + m.IntN(9000))}, InStock: new(true), Attributes: []Attribute{attribute(m.IntN(8), m.IntN(4))}}
		}},
		{"everything", func() *Query { return &Query{} }},
		{"by price", func() *Query { return &Query{Categories: []uuid.UUID{number(3, m.IntN(3))}, Sort: ByPriceUp} }},
		{"by name, narrow", func() *Query { return &Query{Categories: []uuid.UUID{number(3, 20+m.IntN(200))}, Sort: ByName} }},
		{"text, a frequent word", func() *Query { return text(spelt(m.Uint64N(10)) + ".") }},
		{"text, two words", func() *Query { return text(spelt(m.word.Uint64()) + " " + spelt(m.Uint64N(100)) + ".") }},
		{"text, unfinished", func() *Query {
			w := spelt(m.word.Uint64())
			return text(spelt(m.Uint64N(100)) + " " + w[:min(3, len(w))])
		}},
		{"text, one letter", func() *Query { return text(spelt(m.word.Uint64())[:1]) }},
		{"text, typo", func() *Query { w := spelt(20_000 + m.Uint64N(100_000)); return text(w[:2] + "x" + w[3:] + ".") }},
		{"text, phrase", func() *Query { return text(`"` + spelt(m.Uint64N(30)) + " " + spelt(m.Uint64N(30)) + `"`) }},
		{"SKU", func() *Query { return text(fmt.Sprintf("sku-%d-2", m.IntN(n))) }},
	} {
		b.Run(bench.name, func(b *testing.B) { ask(b, ix, bench.query) })
	}
	b.Run("deep page", func(b *testing.B) { deep(b, ix) })
	b.Run("apply 100", func(b *testing.B) {
		cpu, n := cpuTime(), n
		for b.Loop() {
			var put []*Document
			for range 100 {
				put = append(put, m.document(m.IntN(n)))
			}
			slices.SortFunc(put, func(a, b *Document) int { return compareProducts(a.Product, b.Product) })
			put = slices.CompactFunc(put, func(a, b *Document) bool { return a.Product == b.Product })
			ix.Apply(put, nil)
		}
		b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs")
	})
	b.Logf("segments of %v", ix.Snapshot().Sizes())
	b.Run("top category with tails", func(b *testing.B) {
		ask(b, ix, func() *Query { return &Query{Categories: []uuid.UUID{number(3, m.IntN(3))}} })
	})
	begun, cpu = time.Now(), cpuTime()
	ix.MergeBase()
	b.Logf("merged in %v, %v of CPU", time.Since(begun).Round(time.Millisecond), (cpuTime() - cpu).Round(time.Millisecond))
}

// saveAndRead says what a start with a saved index takes.
func saveAndRead(b *testing.B, ix *Index) {
	var file bytes.Buffer
	begun, cpu := time.Now(), cpuTime()
	if err := ix.Snapshot().Write(&file); err != nil {
		b.Fatal(err)
	}
	b.Logf("written in %v, %v of CPU: %d MB", time.Since(begun).Round(time.Millisecond), (cpuTime() - cpu).Round(time.Millisecond), file.Len()>>20)
	begun, cpu = time.Now(), cpuTime()
	if _, err := Read(benchOptions(), bytes.NewReader(file.Bytes()), int64(file.Len())); err != nil {
		b.Fatal(err)
	}
	b.Logf("read in %v, %v of CPU", time.Since(begun).Round(time.Millisecond), (cpuTime() - cpu).Round(time.Millisecond))
}

func attribute(n, value int) Attribute {
	a := Attribute{Selected: []int32{int32(1 + 8*n + value)}}
	for v := range int32(8) {
		a.All = append(a.All, int32(1+8*n)+v)
	}
	return a
}

func text(s string) *Query {
	return &Query{Text: Parse(s, Vocabulary{Languages: []Language{"en"}}), Sort: ByRelevance}
}

func ask(b *testing.B, ix *Index, query func() *Query) {
	var took []time.Duration
	found, cpu := 0, cpuTime()
	for b.Loop() {
		q := query()
		q.Currency, q.Limit, q.Counts = "USD", 24, true
		for i := range 20 {
			q.Shown = append(q.Shown, number(3, i))
		}
		begun := time.Now()
		found += ix.Snapshot().Search(q).Total
		took = append(took, time.Since(begun))
	}
	report(b, took)
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(len(took)), "cpu-µs")
	b.ReportMetric(float64(found/len(took)), "found")
}

// deep reads a thousand pages and reports the last as a share of the first.
func deep(b *testing.B, ix *Index) {
	for b.Loop() {
		q := &Query{Currency: "USD", Limit: 24, Sort: ByPriceUp}
		var took []time.Duration
		for range 1000 {
			begun := time.Now()
			r := ix.Snapshot().Search(q)
			took = append(took, time.Since(begun))
			if !r.More {
				break
			}
			q.After = &r.Places[len(r.Places)-1]
		}
		report(b, took[len(took)-100:])
		slices.Sort(took[:100])
		b.ReportMetric(float64(took[50].Microseconds()), "first-pages-µs")
	}
}

// cpuTime is what this process has worked, which others on the machine do not
// add to as they do to the time that passes.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // only for bad arguments
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
