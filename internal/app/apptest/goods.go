package apptest

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/search"
	"souk/internal/tax"
)

// Goods are a product that was put up for sale.
type Goods struct {
	ID       id.Product
	Slug     string
	Vendor   id.Vendor
	Variants []id.Variant
}

// goods are what is to be sold: a mug in one variant for 10.00, 10 of them.
type goods struct {
	vendor     id.Vendor // a new one when zero
	draft      catalog.Draft
	price      int64
	prices     []money.Amount // in other currencies
	compareAt  int64
	stock      int
	digital    bool
	untracked  bool
	taxClass   string
	weight     int
	unreviewed bool
}

// An Of says one thing about goods.
type Of func(*goods)

// By is whose they are.
func By(vendor id.Vendor) Of { return func(g *goods) { g.vendor = vendor } }

// Titled is what they are called.
func Titled(title string) Of { return func(g *goods) { g.draft.Title = title } }

// Described is what is said about them.
func Described(html string) Of { return func(g *goods) { g.draft.Description = html } }

// Price is what each variant costs, in cents.
func Price(minor int64) Of { return func(g *goods) { g.price = minor } }

// Was is what each variant cost before, in cents.
func Was(minor int64) Of { return func(g *goods) { g.compareAt = minor } }

// Also is a price in another currency.
func Also(price money.Amount) Of { return func(g *goods) { g.prices = append(g.prices, price) } }

// Stock is how many there are of each variant.
func Stock(n int) Of { return func(g *goods) { g.stock = n } }

// Digital goods are not shipped.
func Digital() Of { return func(g *goods) { g.digital = true } }

// Untracked goods have no stock and never run out.
func Untracked() Of { return func(g *goods) { g.untracked = true } }

// Taxed is the class of their tax.
func Taxed(class string) Of { return func(g *goods) { g.taxClass = class } }

// Weighing is the weight of each, in grams.
func Weighing(grams int) Of { return func(g *goods) { g.weight = grams } }

// Unreviewed goods wait for staff to approve them.
func Unreviewed() Of { return func(g *goods) { g.unreviewed = true } }

// In is the path of a category, from the root.
func In(path ...string) Of {
	return func(g *goods) { g.draft.CategoryPaths = append(g.draft.CategoryPaths, path) }
}

// Tagged is a tag.
func Tagged(tag string) Of { return func(g *goods) { g.draft.Tags = append(g.draft.Tags, tag) } }

// Branded is the brand.
func Branded(brand string) Of { return func(g *goods) { g.draft.Brand = brand } }

// Choice is an option with a variant for each of its values.
func Choice(name string, values ...string) Of {
	return func(g *goods) { g.draft.Options = []catalog.Option{{Name: name, Values: values}} }
}

// Variant puts something up for sale and tells its first variant.
func (a *App) Variant(t testing.TB, of ...Of) id.Variant {
	t.Helper()
	return a.Product(t, of...).Variants[0]
}

// Product puts something up for sale, in the listings too.
func (a *App) Product(t testing.TB, of ...Of) Goods {
	t.Helper()
	n := a.number()
	g := goods{price: 1000, stock: 10, weight: 300, draft: catalog.Draft{Title: fmt.Sprintf("Mug %d", n), Status: catalog.Active}}
	for _, say := range of {
		say(&g)
	}
	if g.vendor.IsZero() {
		g.vendor = a.Vendor(t, "somebody")
	}
	g.draft.Slug = fmt.Sprintf("goods-%d", n)
	choices := [][]string{nil}
	if len(g.draft.Options) > 0 {
		choices = nil
		for _, value := range g.draft.Options[0].Values {
			choices = append(choices, []string{value})
		}
	}
	for i, choice := range choices {
		g.draft.Variants = append(g.draft.Variants, catalog.VariantDraft{
			SKU: fmt.Sprintf("SKU-%d-%d", n, i), Options: choice, WeightGrams: g.weight, TaxClass: g.taxClass,
			Taxable: true, RequiresShipping: !g.digital, Tracked: !g.untracked,
		})
	}
	var made Goods
	a.InTx(t, func(tx pgx.Tx) (err error) { made, err = a.put(t, tx, g); return err })
	return made
}

func (a *App) put(t testing.TB, tx pgx.Tx, g goods) (Goods, error) {
	outcomes, err := a.Catalog.Put(t.Context(), tx, g.vendor, []catalog.Draft{g.draft}, catalog.PutOptions{Reviewed: !g.unreviewed})
	if err != nil {
		return Goods{}, err
	}
	out := outcomes[0]
	if len(out.Problems) > 0 {
		return Goods{}, fmt.Errorf("put up for sale: %v", out.Problems)
	}
	offers := make([]catalog.Offer, len(out.Variants))
	for i, variant := range out.Variants {
		offers[i] = catalog.Offer{Variant: variant, Prices: []catalog.PriceTag{{Price: money.Of(g.price, "USD")}}}
		if g.compareAt > 0 {
			was := money.Of(g.compareAt, "USD")
			offers[i].Prices[0].CompareAt = &was
		}
		for _, price := range g.prices {
			offers[i].Prices = append(offers[i].Prices, catalog.PriceTag{Price: price})
		}
		if !g.untracked {
			offers[i].OnHand = &g.stock
		}
	}
	if err := a.Prices.SetOffers(t.Context(), tx, g.vendor, offers); err != nil {
		return Goods{}, err
	}
	made := Goods{ID: out.Product, Slug: out.Slug, Vendor: g.vendor, Variants: out.Variants}
	return made, a.refresh(t, tx, made.ID)
}

// Refresh brings products up to date in the listings, where nothing runs that
// would.
func (a *App) Refresh(t testing.TB, products ...id.Product) {
	t.Helper()
	a.InTx(t, func(tx pgx.Tx) error { return a.refresh(t, tx, products...) })
}

func (a *App) refresh(t testing.TB, tx pgx.Tx, products ...id.Product) error {
	if a.Time == nil { // it runs: the listings follow the log
		return nil
	}
	return (&search.Search{DB: tx, Currency: a.Search.Currency}).Refresh(t.Context(), tx, products)
}

// Left is how many units of a variant can still be sold.
func (a *App) Left(t testing.TB, variant id.Variant) int {
	t.Helper()
	return a.Count(t, `SELECT coalesce(sum(on_hand - reserved - allocated + backorder_limit), 0)::int FROM stock_levels WHERE variant_id = @v`,
		pgx.NamedArgs{"v": variant})
}

// VAT makes everything be taxed everywhere, shipping included.
func (a *App) VAT(t testing.TB, ppm int64, included bool) tax.Zone {
	t.Helper()
	body := fmt.Sprintf(`{"name": "World", "countries": ["*"], "included": %t, "rates": [{"name": "VAT", "rate_ppm": %d}]}`, included, ppm)
	return Read[tax.Zone](t, a.Call(t, Admin, "POST", "/admin/tax/zones", body).Want(t, 201))
}
