package importer

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
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
	if err := knownVendor(ctx, im.DB, vendor, vendors.ErrNoVendor); err != nil {
		return 0, err
	}
	return im.export(ctx, w, format, vendor, id.Vendor{})
}

// export writes the products of the vendor with a slug, or of an owner for that
// owner's eyes; of everybody where both are zero.
func (im *Importer) export(ctx context.Context, w io.Writer, format, vendor string, owner id.Vendor) (variants int, err error) {
	out, err := im.writer(w, format)
	if err != nil {
		return 0, err
	}
	err = pgx.BeginFunc(ctx, im.DB, func(tx pgx.Tx) error {
		// As long as the reader takes, and a large shop.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		found, err := tx.Query(ctx, exportRows, pgx.NamedArgs{"vendor": vendor, "owner": owner})
		if err != nil {
			return err
		}
		defer found.Close()
		variants, err = copyLines(out, found, im.BaseURL, !owner.IsZero())
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

// copyLines writes lines as they come. Which products of others are shown with
// one is not for its vendor's eyes: those may be no more than drafts.
func copyLines(out writer, found pgx.Rows, baseURL string, own bool) (n int, err error) {
	last := ""
	for ; found.Next(); n++ {
		line, err := pgx.RowToStructByName[exportLine](found)
		if err != nil {
			return n, err
		}
		if own {
			line.Relations = line.Relations.own()
		}
		product := line.VendorSlug + "\x00" + line.Handle
		if err := out.write(line.settled(baseURL), product != last); err != nil {
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
	Variant        id.Variant                     `db:"variant_id"`
	Handle         string                         `db:"handle"`
	Title          string                         `db:"title"`
	Description    string                         `db:"description"`
	Vendor         string                         `db:"vendor"`
	VendorSlug     string                         `db:"vendor_slug"`
	Brand          string                         `db:"brand"`
	Kind           string                         `db:"kind"`
	Status         string                         `db:"status"`
	StatusReason   string                         `db:"status_reason"`
	PublishAt      *time.Time                     `db:"publish_at"`
	UnpublishAt    *time.Time                     `db:"unpublish_at"`
	Slug           string                         `db:"slug"`
	OldSlugs       []string                       `db:"old_slugs"`
	Categories     []string                       `db:"categories"`
	Tags           []string                       `db:"tags"`
	Attributes     map[string][]string            `db:"attributes"`
	SEOTitle       string                         `db:"seo_title"`
	SEODescription string                         `db:"seo_description"`
	Translations   map[string]catalog.Translation `db:"translations"`
	Relations      relationRefs                   `db:"relations"`
	Images         []exportImage                  `db:"images"`
	OptionNames    []string                       `db:"option_names"`
	OptionValues   [][]string                     `db:"option_values"` // nil where they are in the order of the variants
	Options        []string                       `db:"options"`
	SKU            string                         `db:"sku"`
	Barcode        string                         `db:"barcode"`
	Currencies     []money.Currency               `db:"currencies"`
	Amounts        []int64                        `db:"amounts"`
	CompareAt      []int64                        `db:"compare_at"` // 0: nothing is struck out
	Bundle         *bundleRef                     `db:"bundle"`
	OnHand         *int                           `db:"on_hand"`
	Tracked        bool                           `db:"tracked"`
	Backorders     bool                           `db:"backorders"`
	Serialised     bool                           `db:"serialised"` // its stock are licence keys, which no file counts
	MinQuantity    int                            `db:"min_quantity"`
	MaxQuantity    int                            `db:"max_quantity"`
	WeightGrams    int                            `db:"weight_grams"`
	Dimensions     catalog.Dimensions             `db:"dimensions"`
	Content        catalog.Content                `db:"content"`
	TaxClass       string                         `db:"tax_class"`
	Taxable        bool                           `db:"taxable"`
	Ships          bool                           `db:"requires_shipping"`
	VariantImages  []exportImage                  `db:"variant_images"`
	Files          []fileRef                      `db:"files"`
}

// exportImage is a picture. One that was uploaded has its address in the shop.
type exportImage struct {
	URL         string `json:"source_url"`
	Alt         string `json:"alt"`
	BlobKey     string `json:"blob_key"`
	ContentType string `json:"content_type"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
}

// largest is the rendering of a picture that a file names.
const largest = 1600

// settled makes of what was read what files say.
func (l exportLine) settled(baseURL string) exportLine {
	for _, images := range [][]exportImage{l.Images, l.VariantImages} {
		for i, m := range images {
			if m.URL == "" {
				images[i].URL = baseURL + catalog.PictureURL(m.BlobKey, m.ContentType, m.Width, m.Height, largest)
			}
		}
	}
	for _, at := range []*time.Time{l.PublishAt, l.UnpublishAt} {
		if at != nil {
			*at = at.UTC()
		}
	}
	return l
}

func addresses(images []exportImage) (urls []string) {
	for _, m := range images {
		urls = append(urls, m.URL)
	}
	return urls
}

func alts(images []exportImage) (texts []string) {
	for _, m := range images {
		texts = append(texts, m.Alt)
	}
	return texts
}

// priced are the currencies of the prices that a file may say: those of a bundle
// that costs what its components do follow from theirs.
func (l exportLine) priced() []money.Currency {
	if l.Bundle != nil && l.Bundle.Pricing == catalog.PriceSummed {
		return nil
	}
	return l.Currencies
}

// counted is the stock that a file may say.
func (l exportLine) counted() *int {
	if !l.Tracked || l.Serialised {
		return nil
	}
	return l.OnHand
}

// cells is the line in the order of soukColumns; the product's own columns
// stand on its first line only, but for those that tell products apart.
func (l exportLine) cells(first bool, currency money.Currency) ([]string, error) {
	own := make([]string, len(productColumns))
	if first {
		var err error
		if own, err = l.productCells(); err != nil {
			return nil, err
		}
	}
	own[slices.Index(productColumns, "vendor_slug")] = l.VendorSlug
	variant, err := l.variantCells(currency)
	if err != nil {
		return nil, err
	}
	cells := slices.Concat([]string{l.Handle}, own, variant)
	for i, text := range cells {
		cells[i] = guard(text)
	}
	return cells, nil
}

func (l exportLine) productCells() ([]string, error) {
	var parts [4]string
	for i, part := range []any{l.Attributes, l.Translations, l.Relations, l.OptionValues} {
		text, err := partCell(part)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", l.Handle, err)
		}
		parts[i] = text
	}
	return []string{
		l.Title, l.Description, l.Vendor, l.VendorSlug, l.Brand, l.Kind, l.Status, l.StatusReason, timeCell(l.PublishAt), timeCell(l.UnpublishAt), l.Slug, join(l.OldSlugs),
		join(l.Categories), join(l.Tags), parts[0], l.SEOTitle, l.SEODescription, parts[1], parts[2], join(addresses(l.Images)), join(alts(l.Images)),
		at(l.OptionNames, 0), at(l.OptionNames, 1), at(l.OptionNames, 2), parts[3],
	}, nil
}

func (l exportLine) variantCells(shop money.Currency) ([]string, error) {
	bundle, err := partCell(l.Bundle)
	if err != nil {
		return nil, fmt.Errorf("write bundle of %s: %w", l.Handle, err)
	}
	files, err := partCell(l.Files)
	if err != nil {
		return nil, fmt.Errorf("write files of %s: %w", l.Handle, err)
	}
	l.Currencies = l.priced()
	price, compareAt, currency, further := l.prices(shop)
	onHand := ""
	if n := l.counted(); n != nil {
		onHand = strconv.Itoa(*n)
	}
	return []string{
		at(l.Options, 0), at(l.Options, 1), at(l.Options, 2), l.SKU, l.Barcode, price, compareAt, currency, further, bundle,
		onHand, strconv.FormatBool(l.Tracked), strconv.FormatBool(l.Backorders), strconv.Itoa(l.MinQuantity), numberCell(l.MaxQuantity), strconv.Itoa(l.WeightGrams),
		numberCell(l.Dimensions.Length), numberCell(l.Dimensions.Width), numberCell(l.Dimensions.Height),
		l.TaxClass, strconv.FormatBool(l.Taxable), strconv.FormatBool(l.Ships), join(addresses(l.VariantImages)), files, numberCell(l.Content.Amount), l.Content.Unit,
	}, nil
}

// partCell writes what has parts of its own as JSON; nothing where there are none.
func partCell(part any) (string, error) {
	switch v := reflect.ValueOf(part); {
	case v.IsZero(), (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0:
		return "", nil
	}
	text, err := json.Marshal(part)
	return string(text), err
}

func numberCell(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func timeCell(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

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

// exportRows reads every variant in the order of the file. Plans and gift cards
// are this shop's: nothing would stand behind their copies.
const exportRows = exportFragment + `
	WHERE p.status <> 'archived' AND NOT p.unlisted AND NOT p.gift_card AND (@vendor = '' OR v.slug = @vendor)
	  AND (@owner::uuid IS NULL OR p.vendor_id = @owner)
	ORDER BY v.slug COLLATE "C", coalesce(p.handle, p.slug) COLLATE "C", p.id, r.position, r.id`

// exportFragment is a variant with all that is said of it. What was removed is
// not in it, and neither are pictures that have not come from anywhere yet.
const exportFragment = `
	SELECT r.id AS variant_id, coalesce(p.handle, p.slug) AS handle, p.slug, p.title, p.description, v.name AS vendor, v.slug AS vendor_slug,
	       coalesce(b.name, '') AS brand, p.kind, p.status, p.status_reason, p.publish_at, p.unpublish_at,
	       ARRAY(SELECT o.slug FROM product_slugs o WHERE o.product_id = p.id AND o.slug <> p.slug ORDER BY o.slug COLLATE "C") AS old_slugs,
	       ARRAY(SELECT c.path FROM product_categories pc JOIN categories c ON c.id = pc.category_id
	             WHERE pc.product_id = p.id ORDER BY pc.position, c.path) AS categories,
	       ARRAY(SELECT t.name FROM product_tags pt JOIN tags t ON t.id = pt.tag_id WHERE pt.product_id = p.id ORDER BY t.slug COLLATE "C") AS tags,
	       p.attributes, p.seo_title, p.seo_description, p.translations,
	       coalesce((SELECT jsonb_object_agg(kind, refs) FROM (
	           SELECT x.kind, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('handle', coalesce(o.handle, o.slug), 'vendor_slug',
	                  CASE WHEN o.vendor_id <> p.vendor_id THEN ov.slug END)) ORDER BY x.position) AS refs
	           FROM product_relations x JOIN products o ON o.id = x.related_id JOIN vendors ov ON ov.id = o.vendor_id
	           WHERE x.product_id = p.id AND o.status <> 'archived' GROUP BY x.kind) related), '{}') AS relations,
	       coalesce((SELECT jsonb_agg(to_jsonb(m) ORDER BY m.position, m.id) FROM media m
	                 WHERE m.product_id = p.id AND (m.source_url <> '' OR m.state = 'ready') AND m.state <> 'removed'), '[]') AS images,
	       ARRAY(SELECT o.name FROM product_options o WHERE o.product_id = p.id ORDER BY o.position) AS option_names,
	       (SELECT jsonb_agg(o.values ORDER BY o.position) FROM product_options o WHERE o.product_id = p.id
	        HAVING bool_or(o.values <> ARRAY(SELECT w.options[o.position] FROM variants w
	                                         WHERE w.product_id = p.id AND w.archived_at IS NULL GROUP BY 1 ORDER BY min(w.position)))) AS option_values,
	       r.options, coalesce(r.sku, '') AS sku, r.barcode,
	       ARRAY(SELECT currency FROM prices WHERE variant_id = r.id AND NOT derived ORDER BY currency) AS currencies,
	       ARRAY(SELECT amount_minor FROM prices WHERE variant_id = r.id AND NOT derived ORDER BY currency) AS amounts,
	       ARRAY(SELECT coalesce(compare_at_minor, 0) FROM prices WHERE variant_id = r.id AND NOT derived ORDER BY currency) AS compare_at,
	       CASE WHEN r.bundle IS NOT NULL THEN jsonb_build_object('pricing', r.bundle, 'discount_bps', r.bundle_discount_bps, 'components', (
	           SELECT jsonb_agg(jsonb_build_object('handle', coalesce(o.handle, o.slug), 'options', c.options, 'quantity', x.quantity) ORDER BY x.position, x.component_id)
	           FROM variant_components x JOIN variants c ON c.id = x.component_id JOIN products o ON o.id = c.product_id
	           WHERE x.bundle_id = r.id)) END AS bundle,
	       s.on_hand, r.tracked, coalesce(s.backorders, false) AS backorders, coalesce(s.serialised, false) AS serialised,
	       r.min_quantity, r.max_quantity, r.weight_grams, (r.length_mm, r.width_mm, r.height_mm) AS dimensions, (r.content_amount, r.content_unit) AS content,
	       r.tax_class, r.taxable, r.requires_shipping,
	       coalesce((SELECT jsonb_agg(to_jsonb(m) ORDER BY shown.position) FROM media m JOIN (
	           SELECT r.media_id, 0 AS position UNION ALL SELECT media_id, position FROM variant_media WHERE variant_id = r.id) shown ON shown.media_id = m.id
	           WHERE (m.source_url <> '' OR m.state = 'ready') AND m.state <> 'removed'), '[]') AS variant_images,
	       coalesce((SELECT jsonb_agg(jsonb_build_object('name', f.name, 'size', f.size, 'sha256', encode(f.sha256, 'hex')) ORDER BY f.id)
	                 FROM digital_files f WHERE f.variant_id = r.id AND f.state = 'ready'), '[]') AS files
	FROM products p
	JOIN vendors v ON v.id = p.vendor_id
	JOIN variants r ON r.product_id = p.id AND r.archived_at IS NULL
	LEFT JOIN brands b ON b.id = p.brand_id
	LEFT JOIN LATERAL (SELECT sum(on_hand)::int AS on_hand, bool_or(backorder_limit > 0) AS backorders, bool_or(serialised) AS serialised
	                   FROM stock_levels WHERE variant_id = r.id) s ON true`
