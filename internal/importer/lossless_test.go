package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
	"souk/internal/vendors"
)

// leftOut are the fields of products that Souk's own files leave out, and why.
// A field that is not here has to survive the way into an empty shop, see
// TestNothingOfAProductIsLost.
var leftOut = map[string]string{
	"Product.ID": "another shop's", "Product.CreatedAt": "of this row", "Product.UpdatedAt": "of this row", "Product.Version": "of this row",
	"Product.PublishedAt": "when this shop began to sell it", "Product.PendingChange": "not part of it until it is approved",
	"Product.Missing": "follows from its type, which is the shop's", "PriceTag.Derived": "follows from the rates of the shop",
	"Product.GiftCard": "only the house sells gift cards, and files make no house",
	"Variant.ID":       "another shop's", "Variant.CreatedAt": "of this row", "Variant.UpdatedAt": "of this row", "Variant.Version": "of this row",
	"Media.ID": "another shop's", "Media.ChangeID": "not part of the product until it is approved", "Media.CreatedAt": "of this row",
	"Media.State": "whether it has been fetched", "Media.Failure": "of fetching it", "Media.BlobKey": "where this shop keeps it",
	"Media.ContentType": "of what this shop keeps", "Media.Width": "of what this shop keeps", "Media.Height": "of what this shop keeps", "Media.Sizes": "of what this shop keeps",
	"Brand.ID": "another shop's", "Tag.ID": "another shop's",
	"Category.ID": "another shop's", "Category.ParentID": "follows from the path", "Category.Ancestors": "follows from the path", "Category.Version": "the category's own",
	"Category.Slug": "the category's own", "Category.Position": "the category's own", "Category.Description": "the category's own", "Category.Translations": "the category's own",
}

// A catalogue survives the way through either of Souk's own files into an empty
// shop: it is the same, field by field, and exports the same bytes.
func TestNothingOfAProductIsLost(t *testing.T) {
	t.Parallel()
	known := map[string]bool{} // fields that some product has said something in
	for seed := range uint64(2) {
		first := newShop(t)
		g := generator{shop: first, t: t, Rand: rand.New(rand.NewPCG(seed, 4))}
		g.fill()
		want := first.everything(t)
		for _, p := range first.products(t) {
			said(reflect.ValueOf(p), known)
		}
		exported := map[string]string{}
		for _, format := range []string{"souk", "souk-jsonl"} {
			exported[format] = first.exportAs(t, format)
		}
		for _, format := range []string{"souk", "souk-jsonl"} {
			other := newShop(t)
			other.clean(t, exported[format], Options{Publish: true, AllOrNothing: seed == 0})
			if diff := cmp.Diff(want, other.everything(t)); diff != "" {
				t.Errorf("seed %d, %s: the copy is another (-first +copy): %s", seed, format, diff)
			}
			for also, text := range exported {
				if diff := cmp.Diff(text, other.exportAs(t, also)); diff != "" {
					t.Errorf("seed %d, %s: the copy exports another %s: %s", seed, format, also, diff)
				}
			}
			other.verify(t)
			before := first.footprint(t)
			if again := first.clean(t, exported[format], Options{Publish: true}); again.Unchanged != again.Products {
				t.Errorf("seed %d: its own %s changes the shop: %+v", seed, format, tally(again))
			}
			if diff := cmp.Diff(before, first.footprint(t)); diff != "" {
				t.Errorf("seed %d: its own %s wrote: %s", seed, format, diff)
			}
		}
	}
	for _, field := range fieldsOf(reflect.TypeFor[catalog.Product]()) {
		if _, left := leftOut[field]; !left && !known[field] {
			t.Errorf("no random product says anything in %s: have the generator say it, or tell in leftOut why files do not", field)
		}
	}
	for field := range leftOut {
		if !slices.Contains(fieldsOf(reflect.TypeFor[catalog.Product]()), field) {
			t.Errorf("leftOut names %s, which no product has", field)
		}
	}
}

