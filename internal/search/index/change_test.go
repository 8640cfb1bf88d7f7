package index

import (
	"slices"
	"sync"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// An index that was changed by ten thousand random inserts, edits and deletes
// of every kind holds in every structure what its documents say, before and
// after its segments are merged, and then is what a new one would be.
func TestChangedEqualsRebuilt(t *testing.T) {
	t.Parallel()
	r, n := newRandom(7), newNaive()
	for range 300 {
		d := r.document()
		n.docs[d.Product] = d
	}
	ix := New(testOptions(), slices.Values(n.list()))
	for changes := 0; changes < 10_000; changes += 5 { // about five at a time
		r.apply(ix, n)
		if changes%1000 == 995 {
			check(t, ix.Snapshot(), n)
			r.mergeWhile(ix, n)
		}
	}
	check(t, ix.Snapshot(), n)
	ix.MergeBase()
	changed := ix.Snapshot()
	check(t, changed, n)
	equal(t, changed, New(testOptions(), slices.Values(n.list())).Snapshot())
}

// mergeWhile changes the index while a new base is being made.
func (r *random) mergeWhile(ix *Index, n *naive) {
	parts := ix.beginMerge()
	base := ix.merge(parts)
	for range 20 {
		r.apply(ix, n)
	}
	ix.finishMerge(parts, base)
}

func TestMergeKeepsWhatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	r, n := newRandom(8), newNaive()
	for range smallestBase + 100 {
		d := r.document()
		n.docs[d.Product] = d
	}
	ix := New(testOptions(), slices.Values(n.list()))
	for range 50 {
		r.apply(ix, n)
	}
	r.mergeWhile(ix, n)
	check(t, ix.Snapshot(), n)
	if sizes := ix.Snapshot().Sizes(); len(sizes) < 2 || len(sizes) > 6 {
		t.Errorf("segments of %v documents", sizes)
	}
}

// check holds every structure of every part against the documents.
func check(t *testing.T, sn *Snapshot, n *naive) {
	t.Helper()
	live := 0
	for _, p := range sn.parts {
		for _, o := range []order{p.byRating, p.byCreated, p.byName, {docs: p.byProduct}} {
			if sorted := slices.Sorted(slices.Values(o.docs)); len(sorted) != p.n || p.n > 0 && sorted[p.n-1] != uint32(p.n-1) {
				t.Fatalf("an order has %d documents of %d", len(o.docs), p.n)
			}
		}
		each(p.live, func(doc uint32) {
			live++
			d := n.docs[p.product[doc]]
			if d == nil {
				t.Fatalf("document of removed product %v", p.product[doc])
			}
			if found, ok := p.find(d.Product); !ok || found != doc {
				t.Fatalf("document %d of %v is found as %d", doc, d.Product, found)
			}
			checkColumns(t, sn, p.segment, doc, d)
			checkSets(t, sn, p.segment, doc, d)
			checkTexts(t, p.segment, doc, d)
		})
		checkOrders(t, p.segment)
	}
	if live != len(n.docs) || live != sn.Len() {
		t.Fatalf("%d live documents (%d counted), want %d", live, sn.Len(), len(n.docs))
	}
}

// checkColumns makes the document from the columns.
func checkColumns(t *testing.T, sn *Snapshot, s *segment, doc uint32, want *Document) {
	t.Helper()
	got := &Document{
		Product: s.product[doc], InStock: s.inStock[doc], Rating: int(s.rating[doc]), Popularity: s.popularity[doc],
		Created: s.created[doc], Name: s.name.of(doc),
	}
	for place, number := range s.values.of(doc) {
		switch v := sn.numbers.values[number]; {
		case place == vendorPlace:
			got.Vendor = v.id
		case place == brandPlace:
			got.Brand = v.id
		case v.kind == ofCategory:
			got.Categories = append(got.Categories, v.id)
		case v.kind == ofTag:
			got.Tags = append(got.Tags, v.id)
		case v.kind == ofAttribute:
			got.Facets = append(got.Facets, v.attribute())
		}
	}
	for _, c := range currencies {
		if l := s.listings[c]; l != nil && l.price[doc] != noPrice {
			got.Prices = append(got.Prices, Price{c, l.price[doc]})
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Document{}, "SKUs", "Title", "Texts")); diff != "" {
		t.Fatal(diff)
	}
	if !slices.Equal(s.skus.of(doc), hashes(want.SKUs)) {
		t.Fatalf("SKUs of %v", want)
	}
}

