package importer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/platform/postgres"
	"souk/internal/vendors"
)

// What shares a transaction, and what one product may bring to it.
const (
	batchSize   = 500     // products
	batchBytes  = 8 << 20 // of their rows
	maxOneBytes = 4 << 20
)

// Options say how a file is to be taken.
type Options struct {
	Format   string  // the name of one, or "auto"
	Mapping  Mapping // which column is which field, where the file is of no known format
	Vendor   string  // slug of the vendor who gets all products, made when missing; "" makes vendors of the file's own
	House    string  // name of the vendor of products that name none, when Vendor is ""
	Publish  bool    // put on sale what the file does not mark otherwise; else it waits for review
	Proposed bool    // by a vendor: staff may want to look at changes of what is on sale
	DryRun   bool    // find out what would happen, and do nothing

	// AllOrNothing takes the file back where anything of it is refused: ErrNotWhole.
	AllOrNothing bool

	// Refused gets the rows that were refused, as a file of the same columns that
	// can be mended and imported; nothing where nothing was refused, or all was.
	Refused io.Writer

	// Keep writes down how far the run has come, in the transaction that brought
	// it there; an error takes that back and ends the run. From is where an
	// earlier run of the same file was then.
	Keep func(ctx context.Context, tx pgx.Tx, s Step) error
	From Step
}

// A Step is how far a run has come.
type Step struct {
	Done    int    // of what the file has, product by product, and row by row where rows are of none: how much is behind it
	Last    bool   // it is finished
	Refused bool   // as a whole: nothing of the file is in
	Report  Report // so far

	// What came with this step.
	Problems []Problem
	Warnings []Problem
	Changes  []Change
	Mend     [][]string // refused rows
	seen     map[uint64]place
	extra    int
}

// ErrVendor says that a vendor is not called by a slug.
var ErrVendor = errs.New(errs.Invalid, "bad_vendor", "A vendor's slug has small letters, digits and single hyphens only.")

// Run reads a file to its end. Rows that cannot be read, and products that
// cannot be, are problems of the report; an error means that the run itself
// broke off, with everything before the current batch in place.
func (im *Importer) Run(ctx context.Context, file io.Reader, o Options) (report Report, err error) {
	report = Report{DryRun: o.DryRun, Problems: []Problem{}}
	if o.Vendor != "" && vendors.SlugOf(o.Vendor) != o.Vendor {
		return report, ErrVendor
	}
	t, err := openTable(file)
	if err != nil {
		return report, err
	}
	f, err := o.format(t)
	if err != nil {
		return report, err
	}
	report.Format = f.name
	rows := source(t)
	if f.family != nil {
		g, err := gather(t)
		if err != nil {
			return report, err
		}
		defer func() { err = errors.Join(err, g.close()) }()
		rows = g
	}
	r := &run{
		Importer: im, options: o, report: &report, table: t, rows: rows,
		seed: maphash.MakeSeed(), seen: map[uint64]place{}, skus: map[uint64]int{},
	}
	defer func() {
		if r.naming != nil {
			err = errors.Join(err, r.naming.close())
		}
	}()
	if o.AllOrNothing && !o.DryRun {
		return report, r.readWhole(ctx)
	}
	return report, r.read(ctx)
}

// format is that of a table by what the options say.
func (o Options) format(t *table) (format, error) {
	if len(o.Mapping) > 0 {
		return o.Mapping.format(t)
	}
	return formatOf(o.Format, t)
}

// run is one import under way.
type run struct {
	*Importer
	options Options
	report  *Report
	table   *table
	rows    source
	outside postgres.DB // while the whole file is read in one transaction, which is DB then

	batch    []*item
	bytes    int       // of the rows that were read since the last batch
	problems []Problem // that have not been told, but for those of the batch's items
	told     bool      // the refused rows have their header
	grown    int       // variants that came since the planner was told

	naming *shelf   // rows of products that name others
	named  []family // of them

	number int     // of what was read last: a product, or a row that is of none
	now    reading // what was read up to here
	extra  int     // products that only rows with prices speak of

	// What the file has had so far, by hash: the products, and the rows of SKUs.
	seed maphash.Seed
	seen map[uint64]place
	skus map[uint64]int
}

// A reading counts what was read.
type reading struct{ rows, products, variants int }

// An item is a product on its way into the catalogue.
type item struct {
	Product
	number   int     // as it comes in the file
	now      reading // what was read up to its end
	owner    vendors.Named
	change   catalog.Change
	links    bool      // all of the file is in, and only what it says of others is to be settled
	relinked bool      // by that
	repriced bool      // by a row that only gives a price
	misread  []Problem // of reading it
	problems []Problem // of applying it
	changes  []Change
}

// A place is where the file has a product, and what became of it. Rows that
// only give prices of a product make a place without a row.
type place struct {
	row    int
	change catalog.Change
}

// read takes the rows of each product together: those that follow each other.
func (r *run) read(ctx context.Context) error {
	var group []row
	bytes := 0
	for {
		at, fault, err := r.rows.next()
		end := errors.Is(err, io.EOF)
		switch {
		case end:
		case err != nil:
			return err
		default:
			r.now.rows++
			r.bytes += at.size()
			if fault == "" {
				fault = at.misnamed()
			}
			if fault != "" {
				if err := r.refuseRow(ctx, at, fault); err != nil {
					return err
				}
				continue
			}
		}
		if len(group) > 0 && (end || !continues(group, at)) {
			if err := r.add(ctx, group); err != nil {
				return err
			}
			group, bytes = nil, 0
		}
		if end {
			if err := r.linkAll(ctx); err != nil {
				return err
			}
			return r.finish(ctx)
		}
		if bytes += at.size(); bytes > maxOneBytes {
			if err := r.refuseRow(ctx, at, tooMany); err != nil {
				return err
			}
			continue
		}
		group = append(group, at)
	}
}

