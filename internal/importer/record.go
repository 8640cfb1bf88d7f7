package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// What one record may hold. The longest description that the catalogue takes
// is a tenth of it; a file that never closes a quotation mark is one record.
const (
	maxRecord = 1 << 20 // bytes
	maxCells  = 1000
)

var (
	tooLong = fmt.Sprintf("is longer than %d bytes", maxRecord)
	tooWide = fmt.Sprintf("has more than %d cells", maxCells)
)

const unknownEncoding = "is in an encoding that is not known here: save the file as UTF-8"

// records cuts a file into records as RFC 4180 says, and is more patient than
// encoding/csv: what is wrong with a record is said of that record, in bounded
// memory, and the next one is read. A quotation mark within bare text is
// itself (12" vinyl), a lone carriage return ends a record (old Excel on Macs).
type records struct {
	in    *bufio.Reader
	comma byte
	lines bool // each line is a record of one cell: JSON, not CSV

	text   []byte
	ends   []int // of the cells in text
	full   bool  // the cell did not fit: the rest of it is skipped
	number int   // of the record, empty lines counted, as a spreadsheet shows it
}

// newRecords tells encoding and separator from the beginning of a file. A mark,
// or a first letter with a zero beside it, says UTF-16; the rest is bytes, see
// [decoded]. A file that begins with a brace is JSON, line by line.
func newRecords(r io.Reader) (*records, error) {
	in := bufio.NewReaderSize(r, 4*sniffed)
	head, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		in = wide(in, unicode.BigEndian, unicode.ExpectBOM)
	case len(head) > 1 && head[0] != 0 && head[1] == 0:
		in = wide(in, unicode.LittleEndian, unicode.IgnoreBOM)
	case len(head) > 1 && head[0] == 0 && head[1] != 0:
		in = wide(in, unicode.BigEndian, unicode.IgnoreBOM)
	case bytes.HasPrefix(head, []byte("\uFEFF")):
		if _, err := in.Discard(3); err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
	}
	head, _ = in.Peek(sniffed) // an error comes again when the record is read
	if says := saysSeparator.FindSubmatch(head); says != nil {
		_, err := in.Discard(len(says[0]))
		return &records{in: in, comma: says[1][0]}, err
	}
	return &records{in: in, comma: separatorOf(head), lines: bytes.HasPrefix(bytes.TrimSpace(head), []byte("{"))}, nil
}

// saysSeparator is a line before the header that tells Excel the separator, which
// does not show it.
var saysSeparator = regexp.MustCompile(`^"?(?i:sep)=([,;\t|])"?\r?\n`)

// sniffed is how much of a file tells what it is.
const sniffed = 16 << 10

// wide reads UTF-16.
func wide(in io.Reader, order unicode.Endianness, mark unicode.BOMPolicy) *bufio.Reader {
	return bufio.NewReaderSize(transform.NewReader(in, unicode.UTF16(order, mark).NewDecoder()), 4*sniffed)
}

// separatorOf is the separator that cuts the first line into most cells.
func separatorOf(head []byte) byte {
	counts := map[byte]int{}
	quoted := false
	for _, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n' || c == '\r':
			return mostOf(counts)
		default:
			counts[c]++
		}
	}
	return mostOf(counts)
}

