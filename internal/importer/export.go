package importer

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/money"
)

// Export writes every product that is not archived as Souk's own CSV, ordered
// by vendor and handle, so that two exports of one catalogue are equal. With a
// vendor's slug it writes that vendor's only. It returns the number of rows.
func (im *Importer) Export(ctx context.Context, w io.Writer, vendor string) (rows int, err error) {
	out := csv.NewWriter(w)
	if err := out.Write(soukColumns); err != nil {
		return 0, fmt.Errorf("write export: %w", err)
	}
	found, err := im.DB.Query(ctx, exportRows, pgx.NamedArgs{"vendor": vendor, "currency": im.Currency})
	if err != nil {
		return 0, fmt.Errorf("read export: %w", err)
	}
	defer found.Close()
	last := ""
	for found.Next() {
		line, err := pgx.RowToStructByName[exportLine](found)
		if err != nil {
			return rows, fmt.Errorf("read export: %w", err)
		}
		product := line.Vendor + "\x00" + line.Handle
		cells, err := line.cells(product != last)
		if err != nil {
			return rows, err
		}
		last = product
		if err := out.Write(cells); err != nil {
			return rows, fmt.Errorf("write export: %w", err)
		}
		rows++
	}
	if err := found.Err(); err != nil {
		return rows, fmt.Errorf("read export: %w", err)
	}
	out.Flush()
	return rows, out.Error()
}

// exportLine is a variant with what its product says of itself.
type exportLine struct {
	Handle         string              `db:"handle"`
	Title          string              `db:"title"`
	Description    string              `db:"description"`
	Vendor         string              `db:"vendor"`
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
	Price          *money.Amount       `db:"price"`
	CompareAt      *money.Amount       `db:"compare_at"`
	OnHand         *int                `db:"on_hand"`
	Tracked        bool                `db:"tracked"`
	Backorders     bool                `db:"backorders"`
	WeightGrams    int                 `db:"weight_grams"`
	TaxClass       string              `db:"tax_class"`
	Taxable        bool                `db:"taxable"`
	Ships          bool                `db:"requires_shipping"`
}

// cells is the line in the order of soukColumns; the product's own columns
// stand on its first line only.
func (l exportLine) cells(first bool) ([]string, error) {
	cells := make([]string, 0, len(soukColumns))
	cells = append(cells, l.Handle)
	if first {
		attributes := ""
		if len(l.Attributes) > 0 {
			text, err := json.Marshal(l.Attributes)
			if err != nil {
				return nil, fmt.Errorf("write attributes of %s: %w", l.Handle, err)
			}
			attributes = string(text)
		}
		cells = append(cells, guard(l.Title), guard(l.Description), guard(l.Vendor), guard(l.Brand), guard(l.Kind), l.Status,
			guard(strings.Join(l.Categories, soukSeparator)), guard(strings.Join(l.Tags, ", ")), attributes,
			guard(l.SEOTitle), guard(l.SEODescription),
			guard(strings.Join(l.Images, soukSeparator)), guard(strings.Join(l.ImageAlts, soukSeparator)))
	} else {
		cells = append(cells, make([]string, 13)...)
	}
	for i := range 3 {
		name := ""
		if first && i < len(l.OptionNames) {
			name = l.OptionNames[i]
		}
		cells = append(cells, guard(name))
	}
	for i := range 3 {
		value := ""
		if i < len(l.Options) {
			value = l.Options[i]
		}
		cells = append(cells, guard(value))
	}
	price, compareAt, currency, onHand := "", "", "", ""
	if l.Price != nil {
		price, currency = l.Price.Decimal(), string(l.Price.Currency)
	}
	if l.CompareAt != nil {
		compareAt = l.CompareAt.Decimal()
	}
	if l.OnHand != nil {
		onHand = strconv.Itoa(*l.OnHand)
	}
	return append(cells, guard(l.SKU), guard(l.Barcode), price, compareAt, currency, onHand,
		strconv.FormatBool(l.Tracked), strconv.FormatBool(l.Backorders), strconv.Itoa(l.WeightGrams),
		l.TaxClass, strconv.FormatBool(l.Taxable), strconv.FormatBool(l.Ships)), nil
}

// guard keeps a spreadsheet from taking text for a formula (OWASP, "CSV
// Injection"); unguard takes the mark off again.
func guard(text string) string {
	if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r'") {
		return "'" + text
	}
	return text
}

func unguard(text string) string {
	if len(text) > 1 && text[0] == '\'' && strings.ContainsAny(text[1:2], "=+-@\t\r'") {
		return text[1:]
	}
	return text
}

const exportRows = `
	SELECT coalesce(p.handle, p.slug) AS handle, p.title, p.description, v.name AS vendor, coalesce(b.name, '') AS brand, p.kind, p.status,
	       ARRAY(SELECT c.path FROM product_categories pc JOIN categories c ON c.id = pc.category_id
	             WHERE pc.product_id = p.id ORDER BY pc.position, c.path) AS categories,
	       ARRAY(SELECT t.name FROM product_tags pt JOIN tags t ON t.id = pt.tag_id WHERE pt.product_id = p.id ORDER BY t.name) AS tags,
	       p.attributes, p.seo_title, p.seo_description,
	       ARRAY(SELECT m.source_url FROM media m WHERE m.product_id = p.id AND m.source_url <> '' ORDER BY m.position, m.id) AS images,
	       ARRAY(SELECT m.alt FROM media m WHERE m.product_id = p.id AND m.source_url <> '' ORDER BY m.position, m.id) AS image_alts,
	       ARRAY(SELECT o.name FROM product_options o WHERE o.product_id = p.id ORDER BY o.position) AS option_names,
	       r.options, coalesce(r.sku, '') AS sku, r.barcode,
	       CASE WHEN pr.amount_minor IS NOT NULL THEN (pr.amount_minor, pr.currency) END AS price,
	       CASE WHEN pr.compare_at_minor IS NOT NULL THEN (pr.compare_at_minor, pr.currency) END AS compare_at,
	       s.on_hand, r.tracked, coalesce(s.backorders, false) AS backorders,
	       r.weight_grams, r.tax_class, r.taxable, r.requires_shipping
	FROM products p
	JOIN vendors v ON v.id = p.vendor_id
	JOIN variants r ON r.product_id = p.id AND r.archived_at IS NULL
	LEFT JOIN brands b ON b.id = p.brand_id
	LEFT JOIN prices pr ON pr.variant_id = r.id AND pr.currency = @currency
	LEFT JOIN (SELECT variant_id, sum(on_hand)::int AS on_hand, bool_or(backorder_limit > 0) AS backorders
	           FROM stock_levels GROUP BY variant_id) s ON s.variant_id = r.id
	WHERE p.status <> 'archived' AND (@vendor = '' OR v.slug = @vendor)
	ORDER BY v.slug, coalesce(p.handle, p.slug), p.id, r.position, r.id`
