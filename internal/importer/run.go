package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/vendors"
)

// batchSize is how many products share a transaction.
const batchSize = 500

// backorders is the limit of a variant that is sold however few there are.
const backorders = 1_000_000

// Options say how a file is to be taken.
type Options struct {
	Format   string // of Formats, or "auto"
	Vendor   string // slug of the vendor who gets all products, made when missing; "" makes vendors of the file's own
	House    string // name of the vendor of products that name none, when Vendor is ""
	Publish  bool   // put on sale what the file does not mark as a draft; else it waits for review
	DryRun   bool   // find out what would happen, and do nothing
	Progress func(rows int)
}

// A Report is what became of a file.
type Report struct {
	Format    string    `json:"format"`
	DryRun    bool      `json:"dry_run"`
	Rows      int       `json:"rows"` // without the header
	Products  int       `json:"products"`
	Variants  int       `json:"variants"`
	Created   int       `json:"created"`
	Updated   int       `json:"updated"`
	Unchanged int       `json:"unchanged"`
	Refused   int       `json:"refused"` // products of which nothing went in
	Problems  []Problem `json:"problems"`

	header []string
}

// errDryRun rolls a batch back that went well.
var errDryRun = errors.New("dry run")

// Run reads a file to its end. Rows that cannot be read, and products that
// cannot be, are problems of the report; an error means that the run itself
// broke off, with everything before the current batch in place.
func (im *Importer) Run(ctx context.Context, file io.Reader, o Options) (Report, error) {
	report := Report{DryRun: o.DryRun, Problems: []Problem{}}
	t, err := openTable(file)
	if err != nil {
		return report, err
	}
	f, err := formatOf(o.Format, t)
	if err != nil {
		return report, err
	}
	report.Format, report.header = f.name, t.header
	run := &run{Importer: im, options: o, report: &report}
	err = groups(t, f, &report, func(rows []row) error {
		p, problems := f.product(rows, im.Currency)
		report.Problems = append(report.Problems, problems...)
		return run.add(ctx, p, len(problems) > 0)
	})
	if err == nil {
		err = run.flush(ctx)
	}
	slices.SortStableFunc(report.Problems, func(a, b Problem) int { return a.Row - b.Row })
	return report, err
}

// groups reads rows and hands on those that follow each other with one handle.
func groups(t *table, f format, report *Report, fn func(rows []row) error) error {
	var group []row
	for {
		r, err := t.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		end := errors.Is(err, io.EOF)
		if len(group) > 0 && (end || f.handle(r) != f.handle(group[0])) {
			if err := fn(group); err != nil {
				return err
			}
			group = nil
		}
		if end {
			return nil
		}
		report.Rows++
		switch {
		case r.fault != "":
			report.Problems = append(report.Problems, Problem{Row: r.number, Reason: r.fault, cells: r.cells})
		case r.empty():
		case f.handle(r) == "":
			report.Problems = append(report.Problems, Problem{Row: r.number, Reason: "has no handle", cells: r.cells})
		default:
			group = append(group, r)
		}
	}
}

// run collects products into batches and applies them.
type run struct {
	*Importer
	options Options
	report  *Report
	batch   []Product
}

func (r *run) add(ctx context.Context, p Product, faulty bool) error {
	sells := len(p.Variants) > 0 || len(p.FurtherPrices) > 0
	if !sells {
		if !faulty {
			r.report.Problems = append(r.report.Problems, Problem{Row: p.rows[0].number, Reason: "has no variant that can be sold", cells: p.rows[0].cells})
		}
		r.report.Products++
		r.report.Refused++
		return nil
	}
	if len(p.Variants) > 0 {
		r.report.Products++
		r.report.Variants += len(p.Variants)
	}
	r.batch = append(r.batch, p)
	if len(r.batch) < batchSize {
		return nil
	}
	return r.flush(ctx)
}

