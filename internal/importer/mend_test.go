package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// A bad row, mended in the file of refused rows and imported, leaves the shop
// as if it had been good at once.
func TestMending(t *testing.T) {
	t.Parallel()
	clean := newShop(t)
	o := Options{Publish: true}
	clean.clean(t, mugs, o)
	for _, c := range []struct {
		name, good, bad string
		rows            int // in the refused file
		refused         int
	}{
		{"a variant", "deny,13.50", "deny,13.505", 1, 1},
		{"the variant in the middle", "MUG-B,300", "MUG-B,heavy", 1, 1},
		{"the variant of the first row", "MUG-R,300", "MUG-R,heavy", 1, 1},
		{"the only variant", "deny,20.00", "deny,twenty", 1, 1},
		{"the product itself", "TRUE,Colour", "always,Colour", 3, 3},
		{"a picture", "https://x.example/blue.jpg", "x.example/blue.jpg", 3, 1},
		{"the handle", "\nbowl,", "\n,", 1, 1},
		{"a row too long", "FALSE,TRUE,,,active", "FALSE,TRUE,,,active,,", 1, 1},
		{"a value", "Green,MUG-G", ",MUG-G", 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			bad := strings.Replace(mugs, c.good, c.bad, 1)
			report, refused := s.run(t, bad, o)
			if report.Refused != c.refused || strings.Count(refused, "\n") != c.rows+1 {
				t.Fatalf("%+v, refused\n%s", report, refused)
			}
			if header, _, _ := strings.Cut(mugs, "\n"); !strings.HasPrefix(refused, header+"\n") {
				t.Errorf("the refused file has other columns:\n%s", refused)
			}
			mended := strings.Replace(refused, c.bad, c.good, 1)
			s.clean(t, mended, o)
			s.clean(t, mugs, o) // only this says in which order the variants are
			if diff := cmp.Diff(clean.export(t), s.export(t)); diff != "" {
				t.Errorf("the shop is another: %s\nrefused were\n%s", diff, refused)
			}
			s.verify(t)
		})
	}
}

// The mended row alone brings the pictures, options and texts of the others
// into no disorder.
func TestAMendedRowLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	clean, s := newShop(t), newShop(t)
	clean.clean(t, mugs, Options{})
	_, refused := s.run(t, strings.Replace(mugs, "deny,13.50", "deny,x", 1), Options{})
	s.clean(t, strings.Replace(refused, "deny,x", "deny,13.50", 1), Options{})
	if diff := cmp.Diff(clean.export(t), s.export(t)); diff != "" { // the last one, so the order is right as well
		t.Error(diff)
	}
}

