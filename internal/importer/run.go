package importer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"souk/internal/catalog"
	"souk/internal/crash"
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

var (
	beforeCommit = crash.At("importer.batch.before_commit")
	afterCommit  = crash.At("importer.batch.after_commit")
)

// Options say how a file is to be taken.
type Options struct {
	Format  string // shopify, spree, souk, or "auto"
	Vendor  string // slug of the vendor who gets all products, made when missing; "" makes vendors of the file's own
	House   string // name of the vendor of products that name none, when Vendor is ""
	Publish bool   // put on sale what the file does not mark otherwise; else it waits for review
	DryRun  bool   // find out what would happen, and do nothing

	// Refused gets the rows that were refused, as a file of the same columns that
	// can be mended and imported; nothing where nothing was refused.
	Refused io.Writer
}

// ErrVendor says that a vendor is not called by a slug.
var ErrVendor = errs.New(errs.Invalid, "bad_vendor", "A vendor's slug has small letters, digits and single hyphens only.")

// Run reads a file to its end. Rows that cannot be read, and products that
// cannot be, are problems of the report; an error means that the run itself
// broke off, with everything before the current batch in place.
func (im *Importer) Run(ctx context.Context, file io.Reader, o Options) (Report, error) {
	report := Report{DryRun: o.DryRun, Problems: []Problem{}}
	if o.Vendor != "" && vendors.SlugOf(o.Vendor) != o.Vendor {
		return report, ErrVendor
	}
	t, err := openTable(file)
	if err != nil {
		return report, err
	}
	f, err := formatOf(o.Format, t)
	if err != nil {
		return report, err
	}
	report.Format = f.name
	r := &run{
		Importer: im, options: o, report: &report, table: t,
		seed: maphash.MakeSeed(), seen: map[uint64]place{}, skus: map[uint64]int{},
	}
	if err := r.read(ctx); err != nil {
		return report, err
	}
	return report, nil
}

// run is one import under way.
type run struct {
	*Importer
	options Options
	report  *Report
	table   *table

	batch    []*item
	bytes    int       // of the batch's rows
	problems []Problem // of rows since the last batch
	told     bool      // the refused rows have their header
	grown    int       // variants that came since the planner was told

	// What the file has had so far, by hash: the products, and the rows of SKUs.
	seed maphash.Seed
	seen map[uint64]place
	skus map[uint64]int
}

// An item is a product on its way into the catalogue.
type item struct {
	Product
	owner    vendors.Named
	change   catalog.Change
	repriced bool // by a row that only gives a price
	problems []Problem
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
		at, fault, err := r.table.next()
		end := errors.Is(err, io.EOF)
		switch {
		case end:
		case err != nil:
			return err
		default:
			r.report.Rows++
			if fault == "" && at.get("handle") == "" {
				fault = "has no " + at.named("handle")
			}
			if fault != "" {
				r.refuse(at, "", fault)
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
			return r.flush(ctx)
		}
		if bytes += at.size(); bytes > maxOneBytes {
			r.refuse(at, "", fmt.Sprintf("its product has rows of more than %d bytes in all", maxOneBytes))
			continue
		}
		group = append(group, at)
	}
}

func (r *run) refuse(at row, field, reason string, rows ...row) {
	c := cells{row: at}
	c.refuse(field, "%s", reason)
	if rows == nil {
		rows = []row{at}
	}
	r.problems = append(r.problems, whole(c.problems, rows)...)
}

// add makes a product of its rows and puts it into the batch.
func (r *run) add(ctx context.Context, rows []row) error {
	p, problems := r.table.format.read(rows, r.Currency)
	r.problems = append(r.problems, problems...)
	it := &item{Product: p, owner: r.owner(p)}
	if len(p.Variants) == 0 && len(p.FurtherPrices) > 0 {
		return r.put(ctx, it)
	}
	r.report.Products++
	r.report.Variants += len(p.Variants)
	key := r.key(it.owner.Slug, p.Handle)
	switch first, again := r.seen[key]; {
	case again && first.row > 0:
		r.refuse(rows[0], "handle", fmt.Sprintf("row %d has this handle already: the rows of a product follow each other", first.row), rows...)
	case len([]rune(it.owner.Name)) > 200:
		r.refuse(rows[0], "vendor", "the name of a vendor has at most 200 characters", rows...)
	case len(p.Variants) > 0:
		r.seen[key] = place{row: rows[0].number}
		r.refuseTaken(it)
		if len(it.Variants) > 0 {
			return r.put(ctx, it)
		}
	}
	return nil
}

// put puts an item into the batch.
func (r *run) put(ctx context.Context, it *item) error {
	r.batch = append(r.batch, it)
	for _, at := range it.rows {
		r.bytes += at.size()
	}
	if len(r.batch) < batchSize && r.bytes < batchBytes {
		return nil
	}
	return r.flush(ctx)
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
			problems[i].rows = []row{r.table.format.alone(it.Product, p.Row)}
		}
	}
	r.problems = append(r.problems, problems...)
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