// flush applies the batch in one transaction. The transaction may run twice,
// so the report is added to only when it is through.
func (r *run) flush(ctx context.Context) error {
	batch := r.batch
	r.batch = nil
	if len(batch) == 0 {
		return nil
	}
	var outcome batchOutcome
	err := postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		outcome = batchOutcome{}
		if err := r.apply(ctx, tx, batch, &outcome); err != nil {
			return err
		}
		if r.options.DryRun {
			return errDryRun
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return fmt.Errorf("apply products up to %q: %w", batch[len(batch)-1].Handle, err)
	}
	r.report.Created += outcome.created
	r.report.Updated += outcome.updated
	r.report.Unchanged += outcome.unchanged
	r.report.Refused += outcome.refused
	r.report.Problems = append(r.report.Problems, outcome.problems...)
	if r.options.Progress != nil {
		r.options.Progress(r.report.Rows)
	}
	return nil
}

type batchOutcome struct {
	created, updated, unchanged, refused int
	problems                             []Problem
}

// apply brings products, then their prices, then their stock to what the file
// says, vendor by vendor.
func (r *run) apply(ctx context.Context, tx pgx.Tx, batch []Product, out *batchOutcome) error {
	owners, err := r.owners(ctx, tx, batch)
	if err != nil {
		return err
	}
	var prices []pricing.PriceSet
	var counts []inventory.Count
	changes := map[*Product]catalog.Change{}
	rowOf := map[id.Variant]row{}
	productOf := map[id.Variant]*Product{}
	for _, owned := range owners {
		drafts := make([]catalog.Draft, len(owned.products))
		for i, p := range owned.products {
			drafts[i] = draft(*p, r.options.Publish)
		}
		outcomes, err := r.Catalog.Put(ctx, tx, owned.vendor, drafts, catalog.PutOptions{Reviewed: r.options.Publish})
		if err != nil {
			return err
		}
		for i, o := range outcomes {
			p := owned.products[i]
			changes[p] = o.Change
			out.problems = append(out.problems, problemsOf(*p, o)...)
			for v, variant := range o.Variants {
				if variant.IsZero() {
					continue
				}
				from := p.Variants[v]
				rowOf[variant], productOf[variant] = from.row, p
				prices = append(prices, pricing.PriceSet{Variant: variant, Amount: from.Price, CompareAt: from.CompareAt})
				if from.Tracked && from.OnHand != nil {
					counts = append(counts, count(owned.vendor, variant, from))
				}
			}
		}
		further, missing, err := r.furtherPrices(ctx, tx, owned)
		if err != nil {
			return err
		}
		prices, out.problems = append(prices, further...), append(out.problems, missing...)
	}
	repriced, err := r.Prices.SetPrices(ctx, tx, prices)
	if err != nil {
		return err
	}
	recounted, promised, err := r.Stock.SetLevels(ctx, tx, counts, "import")
	if err != nil {
		return err
	}
	for _, variant := range promised {
		at := rowOf[variant]
		out.problems = append(out.problems, Problem{Row: at.number, Reason: "more units than that are promised to orders; the stock was left as it is", cells: at.cells})
	}
	for _, variant := range slices.Concat(repriced, recounted) {
		if p := productOf[variant]; p != nil && changes[p] == catalog.Unchanged {
			changes[p] = catalog.Updated
		}
	}
	out.tally(changes)
	return nil
}

func (out *batchOutcome) tally(changes map[*Product]catalog.Change) {
	for _, change := range changes {
		switch change {
		case catalog.Created:
			out.created++
		case catalog.Updated:
			out.updated++
		case catalog.Unchanged:
			out.unchanged++
		case catalog.Refused:
			out.refused++
		}
	}
}

// ownedProducts are the products of a batch that one vendor gets.
type ownedProducts struct {
	vendor   id.Vendor
	products []*Product // with variants
	further  []FurtherPrice
}

// owners sorts a batch by vendor; those that are new are made.
func (r *run) owners(ctx context.Context, tx pgx.Tx, batch []Product) ([]*ownedProducts, error) {
	named := make([]vendors.Named, len(batch))
	for i, p := range batch {
		named[i] = r.owner(p)
	}
	ids, err := vendors.Ensure(ctx, tx, named)
	if err != nil {
		return nil, err
	}
	var owners []*ownedProducts
	for i := range batch {
		vendor := ids[named[i].Slug]
		at := slices.IndexFunc(owners, func(o *ownedProducts) bool { return o.vendor == vendor })
		if at < 0 {
			at, owners = len(owners), append(owners, &ownedProducts{vendor: vendor})
		}
		owners[at].further = append(owners[at].further, batch[i].FurtherPrices...)
		if len(batch[i].Variants) > 0 {
			owners[at].products = append(owners[at].products, &batch[i])
		}
	}
	return owners, nil
}

