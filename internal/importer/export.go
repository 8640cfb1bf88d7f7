package importer

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/vendors"
)

// ExportFormats are the kinds of files that Export writes.
var ExportFormats = []string{soukFormat.name, linesFormat.name, shopifyFormat.name}

// A writer writes the variants of a catalogue, those of a product after each
// other. finish writes what is left.
type writer interface {
	write(l exportLine, first bool) error
	finish() error
}

// Export writes every product that is not archived as a file of a format,
// ordered by vendor and handle, so that two exports of one catalogue are equal.
// With a vendor's slug it writes that vendor's only. It returns the number of
// variants.
func (im *Importer) Export(ctx context.Context, w io.Writer, format, vendor string) (variants int, err error) {
	if known, err := postgres.Scalar[bool](ctx, im.DB, vendorExists, pgx.NamedArgs{"vendor": vendor}); err != nil {
		return 0, fmt.Errorf("read export: %w", err)
	} else if !known {
		return 0, vendors.ErrNoVendor
	}
	out, err := im.writer(w, format)
	if err != nil {
		return 0, err
	}
	err = pgx.BeginFunc(ctx, im.DB, func(tx pgx.Tx) error {
		// As long as the reader takes, and a large shop.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		found, err := tx.Query(ctx, exportRows, pgx.NamedArgs{"vendor": vendor})
		if err != nil {
			return err
		}
		defer found.Close()
		variants, err = copyLines(out, found)
		return err
	})
	if err != nil {
		return variants, fmt.Errorf("export products: %w", postgres.Explain(err))
	}
	return variants, out.finish()
}

func (im *Importer) writer(w io.Writer, format string) (writer, error) {
	switch format {
	case soukFormat.name:
		out := &soukWriter{csv.NewWriter(w), im.Currency}
		return out, out.Write(soukColumns)
	case linesFormat.name:
		return &linesWriter{out: bufio.NewWriter(w)}, nil
	case shopifyFormat.name:
		out := &shopifyWriter{Writer: csv.NewWriter(w), currency: im.Currency}
		return out, out.Write(shopifyColumns)
	}
	return nil, errs.New(ErrUnknownFormat.Kind, ErrUnknownFormat.Code, "There is no format "+format+" to export.")
}

// copyLines writes lines as they come.
func copyLines(out writer, found pgx.Rows) (n int, err error) {
	last := ""
	for ; found.Next(); n++ {
		line, err := pgx.RowToStructByName[exportLine](found)
		if err != nil {
			return n, err
		}
		product := line.VendorSlug + "\x00" + line.Handle
		if err := out.write(line, product != last); err != nil {
			return n, err
		}
		last = product
	}
	return n, found.Err()
}

// soukWriter writes Souk's own CSV.
type soukWriter struct {
	*csv.Writer
	currency money.Currency
}

func (w *soukWriter) write(l exportLine, first bool) error {
	cells, err := l.cells(first, w.currency)
	if err != nil {
		return err
	}
	return w.Write(cells)
}

func (w *soukWriter) finish() error {
	w.Flush()
	return w.Error()
}

// exportLine is a variant with what its product says of itself.
type exportLine struct {
	Variant        id.Variant          `db:"variant_id"`
	Handle         string              `db:"handle"`
	Slug           string              `db:"slug"`
	Title          string              `db:"title"`
	Description    string              `db:"description"`
	Vendor         string              `db:"vendor"`
	VendorSlug     string              `db:"vendor_slug"`
	Brand          string              `db:"brand"`
	Kind           string              `db:"kind"`
	Status         string              `db:"status"`
	Categories     []string            `db:"categories"`
	Tags           []string            `db:"tags"`
	Attributes     map[string][]string `db:"attributes"`
	SEOTitle       string              `db:"seo_title"`
	SEODescription string              `db:"seo_description"`
	Images         []string            `db:"images"`
	ImageAlts      []string            `db:"image_alts"`
	OptionNames    []string            `db:"option_names"`
	Options        []string            `db:"options"`
	SKU            string              `db:"sku"`
	Barcode        string              `db:"barcode"`
	Currencies     []money.Currency    `db:"currencies"`
	Amounts        []int64             `db:"amounts"`
	CompareAt      []int64             `db:"compare_at"` // 0: nothing is struck out
	OnHand         *int                `db:"on_hand"`
	Tracked        bool                `db:"tracked"`
	Backorders     bool                `db:"backorders"`
	WeightGrams    int                 `db:"weight_grams"`
	TaxClass       string              `db:"tax_class"`
	Taxable        bool                `db:"taxable"`
	Ships          bool                `db:"requires_shipping"`
	Image          string              `db:"variant_image"`
}