func hashes(skus []string) []uint64 {
	var list []uint64
	for _, sku := range skus {
		list = append(list, hashSKU(sku))
	}
	return list
}

// checkSets asks every set whether it has the document and should.
func checkSets(t *testing.T, sn *Snapshot, s *segment, doc uint32, d *Document) {
	t.Helper()
	same := func(what string, set *roaring.Bitmap, want bool) {
		t.Helper()
		if got := set != nil && set.Contains(doc); got != want {
			t.Fatalf("%s has document %+v: %v", what, d, got)
		}
	}
	if vendor, brand := sn.numbers.values[s.vendor[doc]].id, sn.numbers.values[s.brand[doc]].id; vendor != d.Vendor || brand != d.Brand {
		t.Fatalf("%+v is of vendor %v and brand %v", d, vendor, brand)
	}
	for number, set := range s.sets {
		same("value", set, number > 0 && slices.Contains(d.values(), sn.numbers.values[number]))
	}
	same("stock", s.stocked, d.InStock)
	for star, set := range s.stars {
		same("stars", set, d.Rating >= 100*star)
	}
	for currency, l := range s.listings {
		price, priced := d.price(currency)
		same("priced", l.priced, priced)
		if priced && int(l.bucket[doc]) != len(someEdges)-len(slices.DeleteFunc(slices.Clone(someEdges), func(e int64) bool { return e <= price })) {
			t.Fatalf("price %d is in range %d", price, l.bucket[doc])
		}
	}
	for _, sku := range d.SKUs {
		same("SKU", s.withSKU(sku), true)
	}
	same("SKU", s.withSKU("sku-none"), false)
}

// checkTexts reads the text back and asks each term's postings.
func checkTexts(t *testing.T, s *segment, doc uint32, d *Document) {
	t.Helper()
	got := [][]string{nil}
	for token := range s.tokens(doc) {
		if token == passageEnd {
			got = append(got, nil)
			continue
		}
		got[len(got)-1] = append(got[len(got)-1], s.terms[token-firstTerm])
	}
	want := passages(d)
	if diff := cmp.Diff(append(want, nil), got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatal(diff)
	}
	for number, term := range s.terms {
		inTitle := slices.Contains(want[0], term)
		anywhere := slices.ContainsFunc(want, func(p []string) bool { return slices.Contains(p, term) })
		names := slices.Contains(want[1], term)
		if s.inTitle.of(uint32(number)).Contains(doc) != inTitle || s.named.of(uint32(number)).Contains(doc) != names || s.anywhere.of(uint32(number)).Contains(doc) != anywhere {
			t.Fatalf("postings of %s: %+v", term, d)
		}
		if stem := s.stems("de").stems[number]; stem != Language("de").stem(term) || s.outlines[number] != outlineOf(term) {
			t.Fatalf("%s is in the lexicon with %s", term, stem)
		}
	}
}

// checkOrders asks the orders whether they ascend, and their sets whether they
// have what they should.
func checkOrders(t *testing.T, s *segment) {
	t.Helper()
	ascends := func(what string, docs []uint32, place func(doc uint32) Place) {
		t.Helper()
		if !slices.IsSortedFunc(docs, func(a, b uint32) int { return place(a).compare(place(b)) }) {
			t.Fatalf("the order by %s does not ascend", what)
		}
	}
	number := func(column []int64) func(doc uint32) Place {
		return func(doc uint32) Place { return Place{Key: Key{Number: column[doc]}, Product: s.product[doc]} }
	}
	ascends("rating", s.byRating.docs, func(doc uint32) Place { return Place{Key: Key{Number: int64(s.rating[doc])}, Product: s.product[doc]} })
	ascends("created", s.byCreated.docs, number(s.created))
	ascends("name", s.byName.docs, func(doc uint32) Place { return Place{Key: Key{Text: s.name.of(doc)}, Product: s.product[doc]} })
	orders := []order{s.byRating, s.byCreated}
	for _, l := range s.listings {
		ascends("price", l.byPrice.docs, number(l.price))
		orders = append(orders, l.byPrice)
	}
	for _, o := range orders {
		for i, set := range o.upTo {
			if !set.Equals(roaring.BitmapOf(o.docs[:i*o.step]...)) {
				t.Fatalf("quantile %d of an order is wrong", i)
			}
		}
	}
	for doc := 1; doc < s.n; doc++ {
		if number(s.popularity)(uint32(doc)).compare(number(s.popularity)(uint32(doc-1))) >= 0 {
			t.Fatalf("document %d is more popular than the one before", doc)
		}
	}
}

