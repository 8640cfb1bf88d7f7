package demo

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"souk/internal/app"
	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// A crowd is a great many products and what was sold of them, to see what the
// shop is like with them: words, brands, categories, attributes and sales are as
// unevenly spread as in life (Zipf's law), so that the top of the tree, the
// common words and the bestsellers have very many.
type crowd struct {
	products int
	words    []string
	depots   []depot
	brands   []id.Brand
	leaves   []id.Category
	buyers   []buyerOfCrowd
	ranks    []int // how well each product sells: 0 sells best
	currency string
	at       time.Time
}

type depot struct {
	vendor     id.Vendor
	location   id.Location
	slug, name string
}

type buyerOfCrowd struct {
	user        id.User
	name, email string
}

const (
	crowdWords      = 50_000
	crowdBrands     = 5_000
	crowdBranches   = 20 // of the tree's root; each has ten, and each of those nine
	crowdAtOnce     = 10_000
	crowdHands      = 2 // transactions that are filled at once: one makes rows while the other waits for the disk
	productsAVendor = 5_000
	productsABuyer  = 200
)

// Crowd adds products to a's shop, and the orders and reviews of those that sell,
// in transactions of some thousands of products, by COPY. It is for measuring:
// nobody has approved them, and only the steps of orders are told by events, all
// older than anybody is told of by mail; the caller lists the products with
// search.Rebuild, which counts what was sold, too.
func Crowd(ctx context.Context, a *app.App, products int, progress func(step string, done, total int64)) error {
	ctx = auth.With(ctx, auth.Actor{System: "souk demo"})
	progress = oneAtATime(progress)
	d := dice{rand.New(rand.NewPCG(1, uint64(products)))}
	c := &crowd{products: products, currency: a.Config.Currency, at: a.Clock.Now(), ranks: d.Perm(products), words: d.invent(crowdWords)}
	if err := postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return c.prepare(ctx, tx, d) }); err != nil {
		return fmt.Errorf("make room for %d products: %w", products, err)
	}
	var made atomic.Int64
	hands, filling := errgroup.WithContext(ctx)
	hands.SetLimit(crowdHands)
	for from := 0; from < products && filling.Err() == nil; from += crowdAtOnce {
		hands.Go(func() error {
			n := min(crowdAtOnce, products-from)
			err := inLongTx(filling, a.DB, func(tx pgx.Tx) error { return c.fill(filling, tx, from, n) })
			if err != nil {
				return fmt.Errorf("make products from %d on: %w", from, err)
			}
			progress("Products", made.Add(int64(n)), int64(products))
			return nil
		})
	}
	if err := hands.Wait(); err != nil {
		return err
	}
	// Autovacuum comes later than whoever lists the products.
	return inLongTx(ctx, a.DB, func(tx pgx.Tx) error {
		_, err := postgres.Exec(ctx, tx, `ANALYZE`, nil)
		return err
	})
}

