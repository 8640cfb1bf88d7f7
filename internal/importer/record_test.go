package importer

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// A record as a test writes it down.
type record struct {
	Number int
	Cells  string // joined by |
	Fault  string
}

func readAll(t testing.TB, r io.Reader) (all []record) {
	t.Helper()
	in, err := newRecords(r)
	if err != nil {
		t.Fatal(err)
	}
	for {
		cells, fault, err := in.read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, record{in.number, strings.Join(cells, "|"), fault})
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	const neverClosed = "a quotation mark that opens in it is never closed, so all that follows was taken for one cell"
	for name, c := range map[string]struct {
		file string
		want []record
	}{
		"empty":                {"", nil},
		"no last line end":     {"a,b\n1,2", []record{{1, "a|b", ""}, {2, "1|2", ""}}},
		"windows line ends":    {"a,b\r\n1,2\r\n", []record{{1, "a|b", ""}, {2, "1|2", ""}}},
		"old mac line ends":    {"a,b\r1,2\r", []record{{1, "a|b", ""}, {2, "1|2", ""}}},
		"empty lines counted":  {"a,b\n\n\n1,2\n", []record{{1, "a|b", ""}, {2, "", ""}, {3, "", ""}, {4, "1|2", ""}}},
		"quoted line break":    {"a,b\n\"x\r\ny\n\",2\n3,4\n", []record{{1, "a|b", ""}, {2, "x\r\ny\n|2", ""}, {3, "3|4", ""}}},
		"quoted separator":     {"a,b\n\"1,5\",\"\"\n", []record{{1, "a|b", ""}, {2, "1,5|", ""}}},
		"doubled quotes":       {"a\n\"say \"\"hi\"\"\"\n", []record{{1, "a", ""}, {2, `say "hi"`, ""}}},
		"inch mark":            {"a,b\n12\" vinyl,1\n", []record{{1, "a|b", ""}, {2, `12" vinyl|1`, ""}}},
		"text behind a quote":  {"a,b\n\"x\"y,1\n2,3\n", []record{{1, "a|b", ""}, {2, "xy|1", "has text behind a closing quotation mark"}, {3, "2|3", ""}}},
		"quote never closed":   {"a,b\n\"x,1\n2,3\n", []record{{1, "a|b", ""}, {2, "x,1\n2,3\n", neverClosed}}},
		"semicolons":           {"a;b,c;d\n1;2;3\n", []record{{1, "a|b,c|d", ""}, {2, "1|2|3", ""}}},
		"tabs":                 {"a\tb\n1\t2,3\n", []record{{1, "a|b", ""}, {2, "1|2,3", ""}}},
		"bars":                 {"\"a,;,;\"|b\n1|2\n", []record{{1, "a,;,;|b", ""}, {2, "1|2", ""}}},
		"byte order mark":      {"\uFEFFa,b\n1,ä\n", []record{{1, "a|b", ""}, {2, "1|ä", ""}}},
		"windows-1252":         {"a,b\nCaf\xe9,\x80 5\n", []record{{1, "a|b", ""}, {2, "Café|€ 5", ""}}},
		"both encodings":       {"a,b\nCaf\xe9,Café\n", []record{{1, "a|b", ""}, {2, "Café|Café", ""}}},
		"another encoding":     {"a,b\n\x8f\xa4,1\n2,3\n", []record{{1, "a|b", ""}, {2, "\uFFFD¤|1", unknownEncoding}, {3, "2|3", ""}}},
		"excel's first line":   {"sep=;\r\na,b;c\n1;2\n", []record{{1, "a,b|c", ""}, {2, "1|2", ""}}},
		"a column called sep=": {"sep=,b\n1,2\n", []record{{1, "sep=|b", ""}, {2, "1|2", ""}}},
		"UTF-16 little endian": {"\xff\xfe" + utf16Bytes("a,b\nä,€\n", 0), []record{{1, "a|b", ""}, {2, "ä|€", ""}}},
		"UTF-16 big endian":    {"\xfe\xff" + utf16Bytes("a,b\nä,𝄞\n", 1), []record{{1, "a|b", ""}, {2, "ä|𝄞", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, readAll(t, strings.NewReader(c.file))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func utf16Bytes(text string, bigEndian int) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		two := [2]byte{byte(unit), byte(unit >> 8)}
		b.WriteByte(two[bigEndian])
		b.WriteByte(two[1-bigEndian])
	}
	return b.String()
}

// A cell of 50 MB is refused in the memory of one record, and what follows is
// read; so is a line of separators only.
func TestARecordIsBounded(t *testing.T) {
	for name, monster := range map[string]io.Reader{
		"bare":   io.LimitReader(endless("x"), 50<<20),
		"quoted": io.MultiReader(strings.NewReader(`"`), io.LimitReader(endless("x\n"), 8<<20), strings.NewReader(`"`)),
		"commas": io.LimitReader(endless(","), 8<<20),
	} {
		t.Run(name, func(t *testing.T) {
			file := io.MultiReader(strings.NewReader("a,b,c\nbefore,"), monster, strings.NewReader(",behind\nnext,1,2\n"))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			all := readAll(t, file)
			runtime.ReadMemStats(&after)
			if len(all) != 3 || all[1].Fault == "" || !strings.HasPrefix(all[1].Cells, "before|") || len(all[1].Cells) > 2*maxCells {
				t.Fatalf("%d records, the second with fault %q and %d bytes", len(all), all[1].Fault, len(all[1].Cells))
			}
			if name != "commas" && all[1].Cells != "before||behind" {
				t.Errorf("the cells beside it are %q", all[1].Cells)
			}
			if diff := cmp.Diff(record{3, "next|1|2", ""}, all[2]); diff != "" {
				t.Error(diff)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 16*maxRecord {
				t.Errorf("reading it took %d bytes", took)
			}
		})
	}
}

func endless(text string) io.Reader { return &repeated{text: strings.Repeat(text, 4096)} }

type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// FuzzRecords holds the reader against encoding/csv: whatever that takes for
// good, ours reads alike, and nothing makes it fail, stop or grow.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{
		"", "a,b\n1,2\n", "a;b\r\n\"x\"\"\";\"y\r\nz\"\r\n", "a\n\"", "a,b\n12\" x,\"y\"z\n", "\uFEFFa\tb\n\xe9\t1\n",
		"\xff\xfea\x00,\x00b\x00\n\x00", "a|b\n\x00|1\n", "\"a\nb\",c\n\n\n1,2,3\n", "a,b\r\r\n\"\r\"\n", "{a,b\n1,2\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		own(t, string(file))
		text := strings.ReplaceAll(string(file), "\r\n", "\n") // encoding/csv does so within quotes, too
		ours, comma := own(t, text)
		if theirs, ok := standard(text, comma); ok {
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("encoding/csv reads %q otherwise:\n%s", file, diff)
			}
		}
	})
}