// misnamed is why a row belongs to no product: nothing names it, or a number that
// is the same for many.
func (r row) misnamed() string {
	switch handle := r.handle(); {
	case handle == "":
		return "has no " + r.named("handle")
	case rounded.MatchString(handle):
		return handle + " is a number that a spreadsheet has rounded: format the column as text"
	}
	return ""
}

var tooMany = fmt.Sprintf("its product has rows of more than %d bytes in all", maxOneBytes)

// refuseRow refuses a row that is of no product.
func (r *run) refuseRow(ctx context.Context, at row, reason string) error {
	r.number++
	r.refuse(at, "", reason)
	return r.settle(ctx)
}

func (r *run) refuse(at row, field, reason string, rows ...row) {
	c := cells{row: at}
	c.refuse(field, "%s", reason)
	if rows == nil {
		rows = []row{at}
	}
	r.hold(whole(c.problems, rows))
}

// hold remembers problems of what was read last until they are told.
func (r *run) hold(problems []Problem) {
	for _, p := range problems {
		p.of = r.number
		r.problems = append(r.problems, p)
	}
}

// add makes a product of its rows and puts it into the batch.
func (r *run) add(ctx context.Context, rows []row) error {
	p, problems := r.table.format.read(rows, r.Currency)
	r.number++
	it := &item{Product: p, number: r.number, owner: r.owner(p), misread: append(problems, warnings(p.warnings)...)}
	if len(p.Variants) > 0 || len(p.FurtherPrices) == 0 {
		r.now.products++
		r.now.variants += len(p.Variants)
	}
	it.now = r.now
	key := r.key(it.owner.Slug, p.Handle)
	field, most := p.excess()
	switch first, again := r.seen[key]; {
	case most > 0:
		r.hold(it.misread)
		r.refuse(rows[0], field, fmt.Sprintf("a product has at most %d of these", most), rows...)
	case len(p.Variants) == 0 && len(p.FurtherPrices) > 0:
		return r.put(ctx, it)
	case again && first.row > 0:
		r.hold(it.misread)
		r.refuse(rows[0], "handle", fmt.Sprintf("row %d has this handle already: the rows of a product follow each other", first.row), rows...)
	case len([]rune(it.owner.Name)) > 200:
		r.hold(it.misread)
		r.refuse(rows[0], "vendor", "the name of a vendor has at most 200 characters", rows...)
	case len(p.Variants) > 0:
		r.seen[key] = place{row: rows[0].number}
		r.refuseTaken(it)
		if len(it.Variants) > 0 {
			if it.Product.links() {
				if err := r.remember(rows); err != nil {
					return err
				}
			}
			return r.put(ctx, it)
		}
		r.hold(it.misread)
	default:
		r.hold(it.misread)
	}
	return r.settle(ctx)
}

// put puts an item into the batch, unless an earlier run has done so.
func (r *run) put(ctx context.Context, it *item) error {
	if r.skipped() {
		if at := r.key(it.owner.Slug, it.Handle); len(it.Variants) > 0 && !it.links {
			r.seen[at] = place{r.seen[at].row, catalog.Updated}
		}
		return nil
	}
	r.batch = append(r.batch, it)
	return r.settle(ctx)
}

// settle applies the batch when what waits is enough for a transaction. A file
// that is wrong throughout has to be told of on the way, too.
func (r *run) settle(ctx context.Context) error {
	if r.skipped() || len(r.batch) < batchSize && len(r.problems) < batchSize && r.bytes < batchBytes {
		return nil
	}
	return r.flush(ctx)
}

// skipped reports whether an earlier run has dealt with what was read last. With
// the last of that this one takes over its report.
func (r *run) skipped() bool {
	from := r.options.From
	if r.number > from.Done {
		return false
	}
	r.problems, r.bytes = nil, 0
	if r.number == from.Done {
		rows, products, variants := r.now.rows, r.now.products, r.now.variants
		r.extra = from.Report.Products - products
		format := r.report.Format
		*r.report = from.Report
		r.report.Format, r.report.Rows, r.report.Products, r.report.Variants = format, rows, products+r.extra, variants
	}
	return true
}

// refuseTaken drops variants whose SKU another product of the file has.
func (r *run) refuseTaken(it *item) {
	kept := it.Variants[:0]
	var problems []Problem
	for _, v := range it.Variants {
		key := r.key(it.owner.Slug, "sku", v.SKU)
		if first, taken := r.skus[key]; taken && v.SKU != "" {
			c := cells{row: v.row}
			c.refuse("sku", "has the same SKU as row %d: %s", first, v.SKU)
			problems = append(problems, c.problems...)
			continue
		}
		r.skus[key] = v.row.number
		kept = append(kept, v)
	}
	it.Variants = kept
	if len(kept) == 0 {
		problems = whole(problems, it.rows)
	}
	for i, p := range problems {
		if len(kept) > 0 {
			problems[i].rows = r.table.format.alone(it.Product, p.Row)
		}
	}
	it.misread = append(it.misread, problems...)
}

// owner is whose product p becomes.
func (r *run) owner(p Product) vendors.Named {
	name, slug := p.Vendor, p.VendorSlug
	switch {
	case r.options.Vendor != "":
		return vendors.Named{Name: r.options.Vendor, Slug: r.options.Vendor}
	case name == "" && slug == "":
		name = r.options.House
	case name == "":
		name = slug
	}
	if slug == "" || vendors.SlugOf(slug) != slug {
		slug = vendors.SlugOf(name)
	}
	return vendors.Named{Name: name, Slug: slug}
}

func (r *run) key(parts ...string) uint64 {
	return maphash.String(r.seed, strings.Join(parts, "\x00"))
}
