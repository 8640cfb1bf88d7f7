package importer

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
)

// A run that breaks off at any step and goes on from there reports what one run
// reports, and refuses the same rows.
func TestGoingOn(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("slug,sku,name,price,currency,option1_name,category1\n,none,No handle,1,USD,,\n")
	for i := range 2*batchSize + 100 {
		price := "5"
		if i%100 == 7 {
			price = "five"
		}
		b.WriteString(strings.NewReplacer("#", string(rune('a'+i%26))+strings.Repeat("x", i/26), "$", price).Replace("#,#,Product,$,USD,,\n"))
	}
	for i := range batchSize + 20 { // a great many that are refused, with rows of none between those of a product
		b.WriteString(strings.ReplaceAll("u#,u#,No price,,USD,,\n,none,No handle,1,USD,,\nu#,u#-2,,,USD,,\n", "#", strings.Repeat("x", i)))
	}
	b.WriteString("a,again,Twice,5,USD,,\nnobody,nobody,,1,EUR,,\nbx,bx,,4,EUR,,\nlast,a,Last,5,USD,,\n,none,No handle,1,USD,,\n")
	for name, dry := range map[string]bool{"in earnest": false, "a dry run": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := newShop(t)
			whole.exec(t, `ALTER TABLE products ADD CONSTRAINT no_curses CHECK (handle <> 'dxxx')`) // has halves applied
			want, refused := whole.run(t, b.String(), Options{DryRun: dry})

			s := newShop(t)
			s.exec(t, `ALTER TABLE products ADD CONSTRAINT no_curses CHECK (handle <> 'dxxx')`)
			var at Step
			var mended [][]string
			runs := 0
			for ; !at.Last; runs++ {
				steps := 0
				o := Options{House: "House", DryRun: dry, From: at, Keep: func(_ context.Context, _ pgx.Tx, s Step) error {
					if steps++; steps > 1 {
						return errStopped
					}
					at = s
					mended = append(mended, s.Mend...)
					return nil
				}}
				if _, err := s.Run(t.Context(), strings.NewReader(b.String()), o); err != nil && !errors.Is(err, errStopped) {
					t.Fatal(err)
				}
			}
			if runs < 7 {
				t.Fatalf("it broke off only %d times", runs)
			}
			want.Format = at.Report.Format
			if diff := cmp.Diff(want, at.Report, cmpopts.IgnoreUnexported(Problem{})); diff != "" {
				t.Errorf("report: %s", diff)
			}
			var again strings.Builder
			if err := writeRows(&again, ',', false, mended); err != nil {
				t.Fatal(err)
			}
			if _, rows, _ := strings.Cut(refused, "\n"); rows != again.String() {
				t.Errorf("refused rows differ: %s", cmp.Diff(rows, again.String()))
			}
			if diff := cmp.Diff(whole.export(t), s.export(t)); diff != "" {
				t.Errorf("the shop is another: %s", diff)
			}
		})
	}
}

var errStopped = errors.New("stopped")
