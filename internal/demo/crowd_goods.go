package demo

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

var (
	crowdColours   = []string{"red", "blue", "green", "black", "white", "yellow", "grey", "brown", "orange", "purple", "pink", "beige"}
	crowdMaterials = []string{"cotton", "steel", "oak", "glass", "wool", "leather", "clay", "paper", "linen", "brass", "cork", "stone"}
	crowdSizes     = []string{"S", "M", "L", "XL", "XXL"}
)

// A load is the products that one transaction makes, with their sales.
type load struct {
	*crowd
	dice
	sells []offer

	products, places, options, variants, prices, history, levels, movements *tableRows
}

// An offer is a product that sells, by its first variant.
type offer struct {
	depot
	product    id.Product
	variant    id.Variant
	slug       string
	title, sku string
	price      int64
	units      int // that were sold
	worst      int // how many stars it has at least
}

// fill makes n products, the first of them number from, with one to five
// variants each, and what was sold of them.
func (c *crowd) fill(ctx context.Context, tx pgx.Tx, from, n int) error {
	l := load{
		crowd: c, dice: dice{rand.New(rand.NewPCG(2, uint64(from)))},
		products:  rowsOf("products", "id vendor_id brand_id slug handle title description status attributes created_at published_at"),
		places:    rowsOf("product_categories", "product_id category_id"),
		options:   rowsOf("product_options", "product_id position name values"),
		variants:  rowsOf("variants", "id product_id vendor_id sku title options position weight_grams"),
		prices:    rowsOf("prices", "variant_id currency amount_minor"),
		history:   rowsOf("price_history", "variant_id currency amount_minor actor"),
		levels:    rowsOf("stock_levels", "variant_id location_id vendor_id on_hand"),
		movements: rowsOf("stock_movements", "variant_id location_id delta reason actor"),
	}
	for i := range n {
		l.make(from + i)
	}
	if err := checkReferences(ctx, tx, false); err != nil {
		return err
	}
	if err := copyAll(ctx, tx, l.products, l.places, l.options, l.variants, l.prices, l.history, l.levels, l.movements); err != nil {
		return err
	}
	if err := checkReferences(ctx, tx, true); err != nil {
		return err
	}
	return l.sell(ctx, tx)
}

// checkReferences tells PostgreSQL not to look up what the rows refer to, which
// is half of its work and known to be there, or to do so again. It asks so much
// trust of a superuser only, as souk is in a database of its own; for others
// nothing changes.
func checkReferences(ctx context.Context, tx pgx.Tx, on bool) error {
	role := "replica" // applies what was checked elsewhere
	if on {
		role = "origin"
	}
	_, err := postgres.Exec(ctx, tx, `
		SELECT set_config('session_replication_role', @role, true)
		FROM pg_roles WHERE rolname = current_user AND rolsuper`, pgx.NamedArgs{"role": role})
	return err
}

// make makes one product. It came some time in the year before the first of its
// buyers.
func (l *load) make(number int) {
	g := offer{depot: l.depots[l.uneven(len(l.depots))], product: id.New[id.Product](), title: l.title(l.words, 3), worst: 1 + l.uneven(4)}
	g.slug = "crowd-" + g.product.String()[len("prod_"):]
	since := l.at.Add(-crowdPast - l.upTo(365*24*time.Hour))
	l.products.add(g.product, g.vendor, l.brands[l.uneven(len(l.brands))], g.slug, g.slug, g.title,
		"<p>"+l.title(l.words, 12)+".</p>", "active", l.attributes(), since, since)
	l.places.add(g.product, l.leaves[l.uneven(len(l.leaves))])
	sizes := crowdSizes[:1+l.IntN(len(crowdSizes))]
	l.options.add(g.product, 1, "Size", sizes)
	g.price = int64(199 * math.Pow(500, l.Float64())) // 1.99 to about 1,000, cheap ones more often
	for i, size := range sizes {
		variant := id.New[id.Variant]()
		sku, amount := variant.String()[len("var_"):], g.price+int64(i)*g.price/20
		if i == 0 {
			g.variant, g.sku = variant, sku
		}
		l.variants.add(variant, g.product, g.vendor, sku, size, []string{size}, i, 100+l.IntN(5000))
		l.prices.add(variant, l.currency, amount)
		l.history.add(variant, l.currency, amount, "souk demo")
		onHand := max(0, l.IntN(60)-5) // some are sold out
		l.levels.add(variant, g.location, g.vendor, onHand)
		if onHand > 0 {
			l.movements.add(variant, g.location, onHand, "receive", "souk demo")
		}
	}
	if g.units = l.crowd.products / crowdSelling / (1 + l.ranks[number]); g.units > 0 {
		l.sells = append(l.sells, g)
	}
}

func (d dice) upTo(span time.Duration) time.Duration { return time.Duration(d.Int64N(int64(span))) }

func (l *load) attributes() map[string][]string {
	list := map[string][]string{"color": {crowdColours[l.uneven(len(crowdColours))]}}
	if l.IntN(3) > 0 {
		list["material"] = []string{crowdMaterials[l.uneven(len(crowdMaterials))]}
	}
	if l.IntN(4) == 0 {
		list["season"] = []string{"spring", "summer", "autumn", "winter"}[:1+l.IntN(2)]
	}
	return list
}
