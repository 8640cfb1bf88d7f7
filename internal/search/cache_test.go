package search

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// With the cache off or on, asked once or twice, the answers are the same.
func TestCacheChangesNoAnswer(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	stored := newSearch(tx)
	stored.CacheBytes = 1 << 20
	without, with := serve(t, search), serve(t, stored)
	for range 2 {
		for _, path := range []string{
			"products", "products?facets=true", "products?facets=true&q=shoes", "products?limit=1", "products?limit=2", "products?limit=1&include=total_count", "products?sort=price", "products?sort=-price",
			"products?brand=acme", "products?vendor=weft_warp", "products?tag=sale", "products?attr[color]=red", "products?attr[color]=blue", "products?in_stock=true", "products?in_stock=false",
			"products?rating[gte]=4", "products?price[lte]=4000", "products?price[gte]=4000", "products?currency=EUR", "products?q=sandels", "products?sort=nonsense",
			"products/cafe-mug", "products/cafe-mug?currency=EUR", "products/trail-shoes", "products/" + s.products[0].ID.String(), "products/nothing", "search/suggest?q=sho", "search/suggest?q=caf",
			"search/suggest?q=caf&currency=EUR", "search/suggest?q=sho&currency=EUR", "categories",
		} {
			want, got := get(without, "/api/v1/"+path), get(with, "/api/v1/"+path)
			if want.Code >= 400 { // problems name the request
				if got.Code != want.Code {
					t.Errorf("%s: %d, without the cache %d", path, got.Code, want.Code)
				}
				continue
			}
			if got.Code != want.Code || got.Body.String() != want.Body.String() || got.Header().Get("ETag") != want.Header().Get("ETag") {
				t.Errorf("%s: %d %s\nwithout the cache: %d %s", path, got.Code, got.Body, want.Code, want.Body)
			}
		}
	}
}

func TestCacheForgetsWhatChanged(t *testing.T) {
	t.Parallel()
	one, two := newProduct(), newProduct()
	for name, test := range map[string]struct {
		event Refreshed
		kept  map[string]bool
	}{
		"nothing":               {Refreshed{}, map[string]bool{"one": true, "two": true, "list": true}},
		"stock of one":          {Refreshed{ProductIDs: []id.Product{one}}, map[string]bool{"one": false, "two": true, "list": true}},
		"one, and how it lists": {Refreshed{ProductIDs: []id.Product{one}, Listing: true}, map[string]bool{"one": false, "two": true, "list": false}},
		"the order of lists":    {Refreshed{Listing: true}, map[string]bool{"one": true, "two": true, "list": false}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCache(1 << 20)
			made := map[string]int{}
			ask := func(key string, product id.Product) {
				_, err := c.get(t.Context(), key, func(context.Context) (answer, error) {
					made[key]++
					return newAnswer([]byte(key), product), nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				ask("one", one)
				ask("two", two)
				ask("list", id.Product{})
			}
			if diff := cmp.Diff(map[string]int{"one": 1, "two": 1, "list": 1}, made); diff != "" {
				t.Fatal(diff)
			}
			c.forget(test.event)
			for range 2 {
				ask("one", one)
				ask("two", two)
				ask("list", id.Product{})
			}
			for key, kept := range test.kept {
				if want := map[bool]int{true: 1, false: 2}[kept]; made[key] != want {
					t.Errorf("%s was made %d times, want %d", key, made[key], want)
				}
			}
		})
	}
}

// An answer that is being made while its product changes may have read the
// rows of before: whoever asks afterwards gets a new one.
func TestCacheForgetsWhatIsBeingMade(t *testing.T) {
	t.Parallel()
	c, product := newCache(1<<20), newProduct()
	price := "old"
	read := func(during func()) string {
		a, err := c.get(t.Context(), "page", func(context.Context) (answer, error) {
			seen := price
			during()
			return newAnswer([]byte(seen), product), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(a.body)
	}
	read(func() {
		price = "new"
		c.forget(Refreshed{ProductIDs: []id.Product{product}})
	})
	if got := read(func() {}); got != "new" {
		t.Errorf("asked after the change and got the %s price", got)
	}
}

// Nor does whoever asks meanwhile get the answer that was begun before.
func TestCacheForgetsWhatOthersWaitFor(t *testing.T) {
	t.Parallel()
	c, product := newCache(1<<20), newProduct()
	var price atomic.Pointer[string]
	price.Store(new("old"))
	begun, finish := make(chan struct{}), make(chan struct{})
	var once sync.Once
	read := func() string {
		a, err := c.get(t.Context(), "page", func(context.Context) (answer, error) {
			seen := *price.Load()
			once.Do(func() { close(begun); <-finish })
			return newAnswer([]byte(seen), product), nil
		})
		if err != nil {
			t.Error(err)
		}
		return string(a.body)
	}
	var first, second string
	var wait sync.WaitGroup
	wait.Go(func() { first = read() })
	<-begun
	price.Store(new("new"))
	c.forget(Refreshed{ProductIDs: []id.Product{product}})
	asked := make(chan struct{})
	wait.Go(func() { close(asked); second = read() })
	<-asked
	close(finish)
	wait.Wait()
	if first != "old" || second != "new" {
		t.Errorf("who asked before the change got the %s price, who asked after it the %s one", first, second)
	}
}

func TestCacheMakesOnceForMany(t *testing.T) {
	t.Parallel()
	c := newCache(1 << 20)
	var made atomic.Int64
	begun, finish := make(chan struct{}), make(chan struct{})
	ask := func(ctx context.Context) (answer, error) {
		return c.get(ctx, "page", func(context.Context) (answer, error) {
			if made.Add(1) == 1 {
				close(begun)
			}
			<-finish
			return newAnswer([]byte("body"), id.Product{}), nil
		})
	}
	var wait sync.WaitGroup
	leaves, leave := context.WithCancel(t.Context())
	wait.Go(func() { _, _ = ask(leaves) }) // the one who makes it, and hangs up
	<-begun
	for range 50 {
		wait.Go(func() {
			if a, err := ask(t.Context()); err != nil || string(a.body) != "body" {
				t.Errorf("%q, %v", a.body, err)
			}
		})
	}
	leave()
	close(finish)
	wait.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times for those who asked at once", made.Load())
	}
}

func TestETagIsStrongAndTellsChanges(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	before := get(h, "/api/v1/products/trail-shoes")
	mustExec(t, tx, `UPDATE stock_levels SET on_hand = on_hand + 1 WHERE variant_id = @v`, map[string]any{"v": s.products[0].Variants[0].ID})
	after := get(h, "/api/v1/products/trail-shoes") // stock is read with the page, not derived
	if before.Code != http.StatusOK || before.Header().Get("ETag") == after.Header().Get("ETag") || before.Header().Get("ETag")[0] != '"' {
		t.Errorf("ETags %s and %s of two stocks", before.Header().Get("ETag"), after.Header().Get("ETag"))
	}
	if got := *decode[Page](t, after.Body.Bytes()).Variants[0].AvailableQuantity; got != 4 {
		t.Errorf("available %d, want 4", got)
	}
}
