package pricing

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// MaxListFile bounds a file of prices, and maxListRows the rows in it.
const (
	MaxListFile = 8 << 20
	maxListRows = 100_000
)

// maxRefused is how many things that are wrong with a file are told.
const maxRefused = 200

// listColumns is how the file names what it holds; the export writes them in this
// order.
var listColumns = []string{"variant_id", "sku", "min_quantity", "price", "currency"}

// A ListImport is what became of a file of prices.
type ListImport struct {
	Rows     int  `json:"rows"`
	Variants int  `json:"variants"`
	DryRun   bool `json:"dry_run" doc:"Nothing was changed"`
}

// A listFile is a file of prices that is being read. Problems point to the line
// of the file and its column: /7/price.
type listFile struct {
	columns map[string]int
	rows    []listRow
	bad     errs.Fields
}

type listRow struct {
	line    int
	variant id.Variant
	sku     string
	price   ListedPrice
}

func (f *listFile) refuse(line int, column, code, detail string) {
	if len(f.bad) < maxRefused {
		f.bad.Require(false, "/"+strconv.Itoa(line)+"/"+column, code, detail)
	}
}

var errNoList = errs.Validation.Field("/1", "no_header", "The first line names the columns: variant_id or sku, price, currency and, where there is one, min_quantity.")

// readList reads a file as it stands, without looking anything up.
func readList(file io.Reader) (*listFile, error) {
	r := csv.NewReader(file)
	r.ReuseRecord, r.TrimLeadingSpace = true, true
	header, err := r.Read()
	if err != nil {
		return nil, errNoList
	}
	f := &listFile{columns: map[string]int{}}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if _, twice := f.columns[name]; twice || !slices.Contains(listColumns, name) {
			return nil, errs.Validation.Field("/1/"+name, "unknown_column", "Columns are variant_id, sku, min_quantity, price and currency, each once.")
		}
		f.columns[name] = i
	}
	_, byID := f.columns["variant_id"]
	_, bySKU := f.columns["sku"]
	_, priced := f.columns["price"]
	if _, denominated := f.columns["currency"]; !priced || !denominated || !byID && !bySKU {
		return nil, errNoList
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			f.refuse(broken.Line, "", "malformed", "This line cannot be read: "+broken.Err.Error()+".")
			return f, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read a file of prices: %w", err)
		}
		if len(f.rows) == maxListRows {
			return nil, errs.Validation.Field("/"+strconv.Itoa(maxListRows+2), "too_many", "A file has 100,000 prices at most.")
		}
		line, _ := r.FieldPos(0)
		f.rows = append(f.rows, f.row(line, record))
	}
}

func (f *listFile) row(line int, record []string) listRow {
	cell := func(name string) string {
		at, there := f.columns[name]
		if !there {
			return ""
		}
		return strings.TrimSpace(record[at])
	}
	row := listRow{line: line, sku: strings.Clone(cell("sku")), price: ListedPrice{MinQuantity: 1}}
	if text := cell("variant_id"); text != "" {
		variant, err := id.Parse[id.Variant](text)
		if err != nil {
			f.refuse(line, "variant_id", "invalid", "This is not the id of a variant.")
		}
		row.variant = variant
	}
	if text := cell("min_quantity"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			f.refuse(line, "min_quantity", "invalid", "A quantity is a whole number.")
			n = 1
		}
		row.price.MinQuantity = n
	}
	currency := money.Currency(strings.Clone(cell("currency")))
	amount, err := money.Parse(cell("price"), currency)
	if err != nil && currency.Valid() {
		f.refuse(line, "price", "invalid", "Write the price as 12.50, with no more digits than its currency has.")
	}
	row.price.Price = money.Of(amount.Minor, currency)
	if problem := row.price.problem(); problem != nil {
		column := strings.TrimPrefix(strings.TrimSuffix(problem.Pointer, "/amount"), "/")
		f.refuse(line, strings.TrimPrefix(column, "price/"), problem.Code, problem.Detail)
	}
	return row
}

// resolve turns SKUs into variants and says which rows name none that the list
// may price, or several.
func (f *listFile) resolve(ctx context.Context, db postgres.DB, l PriceList) error {
	var skus []string
	var named []id.Variant
	for _, r := range f.rows {
		if r.variant.IsZero() && r.sku != "" {
			skus = append(skus, r.sku)
		} else {
			named = append(named, r.variant)
		}
	}
	found, err := postgres.All[struct {
		SKU      string       `db:"sku"`
		Variants []id.Variant `db:"variants"`
	}](ctx, db, selectBySKU, pgx.NamedArgs{"skus": skus, "vendor": l.VendorID})
	if err != nil {
		return fmt.Errorf("find variants of %d SKUs: %w", len(skus), err)
	}
	bySKU := make(map[string][]id.Variant, len(found))
	for _, s := range found {
		bySKU[s.SKU] = s.Variants
	}
	facts, err := catalog.VariantsOf(ctx, db, l.VendorID, named)
	if err != nil {
		return err
	}
	for i := range f.rows {
		r := &f.rows[i]
		_, sold := facts[r.variant]
		of := bySKU[r.sku]
		switch {
		case !r.variant.IsZero() && !sold:
			f.refuse(r.line, "variant_id", "not_found", "There is no such variant for this list.")
		case !r.variant.IsZero():
		case r.sku == "":
			f.refuse(r.line, "sku", "required", "Say which variant: by its id or its SKU.")
		case len(of) == 0:
			f.refuse(r.line, "sku", "not_found", "Nothing is sold under this SKU.")
		case len(of) > 1:
			f.refuse(r.line, "sku", "ambiguous", "Several vendors sell something under this SKU: give the variant_id.")
		default:
			r.variant = of[0]
		}
	}
	return nil
}

