package invoices

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"souk/internal/accounts"
	"souk/internal/money"
)

var (
	streams = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)
	shown   = regexp.MustCompile(`(?s)\(((?:[^\\()]|\\.)*)\) ?Tj`)
	escaped = regexp.MustCompile(`(?s)\\(.)`)
)

// written is the texts of each page of a PDF, in the order in which they are set.
func written(t *testing.T, file []byte) (list [][]string) {
	t.Helper()
	for _, stream := range streams.FindAllSubmatch(file, -1) {
		unpacked, err := zlib.NewReader(bytes.NewReader(stream[1]))
		if err != nil {
			continue // not of a page
		}
		content, err := io.ReadAll(unpacked)
		if err != nil || !bytes.Contains(content, []byte(" Tf ")) {
			continue
		}
		var page []string
		for _, text := range shown.FindAllSubmatch(content, -1) {
			page = append(page, utf16Text(escaped.ReplaceAllFunc(text[1], unescape)))
		}
		list = append(list, page)
	}
	if len(list) == 0 {
		t.Fatal("no pages")
	}
	return list
}

func unescape(pair []byte) []byte {
	if pair[1] == 'r' {
		return []byte("\r")
	}
	return pair[1:]
}

func utf16Text(raw []byte) string {
	var units []uint16
	for ; len(raw) > 1; raw = raw[2:] {
		units = append(units, uint16(raw[0])<<8|uint16(raw[1]))
	}
	return string(utf16.Decode(units))
}

func mustPrint(t *testing.T, list ...Invoice) []byte {
	t.Helper()
	file, err := writePDF(list)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Each figure stands on the one page of each sample, whole; and columns are where
// the paper is.
func TestEveryFigureStandsOnThePaper(t *testing.T) {
	t.Parallel()
	for name, i := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := mustPrint(t, i)
			keep(t, name, i, file)
			all := written(t, file)
			if len(all) != 1 {
				t.Fatalf("it has %d pages", len(all))
			}
			s := sheetOf(i)
			want := append([]string{s.Title + " " + s.Number}, s.Head...)
			for _, r := range s.Rows {
				want = append(want, r.cells()[1:]...)
			}
			for _, r := range s.TaxRows {
				want = append(want, r[1:]...)
			}
			for _, f := range s.Sums {
				want = append(want, f.Label, f.Value)
			}
			for _, text := range want {
				if text != "" && !slices.Contains(all[0], text) {
					t.Errorf("%q is not on %q", text, all[0])
				}
			}
		})
	}
}

func TestColumnsFitWhateverStandsInThem(t *testing.T) {
	t.Parallel()
	face, err := noto()
	if err != nil {
		t.Fatal(err)
	}
	for name, i := range samples() {
		p := newPress(face)
		p.sheet = sheetOf(i)
		var rows [][]string
		for _, r := range p.sheet.Rows {
			rows = append(rows, r.cells())
		}
		for table, g := range map[string]grid{"lines": p.gridOf(p.sheet.Head, rows, width), "taxes": p.taxGrid()} {
			if g.widths[0] < 15 || sum(g.widths) > width+0.01 {
				t.Errorf("%s: columns of %s are %v", name, table, g)
			}
		}
	}
}

// However many lines there are: none is lost, each page of lines has the head of
// the table, and what they come to stands below one of them.
func TestTotalsAreNeverAloneOnAPage(t *testing.T) {
	t.Parallel()
	for _, lines := range []int{1, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 60} {
		i := catalogue(lines)
		file := mustPrint(t, i)
		all := written(t, file)
		set := 0
		for at, page := range all {
			here := 0
			for _, text := range page {
				if strings.HasPrefix(text, "Article ") {
					here++
				}
			}
			set += here
			if here == 0 || !slices.Contains(page, "Description") {
				t.Errorf("of %d lines, page %d is %q", lines, at+1, page)
			}
		}
		last := all[len(all)-1]
		if set != lines || !slices.Contains(last, sheetOf(i).Sums[2].Value) || !slices.Contains(last, "Paid. Thank you.") {
			t.Errorf("%d of %d lines are set, the last page is %q", set, lines, last)
		}
		if lines == 60 {
			keep(t, "lines-60", i, file)
		}
	}
}

// Each document of a file counts its own pages, and stands in its own footer.
func TestEachDocumentOfAFileCountsItsPages(t *testing.T) {
	t.Parallel()
	long, note := catalogue(33), samples()["credit-note"]
	note.Lines[0].Title = "Form {1} of {3}" // which is no place for a number of pages
	all := written(t, mustPrint(t, long, note))
	var footers []string
	for _, page := range all {
		footers = append(footers, page[len(page)-1])
	}
	want := []string{"Invoice NKI2026-000123 · Page 1 of 2", "Invoice NKI2026-000123 · Page 2 of 2", "Credit note NKC2026-000007 · Page 1 of 1"}
	if !slices.Equal(footers, want) {
		t.Errorf("got %q", footers)
	}
	if last := all[len(all)-1]; !slices.Contains(last, note.Lines[0].Title) {
		t.Errorf("the title was changed: %q", last)
	}
}

func TestWhichScriptsAPDFCanSet(t *testing.T) {
	t.Parallel()
	for text, can := range map[string]bool{
		"Zażółć gęślą jaźń, Łódź": true, "Straße, Ångström, Þórshöfn": true, "Καλημέρα κόσμε": true, "Щедрый вечер, Київ, Ђорђе": true, "Phở bo\u0302\u0300": true,
		"₹ € £ ¥ ₽ ₴ ₺ ₫ ₩ ₦": true, "“Quoted” – ½ • №": true,
		"कमल हस्तशिल्प": false, "متجر الكتب": false, "חנות ספרים": false, "ร้านหนังสือ": false, "鉄瓶": false, "서점": false, "Mug \x021\x02": false, "Mug 🫖": false,
	} {
		for where, put := range map[string]func(i *Invoice){
			"title": func(i *Invoice) { i.Lines[0].Title = text }, "variant": func(i *Invoice) { i.Lines[0].Detail = text }, "buyer": func(i *Invoice) { i.Buyer.Address.Name = text },
			"city": func(i *Invoice) { i.Buyer.Address.City = text }, "note": func(i *Invoice) { i.Seller.Note = "Thanks\n" + text },
			"reason": func(i *Invoice) { i.Reason = text }, "tax": func(i *Invoice) { i.Taxes[0].Label = text },
		} {
			i := sample("EUR", true, goods("Mug", 1, money.Of(1190, "EUR"), money.Of(0, "EUR"), true, vat(190_000)))
			put(&i)
			if _, err := writePDF([]Invoice{i}); can && err != nil || !can && !errors.Is(err, ErrNotPrintable) {
				t.Errorf("%q as %s: %v", text, where, err)
			}
		}
	}
}

func TestEveryLanguageKnowsTheSameWords(t *testing.T) {
	t.Parallel()
	for _, l := range languages[1:] {
		for key := range languages[0].words {
			if l.words[key] == "" {
				t.Errorf("%s has no word for %s", l.code, key)
			}
		}
		if len(l.words) != len(languages[0].words) {
			t.Errorf("%s knows %d words of %d", l.code, len(l.words), len(languages[0].words))
		}
		for code := range l.countries {
			if !accounts.IsCountry(code) {
				t.Errorf("%s calls %s a country", l.code, code)
			}
		}
		if l.country("DE") == accounts.CountryName("DE") || len(l.countries) != 250 {
			t.Errorf("%s has names of %d countries", l.code, len(l.countries))
		}
	}
}