// inLongTx has time for statements that nobody waits for, and memory to sort
// what goes into an index of words; a crash may lose it, as a whole.
func inLongTx(ctx context.Context, db postgres.DB, fn func(tx pgx.Tx) error) error {
	return postgres.InTx(ctx, db, func(tx pgx.Tx) error {
		b := postgres.NewBatch()
		for _, setting := range []string{"statement_timeout = '10min'", "synchronous_commit = off", "gin_pending_list_limit = '64MB'", "work_mem = '128MB'"} {
			b.Queue(`SET LOCAL `+setting, nil)
		}
		if err := b.Send(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	})
}

// prepare makes whom the products are from and for, and where they stand.
func (c *crowd) prepare(ctx context.Context, tx pgx.Tx, d dice) error {
	if err := c.openShops(ctx, tx, d, max(6, c.products/productsAVendor)); err != nil {
		return err
	}
	if err := c.nameBrands(ctx, tx, d); err != nil {
		return err
	}
	if err := c.inviteBuyers(ctx, tx, max(50, c.products/productsABuyer)); err != nil {
		return err
	}
	return c.growTree(ctx, tx)
}

// dice are those of one hand: the same seed throws the same.
type dice struct{ *rand.Rand }

// uneven is a number below n, by Zipf's law: the k-th is drawn about as 1/k.
func (d dice) uneven(n int) int { return int(math.Pow(float64(n+1), d.Float64())) - 1 }

// invent makes up words of two to four syllables, the most common first.
func (d dice) invent(n int) []string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	seen := map[string]bool{}
	words := make([]string, 0, n)
	for len(words) < n {
		var b strings.Builder
		for range 2 + d.IntN(3) {
			b.WriteByte(consonants[d.IntN(len(consonants))])
			b.WriteByte(vowels[d.IntN(len(vowels))])
		}
		if word := b.String(); !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	return words
}

// title is some words, the first with a capital.
func (d dice) title(words []string, n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = words[d.uneven(len(words))]
	}
	return capital(strings.Join(parts, " "))
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func (c *crowd) openShops(ctx context.Context, tx pgx.Tx, d dice, n int) error {
	vendors := rowsOf("vendors", "id slug name status")
	places := rowsOf("locations", "id vendor_id name")
	for i := range n {
		v := depot{vendor: id.New[id.Vendor](), location: id.New[id.Location](), name: d.title(c.words, 2) + " Trading"}
		v.slug = fmt.Sprintf("crowd-%s-%d", tail(v.vendor), i)
		c.depots = append(c.depots, v)
		vendors.add(v.vendor, v.slug, v.name, "active")
		places.add(v.location, v.vendor, "Warehouse")
	}
	return copyAll(ctx, tx, vendors, places)
}

func (c *crowd) nameBrands(ctx context.Context, tx pgx.Tx, d dice) error {
	brands := rowsOf("brands", "id slug name")
	for range crowdBrands {
		brand, name := id.New[id.Brand](), d.title(c.words, 1)
		c.brands = append(c.brands, brand)
		brands.add(brand, strings.ToLower(name)+"-"+tail(brand), name)
	}
	return copyAll(ctx, tx, brands)
}

func (c *crowd) inviteBuyers(ctx context.Context, tx pgx.Tx, n int) error {
	users := rowsOf("users", "id username email name")
	for i := range n {
		user := id.New[id.User]()
		username := "crowd-" + tail(user) + "-" + itoa(i)
		b := buyerOfCrowd{user, "Buyer " + itoa(i+1), username + "@demo.test"}
		c.buyers = append(c.buyers, b)
		users.add(user, username, b.email, b.name)
	}
	return copyAll(ctx, tx, users)
}

// tail is the random end of an id.
func tail(v fmt.Stringer) string {
	text := v.String()
	return text[len(text)-8:]
}

func (c *crowd) growTree(ctx context.Context, tx pgx.Tx) error {
	categories := rowsOf("categories", "id parent_id slug name path ancestors position")
	type branch struct {
		category  id.Category
		path      string
		ancestors []id.Category
	}
	grow := func(under branch, position int) branch {
		name := capital(c.words[len(c.words)-1-len(categories.rows)]) // no two are called the same
		b := branch{category: id.New[id.Category](), path: name}
		slug := "crowd-" + b.category.String()[len("cat_"):]
		if under.path != "" {
			b.path = under.path + " > " + name
		}
		b.ancestors = append(append([]id.Category{}, under.ancestors...), b.category)
		categories.add(b.category, under.category, slug, name, b.path, b.ancestors, position)
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
	return copyAll(ctx, tx, categories)
}

// tableRows are rows on their way into one table.
type tableRows struct {
	table   string
	columns []string
	rows    [][]any
}

// rowsOf are rows of the columns that are named, with spaces between them.
func rowsOf(table, columns string) *tableRows {
	return &tableRows{table: table, columns: strings.Fields(columns)}
}

func (t *tableRows) add(values ...any) { t.rows = append(t.rows, values) }

func copyAll(ctx context.Context, tx pgx.Tx, all ...*tableRows) error {
	for _, t := range all {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.table}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
			return fmt.Errorf("copy into %s: %w", t.table, err)
		}
	}
	return nil
}
