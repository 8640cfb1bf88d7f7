package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/sync/errgroup"
)

const (
	listed   = `"data":[{`     // products were found
	counted  = `"facets":[`    // facets were asked for
	answered = `"has_more":`   // a list, empty perhaps
	perPage  = 24              // products, as a page of a shop has
	deepPage = 1000            // or the middle of the list, where that comes first
	anyPrice = 999_999_999_999 // one less than the API takes for any
)

// workloads are made of what the shop has.
func (s *shop) workloads(ctx context.Context, p plan) ([]workload, error) {
	seen, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	queries, err := readQueries(p.queries)
	if err != nil {
		return nil, err
	}
	filtered, err := seen.filters(ctx, s)
	if err != nil {
		return nil, err
	}
	list := []workload{
		{name: "top category, facets", expect: listed, path: seen.category(seen.top)},
		{name: "second-level category, facets", expect: listed, path: seen.category(seen.second)},
		{name: "3 facets and a price range in a top category, facets", expect: listed, path: filtered, target: filterTarget(p.scale)},
	}
	if len(queries) > 0 {
		list = append(list, workload{
			name: fmt.Sprintf("text, %d real queries, facets", len(queries)), expect: answered, path: search(queries), target: textTarget(p.scale),
		})
	}
	list = append(list,
		workload{name: "text, two words of a title, facets", expect: listed, path: search(seen.twoWords()), target: textTarget(p.scale)},
		workload{name: "text, a typo in one of two words, facets", expect: listed, path: search(seen.typos()), target: textTarget(p.scale)},
		workload{name: "suggest", expect: `"products":[{`, path: suggest(seen.beginnings()), target: "p99 10 ms at 1m, 1 client"},
		workload{name: "product page", expect: `"variants":[{`, path: seen.pages()},
	)
	for _, sort := range []string{"-popularity", "price"} {
		deep, page, err := s.deep(ctx, sort, seen.total)
		if err != nil {
			return nil, err
		}
		first := func(n int64) string { return listing(n, "sort", sort) }
		list = append(list,
			workload{name: "first page by " + sort, expect: listed, path: first},
			workload{name: "50 pages by " + sort + ", one after the other", expect: listed, path: first, follow: 50},
			workload{
				name: fmt.Sprintf("page %d by %s, and those after it", page, sort), expect: listed, path: deep, follow: 50,
				target: "1.5 times the first page",
			})
	}
	for i := range list {
		list[i].follow = max(1, list[i].follow)
	}
	return list, nil
}

func filterTarget(scale string) string {
	return map[string]string{
		"10k": "p99 10 ms, 1 client", "100k": "p99 20 ms, 1 client; 1,000/s, 16 clients", "1m": "p99 50 ms, 1 client",
	}[scale]
}

func textTarget(scale string) string {
	return map[string]string{"10k": "p99 15 ms, 1 client", "100k": "p99 25 ms, 1 client", "1m": "p99 50 ms, 1 client"}[scale]
}

// listing is the path of a list that was not asked for before: its n-th price
// bound leaves out nothing, but no kept answer fits.
func listing(n int64, pairs ...string) string {
	path := with("/api/v1/products", "limit", strconv.Itoa(perPage))
	path = with(path, "price[lte]", strconv.FormatInt(anyPrice-n, 10))
	for i := 0; i < len(pairs); i += 2 {
		path = with(path, pairs[i], pairs[i+1])
	}
	return path
}