func mostOf(counts map[byte]int) byte {
	best := byte(',')
	for _, c := range []byte(";\t|") {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// Where the reader is within a record.
type position int

const (
	atStart  position = iota // of a cell
	inText                   // of a bare cell
	inQuotes                 // of a quoted one
	afterQuote
)

// read reads the next record; io.EOF at the end. What is wrong with the record
// itself is its fault; the cells are then as good as they could be had.
func (r *records) read() (cells []string, fault string, err error) {
	r.text, r.ends, r.full = r.text[:0], r.ends[:0], false
	r.number++
	if r.lines {
		return r.line()
	}
	at, any := atStart, false
	for {
		c, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) && any {
			if at == inQuotes {
				fault = "a quotation mark that opens in it is never closed, so all that follows was taken for one cell"
			}
			cells, fault = r.cells(fault)
			return cells, fault, nil
		}
		if err != nil {
			return nil, "", err
		}
		any = true
		switch {
		case at == inQuotes && c != '"':
			fault = r.keep(c, fault)
		case at == inQuotes:
			at = afterQuote
		case c == '"' && at == atStart:
			at = inQuotes
		case c == '"' && at == afterQuote: // doubled: one of the text
			fault, at = r.keep(c, fault), inQuotes
		case c == r.comma:
			r.ends, r.full, at = append(r.ends, len(r.text)), false, atStart
			if len(r.ends) >= maxCells {
				fault, r.ends = tooWide, r.ends[:maxCells-1]
			}
		case c == '\r' || c == '\n':
			cells, fault = r.cells(fault)
			return cells, fault, r.skipLineFeed(c)
		default:
			if at == afterQuote && fault == "" {
				fault = "has text behind a closing quotation mark"
			}
			fault, at = r.keep(c, fault), inText
		}
	}
}

// What a line of JSON may hold: a product with all its variants. A list of
// nothings is short, and takes fifty times its length in memory.
const (
	maxLine  = maxOneBytes
	maxParts = 200_000 // things with commas between them
)

// line reads a line. Of one that is too long only the beginning is kept.
func (r *records) line() (cells []string, fault string, err error) {
	for {
		piece, err := r.in.ReadSlice('\n')
		if len(r.text)+len(piece) > maxLine {
			fault, piece = fmt.Sprintf("is longer than %d bytes", maxLine), piece[:min(len(piece), max(0, sniffed-len(r.text)))]
		}
		r.text = append(r.text, piece...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(r.text) == 0:
			return nil, "", io.EOF
		case err == nil, errors.Is(err, io.EOF):
			text, known := decoded(string(bytes.TrimSpace(r.text)))
			if !known && fault == "" {
				fault = unknownEncoding
			}
			return []string{text}, fault, nil
		default:
			return nil, "", err
		}
	}
}

// skipLineFeed takes the line feed that follows a carriage return.
func (r *records) skipLineFeed(c byte) error {
	if c != '\r' {
		return nil
	}
	next, err := r.in.Peek(1)
	if err == nil && next[0] == '\n' {
		_, err = r.in.Discard(1)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// keep adds a byte to the cell. A cell that does not fit any more is emptied.
func (r *records) keep(c byte, fault string) string {
	if !r.full && len(r.text) < maxRecord {
		r.text = append(r.text, c)
		return fault
	}
	r.full = true
	start := 0
	if len(r.ends) > 0 {
		start = r.ends[len(r.ends)-1]
	}
	r.text = r.text[:start]
	return tooLong
}

// cells are those of a record, and its fault where it has had none yet.
func (r *records) cells(fault string) ([]string, string) {
	text := string(r.text) // one copy for all
	cells := make([]string, 0, len(r.ends)+1)
	start := 0
	for _, end := range append(r.ends, len(text)) {
		cell, known := decoded(text[start:end])
		if !known && fault == "" {
			fault = unknownEncoding
		}
		cells = append(cells, cell)
		start = end
	}
	return cells, fault
}

// decoded is the text of a cell: UTF-8, or else what Excel writes on Windows.
// Both have the separators in common, so each cell can be told for itself. It is
// neither where it has a byte that Windows-1252 has no letter for, as long texts of
// Chinese and Japanese encodings have.
func decoded(cell string) (text string, known bool) {
	if utf8.ValidString(cell) {
		return cell, true
	}
	var b []byte
	known = true
	for i := range len(cell) {
		letter := charmap.Windows1252.DecodeByte(cell[i])
		known = known && letter != utf8.RuneError
		b = utf8.AppendRune(b, letter)
	}
	return string(b), known
}