// flush applies the batch and tells what became of it.
func (r *run) flush(ctx context.Context) error {
	batch := r.batch
	r.batch, r.bytes = nil, 0
	if err := r.applyAll(ctx, batch); err != nil {
		return err
	}
	for _, it := range batch {
		r.count(it)
		r.problems = append(r.problems, it.problems...)
		if it.change == catalog.Created {
			r.grown += len(it.Variants)
		}
	}
	if err := r.tellPlanner(ctx); err != nil {
		return err
	}
	problems := r.problems
	r.problems = nil
	return r.tell(problems)
}

// applyAll applies a batch in one transaction. Where the database refuses it,
// one product is to blame: halves find out which, and the others go in.
func (r *run) applyAll(ctx context.Context, batch []*item) error {
	if len(batch) == 0 {
		return nil
	}
	err := r.applyOnce(ctx, batch)
	for attempt := range patience {
		if !errors.Is(err, postgres.ErrBusy) {
			break
		}
		select { // somebody holds a product or its stock
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt) * 100 * time.Millisecond):
		}
		err = r.applyOnce(ctx, batch)
	}
	switch {
	case err == nil:
		return nil
	case !refuses(err):
		return fmt.Errorf("apply rows %d to %d: %w", batch[0].rows[0].number, batch[len(batch)-1].rows[0].number, err)
	case len(batch) == 1:
		c := cells{row: batch[0].rows[0]}
		c.refuse("", "the shop refuses this product: %s", err)
		batch[0].change, batch[0].problems = catalog.Refused, whole(c.problems, batch[0].rows)
		return nil
	}
	half := len(batch) / 2
	if err := r.applyAll(ctx, batch[:half]); err != nil {
		return err
	}
	return r.applyAll(ctx, batch[half:])
}

// patience is how often a batch is tried again where the shop is busy, each
// time for as long as a lock may be waited for.
const patience = 5

// refuses tells a refusal of the data from a database that does not answer.
func refuses(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		class := refused.Code[:min(2, len(refused.Code))]
		return class == "22" || class == "23" // bad data, broken constraints
	}
	kind := errs.KindOf(err)
	return kind == errs.Invalid || kind == errs.Conflict
}

// errDryRun rolls a batch back that went well.
var errDryRun = errors.New("dry run")

func (r *run) applyOnce(ctx context.Context, batch []*item) error {
	err := postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		for _, it := range batch { // it may be the second attempt
			it.change, it.repriced, it.problems = "", false, nil
		}
		if err := r.apply(ctx, tx, batch); err != nil {
			return err
		}
		if r.options.DryRun {
			return errDryRun
		}
		beforeCommit.Here()
		return nil
	})
	if errors.Is(err, errDryRun) {
		return nil
	}
	if err == nil {
		afterCommit.Here()
	}
	return err
}

// tellPlanner counts the tables again when they have more than doubled. Until
// autovacuum comes round, PostgreSQL would go on searching them as one searches
// tables that are nearly empty: from end to end, for each row and each of its
// foreign keys.
func (r *run) tellPlanner(ctx context.Context) error {
	if r.grown < batchSize || r.options.DryRun {
		return nil
	}
	known, err := postgres.Scalar[int](ctx, r.DB, `SELECT greatest(reltuples, 0)::int AS known FROM pg_class WHERE oid = 'variants'::regclass`, nil)
	if err != nil {
		return fmt.Errorf("read what the planner knows: %w", err)
	}
	if r.grown <= known {
		return nil
	}
	r.grown = 0
	err = postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '10min'`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ANALYZE vendors, brands, tags, categories, products, product_options, product_categories, product_tags,
			media, variants, prices, price_history, locations, stock_levels, stock_movements`)
		return err
	})
	if err != nil {
		return fmt.Errorf("tell the planner of %d rows: %w", r.report.Rows, err)
	}
	return nil
}

// count adds an item to the report. Rows that only give a price belong to a
// product that may have been counted with an earlier batch.
func (r *run) count(it *item) {
	key := r.key(it.owner.Slug, it.Handle)
	at, known := r.seen[key]
	change := it.change
	switch {
	case len(it.Variants) > 0:
	case !known:
		r.report.Products++
		if change = catalog.Unchanged; it.repriced {
			change = catalog.Updated
		}
	case it.repriced && at.change == catalog.Unchanged:
		r.report.Unchanged--
		change = catalog.Updated
	default:
		return
	}
	switch change {
	case catalog.Created:
		r.report.Created++
	case catalog.Updated:
		r.report.Updated++
	case catalog.Unchanged:
		r.report.Unchanged++
	case catalog.Refused: // its rows are counted
	}
	r.seen[key] = place{at.row, change}
}
