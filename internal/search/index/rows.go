package index

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

// rows are documents column by column: what a segment is made from, and what
// it is merged from later.
type rows struct {
	product    []uuid.UUID
	values     lists[uint32]      // the numbers of its vendor, its brand or 0, and the others: one row, read from left to right to count
	prices     map[string][]int64 // by currency; noPrice
	inStock    []bool
	rating     []uint16
	popularity []int64
	created    []int64
	name       texts
	skus       lists[uint64] // their hashes

	dictionary
	start  []uint64 // where the document's text begins in stream
	stream []byte
}

const noPrice = -1

// lists is a column of many values.
type lists[V any] struct {
	start  []uint32 // of list i; one more than there are
	values []V
}

func (l *lists[V]) add(values ...V) {
	if len(l.start) == 0 {
		l.start = []uint32{0}
	}
	l.values = append(l.values, values...)
	l.start = append(l.start, uint32(len(l.values)))
}

func (l *lists[V]) of(i uint32) []V { return l.values[l.start[i]:l.start[i+1]] }

// holder is the list that the value at a place belongs to.
func (l *lists[V]) holder(place uint32) uint32 {
	after, _ := slices.BinarySearch(l.start, place+1) // the first list that begins behind it
	return uint32(after) - 1
}

// texts is a column of texts, one behind the other.
type texts struct {
	start []uint32
	all   strings.Builder
}

func (t *texts) add(text string) {
	t.start = append(t.start, uint32(t.all.Len()))
	t.all.WriteString(text)
}

func (t *texts) of(i uint32) string {
	all := t.all.String()
	if int(i)+1 == len(t.start) {
		return all[t.start[i]:]
	}
	return all[t.start[i]:t.start[i+1]]
}

// dictionary numbers terms in the order in which they were first seen: frequent
// ones have small numbers.
type dictionary struct {
	terms  []string
	number map[string]uint32 // while rows are added
}

func (d *dictionary) add(term string) uint32 {
	if n, known := d.number[term]; known {
		return n
	}
	return d.append(strings.Clone(term)) // not the text that it is from
}

// copy adds term n of another dictionary.
func (d *dictionary) copy(from *dictionary, n uint32) uint32 {
	if known, ok := d.number[from.terms[n]]; ok {
		return known
	}
	return d.append(from.terms[n])
}

func (d *dictionary) append(term string) uint32 {
	n := uint32(len(d.terms))
	d.terms = append(d.terms, term)
	d.number[term] = n
	return n
}

func newRows() *rows {
	return &rows{prices: map[string][]int64{}, dictionary: dictionary{number: map[string]uint32{}}}
}

func (r *rows) len() int { return len(r.product) }

// The stream has the terms of each document in the order of its texts, as
// varints, so that phrases can be found in it: the title, passageEnd, another
// text, passageEnd ..., documentEnd.
const (
	documentEnd = iota
	passageEnd
	firstTerm // the number of a term is added to it
)

// hashSKU is FNV-1a of 64 bits: among a hundred million SKUs, a collision is as
// likely as one in four thousand.
func hashSKU(sku string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(sku)) // never fails
	return h.Sum64()
}

// add appends d, whose values have these numbers.
func (r *rows) add(d *Document, values []uint32) {
	r.values.add(values...)
	for _, p := range d.Prices {
		r.price(p.Currency, p.Minor)
	}
	r.skus.add()
	for _, sku := range d.SKUs {
		r.skus.values = append(r.skus.values, hashSKU(sku))
	}
	r.skus.start[len(r.skus.start)-1] = uint32(len(r.skus.values))
	r.plain(d.Product, d.InStock, uint16(d.Rating), d.Popularity, d.Created, d.Name)

	r.start = append(r.start, uint64(len(r.stream)))
	r.passage(d.Title)
	for _, text := range d.Texts {
		r.passage(text)
	}
	r.stream = append(r.stream, documentEnd)
}