// owner is whose product p becomes.
func (r *run) owner(p Product) vendors.Named {
	switch {
	case r.options.Vendor != "":
		return vendors.Named{Name: r.options.Vendor, Slug: r.options.Vendor}
	case p.Vendor != "":
		return vendors.Named{Name: p.Vendor, Slug: vendors.SlugOf(p.Vendor)}
	}
	return vendors.Named{Name: r.options.House, Slug: vendors.SlugOf(r.options.House)}
}

// furtherPrices finds the variants of rows that only give a price.
func (r *run) furtherPrices(ctx context.Context, tx pgx.Tx, owned *ownedProducts) (sets []pricing.PriceSet, problems []Problem, err error) {
	if len(owned.further) == 0 {
		return nil, nil, nil
	}
	skus := make([]string, len(owned.further))
	for i, f := range owned.further {
		skus[i] = f.SKU
	}
	variants, err := r.Catalog.VariantsBySKU(ctx, tx, owned.vendor, skus)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range owned.further {
		if variant, ok := variants[f.SKU]; ok {
			sets = append(sets, pricing.PriceSet{Variant: variant, Amount: f.Price, CompareAt: f.CompareAt})
			continue
		}
		problems = append(problems, Problem{Row: f.row.number, Column: "sku", Reason: fmt.Sprintf("there is no variant with the SKU %q", f.SKU), cells: f.row.cells})
	}
	return sets, problems, nil
}

func draft(p Product, publish bool) catalog.Draft {
	d := catalog.Draft{
		Slug: p.Handle, Title: p.Title, Description: p.Description, Kind: p.Kind, Brand: p.Brand,
		CategoryPaths: p.Categories, Tags: p.Tags, Attributes: p.Attributes, Status: status(p, publish),
		SEO: catalog.SEO{Title: p.SEOTitle, Description: p.SEODescription},
	}
	for i, name := range p.OptionNames {
		option := catalog.Option{Name: name}
		for _, v := range p.Variants {
			if !slices.Contains(option.Values, v.Options[i]) {
				option.Values = append(option.Values, v.Options[i])
			}
		}
		d.Options = append(d.Options, option)
	}
	for _, v := range p.Variants {
		d.Variants = append(d.Variants, catalog.VariantDraft{
			SKU: v.SKU, Barcode: v.Barcode, Options: v.Options, WeightGrams: v.WeightGrams, TaxClass: v.TaxClass,
			Taxable: v.Taxable, RequiresShipping: v.RequiresShipping, Tracked: v.Tracked, ImageURL: v.Image,
		})
	}
	for _, i := range p.Images {
		d.Images = append(d.Images, catalog.ImageDraft{URL: i.URL, Alt: i.Alt})
	}
	return d
}

func status(p Product, publish bool) catalog.Status {
	switch {
	case p.Archived:
		return catalog.Archived
	case p.Draft:
		return catalog.InDraft
	case publish:
		return catalog.Active
	}
	return catalog.PendingReview
}

func count(vendor id.Vendor, variant id.Variant, v Variant) inventory.Count {
	c := inventory.Count{Vendor: vendor, Variant: variant, OnHand: *v.OnHand}
	if v.Backorders {
		c.BackorderLimit = backorders
	}
	return c
}

// problemsOf translates what the catalogue refused into rows of the file.
func problemsOf(p Product, o catalog.Outcome) []Problem {
	var problems []Problem
	for _, field := range o.Problems {
		at := p.rows[0]
		var i int
		if _, err := fmt.Sscanf(field.Pointer, "/variants/%d", &i); err == nil && i < len(p.Variants) {
			at = p.Variants[i].row
		}
		problems = append(problems, Problem{Row: at.number, Column: field.Pointer, Reason: field.Detail, cells: at.cells})
	}
	return problems
}
