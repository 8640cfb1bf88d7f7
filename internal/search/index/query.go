package index

import (
	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

// Query is what is looked for. Within a filter any value will do; all filters
// must hold. A list that is nil does not filter; one that is empty lets
// nothing through.
type Query struct {
	Currency   string
	Text       *Expression // nil: any
	Categories []uuid.UUID
	Tags       []uuid.UUID
	Brands     []uuid.UUID
	Vendors    []uuid.UUID
	Price      *Range // nil: any
	RatingMin  int    // hundredths of a star
	InStock    *bool
	Attributes []Attribute
	Sort       Sort
	Limit      int

	// What is in one of them; and what comes before the others, in this order.
	Collections []Collection
	First       []uuid.UUID
	After       *Place // the end of the page before

	// Counts asks for counts; of categories, for those of Shown.
	Counts bool
	Shown  []uuid.UUID
}

// Range is of prices, both ends included.
type Range struct{ Min, Max int64 }

// Attribute filters by one: Selected of All its values.
type Attribute struct{ Selected, All []int32 }

// Result is a page of what was found.
type Result struct {
	Places []Place
	More   bool
	Total  int
	Counts *Counts // if asked for
}

// Search answers q. If no document has the words of its text, whatever the
// filters, it finds what resembles them.
func (sn *Snapshot) Search(q *Query) Result {
	texts, similar := sn.texts(q)
	p := q.page()
	var (
		r      Result
		pinned []Place
		places []Place
		counts *counting
	)
	if q.Counts {
		counts = sn.newCounting(q)
	}
	for i, part := range sn.parts {
		l := part.listings[q.Currency]
		if l == nil {
			continue
		}
		chosen := sn.choose(part, l, q, texts[i].all)
		all := chosen.all()
		r.Total += int(all.GetCardinality())
		pins, rest := part.pins(q.First, q.After, all)
		pinned = append(pinned, pins...)
		if p.sort == ByRelevance {
			places = append(places, part.byRelevance(rest, texts[i], p)...)
		} else {
			places = append(places, part.first(rest, p, l)...)
		}
		if counts != nil {
			counts.add(part, l, chosen, all)
		}
	}
	if counts != nil {
		r.Counts = counts.result()
	}
	r.Places = append(sortedPins(pinned), p.sorted(places)...)
	if r.More = len(r.Places) > q.Limit; r.More {
		r.Places = r.Places[:q.Limit]
	}
	for i := range r.Places {
		r.Places[i].Similar = similar
	}
	return r
}

// page is what to pick of what is found. A list by price begins at the lowest
// price that is asked for, or at the highest: the order has products before it
// that cost less, or have no price.
func (q *Query) page() page {
	p := page{sort: q.Sort, limit: q.Limit + 1, after: q.After}
	if p.after != nil && p.after.Pin > 0 {
		p.after = nil // all others come after those
	}
	switch {
	case p.sort == ByRelevance && q.Text == nil:
		p.sort = ByPopularity
	case p.after != nil:
	case p.sort == ByPriceUp:
		p.after = &Place{}
		if q.Price != nil {
			p.after.Key.Number = q.Price.Min
		}
	case p.sort == ByPriceDown && q.Price != nil:
		p.after = &Place{Key: Key{Number: q.Price.Max}, Product: uuid.Max}
	}
	return p
}

// texts is what the text finds in each part; without one, everything.
func (sn *Snapshot) texts(q *Query) (texts []*found, similar bool) {
	texts = make([]*found, len(sn.parts))
	if q.Text == nil {
		for i, p := range sn.parts {
			texts[i] = &found{all: p.live}
		}
		return texts, false
	}
	if q.After == nil || !q.After.Similar {
		any := q.After != nil // the list of the page before was of the words themselves
		for i, p := range sn.parts {
			texts[i] = q.Text.find(p, q.Sort == ByRelevance)
			any = any || !texts[i].all.IsEmpty()
		}
		if any {
			return texts, false
		}
	}
	r := sn.resemble(q.Text)
	for i, p := range sn.parts {
		texts[i] = r.find(p)
	}
	return texts, true
}

// selection is what is chosen of a part. What is hard narrows everything; what
// is soft does not narrow its own facet.
type selection struct {
	live *roaring.Bitmap
	hard []*roaring.Bitmap
	soft []softFilter
}

// softFilter is a filter of a facet.
type softFilter struct {
	facet facet
	docs  *roaring.Bitmap
}

// facet is one that can be counted; attributes, by their place in the query,
// are from firstAttribute on.
type facet int

const (
	brandFacet facet = iota
	vendorFacet
	priceFacet
	stockFacet
	ratingFacet
	firstAttribute
)

// choose turns the filters of q into sets.
func (sn *Snapshot) choose(p part, l *listing, q *Query, text *roaring.Bitmap) selection {
	c := selection{live: p.live}
	for _, docs := range []*roaring.Bitmap{text, l.priced} {
		if int(docs.GetCardinality()) < p.n { // else it narrows nothing
			c.hard = append(c.hard, docs)
		}
	}
	if q.Collections != nil {
		c.hard = append(c.hard, sn.collected(p, q.Collections))
	}
	if q.Categories != nil {
		c.hard = append(c.hard, union(p.sets, sn.numbers.of(ofCategory, q.Categories)))
	}
	if q.Tags != nil {
		c.hard = append(c.hard, union(p.sets, sn.numbers.of(ofTag, q.Tags)))
	}
	if q.Brands != nil {
		c.add(brandFacet, union(p.sets, sn.numbers.of(ofBrand, q.Brands)))
	}
	if q.Vendors != nil {
		c.add(vendorFacet, union(p.sets, sn.numbers.of(ofVendor, q.Vendors)))
	}
	if q.Price != nil {
		c.add(priceFacet, l.within(*q.Price))
	}
	if q.InStock != nil {
		stocked := p.stocked
		if !*q.InStock {
			stocked = roaring.AndNot(l.priced, stocked)
		}
		c.add(stockFacet, stocked)
	}
	if q.RatingMin > 0 {
		c.add(ratingFacet, p.ratedAtLeast(q.RatingMin))
	}
	for i, a := range q.Attributes {
		c.add(firstAttribute+facet(i), union(p.sets, sn.numbers.ofAttribute(a.Selected)))
	}
	return c
}

func (c *selection) add(f facet, docs *roaring.Bitmap) { c.soft = append(c.soft, softFilter{f, docs}) }

// all is what every filter holds for.
func (c *selection) all() *roaring.Bitmap { return c.without(-1) }

// without is what every filter but that of one facet holds for.
func (c *selection) without(left facet) *roaring.Bitmap {
	sets := append([]*roaring.Bitmap{}, c.hard...)
	for _, f := range c.soft {
		if f.facet != left {
			sets = append(sets, f.docs)
		}
	}
	if len(sets) == 0 {
		return c.live
	}
	return intersection(sets)
}

func (c *selection) filters(f facet) bool {
	for _, s := range c.soft {
		if s.facet == f {
			return true
		}
	}
	return false
}