// own is what ours reads, without empty lines, which encoding/csv passes over.
func own(t *testing.T, text string) (all [][]string, comma byte) {
	in, err := newRecords(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for {
		cells, _, err := in.read()
		switch {
		case errors.Is(err, io.EOF):
			return all, in.comma
		case err != nil || len(cells) == 0:
			t.Fatalf("record %d: %q, %v", in.number, cells, err)
		case len(cells) > 1 || cells[0] != "":
			all = append(all, cells)
		}
	}
}

// standard is what encoding/csv reads, where both mean the same: it keeps
// carriage returns that ours takes for line ends, and knows no encodings.
func standard(text string, comma byte) (all [][]string, ok bool) {
	if strings.ContainsAny(text, "\r\x00") || !utf8.ValidString(text) || strings.HasPrefix(text, "\uFEFF") || strings.HasPrefix(strings.TrimSpace(text), "{") || saysSeparator.MatchString(text) {
		return nil, false // NULs are those of UTF-16, and a brace begins JSON Lines
	}
	r := csv.NewReader(bufio.NewReader(strings.NewReader(text)))
	r.Comma, r.FieldsPerRecord = rune(comma), -1
	all, err := r.ReadAll()
	if err != nil {
		return nil, false
	}
	for _, cells := range all {
		if len(cells) >= maxCells {
			return nil, false
		}
		if len(cells) == 1 && cells[0] == "" {
			return nil, false // "" alone on its line: ours cannot tell it from an empty one
		}
	}
	return all, true
}