// makeRoom is for so many rows of others: a column that grows as it is filled
// ends with room for a quarter more.
func (r *rows) makeRoom(n int, from []*rows) {
	values, names, skus, stream, all := 0, 0, 0, 0, 0
	for _, f := range from {
		values, names, skus, stream = values+len(f.values.values), names+f.name.all.Len(), skus+len(f.skus.values), stream+len(f.stream)
		all += f.len()
	}
	share := func(size int) int { return int(int64(size) * int64(n) / int64(max(all, 1))) } // of those that are live
	r.product, r.inStock, r.rating = make([]uuid.UUID, 0, n), make([]bool, 0, n), make([]uint16, 0, n)
	r.popularity, r.created, r.start = make([]int64, 0, n), make([]int64, 0, n), make([]uint64, 0, n)
	r.values, r.skus = roomFor[uint32](n, share(values)), roomFor[uint64](n, share(skus))
	r.name.start = make([]uint32, 0, n)
	r.name.all.Grow(share(names))
	r.stream = make([]byte, 0, share(stream)+stream/64) // terms have other numbers here, a little longer perhaps
}

func roomFor[V any](n, values int) lists[V] {
	return lists[V]{start: make([]uint32, 0, n+1), values: make([]V, 0, values)}
}

// price sets that of the row which is being added.
func (r *rows) price(currency string, minor int64) {
	column := r.prices[currency]
	for len(column) < r.len() { // rows before it that have none
		column = append(column, noPrice)
	}
	r.prices[currency] = append(column, minor)
}

func (r *rows) plain(product uuid.UUID, inStock bool, rating uint16, popularity, created int64, name string) {
	r.product = append(r.product, product)
	r.inStock = append(r.inStock, inStock)
	r.rating = append(r.rating, rating)
	r.popularity = append(r.popularity, popularity)
	r.created = append(r.created, created)
	r.name.add(name)
}

func (r *rows) passage(text string) {
	for term := range terms(text) {
		r.stream = binary.AppendUvarint(r.stream, uint64(r.dictionary.add(term))+firstTerm)
	}
	r.stream = append(r.stream, passageEnd)
}

// copy appends row i of another. Translation has the number here of each of
// its terms, plus one; it grows as terms are met.
func (r *rows) copy(from *rows, i uint32, translation []uint32) {
	r.values.add(from.values.of(i)...)
	for currency, column := range from.prices {
		if int(i) < len(column) && column[i] != noPrice {
			r.price(currency, column[i])
		}
	}
	r.skus.add(from.skus.of(i)...)
	r.plain(from.product[i], from.inStock[i], from.rating[i], from.popularity[i], from.created[i], from.name.of(i))

	r.start = append(r.start, uint64(len(r.stream)))
	for token := range from.tokens(i) {
		if token >= firstTerm {
			old := token - firstTerm
			if translation[old] == 0 {
				translation[old] = r.dictionary.copy(&from.dictionary, old) + 1
			}
			token = translation[old] - 1 + firstTerm
		}
		r.stream = binary.AppendUvarint(r.stream, uint64(token))
	}
	r.stream = append(r.stream, documentEnd)
}

// tokens are the terms of document i, as they stand in the stream, and the
// ends of passages.
func (r *rows) tokens(i uint32) func(yield func(uint32) bool) {
	return func(yield func(uint32) bool) {
		for at := r.start[i]; ; {
			token, n := uint32(r.stream[at]), 1
			if token >= 0x80 {
				long, length := binary.Uvarint(r.stream[at:])
				token, n = uint32(long), length
			}
			at += uint64(n)
			if token == documentEnd || !yield(token) {
				return
			}
		}
	}
}

// rank puts the rows of several together by popularity, the most popular
// first, the younger product first among equals. Live says which rows of each
// count; nil is all of all.
func rank(from []*rows, live []*roaring.Bitmap) *rows {
	type place struct {
		popularity  int64
		source, row uint32
	}
	var places []place
	for source, r := range from {
		for row := range uint32(r.len()) {
			if live == nil || live[source].Contains(row) {
				places = append(places, place{r.popularity[row], uint32(source), row})
			}
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.popularity != b.popularity {
			return cmp.Compare(b.popularity, a.popularity)
		}
		return compareProducts(from[b.source].product[b.row], from[a.source].product[a.row])
	})
	ranked := newRows()
	ranked.makeRoom(len(places), from)
	translations := make([][]uint32, len(from))
	for source, r := range from {
		translations[source] = make([]uint32, len(r.terms))
	}
	for _, p := range places {
		ranked.copy(from[p.source], p.row, translations[p.source])
	}
	ranked.number = nil // it is searched by the alphabet from now on
	return ranked
}