func with(path, name, value string) string {
	sign := "?"
	if strings.Contains(path, "?") {
		sign = "&"
	}
	return path + sign + url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

func (k *knowledge) category(slugs []string) func(int64) string {
	return func(n int64) string {
		return listing(n, "category", slugs[n%int64(len(slugs))], "facets", "true")
	}
}

func search(queries []string) func(int64) string {
	return func(n int64) string { return listing(n, "q", queries[n%int64(len(queries))], "facets", "true") }
}

// suggest takes beginnings in turn: they are so many that none is kept until it
// is asked for again.
func suggest(beginnings []string) func(int64) string {
	return func(n int64) string {
		return with("/api/v1/search/suggest", "q", beginnings[n%int64(len(beginnings))])
	}
}

// pages asks for products by slug, by id, and so in other currencies, which are
// different answers to the shop.
func (k *knowledge) pages() func(int64) string {
	var names []string
	for _, p := range k.products {
		names = append(names, p.Slug, p.ID)
	}
	shuffle(names)
	currencies := []string{"", "EUR", "GBP", "CHF"}
	return func(n int64) string {
		path := "/api/v1/products/" + names[n%int64(len(names))]
		if c := currencies[n/int64(len(names))%int64(len(currencies))]; c != "" {
			path = with(path, "currency", c)
		}
		return path
	}
}

// place is where a walk through a list has come to.
type place struct{ path, cursor string }

// deep are paths of the deepest page, which takes walking there: from 16 of
// them clients walk on, and another page size makes each walk one of its own.
func (s *shop) deep(ctx context.Context, sort string, total int) (path func(int64) string, page int, err error) {
	page = max(2, min(deepPage, total/2/perPage))
	starts := make([]place, 16)
	walks, ctx := errgroup.WithContext(ctx)
	walks.SetLimit(2)
	for i := range starts {
		starts[i].path = with(with("/api/v1/products", "sort", sort), "price[lte]", strconv.FormatInt(anyPrice-s.next(), 10))
		walks.Go(func() error { return starts[i].walkTo(ctx, s, page) })
	}
	if err := walks.Wait(); err != nil {
		return nil, 0, err
	}
	return func(n int64) string {
		from, size := starts[n%int64(len(starts))], perPage+n/int64(len(starts))%8
		return with(with(from.path, "limit", strconv.FormatInt(size, 10)), "after", from.cursor)
	}, page, nil
}

// walkTo goes to a page of 24, by steps of 100 products.
func (p *place) walkTo(ctx context.Context, s *shop, page int) error {
	for left := (page - 1) * perPage; left > 0; left -= 100 {
		at := with(p.path, "limit", strconv.Itoa(min(100, left)))
		if p.cursor != "" {
			at = with(at, "after", p.cursor)
		}
		body, err := s.get(ctx, s.Base+at)
		if err != nil {
			return err
		}
		if p.cursor, err = nextPage(body); err != nil {
			return err
		}
		if p.cursor == "" {
			return fmt.Errorf("%s is the last page", at)
		}
	}
	return nil
}

// readQueries reads queries that shoppers have asked elsewhere; none when there
// is no such file.
func readQueries(file string) ([]string, error) {
	in, err := os.Open(file)
	if file == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	reader := csv.NewReader(in)
	reader.Comma, reader.LazyQuotes = '\t', true
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	var queries []string
	for _, row := range rows[1:] {
		queries = append(queries, row[1])
	}
	return queries, nil
}

// words of a title that are long enough to be found by.
func words(title string) []string {
	var list []string
	for _, w := range strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if len(w) >= 4 {
			list = append(list, w)
		}
	}
	return list
}

// twoWords are two that stand in a title.
func (k *knowledge) twoWords() (queries []string) {
	for _, p := range k.products {
		if w := words(p.Title); len(w) >= 2 {
			queries = append(queries, w[0]+" "+w[len(w)-1])
		}
	}
	return shuffle(queries)
}

// typos are two words of a title, in the first of which two letters have
// changed places.
func (k *knowledge) typos() (queries []string) {
	for _, q := range k.twoWords() {
		first, rest, _ := strings.Cut(q, " ")
		letters := []rune(first)
		if at := len(letters) / 2; len(letters) >= 6 && letters[at] != letters[at-1] {
			letters[at-1], letters[at] = letters[at], letters[at-1]
			queries = append(queries, string(letters)+" "+rest)
		}
	}
	return queries
}

// beginnings are what somebody has written who wants the words of a title.
func (k *knowledge) beginnings() (queries []string) {
	seen := map[string]bool{}
	for _, p := range k.products {
		text := []rune(strings.Join(words(p.Title), " "))
		for end := 2; end <= len(text); end++ {
			if q := strings.TrimSpace(string(text[:end])); !seen[q] {
				seen[q] = true
				queries = append(queries, q)
			}
		}
	}
	return shuffle(queries)
}

// shuffle makes the same order in each run.
func shuffle(list []string) []string {
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}