// R29: an import of 8,000 rows with 3 bad ones imports the rest and lists the
// 3 (Open Food Network #3779).
func TestThreeBadRowsOfEightThousand(t *testing.T) {
	t.Parallel()
	const products, variants = 2000, 4
	var rows []string
	for p := range products {
		for v := range variants {
			title, option := "", ""
			if v == 0 {
				title, option = fmt.Sprintf("Article %d", p), "Size"
			}
			rows = append(rows, fmt.Sprintf("article-%d,%s,%s,%d,A-%d-%d,%d.50,%d", p, title, option, v, p, v, p%90+1, v))
		}
	}
	file := func() string {
		return shopify("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty", rows...)
	}
	good := file()
	bad := []int{4 * 700, 4*1200 + 2, 7999} // a product's first row, its third, the last of all
	kept := map[int]string{}
	for _, i := range bad {
		kept[i] = rows[i]
	}
	rows[bad[0]] = strings.Replace(rows[bad[0]], ".50", ",50", 1)
	rows[bad[1]] = strings.Replace(rows[bad[1]], ".50", ".505", 1)
	rows[bad[2]] += "9x"
	rows[bad[0]] = strings.Replace(rows[bad[0]], ",50,0", ".50.,0", 1)

	s := newShop(t)
	report, refused := s.run(t, file(), Options{Publish: true})
	reasons := []string{`"71.50." is not a price in USD: write it as 1234.50`, `"31.505" is not a price in USD: write it as 1234.50`, `"39x" is not a whole number`}
	want := Report{Format: "shopify", Rows: 8000, Products: products, Variants: 7997, Created: products, Refused: 3}
	for i, column := range []string{"Variant Price", "Variant Price", "Variant Inventory Qty"} {
		want.Problems = append(want.Problems, Problem{Row: bad[i] + 2, Column: column, Reason: reasons[i]})
	}
	wantReport(t, report, want)
	if n := s.count(t, `SELECT count(*)::int FROM variants`); n != 7997 {
		t.Errorf("%d variants are in the shop", n)
	}
	if strings.Count(refused, "\n") != 4 {
		t.Errorf("refused rows are\n%s", refused)
	}

	mended := strings.NewReplacer("71.50.", "71.50", "31.505", "31.50", "39x", "3").Replace(refused)
	wantReport(t, tally(s.clean(t, mended, Options{Publish: true})), Report{Format: "shopify", Rows: 3, Products: 3, Variants: 3, Updated: 3})
	if n := s.count(t, `SELECT count(*)::int FROM variants`); n != 8000 {
		t.Errorf("%d variants are in the shop", n)
	}
	// Only the whole file says where the first two stand among their like.
	if again := s.clean(t, good, Options{Publish: true}); again.Unchanged != products-2 || again.Created > 0 {
		t.Errorf("the good file changes %+v", again)
	}
}

// What belongs together is found across batches, in a dry run as well: SKUs
// and handles that come twice, and prices far below their product.
func TestAcrossBatches(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var b strings.Builder
	b.WriteString("slug,sku,name,price,currency,option1_name,category1\n")
	for i := range 2*batchSize + 100 {
		fmt.Fprintf(&b, "p%d,s%d,Product %d,5,USD,,\n", i, i, i)
	}
	b.WriteString("other,s3,Other,5,USD,,\n")         // SKU of row 5
	b.WriteString("p4,s-new,Twice,5,USD,,\n")         // handle of row 6
	b.WriteString("p7,s7,,4.50,EUR,,\n")              // further price
	b.WriteString("p7,s8,,4.50,EUR,,\n")              // of another product
	b.WriteString("p9,s9,,1,GBP,,\np9,s9,,1,EUR,,\n") // two
	b.WriteString("p10,nobody,,1,EUR,,\n")            // of nobody
	want := Report{
		Format: "spree", Rows: 1107, Products: 1102, Variants: 1102, Created: 1100, Refused: 3,
		Problems: []Problem{
			{Row: 1102, Column: "sku", Reason: "has the same SKU as row 5: s3"},
			{Row: 1103, Column: "slug", Reason: "row 6 has this handle already: the rows of a product follow each other"},
			{Row: 1108, Column: "sku", Reason: `there is no variant with the SKU "nobody"`},
		},
	}
	dry, _ := s.run(t, b.String(), Options{DryRun: true})
	dry.DryRun = false
	wantReport(t, dry, want)
	first, _ := s.run(t, b.String(), Options{})
	wantReport(t, first, want)
	want.Created, want.Unchanged = 0, 1100
	again, _ := s.run(t, b.String(), Options{})
	wantReport(t, again, want)
	// A price far below changes a product that was counted as unchanged.
	changed, _ := s.run(t, strings.Replace(b.String(), "s7,,4.50", "s7,,4.60", 1), Options{})
	want.Updated, want.Unchanged = 1, 1099
	wantReport(t, changed, want)
	if n := s.count(t, `SELECT count(*)::int FROM prices WHERE currency <> 'USD'`); n != 4 {
		t.Errorf("%d prices in other currencies", n)
	}
	s.verify(t)
}

