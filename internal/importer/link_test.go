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

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/platform/settings"
)

// chain is a file of lines in which every product names the next one and the
// last ones, all of them in batches to come: every tenth is made of them.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		bundle := `"prices":[{"price":{"amount":100,"currency":"USD"}}]`
		if i%10 == 0 {
			bundle = fmt.Sprintf(`"bundle":{"pricing":"summed","components":[{"handle":"p%d","quantity":2},{"sku":"S%d","quantity":1}]}`, n-1, i+1)
		}
		fmt.Fprintf(&b, `{"handle":"p%d","title":"P","relations":{"related":[{"handle":"p%d"}]},"variants":[{"sku":"S%d",%s}]}`+"\n", i, (i+1)%n, i, bundle)
	}
	return b.String()
}

const settledBundles = `SELECT count(*)::int FROM variants v JOIN prices p ON p.variant_id = v.id WHERE v.bundle = 'summed' AND p.amount_minor = 300`

// What products say of others may stand before them, whole batches away, and a
// run that breaks off at any step goes on to the same shop and the same report.
func TestLinksOfWhatComesLater(t *testing.T) {
	t.Parallel()
	const n = 2*batchSize + 50
	file := chain(n)
	whole := newShop(t)
	want := whole.clean(t, file, Options{Publish: true})
	if bundles, related := whole.count(t, settledBundles), whole.count(t, `SELECT count(*)::int FROM product_relations`); bundles != n/10 || related != n || want.Created != n {
		t.Fatalf("%d bundles, %d relations, %+v", bundles, related, tally(want))
	}
	if again := whole.clean(t, file, Options{Publish: true}); again.Unchanged != n {
		t.Errorf("the second run: %+v", tally(again))
	}
	if dry := newShop(t).clean(t, file, Options{Publish: true, DryRun: true}); dry.Created != n {
		t.Errorf("a dry run: %+v", tally(dry))
	}

	s := newShop(t)
	var at Step
	runs := 0
	for ; !at.Last; runs++ {
		steps := 0
		o := Options{House: "House", Publish: true, From: at, Keep: func(_ context.Context, _ pgx.Tx, s Step) error {
			if steps++; steps > 1 {
				return errStopped
			}
			at = s
			return nil
		}}
		if _, err := s.Run(t.Context(), strings.NewReader(file), o); err != nil && !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
	}
	if runs < 7 {
		t.Errorf("it broke off only %d times", runs)
	}
	if diff := cmp.Diff(want, at.Report, cmpopts.IgnoreUnexported(Problem{})); diff != "" {
		t.Errorf("report: %s", diff)
	}
	if diff := cmp.Diff(whole.export(t), s.export(t)); diff != "" {
		t.Errorf("the shop is another: %s", diff)
	}
	s.verify(t)
}

// A job that is killed after each of its batches ends where one does that is
// left alone.
func TestJobKilledWhileItLinks(t *testing.T) {
	t.Parallel()
	const n = batchSize + 50
	whole, s := newShop(t), newShop(t)
	whole.clean(t, chain(n), Options{Publish: true})
	i, dir := s.sent(t, chain(n))
	s.exec(t, `UPDATE imports SET all_or_nothing = false`)
	kills := 0
	for ; kills < 20; kills++ {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestJobAsChild$")
		child.Env = append(os.Environ(), "SOUK_CRASH_AT=importer.batch.after_commit", childJob+"="+i.ID.String(), childBlobs+"="+dir, childDatabase+"="+s.pool.Config().ConnString())
		out, err := child.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatalf("the job was not killed: %v\n%s", err, out)
		}
		if exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			break // nothing was left to be committed
		}
	}
	if i = s.found(t, i); kills != 4 || i.State != Finished || i.Created != n {
		t.Errorf("killed %d times: %+v", kills, i)
	}
	if diff := cmp.Diff(whole.export(t), s.export(t)); diff != "" {
		t.Errorf("the shop is another: %s", diff)
	}
	s.verify(t)
}

// What is named and not there is told by row; the rest goes in.
func TestLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	file := `{"handle":"a","title":"A","relations":{"related":[{"handle":"b"},{"handle":"gone"},{"handle":"a"}]},"variants":[{"sku":"A"}]}
{"handle":"b","title":"B","options":["Size"],"variants":[{"sku":"B","options":["S"]},{"sku":"B2","options":["M"],"bundle":{"pricing":"summed","components":[{"handle":"a","quantity":1},{"sku":"gone","quantity":1}]}}]}
{"handle":"c","title":"C","variants":[{"sku":"C","bundle":{"pricing":"summed","components":[{"handle":"a","quantity":1},{"handle":"b","options":["S"],"quantity":2000}]}}]}
`
	want := []Problem{
		{Row: 1, Column: "relations", Reason: "there is no product gone"},
		{Row: 1, Column: "relations", Reason: "A product is not related to itself."},
		{Row: 2, Column: "bundle", Reason: "there is no variant gone"},
		{Row: 3, Column: "bundle", Reason: "From 1 to 1000 are possible."},
	}
	s := newShop(t)
	report, refused := s.run(t, file, Options{Publish: true})
	if diff := cmp.Diff(want, report.Problems, cmpopts.IgnoreUnexported(Problem{})); diff != "" || report.Created != 3 || report.Refused != 3 {
		t.Errorf("%+v: %s", tally(report), diff)
	}
	if strings.Count(refused, "\n") != 3 {
		t.Errorf("refused rows are %s", refused)
	}
	if n := s.count(t, `SELECT count(*)::int FROM variants WHERE bundle IS NOT NULL`); n != 0 {
		t.Errorf("%d bundles were made of what is not there", n)
	}
	report, err := newShop(t).Run(t.Context(), strings.NewReader(file), Options{House: "House", Publish: true, AllOrNothing: true})
	if !errors.Is(err, ErrNotWhole) || len(report.Problems) != len(want) {
		t.Errorf("%v: %+v", err, report)
	}
}