// What a vendor takes out comes back in by its own door and changes nothing, also
// where staff have its products shown with those of others, which its file does
// not name, or with what is archived by now.
func TestAVendorsOwnExportChangesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		s := newShop(t)
		g := generator{shop: s, t: t, Rand: rand.New(rand.NewPCG(seed, 6))}
		g.fill()
		s.exec(t, `UPDATE products SET status = 'archived' WHERE id IN (SELECT related_id FROM product_relations ORDER BY related_id LIMIT 1)`)
		s.exec(t, `INSERT INTO settings (key, value) VALUES ('catalog.review_edits', 'true'), ('catalog.review_prices', 'true')`)
		s.Catalog.Settings = &settings.Settings{DB: s.pool}
		s.Catalog.Settings.Declare(catalog.Settings()...)
		if n := s.count(t, `SELECT count(*)::int FROM product_relations x JOIN products p ON p.id = x.product_id JOIN products o ON o.id = x.related_id WHERE o.vendor_id <> p.vendor_id`); n == 0 {
			t.Fatal("no product is shown with one of another vendor")
		}
		before := s.footprint(t)
		for _, vendor := range s.vendors(t) {
			for _, format := range []string{"souk", "souk-jsonl"} {
				var out bytes.Buffer
				variants, err := s.exportTo(t.Context(), &out, ProductExport{VendorID: vendor.ID, Format: format})
				if err != nil || variants == 0 {
					t.Fatalf("%s took out %d variants: %v", vendor.Slug, variants, err)
				}
				for _, other := range s.vendors(t) {
					if other.ID != vendor.ID && regexp.MustCompile(`vendor_slug"+:"+`+other.Slug).MatchString(out.String()) {
						t.Errorf("seed %d: %s of %s names %s", seed, format, vendor.Slug, other.Slug)
					}
				}
				back := s.clean(t, out.String(), Options{Vendor: vendor.Slug, Proposed: true})
				if back.Unchanged != back.Products || back.Variants != variants || len(back.Warnings) > 0 {
					t.Errorf("seed %d: its own %s changes what %s has: %+v", seed, format, vendor.Slug, back)
				}
			}
		}
		if all := s.clean(t, s.exportAs(t, "souk-jsonl"), Options{Publish: true}); all.Unchanged != all.Products {
			t.Errorf("seed %d: the shop's own file changes it: %+v", seed, tally(all))
		}
		if diff := cmp.Diff(before, s.footprint(t)); diff != "" {
			t.Errorf("seed %d: their own files wrote: %s", seed, diff)
		}
	}
}

// An address that another product has stays that one's, however often a file asks for it.
func TestAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	line := `{"handle":"cup","slug":"cup","old_slugs":["mug"],"title":"Cup","vendor_slug":"%s","variants":[{}]}` + "\n"
	s.clean(t, fmt.Sprintf(line, "one"), Options{Publish: true})
	file := fmt.Sprintf(line, "two")
	if first := s.clean(t, file, Options{Publish: true}); first.Created != 1 {
		t.Errorf("%+v", first)
	}
	if again := s.clean(t, file, Options{Publish: true}); again.Unchanged != 1 {
		t.Errorf("the second run: %+v", again)
	}
	if got := s.text(t, `SELECT v.slug || ' ' || s.slug FROM product_slugs s JOIN products p ON p.id = s.product_id JOIN vendors v ON v.id = p.vendor_id`); got != "one mug" {
		t.Errorf("the address that it had is now of %s", got)
	}
}

// fieldsOf are the fields of a type and of what it is made of, as Type.Field.
func fieldsOf(typ reflect.Type) (names []string) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || !strings.HasSuffix(typ.PkgPath(), "/catalog") {
		return nil
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			names = append(names, fieldsOf(f.Type)...)
			continue
		}
		if name := typ.Name() + "." + f.Name; f.Tag.Get("json") != "-" || f.Tag.Get("db") != "-" {
			names = append(names, name)
			if _, left := leftOut[name]; !left {
				names = append(names, fieldsOf(f.Type)...)
			}
		}
	}
	return names
}