func article(n int) string {
	return fmt.Sprintf("a%d,Article %d,\"Shelf, %d\",a%d,%d.25,shopify,%d", n, n, n%7, n, n%50+1, n%9)
}

func articles(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = article(i)
	}
	return shopify("Handle,Title,Type,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty", rows...)
}

// A run that is killed keeps the batches before; run again, it goes on, and
// the shop is as if nothing had happened.
func TestKilledBetweenBatches(t *testing.T) {
	t.Parallel()
	clean := newShop(t)
	file := articles(batchSize + 50)
	clean.clean(t, file, Options{Publish: true})
	want := clean.export(t)
	for point, kept := range map[string]int{"importer.batch.before_commit": 0, "importer.batch.after_commit": batchSize} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestImportAsChild$")
			child.Env = append(os.Environ(), "SOUK_CRASH_AT="+point, childDatabase+"="+s.pool.Config().ConnString())
			child.Stdin = strings.NewReader(file)
			out, err := child.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the import was not killed: %v\n%s", err, out)
			}
			if n := s.count(t, `SELECT count(*)::int FROM products`); n != kept {
				t.Errorf("%d products are in the shop, want %d", n, kept)
			}
			s.verify(t)
			report := s.clean(t, file, Options{Publish: true})
			if report.Unchanged != kept || report.Created != batchSize+50-kept {
				t.Errorf("the second run: %+v", report)
			}
			if s.export(t) != want {
				t.Error("the shop is not what one run makes of it")
			}
			s.verify(t)
		})
	}
}