// cells is the line in the order of soukColumns; the product's own columns
// stand on its first line only, but for those that tell products apart.
func (l exportLine) cells(first bool, currency money.Currency) ([]string, error) {
	var own [productCells]string
	if first {
		attributes := ""
		if len(l.Attributes) > 0 {
			text, err := json.Marshal(l.Attributes)
			if err != nil {
				return nil, fmt.Errorf("write attributes of %s: %w", l.Handle, err)
			}
			attributes = string(text)
		}
		own = [productCells]string{
			l.Title, l.Description, l.Vendor, l.VendorSlug, l.Brand, l.Kind, l.Status, join(l.Categories), join(l.Tags), attributes,
			l.SEOTitle, l.SEODescription, join(l.Images), join(l.ImageAlts),
			at(l.OptionNames, 0), at(l.OptionNames, 1), at(l.OptionNames, 2),
		}
	}
	own[3] = l.VendorSlug
	cells := append([]string{l.Handle}, own[:]...)
	cells = append(cells, at(l.Options, 0), at(l.Options, 1), at(l.Options, 2), l.SKU, l.Barcode)
	for i, text := range cells {
		cells[i] = guard(text)
	}
	price, compareAt, code, further := l.prices(currency)
	onHand := ""
	if l.OnHand != nil && l.Tracked {
		onHand = strconv.Itoa(*l.OnHand)
	}
	return append(cells, price, compareAt, code, further, onHand,
		strconv.FormatBool(l.Tracked), strconv.FormatBool(l.Backorders), strconv.Itoa(l.WeightGrams),
		guard(l.TaxClass), strconv.FormatBool(l.Taxable), strconv.FormatBool(l.Ships), guard(l.Image)), nil
}

// productCells is how many columns, behind the handle, are the product's own.
const productCells = 17

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// prices writes the price in the shop's currency, and the others as a list.
func (l exportLine) prices(shop money.Currency) (price, compareAt, currency, further string) {
	var others []string
	for i, c := range l.Currencies {
		amount, struck := money.Of(l.Amounts[i], c).Decimal(), ""
		if l.CompareAt[i] > 0 {
			struck = money.Of(l.CompareAt[i], c).Decimal()
		}
		switch {
		case c == shop:
			price, compareAt, currency = amount, struck, string(c)
		case struck != "":
			others = append(others, string(c)+" "+amount+"/"+struck)
		default:
			others = append(others, string(c)+" "+amount)
		}
	}
	return price, compareAt, currency, join(others)
}

const vendorExists = `SELECT @vendor = '' OR EXISTS (SELECT FROM vendors WHERE slug = @vendor)`

// exportRows reads every variant in the order of the file.
const exportRows = exportFragment + `
	WHERE p.status <> 'archived' AND (@vendor = '' OR v.slug = @vendor)
	ORDER BY v.slug COLLATE "C", coalesce(p.handle, p.slug) COLLATE "C", p.id, r.position, r.id`

// exportFragment is a variant with all that is said of it. What was removed,
// and pictures that were uploaded and have no address of their own, are not in it.
const exportFragment = `
	SELECT r.id AS variant_id, coalesce(p.handle, p.slug) AS handle, p.slug, p.title, p.description, v.name AS vendor, v.slug AS vendor_slug,
	       coalesce(b.name, '') AS brand, p.kind, p.status,
	       ARRAY(SELECT c.path FROM product_categories pc JOIN categories c ON c.id = pc.category_id
	             WHERE pc.product_id = p.id ORDER BY pc.position, c.path) AS categories,
	       ARRAY(SELECT t.name FROM product_tags pt JOIN tags t ON t.id = pt.tag_id WHERE pt.product_id = p.id ORDER BY t.slug COLLATE "C") AS tags,
	       p.attributes, p.seo_title, p.seo_description,
	       ARRAY(SELECT m.source_url FROM media m
	             WHERE m.product_id = p.id AND m.source_url <> '' AND m.state <> 'removed' ORDER BY m.position, m.id) AS images,
	       ARRAY(SELECT m.alt FROM media m
	             WHERE m.product_id = p.id AND m.source_url <> '' AND m.state <> 'removed' ORDER BY m.position, m.id) AS image_alts,
	       ARRAY(SELECT o.name FROM product_options o WHERE o.product_id = p.id ORDER BY o.position) AS option_names,
	       r.options, coalesce(r.sku, '') AS sku, r.barcode,
	       ARRAY(SELECT currency FROM prices WHERE variant_id = r.id AND NOT derived ORDER BY currency) AS currencies,
	       ARRAY(SELECT amount_minor FROM prices WHERE variant_id = r.id AND NOT derived ORDER BY currency) AS amounts,
	       ARRAY(SELECT coalesce(compare_at_minor, 0) FROM prices WHERE variant_id = r.id AND NOT derived ORDER BY currency) AS compare_at,
	       s.on_hand, r.tracked, coalesce(s.backorders, false) AS backorders,
	       r.weight_grams, r.tax_class, r.taxable, r.requires_shipping, coalesce(i.source_url, '') AS variant_image
	FROM products p
	JOIN vendors v ON v.id = p.vendor_id
	JOIN variants r ON r.product_id = p.id AND r.archived_at IS NULL
	LEFT JOIN brands b ON b.id = p.brand_id
	LEFT JOIN media i ON i.id = r.media_id AND i.state <> 'removed'
	LEFT JOIN LATERAL (SELECT sum(on_hand)::int AS on_hand, bool_or(backorder_limit > 0) AS backorders
	                   FROM stock_levels WHERE variant_id = r.id) s ON true`
