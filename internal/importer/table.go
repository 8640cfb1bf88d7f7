package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"souk/internal/errs"
)

var (
	// ErrEmpty says that there is not even a header line.
	ErrEmpty = errs.New(errs.Invalid, "empty_file", "The file is empty: its first line must name the columns.")
	// ErrUnreadable says that a file is not a table that can be imported.
	ErrUnreadable = errs.New(errs.Invalid, "unreadable_file", "This file cannot be read as a table. Save it as CSV in UTF-8, with a header line.")
)

// A table is a file being read: a header, then rows.
type table struct {
	records *records
	header  []string
	column  map[string]int // by lower-case name, and by what a format calls it
	format  format         // once it is known
}

// A row is one record of a table, with its number in the spreadsheet.
type row struct {
	table   *table
	number  int
	cells   []string
	product string // its handle, where another row says it
}

// maxHeader is how long the names of all columns may be, in bytes: they are shown
// with every import.
const maxHeader = 64 << 10

// openTable reads the header.
func openTable(r io.Reader) (*table, error) {
	in, err := newRecords(r)
	if err != nil {
		return nil, err
	}
	t := &table{records: in, column: map[string]int{}}
	if in.lines {
		t.header, t.column[linesColumn] = []string{linesColumn}, 0
		return t, nil
	}
	var fault string
	for t.header == nil || strings.TrimSpace(strings.Join(t.header, "")) == "" {
		t.header, fault, err = in.read()
		switch {
		case errors.Is(err, io.EOF):
			return nil, ErrEmpty
		case err != nil:
			return nil, fmt.Errorf("read the header: %w", err)
		case fault != "" || strings.ContainsRune(strings.Join(t.header, ""), 0) || len(strings.Join(t.header, "")) > maxHeader:
			return nil, ErrUnreadable
		}
	}
	for i, name := range t.header {
		t.header[i] = unguardFormula(strings.TrimSpace(name))
		name = strings.ToLower(t.header[i])
		if _, twice := t.column[name]; !twice {
			t.column[name] = i
		}
	}
	return t, nil
}

// next reads a row that is not empty; io.EOF at the end. The fault is why the
// row as a whole cannot be taken.
func (t *table) next() (r row, fault string, err error) {
	for {
		cells, fault, err := t.records.read()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				err = fmt.Errorf("read row %d: %w", t.records.number, err)
			}
			return row{}, "", err
		}
		text := strings.Join(cells, "")
		switch {
		case fault != "":
		case strings.TrimSpace(text) == "":
			continue
		case len(cells) > len(t.header):
			fault = fmt.Sprintf("has %d cells, but the header has %d", len(cells), len(t.header))
		case strings.ContainsRune(text, 0):
			fault = "contains a NUL character"
			for i := range cells { // they are kept to be mended, where PostgreSQL keeps no NUL
				cells[i] = strings.ReplaceAll(cells[i], "\x00", "\uFFFD")
			}
		case t.records.lines && strings.Count(text, ",") > maxParts:
			fault = fmt.Sprintf("has more than %d parts", maxParts)
		case t.records.lines && !json.Valid([]byte(text)):
			fault = "is not a JSON object"
		}
		return row{table: t, number: t.records.number, cells: cells}, fault, nil
	}
}

// has reports whether the table has all of the columns.
func (t *table) has(names ...string) bool {
	for _, name := range names {
		if _, ok := t.column[name]; !ok {
			return false
		}
	}
	return true
}

// get is the trimmed cell of a field, "" where there is none.
func (r row) get(field string) string {
	i, ok := r.table.column[field]
	if !ok || i >= len(r.cells) {
		return ""
	}
	text := strings.TrimSpace(r.cells[i])
	if text == r.table.format.blank {
		return ""
	}
	if unguard := r.table.format.unguard; unguard != nil {
		text = unguard(text)
	}
	return text
}

// handle is what the row's product is called.
func (r row) handle() string {
	switch f := r.table.format; {
	case r.product != "":
		return r.product
	case f.handle != nil:
		return f.handle(r)
	}
	return r.get("handle")
}

// named is the file's own spelling of a field, to be named in a problem.
func (r row) named(field string) string {
	if i, ok := r.table.column[field]; ok {
		return r.table.header[i]
	}
	return field
}

// size is about what the row takes in memory, or would with all its cells.
func (r row) size() int {
	n := 16 * max(len(r.cells), len(r.table.header))
	for _, cell := range r.cells {
		n += len(cell)
	}
	return n
}