// said notes the fields that say anything, and empties those that files leave out.
func said(v reflect.Value, known map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			said(v.Elem(), known)
		}
	case reflect.Slice:
		for i := range v.Len() {
			said(v.Index(i), known)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			said(v.MapIndex(key), known)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name := v.Type().Name() + "." + f.Name
			known[name] = known[name] || !v.Field(i).IsZero()
			if _, left := leftOut[name]; left && v.Field(i).CanSet() {
				v.Field(i).SetZero()
			}
			if strings.HasSuffix(v.Type().PkgPath(), "/catalog") {
				said(v.Field(i), known)
			}
		}
	}
}

// products reads every product that is not archived, in the order of an export.
func (s shop) products(t *testing.T) (list []catalog.Product) {
	t.Helper()
	ids, err := postgres.Column[id.Product](t.Context(), s.pool, `
		SELECT p.id FROM products p JOIN vendors v ON v.id = p.vendor_id WHERE p.status <> 'archived'
		ORDER BY v.slug COLLATE "C", p.handle COLLATE "C"`, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range ids {
		p, err := s.Catalog.Product(t.Context(), s.pool, id.Vendor{}, one)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

// everything is all that products say, with names in place of ids.
func (s shop) everything(t *testing.T) string {
	t.Helper()
	list := s.products(t)
	names := []string{}
	for _, v := range s.vendors(t) {
		names = append(names, v.ID.String(), "vendor "+v.Slug)
	}
	for i, p := range list {
		name := fmt.Sprintf("product %d", i)
		names = append(names, p.ID.String(), name)
		for _, v := range p.Variants {
			names = append(names, v.ID.String(), name+" "+strings.Join(v.Options, "/"))
		}
		for m := range p.Media {
			one := &p.Media[m]
			if one.SourceURL == "" {
				one.SourceURL = s.BaseURL + one.Sizes[len(one.Sizes)-1].URL
			}
			names = append(names, one.ID.String(), one.SourceURL)
		}
		said(reflect.ValueOf(&list[i]), map[string]bool{})
	}
	text, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(names...).Replace(string(text)) + s.text(t, `
		SELECT p.handle || ' was ' || s.slug FROM product_slugs s JOIN products p ON p.id = s.product_id
		WHERE p.status <> 'archived' AND s.slug <> p.slug ORDER BY s.slug COLLATE "C"`)
}

type slugOf struct {
	ID   id.Vendor `db:"id"`
	Slug string    `db:"slug"`
}

func (s shop) vendors(t *testing.T) []slugOf {
	t.Helper()
	list, err := postgres.All[slugOf](t.Context(), s.pool, `SELECT id, slug FROM vendors`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A generator fills a shop with products that say anything that one can.
type generator struct {
	shop
	*rand.Rand
	t    *testing.T
	made []catalog.Product
}

// fill makes products, then what they say of one another.
func (g *generator) fill() {
	for i := range 16 {
		g.tx(func(tx pgx.Tx) error { return g.product(tx, i) })
	}
	for _, p := range g.made {
		g.tx(func(tx pgx.Tx) error { return g.settle(tx, p) })
	}
}

func (g *generator) tx(do func(tx pgx.Tx) error) {
	g.t.Helper()
	if err := postgres.InTx(g.t.Context(), g.pool, do); err != nil {
		g.t.Fatal(err)
	}
}

func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }

// word is a text of letters that files trip over.
func (g *generator) word() string {
	letters := []rune(`abcdeäßñ字=+-@'"|\,;<&>{}:/1290`)
	word := make([]rune, 1+g.IntN(8))
	for i := range word {
		word[i] = letters[g.IntN(len(letters))]
	}
	return string(word)
}

func (g *generator) words(prefix string) (list []string) {
	for i := range g.IntN(4) {
		list = append(list, fmt.Sprint(g.word(), prefix, i))
	}
	return list
}

func (g *generator) maybe(text string) string {
	if g.chance(3) {
		return ""
	}
	return text
}

func (g *generator) product(tx pgx.Tx, n int) error {
	owners, err := vendors.Ensure(g.t.Context(), tx, []vendors.Named{{Name: "Vendor = 1", Slug: "one"}, {Name: "Vendor, 2", Slug: "two"}})
	if err != nil {
		return err
	}
	vendor := owners[[]string{"one", "two"}[n%2]]
	soon := time.Now().Add(time.Hour * time.Duration(1+g.IntN(999)))
	d := catalog.Draft{
		Slug: fmt.Sprint(g.word(), n), Title: fmt.Sprint(g.word(), "t", n), Description: "<p>" + g.maybe("Text &amp; more") + "</p>",
		Kind: g.maybe(g.word() + "k"), Brand: g.maybe(fmt.Sprint("Brand ", g.IntN(3))), Tags: g.words("tag"),
		Attributes: map[string][]string{fmt.Sprint("a", g.word()): append(g.words("v"), "x")},
		SEO:        catalog.SEO{Title: g.maybe("s" + g.word()), Description: g.maybe("d" + g.word())},
		Status:     []catalog.Status{catalog.Active, catalog.Active, catalog.InDraft, catalog.PendingReview, catalog.Archived}[g.IntN(5)],
	}
	for range g.IntN(3) {
		d.CategoryPaths = append(d.CategoryPaths, []string{fmt.Sprint("Top", g.IntN(2)), fmt.Sprint("Sub", g.IntN(3))})
	}
	if g.chance(3) {
		d.PublishAt = &soon
	}
	if later := soon.Add(time.Hour); g.chance(3) {
		d.UnpublishAt = &later
	}
	for i := range g.IntN(4) {
		d.Images = append(d.Images, catalog.ImageDraft{URL: fmt.Sprintf("https://x.example/%d-%d.jpg?a|b=%s", n, i, `\`), Alt: g.maybe(g.word() + "alt")})
	}
	for i := range g.IntN(3) {
		d.Options = append(d.Options, catalog.Option{Name: fmt.Sprint("o", i, g.word())})
	}
	d.Translations = map[string]catalog.Translation{}
	for _, locale := range []string{"de", "pt-BR"} {
		if t := (catalog.Translation{Title: g.maybe("ü" + g.word()), Description: g.maybe("<b>x</b>"), SEOTitle: g.maybe("y"), SEODescription: g.maybe("z")}); g.chance(2) {
			if len(d.Options) > 0 {
				t.Options = map[string]string{d.Options[0].Name: "Größe", "v0": "null"}
			}
			d.Translations[locale] = t
		}
	}
	offers := g.variants(&d, n)
	p, err := g.Catalog.Create(g.t.Context(), tx, vendor, d, offers)
	g.made = append(g.made, p)
	return err
}

func (g *generator) variants(d *catalog.Draft, n int) (offers []catalog.Offer) {
	count := 1
	if len(d.Options) > 0 {
		count = 1 + g.IntN(4)
	}
	for i := range count {
		v := catalog.VariantDraft{
			SKU: g.maybe(fmt.Sprint("sku", n, "-", i)), Barcode: g.maybe("'0" + g.word()), WeightGrams: g.IntN(3) * 250, TaxClass: g.maybe("reduced"),
			Dimensions:  catalog.Dimensions{Length: g.IntN(3), Width: g.IntN(3), Height: g.IntN(3)},
			MinQuantity: g.IntN(3), Taxable: g.chance(2), RequiresShipping: g.chance(2), Tracked: !g.chance(3),
		}
		if g.chance(2) {
			v.Content = catalog.Content{Amount: 1 + g.IntN(900), Unit: "ml"}
		}
		if g.chance(2) {
			v.MaxQuantity = 5 + g.IntN(5)
		}
		for o := range d.Options {
			v.Options = append(v.Options, fmt.Sprint("v", (i+o*g.IntN(2))%4, strings.Repeat("x", i)))
		}
		for range g.IntN(3) {
			if len(d.Images) > 0 {
				v.ImageURLs = append(v.ImageURLs, d.Images[g.IntN(len(d.Images))].URL)
			}
		}
		d.Variants = append(d.Variants, v)
		offer := catalog.Offer{}
		for _, currency := range []money.Currency{"EUR", "JPY", "USD"}[g.IntN(4):] {
			tag := catalog.PriceTag{Price: money.Of(g.Int64N(10_000), currency)}
			if g.chance(3) {
				compared := money.Of(tag.Price.Minor+1+g.Int64N(500), currency)
				tag.CompareAt = &compared
			}
			offer.Prices = append(offer.Prices, tag)
		}
		if v.Tracked && g.chance(2) {
			offer.OnHand = new(g.IntN(9))
		}
		offers = append(offers, offer)
	}
	return offers
}

// settle makes bundles of some variants, names related products, moves products
// to other addresses, orders their options otherwise and shows uploaded pictures.
func (g *generator) settle(tx pgx.Tx, p catalog.Product) error {
	ctx := g.t.Context()
	e := catalog.ProductEdit{Relations: &catalog.Relations{}}
	for _, list := range []*[]id.Product{&e.Relations.Related, &e.Relations.Upsell, &e.Relations.CrossSell} {
		for range g.IntN(3) {
			if other := g.made[g.IntN(len(g.made))]; other.ID != p.ID && other.Status != catalog.Archived && !slices.Contains(*list, other.ID) {
				*list = append(*list, other.ID)
			}
		}
	}
	if g.chance(3) {
		e.Slug = new(fmt.Sprint("moved-", p.Slug))
	}
	if len(p.Options) > 0 && g.chance(2) {
		options := slices.Clone(p.Options)
		options[0].Values = append(slices.Clone(options[0].Values), "never made")
		slices.Reverse(options[0].Values)
		e.Options = &options
	}
	p, err := g.Catalog.Update(ctx, tx, id.Vendor{}, p.ID, p.Version, e)
	if err != nil {
		return err
	}
	if g.chance(2) {
		picture := catalog.Picture{Key: fmt.Sprintf("%032x", g.Uint64()), ContentType: "image/png", Width: 100 + g.IntN(3000), Height: 50}
		if _, err := g.Catalog.AddPicture(ctx, tx, id.Vendor{}, p.ID, picture, "uploaded"); err != nil {
			return err
		}
	}
	if g.chance(2) {
		if err := g.bundle(tx, p); err != nil {
			return err
		}
	}
	if g.chance(6) && p.Status == catalog.Active {
		_, err = g.Catalog.Move(ctx, tx, id.Vendor{}, p.ID, catalog.Reject, "not =nice")
	}
	return err
}

// bundle makes a variant of products of the same vendor, wherever a file has those.
func (g *generator) bundle(tx pgx.Tx, p catalog.Product) error {
	v := p.Variants[0]
	parts := []catalog.BundlePart{}
	for _, other := range g.made {
		if other.VendorID == p.VendorID && other.ID != p.ID && other.Status != catalog.Archived && len(parts) < 3 && g.chance(2) {
			component := other.Variants[len(other.Variants)-1]
			parts = append(parts, catalog.BundlePart{VariantID: component.ID, Quantity: 1 + g.IntN(3)})
		}
	}
	bundle := catalog.NewBundle{BundlePrice: catalog.BundlePrice{Pricing: catalog.PriceFixed}, Components: parts}
	if g.chance(2) {
		bundle.BundlePrice = catalog.BundlePrice{Pricing: catalog.PriceSummed, DiscountBPS: 1 + g.IntN(5000)}
	}
	err := postgres.InTx(g.t.Context(), tx, func(tx pgx.Tx) error {
		_, err := g.Catalog.EditVariant(g.t.Context(), tx, id.Vendor{}, p.ID, v.ID, v.Version, catalog.VariantEdit{Bundle: &bundle})
		return err
	})
	if refuses(err) { // it has stock, or is in a bundle, or one of them is a bundle by now
		return nil
	}
	return err
}