// A vendor names products of its own, and staff look at what it says of those
// that are on sale.
func TestLinksOfAVendor(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.Catalog.Settings = &settings.Settings{DB: s.pool}
	s.clean(t, `{"handle":"foreign","title":"F","vendor_slug":"other","variants":[{"sku":"F"}]}`+"\n", Options{Publish: true})
	own := `{"handle":"a","title":"A","relations":%s,"variants":[{"sku":"A","bundle":%s}]}
{"handle":"b","title":"B","variants":[{"sku":"B"}]}
`
	mine := Options{Vendor: "mine", Proposed: true}
	report, _ := s.run(t, fmt.Sprintf(own, `{"related":[{"vendor_slug":"other","handle":"foreign"}]}`, "null"), mine)
	if len(report.Problems) != 1 || report.Problems[0].Reason != "there is no product foreign" || report.Created != 2 {
		t.Errorf("%+v", report)
	}
	s.exec(t, `UPDATE products SET status = 'active'`)
	s.exec(t, `INSERT INTO settings (key, value) VALUES ('catalog.review_edits', 'true')`)
	s.Catalog.Settings = &settings.Settings{DB: s.pool} // which has read nothing yet
	report, _ = s.run(t, fmt.Sprintf(own, `{"related":[{"handle":"b"}]}`, `{"pricing":"summed","components":[{"handle":"b","quantity":1}]}`), mine)
	if len(report.Problems) != 1 || report.Unchanged != 2 || s.count(t, `SELECT count(*)::int FROM product_relations`) != 0 {
		t.Errorf("%+v", report)
	}
	s.exec(t, `UPDATE products SET status = 'draft'`)
	report = s.clean(t, fmt.Sprintf(own, `{"related":[{"handle":"b"}]}`, `{"pricing":"summed","components":[{"handle":"b","quantity":1}]}`), mine)
	if report.Updated != 1 || s.count(t, `SELECT count(*)::int FROM product_relations`) != 1 || s.count(t, `SELECT count(*)::int FROM variants WHERE bundle = 'summed'`) != 1 {
		t.Errorf("%+v", report)
	}
}

// A dry run tells how bundles and related products would change.
func TestADryRunShowsLinks(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	file := `{"handle":"a","title":"A","relations":{"related":[{"handle":"b"}]},"variants":[{"sku":"A"}]}
{"handle":"b","title":"B","variants":[{"sku":"B"}]}
{"handle":"c","title":"C","variants":[{"sku":"C","bundle":{"pricing":"fixed","components":[{"handle":"b","quantity":1}]}}]}
`
	s.clean(t, file, Options{Publish: true})
	report := s.clean(t, strings.NewReplacer(`"b"}]`, `"c"}]`, `"quantity":1`, `"quantity":3`).Replace(file), Options{Publish: true, DryRun: true})
	want := []Change{
		{Handle: "a", Field: "relations", Before: `{"related":[{"handle":"b"}]}`, After: `{"related":[{"handle":"c"}]}`},
		{Handle: "c", SKU: "C", Field: "bundle", Before: `{"pricing":"fixed","components":[{"handle":"b","quantity":1}]}`, After: `{"pricing":"fixed","components":[{"handle":"b","quantity":3}]}`},
	}
	if diff := cmp.Diff(want, report.Changes); diff != "" || report.Updated != 2 {
		t.Errorf("%+v: %s", tally(report), diff)
	}
}

// Files and licence keys do not travel in a catalogue: the copy waits for the
// files as a draft, and nobody counts keys that are not there.
func TestDigitalGoodsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	first, copied := newShop(t), newShop(t)
	first.clean(t, `{"handle":"book","title":"Book","variants":[{"sku":"BOOK","tracked":false,"requires_shipping":false}]}
{"handle":"song","title":"Song","variants":[{"sku":"SONG","on_hand":2}]}
`, Options{Publish: true})
	first.exec(t, `INSERT INTO digital_files (id, variant_id, vendor_id, name, content_type, size, sha256, file, state)
		SELECT gen_random_uuid(), id, vendor_id, 'book.pdf', 'application/pdf', 7, decode(repeat('ab', 32), 'hex'), 'f', 'ready' FROM variants WHERE sku = 'BOOK'`)
	first.exec(t, `UPDATE stock_levels SET serialised = true`)
	for _, format := range []string{"souk", "souk-jsonl"} {
		file := first.exportAs(t, format)
		if report := first.clean(t, file, Options{Publish: true}); report.Unchanged != 2 || len(report.Warnings) > 0 {
			t.Errorf("its own export: %+v", report)
		}
		report := copied.clean(t, file, Options{Publish: true})
		if len(report.Warnings) != 1 || !strings.HasPrefix(report.Warnings[0].Reason, "book.pdf is not in this shop") {
			t.Errorf("%s: %+v", format, report)
		}
		if got := copied.text(t, `SELECT handle || ' ' || status FROM products ORDER BY 1`); got != "book "+string(catalog.InDraft)+"\nsong active" {
			t.Errorf("%s: the copy is\n%s", format, got)
		}
		if n := copied.count(t, `SELECT coalesce(sum(on_hand), 0)::int FROM stock_levels`); n != 0 {
			t.Errorf("%s: the copy sells %d keys that it does not have", format, n)
		}
	}
}
