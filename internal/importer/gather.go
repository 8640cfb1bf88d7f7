package importer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"souk/internal/platform/blob"
)

// A source gives the rows of a file, those of one product after each other;
// io.EOF at the end. The fault is why a row as a whole cannot be taken.
type source interface {
	next() (r row, fault string, err error)
}

// gathered brings together the rows of products that stand apart in a file: it
// reads all of them before it gives the first. They wait on the disk; in memory
// there is where each of them is.
type gathered struct {
	*shelf
	families []family // in the order of their first rows
	known    map[string]int
	orphans  map[string][]int64 // rows whose parent has not come yet
	order    []string           // of orphans' parents

	at, member int    // the row that is next
	handle     string // of the family that it is of
}

// A family is where the rows of one product are, its own first.
type family struct{ rows []int64 }

// gather reads a table to its end.
func gather(t *table) (_ *gathered, err error) {
	kept, err := newShelf(t)
	if err != nil {
		return nil, err
	}
	g := &gathered{shelf: kept, known: map[string]int{}, orphans: map[string][]int64{}}
	if err := g.read(); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

func (g *gathered) read() error {
	for {
		r, fault, err := g.table.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		g.place(r, fault)
		if _, err := g.keep(r, fault); err != nil {
			return err
		}
	}
	for _, parent := range g.order {
		if at, found := g.known[parent]; found {
			g.families[at].rows = append(g.families[at].rows, g.orphans[parent]...)
			continue
		}
		for _, row := range g.orphans[parent] {
			g.families = append(g.families, family{[]int64{row}})
		}
	}
	g.orphans, g.known = nil, nil
	return g.out.Flush()
}

// place finds the family of a row that is about to be kept.
func (g *gathered) place(r row, fault string) {
	var names []string
	var parent string
	if fault == "" {
		names, parent = g.table.format.family(r)
	}
	at, found := g.known[parent]
	switch {
	case parent == "":
		for _, name := range names {
			if _, taken := g.known[name]; name != "" && !taken {
				g.known[name] = len(g.families)
			}
		}
		g.families = append(g.families, family{[]int64{g.size}})
	case found:
		g.families[at].rows = append(g.families[at].rows, g.size)
	default:
		if g.orphans[parent] == nil {
			g.order = append(g.order, parent)
		}
		g.orphans[parent] = append(g.orphans[parent], g.size)
	}
}

// next gives the rows family by family. Those behind the first belong to the
// product that it names.
func (g *gathered) next() (r row, fault string, err error) {
	if g.at == len(g.families) {
		return row{}, "", io.EOF
	}
	members := g.families[g.at].rows
	r, fault, err = g.unpack(members[g.member])
	if err != nil {
		return row{}, "", fmt.Errorf("read a row again: %w", err)
	}
	if g.member > 0 {
		r.product = g.handle
	} else {
		g.handle = r.handle()
	}
	if g.member++; g.member == len(members) {
		g.at, g.member = g.at+1, 0
	}
	return r, fault, nil
}

// A shelf keeps rows on the disk until they are read again.
type shelf struct {
	table *table
	file  *os.File
	out   *bufio.Writer
	size  int64
}

func newShelf(t *table) (*shelf, error) {
	file, err := blob.Scratch()
	if err != nil {
		return nil, err
	}
	return &shelf{table: t, file: file, out: bufio.NewWriterSize(file, 64<<10)}, nil
}

func (s *shelf) close() error { return s.file.Close() }

// keep puts a row on the shelf, and says where.
func (s *shelf) keep(r row, fault string) (at int64, err error) {
	n, err := s.out.Write(packed(r, fault))
	if err != nil {
		return 0, fmt.Errorf("keep row %d: %w", r.number, err)
	}
	at = s.size
	s.size += int64(n)
	return at, nil
}

// packed is a row as it waits: its number, its fault and its cells.
func packed(r row, fault string) []byte {
	b := binary.AppendUvarint(nil, uint64(r.number))
	b = binary.AppendUvarint(b, uint64(len(r.cells)))
	for _, text := range append([]string{fault}, r.cells...) {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return b
}

// unpack reads a row again. What was kept has to be flushed before.
func (s *shelf) unpack(at int64) (r row, fault string, err error) {
	in := bufio.NewReader(io.NewSectionReader(s.file, at, s.size-at))
	number, err := binary.ReadUvarint(in)
	if err != nil {
		return row{}, "", err
	}
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return row{}, "", err
	}
	texts := make([]string, n+1)
	for i := range texts {
		length, err := binary.ReadUvarint(in)
		if err != nil {
			return row{}, "", err
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(in, text); err != nil {
			return row{}, "", err
		}
		texts[i] = string(text)
	}
	return row{table: s.table, number: int(number), cells: texts[1:]}, texts[0], nil
}
