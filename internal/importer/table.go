package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"souk/internal/errs"
)

// ErrUnreadable says that a file is not a table that can be imported.
var ErrUnreadable = errs.New(errs.Invalid, "unreadable_file", "This file cannot be read as a table. Save it as CSV with a header line.")

// sniffLength is how much of a file is looked at to tell its encoding and separator.
const sniffLength = 64 << 10

// A table is a CSV file being read: a header, then rows.
type table struct {
	header []string
	column map[string]int // by lower-case name
	csv    *csv.Reader
	row    int // of the spreadsheet: the header is row 1
}

// A row is one line of a table, with its number in the spreadsheet.
type row struct {
	number int
	cells  []string
	column map[string]int
	fault  string // why the line itself cannot be read, "" when it can
}

// openTable reads the header. It copes with a byte order mark, UTF-16,
// Windows-1252 and the separators , ; tab and |.
func openTable(r io.Reader) (*table, error) {
	buffered := bufio.NewReaderSize(r, sniffLength)
	head, err := buffered.Peek(sniffLength)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	decoded := bufio.NewReaderSize(transform.NewReader(buffered, decoderFor(head)), sniffLength)
	head, _ = decoded.Peek(sniffLength / 4)
	t := &table{csv: csv.NewReader(decoded), column: map[string]int{}, row: 1}
	t.csv.Comma = separatorOf(head)
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = false
	if t.header, err = t.csv.Read(); err != nil {
		return nil, ErrUnreadable
	}
	for i, name := range t.header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := t.column[name]; !twice {
			t.column[name] = i
		}
	}
	return t, nil
}

// decoderFor tells the encoding from the first bytes: a byte order mark
// decides, then whatever is valid UTF-8 is; the rest is what Excel writes on
// Windows.
func decoderFor(head []byte) transform.Transformer {
	marked := bytes.HasPrefix(head, []byte{0xFF, 0xFE}) || bytes.HasPrefix(head, []byte{0xFE, 0xFF})
	for cut := 0; cut < utf8.UTFMax && len(head) > cut; cut++ { // the head may end within a character
		if utf8.Valid(head[:len(head)-cut]) {
			marked = true
			break
		}
	}
	if marked || len(head) == 0 {
		return unicode.BOMOverride(unicode.UTF8.NewDecoder())
	}
	return charmap.Windows1252.NewDecoder()
}

// separatorOf is the separator that cuts the header line into most columns.
func separatorOf(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', 0
	for _, candidate := range []rune{',', ';', '\t', '|'} {
		if n := bytes.Count(line, []byte(string(candidate))); n > most {
			best, most = candidate, n
		}
	}
	return best
}

// next reads a row; io.EOF at the end. A row that is not CSV comes back with
// its fault, and reading goes on behind it.
func (t *table) next() (row, error) {
	cells, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return row{}, io.EOF
	}
	t.row++
	r := row{number: t.row, cells: cells, column: t.column}
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		r.fault = "not readable as CSV: " + parse.Err.Error()
	case err != nil:
		return row{}, fmt.Errorf("read row %d: %w", t.row, err)
	case len(cells) > len(t.header):
		r.fault = fmt.Sprintf("has %d cells, but the header has %d", len(cells), len(t.header))
	case strings.ContainsRune(strings.Join(cells, ""), 0):
		r.fault = "contains a NUL character"
	}
	return r, nil
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

// get is the trimmed cell of the first of the columns that has one.
func (r row) get(names ...string) string {
	for _, name := range names {
		if i, ok := r.column[name]; ok && i < len(r.cells) {
			if v := strings.TrimSpace(r.cells[i]); v != "" {
				return v
			}
		}
	}
	return ""
}

// named is the first of the columns that the table has, to be named in a problem.
func (r row) named(names ...string) string {
	for _, name := range names {
		if _, ok := r.column[name]; ok {
			return name
		}
	}
	return names[0]
}

func (r row) empty() bool {
	return strings.TrimSpace(strings.Join(r.cells, "")) == ""
}
