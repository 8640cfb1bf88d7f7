package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app"
	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// A crowd is a great many products, to see what the shop is like with them:
// words, brands, categories and attributes are as unevenly spread as in life
// (Zipf's law), so that the top of the tree and the common words have very many.
type crowd struct {
	dice     *rand.Rand
	words    []string
	vendors  []depot
	brands   []id.Brand
	leaves   []id.Category
	currency string
	at       time.Time
	made     int
}

type depot struct {
	vendor   id.Vendor
	location id.Location
}

const (
	crowdWords      = 50_000
	crowdBrands     = 5_000
	crowdBranches   = 20 // of the tree's root; each has ten, and each of those nine
	crowdAtOnce     = 20_000
	productsAVendor = 5_000
)

var (
	crowdColours   = []string{"red", "blue", "green", "black", "white", "yellow", "grey", "brown", "orange", "purple", "pink", "beige"}
	crowdMaterials = []string{"cotton", "steel", "oak", "glass", "wool", "leather", "clay", "paper", "linen", "brass", "cork", "stone"}
	crowdSizes     = []string{"S", "M", "L", "XL", "XXL"}
)

// Crowd adds products to a's shop, in transactions of some thousands, by COPY.
// It is for measuring: nobody has approved or bought them, and no event tells
// of them; the caller lists them with search.Rebuild.
func Crowd(ctx context.Context, a *app.App, products int, progress func(step string, done, total int64)) error {
	ctx = auth.With(ctx, auth.Actor{System: "souk demo"})
	progress = oneAtATime(progress)
	c := crowd{dice: rand.New(rand.NewPCG(1, uint64(products))), currency: a.Config.Currency, at: a.Clock.Now()}
	c.words = c.invent(crowdWords)
	err := postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error {
		if err := c.openShops(ctx, tx, max(6, products/productsAVendor)); err != nil {
			return err
		}
		if err := c.nameBrands(ctx, tx); err != nil {
			return err
		}
		return c.growTree(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("make room for %d products: %w", products, err)
	}
	for c.made < products {
		n := min(crowdAtOnce, products-c.made)
		if err := postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return c.fill(ctx, tx, n) }); err != nil {
			return fmt.Errorf("make products from %d on: %w", c.made, err)
		}
		c.made += n
		progress("Products", int64(c.made), int64(products))
	}
	return nil
}

// invent makes up words of two to four syllables, the most common first.
func (c *crowd) invent(n int) []string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	seen := map[string]bool{}
	words := make([]string, 0, n)
	for len(words) < n {
		var b strings.Builder
		for range 2 + c.dice.IntN(3) {
			b.WriteByte(consonants[c.dice.IntN(len(consonants))])
			b.WriteByte(vowels[c.dice.IntN(len(vowels))])
		}
		if word := b.String(); !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	return words
}

// uneven is a number below n, small ones much more often: about as 1/rank.
func (c *crowd) uneven(n int) int {
	u := c.dice.Float64()
	return int(u * u * u * float64(n))
}

func (c *crowd) word() string { return c.words[c.uneven(len(c.words))] }