// equal compares two indexes of one segment. Only what keys are numbered is
// theirs.
func equal(t *testing.T, a, b *Snapshot) {
	t.Helper()
	if len(a.parts) != 1 || len(b.parts) != 1 {
		t.Fatalf("%d and %d segments, want 1", len(a.parts), len(b.parts))
	}
	x, y := a.parts[0], b.parts[0]
	for what, pair := range map[string][2]any{
		"products": {x.product, y.product}, "prices": {x.prices, y.prices}, "stock": {x.inStock, y.inStock}, "ratings": {x.rating, y.rating},
		"popularity": {x.popularity, y.popularity}, "created": {x.created, y.created}, "names": {x.name.all.String(), y.name.all.String()}, "starts of names": {x.name.start, y.name.start}, "terms": {x.terms, y.terms},
		"texts": {x.stream, y.stream}, "starts": {x.start, y.start}, "SKUs": {x.skus.values, y.skus.values}, "SKUs of documents": {x.skus.start, y.skus.start}, "by SKU": {x.bySKU, y.bySKU},
		"by rating": {x.byRating.docs, y.byRating.docs}, "by created": {x.byCreated.docs, y.byCreated.docs}, "by name": {x.byName.docs, y.byName.docs},
		"by product": {x.byProduct, y.byProduct}, "alphabet": {x.alphabetical, y.alphabetical}, "alphabet backwards": {x.backwards, y.backwards}, "by stem": {x.stems("en").byStem, y.stems("en").byStem},
		"listed": {x.anywhere.packed, y.anywhere.packed}, "listed in titles": {x.inTitle.packed, y.inTitle.packed}, "listed by name": {x.named.packed, y.named.packed},
		"live": {x.live.ToArray(), y.live.ToArray()},
	} {
		if diff := cmp.Diff(pair[0], pair[1], cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s: %s", what, diff)
		}
	}
	for n := range x.terms {
		if !x.anywhere.of(uint32(n)).Equals(y.anywhere.of(uint32(n))) || !x.inTitle.of(uint32(n)).Equals(y.inTitle.of(uint32(n))) || !x.named.of(uint32(n)).Equals(y.named.of(uint32(n))) {
			t.Fatalf("postings of %s differ", x.terms[n])
		}
	}
}

// Readers see one moment of the index while it is written and merged; the race
// detector watches.
func TestReadersDoNotWait(t *testing.T) {
	t.Parallel()
	r, n := newRandom(9), newNaive()
	for range 200 {
		d := r.document()
		n.docs[d.Product] = d
	}
	ix := New(testOptions(), slices.Values(n.list()))
	done := make(chan struct{})
	var readers, merger sync.WaitGroup
	for seed := range uint64(3) {
		readers.Go(func() {
			r := newRandom(seed)
			for {
				select {
				case <-done:
					return
				default:
				}
				sn := ix.Snapshot()
				q := r.query()
				if first, second := sn.Search(q), sn.Search(q); !cmp.Equal(first, second) {
					t.Errorf("%s\nis answered with %v and %v", describe(q), first, second)
				}
			}
		})
	}
	merger.Go(func() {
		for range 20 {
			ix.MergeBase()
		}
	})
	for range 200 {
		r.apply(ix, n)
	}
	merger.Wait()
	close(done)
	readers.Wait()
	check(t, ix.Snapshot(), n)
}
