package importer

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// Bad input 107: however a file is encoded and separated, each row is taken or
// refused by itself, and the reason is told.
func TestBadInput107(t *testing.T) {
	t.Parallel()
	const file = "Handle;Title;Variant SKU;Variant Price;Variant Inventory Qty\n" +
		"a;Ä;S1;1234.50;1\n" +
		"b;In English;S2;1,234.50;1\n" +
		"g;In German;S3;1.234,50;1\n" +
		"c;Twice;S1;5;1\n" +
		"d;=HYPERLINK(\"https://evil.example\");S4;5;1\n" +
		"e;Less than nothing;S5;5;-3\n" +
		"f;Money back;S6;-5;1\n" +
		"a;Again;S7;5;1\n" +
		";Nobody;S8;5;1\n" +
		"i;Long;S9;5;1" + "0000000000000000000\n"
	want := []string{
		`3 Variant Price: "1,234.50" is not a price in USD: write it as 1234.50`, // no guess: it would be a thousand times wrong
		`4 Variant Price: "1.234,50" is not a price in USD: write it as 1234.50`,
		`5 Variant SKU: has the same SKU as row 2: S1`,
		`7 Variant Inventory Qty: stock cannot be negative: -3`,
		`8 Variant Price: a price cannot be negative: -5`,
		`9 Handle: row 2 has this handle already: the rows of a product follow each other`,
		`10 : has no Handle`,
		`11 Variant Inventory Qty: "10000000000000000000" is not a whole number`,
	}
	var exported string
	for name, sent := range map[string]string{
		"plain": file, "with a mark": "\uFEFF" + file, "for windows": strings.ReplaceAll(file, "\n", "\r\n"),
		"UTF-16 little endian": "\xff\xfe" + utf16Bytes(file, 0), "UTF-16 big endian": "\xfe\xff" + utf16Bytes(file, 1),
		"by commas": strings.NewReplacer("1,234.50", `"1,234.50"`, "1.234,50", `"1.234,50"`, ";", ",").Replace(file),
	} {
		s := newShop(t)
		report, _ := s.run(t, sent, Options{Publish: true})
		var got []string
		for _, p := range report.Problems {
			got = append(got, fmt.Sprintf("%d %s: %s", p.Row, p.Column, p.Reason))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if report.Created != 2 || s.text(t, `SELECT amount_minor::text FROM prices ORDER BY 1`) != "123450\n500" {
			t.Errorf("%s: %+v", name, tally(report))
		}
		out := s.export(t)
		if exported == "" {
			exported = out
		}
		if out != exported || !strings.Contains(out, `'=HYPERLINK`) {
			t.Errorf("%s: exported as %s", name, out)
		}
	}
}

// Bad input 107: a file of very many rows is read as it comes.
func TestAFileOfVeryManyRows(t *testing.T) {
	const rows = 300_000
	s := newShop(t)
	file := io.MultiReader(strings.NewReader("Handle,Title,Variant Price\n"), io.LimitReader(endless(",Nobody,1\n"), rows*int64(len(",Nobody,1\n"))))
	var peak uint64
	told := 0
	report, err := s.Run(t.Context(), file, Options{DryRun: true, Keep: func(_ context.Context, _ pgx.Tx, step Step) error {
		if told++; told%100 == 0 {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
		return nil
	}})
	if err != nil || report.Rows != rows || report.Refused != rows || len(report.Problems) != maxProblems || report.Further != rows-maxProblems {
		t.Fatalf("%v: %+v", err, tally(report))
	}
	if peak > 64<<20 {
		t.Errorf("it took %d bytes at once", peak)
	}
}