// variants gathers the rows of each variant, which may stand anywhere in the file.
func (f *listFile) variants() []VariantList {
	type place struct {
		variant  id.Variant
		currency money.Currency
		quantity int
	}
	seen := map[place]int{}
	at := map[id.Variant]int{}
	var list []VariantList
	for _, r := range f.rows {
		here := place{r.variant, r.price.Price.Currency, r.price.MinQuantity}
		if line, twice := seen[here]; twice {
			f.refuse(r.line, "price", "duplicate", fmt.Sprintf("Line %d has a price for this quantity in this currency.", line))
			continue
		}
		seen[here] = r.line
		i, known := at[r.variant]
		if !known {
			i, at[r.variant] = len(list), len(list)
			list = append(list, VariantList{Variant: r.variant})
		}
		list[i].Prices = append(list[i].Prices, r.price)
	}
	return list
}

// ImportList replaces what a list asks for the variants in a file, and with
// replace for all others by nothing. It does all of it or, where a row is
// refused, nothing.
func (p *Prices) ImportList(ctx context.Context, tx pgx.Tx, vendor id.Vendor, list id.PriceList, file io.Reader, replace, dryRun bool) (ListImport, error) {
	l, err := lockList(ctx, tx, vendor, list)
	if err != nil {
		return ListImport{}, err
	}
	if err := p.mayRun(ctx, tx, vendor, l); err != nil {
		return ListImport{}, err
	}
	f, err := readList(file)
	if err != nil {
		return ListImport{}, err
	}
	if err := f.resolve(ctx, tx, l); err != nil {
		return ListImport{}, err
	}
	var variants []VariantList
	if len(f.bad) == 0 {
		variants = f.variants()
	}
	if err := f.bad.Err(); err != nil {
		return ListImport{}, err
	}
	done := ListImport{Rows: len(f.rows), Variants: len(variants), DryRun: dryRun}
	if dryRun {
		return done, nil
	}
	if replace {
		if _, err := postgres.Exec(ctx, tx, emptyList, pgx.NamedArgs{"list": l.ID}); err != nil {
			return ListImport{}, fmt.Errorf("empty price list %s: %w", l.ID, err)
		}
	}
	return done, writeListed(ctx, tx, l.ID, variants)
}

func (h handlers) importList(w http.ResponseWriter, r *http.Request) (err error) {
	list, err := id.Parse[id.PriceList](r.PathValue("list"))
	if err != nil {
		return ErrNoPriceList
	}
	upload, err := httpapi.SpoolUpload(r, MaxListFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, upload.Close()) }()
	replace, dryRun, err := options(r)
	if err != nil {
		return err
	}
	var done ListImport
	err = postgres.InTx(r.Context(), h.DB, func(tx pgx.Tx) (err error) {
		if _, err := upload.File.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read an upload again: %w", err)
		}
		done, err = h.ImportList(r.Context(), tx, h.scope(r.Context()), list, upload.File, replace, dryRun)
		return err
	})
	if err != nil {
		return err
	}
	httpapi.Subject(r.Context(), list.String())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(done)
}

func options(r *http.Request) (replace, dryRun bool, err error) {
	var bad errs.Fields
	flag := func(name string) bool {
		text := r.URL.Query().Get(name)
		bad.Require(text == "" || text == "true" || text == "false", name, "invalid", "Say true or false.")
		return text == "true"
	}
	replace, dryRun = flag("replace"), flag("dry_run")
	return replace, dryRun, bad.Err()
}

// exportPage is how many variants are read at once.
const exportPage = 1000

func (h handlers) exportList(w http.ResponseWriter, r *http.Request) error {
	list, err := id.Parse[id.PriceList](r.PathValue("list"))
	if err != nil {
		return ErrNoPriceList
	}
	ctx := r.Context()
	if _, err := findList(ctx, h.DB, h.scope(ctx), list); err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "text/csv; charset=utf-8")
	head.Set("Content-Disposition", `attachment; filename="`+list.String()+`.csv"`)
	head.Set("Cache-Control", "private, no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	out := csv.NewWriter(w)
	_ = out.Write(listColumns) // errors stay until Flush
	var after id.Variant
	for {
		page, err := listedPage(ctx, h.DB, list, after, exportPage)
		if err != nil {
			return err
		}
		for _, v := range page {
			for _, p := range v.Prices {
				_ = out.Write([]string{v.Variant.String(), httpapi.Inert(v.SKU), strconv.Itoa(p.MinQuantity), p.Price.Decimal(), string(p.Price.Currency)})
			}
			after = v.Variant
		}
		if len(page) < exportPage {
			out.Flush()
			return out.Error()
		}
	}
}