func (c *crowd) title(words int) string {
	parts := make([]string, words)
	for i := range parts {
		parts[i] = c.word()
	}
	text := strings.Join(parts, " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

func (c *crowd) openShops(ctx context.Context, tx pgx.Tx, n int) error {
	var vendors, places [][]any
	for i := range n {
		s := depot{id.New[id.Vendor](), id.New[id.Location]()}
		c.vendors = append(c.vendors, s)
		vendors = append(vendors, []any{s.vendor, fmt.Sprintf("crowd-%s-%d", s.vendor.String()[len("vend_")+20:], i), c.title(2) + " Trading", "active"})
		places = append(places, []any{s.location, s.vendor, "Warehouse"})
	}
	return copyAll(ctx, tx,
		tableRows{"vendors", []string{"id", "slug", "name", "status"}, vendors},
		tableRows{"locations", []string{"id", "vendor_id", "name"}, places})
}

func (c *crowd) nameBrands(ctx context.Context, tx pgx.Tx) error {
	rows := make([][]any, crowdBrands)
	for i := range rows {
		brand, name := id.New[id.Brand](), c.title(1)
		c.brands = append(c.brands, brand)
		rows[i] = []any{brand, fmt.Sprintf("%s-%s", strings.ToLower(name), brand.String()[len("brand_")+18:]), name}
	}
	return copyAll(ctx, tx, tableRows{"brands", []string{"id", "slug", "name"}, rows})
}

func (c *crowd) growTree(ctx context.Context, tx pgx.Tx) error {
	var rows [][]any
	type branch struct {
		category  id.Category
		path      string
		ancestors []id.Category
	}
	grow := func(under branch, position int) branch {
		word := c.words[len(c.words)-1-len(rows)] // no two are called the same
		b := branch{category: id.New[id.Category](), path: strings.ToUpper(word[:1]) + word[1:]}
		slug, parent, name := "crowd-"+b.category.String()[len("cat_"):], any(nil), b.path
		if under.path != "" {
			b.path, parent = under.path+" > "+b.path, under.category
		}
		b.ancestors = append(append([]id.Category{}, under.ancestors...), b.category)
		rows = append(rows, []any{b.category, parent, slug, name, b.path, b.ancestors, position})
		return b
	}
	for i := range crowdBranches {
		top := grow(branch{}, i)
		for j := range 10 {
			middle := grow(top, j)
			for k := range 9 {
				c.leaves = append(c.leaves, grow(middle, k).category)
			}
		}
	}
	return copyAll(ctx, tx, tableRows{"categories", []string{"id", "parent_id", "slug", "name", "path", "ancestors", "position"}, rows})
}

// fill makes n products with one to five variants each.
func (c *crowd) fill(ctx context.Context, tx pgx.Tx, n int) error {
	var products, places, options, variants, prices, history, levels, movements [][]any
	for range n {
		s, product := c.vendors[c.uneven(len(c.vendors))], id.New[id.Product]()
		slug := "crowd-" + product.String()[len("prod_"):]
		products = append(products, []any{
			product, s.vendor, c.brands[c.uneven(len(c.brands))], slug, slug, c.title(3), "<p>" + c.title(12) + ".</p>", "active", c.attributes(), c.at,
		})
		places = append(places, []any{product, c.leaves[c.uneven(len(c.leaves))]})
		sizes := crowdSizes[:1+c.dice.IntN(len(crowdSizes))]
		options = append(options, []any{product, 1, "Size", sizes})
		price := int64(199 + c.uneven(100_000)) // 1.99 to about 1,000, cheap ones more often
		for i, size := range sizes {
			variant := id.New[id.Variant]()
			amount := price + int64(i)*price/20
			variants = append(variants, []any{variant, product, s.vendor, variant.String()[len("var_"):], size, []string{size}, i, 100 + c.dice.IntN(5000)})
			prices = append(prices, []any{variant, c.currency, amount})
			history = append(history, []any{variant, c.currency, amount, "souk demo"})
			if on := c.dice.IntN(60) - 5; on > 0 { // some are sold out
				levels = append(levels, []any{variant, s.location, s.vendor, on})
				movements = append(movements, []any{variant, s.location, on, "receive", "souk demo"})
			} else {
				levels = append(levels, []any{variant, s.location, s.vendor, 0})
			}
		}
	}
	return copyAll(ctx, tx,
		tableRows{"products", []string{"id", "vendor_id", "brand_id", "slug", "handle", "title", "description", "status", "attributes", "published_at"}, products},
		tableRows{"product_categories", []string{"product_id", "category_id"}, places},
		tableRows{"product_options", []string{"product_id", "position", "name", "values"}, options},
		tableRows{"variants", []string{"id", "product_id", "vendor_id", "sku", "title", "options", "position", "weight_grams"}, variants},
		tableRows{"prices", []string{"variant_id", "currency", "amount_minor"}, prices},
		tableRows{"price_history", []string{"variant_id", "currency", "amount_minor", "actor"}, history},
		tableRows{"stock_levels", []string{"variant_id", "location_id", "vendor_id", "on_hand"}, levels},
		tableRows{"stock_movements", []string{"variant_id", "location_id", "delta", "reason", "actor"}, movements})
}

func (c *crowd) attributes() map[string][]string {
	list := map[string][]string{"color": {crowdColours[c.uneven(len(crowdColours))]}}
	if c.dice.IntN(3) > 0 {
		list["material"] = []string{crowdMaterials[c.uneven(len(crowdMaterials))]}
	}
	if c.dice.IntN(4) == 0 {
		list["season"] = []string{"spring", "summer", "autumn", "winter"}[:1+c.dice.IntN(2)]
	}
	return list
}

// tableRows are the rows of one table.
type tableRows struct {
	table   string
	columns []string
	rows    [][]any
}

func copyAll(ctx context.Context, tx pgx.Tx, all ...tableRows) error {
	for _, t := range all {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.table}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
			return fmt.Errorf("copy into %s: %w", t.table, err)
		}
	}
	return nil
}