// A shop at work may hold what a batch needs for longer than a lock is waited
// for; the import has the patience.
func TestABusyShop(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, mugs, Options{Publish: true})
	hasty, err := postgres.Open(t.Context(), postgres.Config{URL: s.pool.Config().ConnString(), LockTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer hasty.Close()
	held, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), `SELECT FROM stock_levels FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	begun := 0
	busy := shopOn(hasty)
	busy.DB = beginning{hasty, func() error {
		if begun++; begun != 3 {
			return nil
		}
		return held.Rollback(t.Context())
	}}
	report := busy.clean(t, strings.ReplaceAll(mugs, "shopify,5", "shopify,6"), Options{Publish: true})
	if report.Updated != 1 || begun != 4 { // the last one keeps the end of the file
		t.Errorf("%+v after %d transactions", report, begun)
	}
}

// beginning does something before each transaction.
type beginning struct {
	postgres.DB
	before func() error
}

func (b beginning) Begin(ctx context.Context) (pgx.Tx, error) {
	if err := b.before(); err != nil {
		return nil, err
	}
	return b.DB.Begin(ctx)
}

func TestAFileThatBreaksOff(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	broken := errors.New("the disk is gone")
	file := articles(batchSize + 10)
	report, err := s.Run(t.Context(), iotest.DataErrReader(&breaking{strings.NewReader(file), broken}), Options{House: "House"})
	if !errors.Is(err, broken) || report.Created != batchSize || s.count(t, `SELECT count(*)::int FROM products`) != batchSize {
		t.Errorf("%v, %+v", err, report)
	}
}

type breaking struct {
	*strings.Reader
	with error
}

func (b *breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil {
		err = b.with
	}
	return n, err
}

// The list of problems ends; the refused rows do not.
func TestAFileThatIsWrongThroughout(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	n, most := maxProblems+5, 0
	o := Options{Keep: func(_ context.Context, _ pgx.Tx, step Step) error {
		most = max(most, len(step.Mend))
		return nil
	}}
	report, refused := s.run(t, "Handle,Title,Variant Price\n"+strings.Repeat(",A,1\n", n), o)
	if most != batchSize {
		t.Errorf("%d refused rows waited in memory", most)
	}
	if report.Refused != n || len(report.Problems) != maxProblems || report.Further != 5 || strings.Count(refused, "\n") != n+1 || !report.Nothing() {
		t.Errorf("refused %d, problems %d and %d", report.Refused, len(report.Problems), report.Further)
	}
}

// Too many rows for one product are refused, not gathered for ever.
func TestAProductWithoutAnEnd(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	row := "a,,,," + strings.Repeat("x", maxOneBytes/8) + "\n"
	report, _ := s.run(t, "Handle,Title,Variant Price,Image Src,Image Alt Text\na,A,1,,\n"+strings.Repeat(row, 12)+"b,B,1,,\n", Options{})
	if report.Created+report.Refused == 0 || report.Products != 2 || !strings.Contains(report.Problems[len(report.Problems)-1].Reason, "rows of more than") {
		t.Errorf("%+v", tally(report))
	}
}

// Whoever opens the file of refused rows runs nothing, and what is mended in it
// comes in as it was sent.
func TestRefusedRowsAreInert(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, refused := s.run(t, "Handle,Title,Variant Price,=cmd()\ncup,=HYPERLINK(1),dear,@x\n", Options{})
	if want := "Handle,Title,Variant Price,'=cmd()\ncup,'=HYPERLINK(1),dear,'@x\n"; refused != want {
		t.Errorf("refused are %q", refused)
	}
	s.clean(t, strings.Replace(refused, "dear", "5", 1), Options{})
	if got := s.text(t, `SELECT title FROM products`); got != "=HYPERLINK(1)" {
		t.Errorf("it is called %s", got)
	}
	for _, f := range formats {
		if f.parse == nil && (f.unguard == nil || f.unguard("'=1") != "=1") {
			t.Errorf("%s keeps the mark before a formula", f.name)
		}
	}
}

// A reason quotes a cell, and not a million letters of it.
func TestReasonsAreShort(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	report, _ := s.run(t, "Handle,Title,Variant Price\ncup,Cup,"+strings.Repeat("9x", 300_000)+"\n", Options{})
	if len(report.Problems) != 1 || len([]rune(report.Problems[0].Reason)) != maxReason || report.Problems[0].Row != 2 {
		t.Errorf("%d problems, %.600s", len(report.Problems), report.Problems[0].Reason)
	}
}

// What no product may have so many of is refused at once, and leaves nothing behind.
func TestAProductOfTooMuch(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for field, file := range map[string]string{
		"variants":   "souk_handle,title,price,option1,value1\n" + many(30_000, "cup,Cup,5,Size,%d\n"),
		"tags":       "souk_handle,title,price,tags\ncup,Cup,5," + many(50_000, "t%d|") + "\n",
		"categories": "souk_handle,title,price,categories\ncup,Cup,5," + many(50_000, "c%d|") + "\n",
		"images":     "souk_handle,title,price,images\ncup,Cup,5," + many(30_000, "https://x.example/%d|") + "\n",
	} {
		report, _ := s.run(t, file, Options{})
		if len(report.Problems) != 1 || report.Problems[0].Column != field || !strings.HasPrefix(report.Problems[0].Reason, "a product has at most") || report.Refused != report.Rows {
			t.Errorf("%s: %+v", field, report)
		}
	}
	if n := s.count(t, `SELECT ((SELECT count(*) FROM tags) + (SELECT count(*) FROM categories) + (SELECT count(*) FROM products))::int`); n != 0 {
		t.Errorf("%d rows are left behind", n)
	}
}

// A number that a spreadsheet has rounded is the same for many products.
func TestAHandleThatIsRounded(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	report, _ := s.run(t, shopify("Handle,Title,Variant SKU,Variant Price", "9.78E+12,A,a,1", "9.78E+12,B,b,1", "c,C,c,1"), Options{})
	if report.Created != 1 || report.Refused != 2 || !strings.HasPrefix(report.Problems[1].Reason, "9.78E+12 is a number that a spreadsheet has rounded") {
		t.Errorf("%+v", report)
	}
}
