package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// Format is the version of what [Snapshot.Write] writes. It is another one
// whenever the bytes mean something else: when a structure is added, or when
// texts are taken apart in another way.
const Format = 2

// Write writes all that took long to make; the rest is made again by [Read].
func (sn *Snapshot) Write(w io.Writer) error {
	f := &file{w: bufio.NewWriterSize(w, 1<<20)}
	f.snapshot(sn)
	if f.err != nil {
		return fmt.Errorf("write an index: %w", f.err)
	}
	if err := f.w.Flush(); err != nil {
		return fmt.Errorf("write an index: %w", err)
	}
	return nil
}

// Read makes an index of what Write has written, and of nothing else: whoever
// calls it knows by a checksum that these are the bytes. Size is how many there
// are at most.
func Read(options Options, r io.Reader, size int64) (*Index, error) {
	ix := &Index{options: options}
	sn := &Snapshot{options: &ix.options, numbers: newNumbering()}
	f := &file{r: bufio.NewReaderSize(r, 1<<20), most: uint64(size)}
	f.snapshot(sn)
	if f.err != nil {
		return nil, fmt.Errorf("read an index: %w", f.err)
	}
	ix.current.Store(sn)
	return ix, nil
}

// file is written or read: the methods below do either, so that a structure has
// one description for both directions. The first error ends it.
type file struct {
	w    *bufio.Writer // nil: it is read
	r    *bufio.Reader
	most uint64 // that a length may be
	err  error
}

func (f *file) reads() bool { return f.w == nil }

func (f *file) snapshot(sn *Snapshot) {
	f.numbering(sn.numbers)
	length(f, &sn.parts)
	for i := range sn.parts {
		p := &sn.parts[i]
		if f.reads() {
			p.segment = &segment{rows: newRows(), listings: map[string]*listing{}}
		}
		f.segment(p.segment)
		f.set(&p.live)
		if f.reads() && f.err == nil {
			p.derive(sn.options.PriceEdges)
		}
	}
}

func (f *file) numbering(n *numbering) {
	length(f, &n.values)
	for i := range n.values {
		v := &n.values[i]
		of := [1]byte{byte(v.kind)}
		f.bytes(of[:])
		f.bytes(v.id[:])
		v.kind = kind(of[0])
		n.number[*v] = uint32(i)
	}
}

func (f *file) segment(s *segment) {
	f.rows(s.rows)
	f.sets(&s.sets)
	f.set(&s.stocked)
	for i := range s.stars {
		f.set(&s.stars[i])
	}
	column(f, &s.byRating.docs)
	column(f, &s.byCreated.docs)
	column(f, &s.byName.docs)
	column(f, &s.byProduct)
	column(f, &s.bySKU)
	for _, currency := range f.currencies(s) {
		column(f, &s.listings[currency].byPrice.docs)
	}
	column(f, &s.alphabetical)
	column(f, &s.backwards)
	f.postings(&s.inTitle)
	f.postings(&s.named)
	f.postings(&s.anywhere)
}

func (f *file) rows(r *rows) {
	length(f, &r.product)
	for i := range r.product {
		f.bytes(r.product[i][:])
	}
	column(f, &r.values.start)
	column(f, &r.values.values)
	column(f, &r.inStock)
	column(f, &r.rating)
	column(f, &r.popularity)
	column(f, &r.created)
	column(f, &r.name.start)
	f.text(&r.name.all)
	column(f, &r.skus.start)
	column(f, &r.skus.values)
	f.words(&r.terms)
	column(f, &r.start)
	column(f, &r.stream)
}

// currencies are those that s has prices in, with their prices.
func (f *file) currencies(s *segment) []string {
	list := slices.Sorted(maps.Keys(s.prices))
	f.words(&list)
	for _, currency := range list {
		prices := s.prices[currency]
		column(f, &prices)
		s.prices[currency] = prices
		if f.reads() {
			s.listings[currency] = &listing{price: prices}
		}
	}
	return list
}

func (f *file) postings(p *postings) {
	column(f, &p.start)
	column(f, &p.packed)
	f.sets(&p.many)
}

// derive makes what is quicker made than read, and what depends on the options.
func (s *segment) derive(edges func(currency string) []int64) {
	s.n = s.len()
	s.inTitle.n, s.named.n, s.anywhere.n = s.n, s.n, s.n
	s.addColumns()
	s.addFlat()
	s.byRating.divide()
	s.byCreated.divide()
	for currency, l := range s.listings {
		l.divide(edges(currency))
	}
	s.outline(&s.dictionary)
}

// length is that of a list, which it makes when it is read.
func length[V any](f *file, list *[]V) {
	n := [8]byte{}
	binary.LittleEndian.PutUint64(n[:], uint64(len(*list)))
	f.bytes(n[:])
	if !f.reads() || f.err != nil {
		return
	}
	size := binary.LittleEndian.Uint64(n[:])
	if size > f.most {
		f.err = errors.New("a list is longer than its file")
		return
	}
	*list = make([]V, size)
}

// column is a list of numbers.
func column[V bool | byte | uint16 | uint32 | uint64 | int64](f *file, list *[]V) {
	length(f, list)
	const atOnce = 8192
	var buffer [8 * atOnce]byte
	for some := range slices.Chunk(*list, atOnce) {
		if f.err != nil {
			return
		}
		bytes := buffer[:binary.Size(some)]
		if f.reads() {
			if f.bytes(bytes); f.err == nil {
				_, f.err = binary.Decode(bytes, binary.LittleEndian, some)
			}
			continue
		}
		if _, f.err = binary.Encode(bytes, binary.LittleEndian, some); f.err == nil {
			f.bytes(bytes)
		}
	}
}

// words are one text with the places where they begin, and stay that in memory.
func (f *file) words(list *[]string) {
	var joined texts
	for _, word := range *list {
		joined.add(word)
	}
	column(f, &joined.start)
	f.text(&joined.all)
	if f.reads() && f.err == nil {
		*list = make([]string, len(joined.start))
		for i := range *list {
			(*list)[i] = joined.of(uint32(i))
		}
	}
}

func (f *file) text(text *strings.Builder) {
	size := make([]struct{}, text.Len())
	length(f, &size)
	switch {
	case f.err != nil:
	case f.reads():
		text.Grow(len(size))
		_, f.err = io.CopyN(text, f.r, int64(len(size)))
	default:
		_, f.err = f.w.WriteString(text.String())
	}
}

func (f *file) sets(list *[]*roaring.Bitmap) {
	length(f, list)
	for i := range *list {
		f.set(&(*list)[i])
	}
}

// set may be nil.
func (f *file) set(set **roaring.Bitmap) {
	there := [1]byte{}
	if *set != nil {
		there[0] = 1
	}
	f.bytes(there[:])
	switch {
	case f.err != nil || there[0] == 0:
	case f.reads():
		*set = roaring.New()
		_, f.err = (*set).ReadFrom(f.r)
	default:
		_, f.err = (*set).WriteTo(f.w)
	}
}

// bytes are as many as there is room for.
func (f *file) bytes(b []byte) {
	switch {
	case f.err != nil:
	case f.reads():
		_, f.err = io.ReadFull(f.r, b)
	default:
		_, f.err = f.w.Write(b)
	}
}
