package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// knowledge is what a visitor can learn of a shop.
type knowledge struct {
	total    int
	top      []string  // slugs of categories that have products, the greatest first
	second   []string  // the same of those below them
	products []product // some of them, by name
}

type product struct {
	ID    string `json:"id"`
	Slug  string `json:"slug"`
	Title string `json:"title"`
	Price struct {
		Min struct {
			Amount int64 `json:"amount"`
		} `json:"min"`
	} `json:"price_range"`
}

type page struct {
	Data   []product `json:"data"`
	Next   string    `json:"next_cursor"`
	Total  int       `json:"total_count"`
	Facets []facet   `json:"facets"`
}

type facet struct {
	Key    string `json:"key"`
	Values []struct {
		Value string `json:"value"`
		Count int    `json:"count"`
	} `json:"values"`
}

const (
	mostCategories = 20
	mostProducts   = 10_000
)

func (s *shop) look(ctx context.Context) (*knowledge, error) {
	k := &knowledge{}
	if err := k.readCategories(ctx, s); err != nil {
		return nil, err
	}
	for after := ""; len(k.products) < mostProducts; {
		path := "/api/v1/products?sort=name&limit=100&include=total_count"
		if after != "" {
			path = with(path, "after", after)
		}
		var p page
		if err := s.read(ctx, path, &p); err != nil {
			return nil, err
		}
		k.products, k.total, after = append(k.products, p.Data...), p.Total, p.Next
		if after == "" {
			break
		}
	}
	if len(k.top) == 0 || len(k.second) == 0 || len(k.products) == 0 {
		return nil, errors.New("the shop has no categories or no products")
	}
	return k, nil
}

func (k *knowledge) readCategories(ctx context.Context, s *shop) error {
	type category struct {
		Slug     string     `json:"slug"`
		Children []category `json:"children"`
	}
	var tree struct {
		Data []category `json:"data"`
	}
	if err := s.read(ctx, "/api/v1/categories", &tree); err != nil {
		return err
	}
	var top, second []string
	for _, c := range tree.Data {
		top = append(top, c.Slug)
		for _, below := range c.Children {
			second = append(second, below.Slug)
		}
	}
	var err error
	if k.top, err = s.greatest(ctx, top); err != nil {
		return err
	}
	k.second, err = s.greatest(ctx, second)
	return err
}

// greatest are the categories that have the most products.
func (s *shop) greatest(ctx context.Context, slugs []string) ([]string, error) {
	total := map[string]int{}
	for _, slug := range slugs {
		var p page
		if err := s.read(ctx, with("/api/v1/products?limit=1&include=total_count", "category", slug), &p); err != nil {
			return nil, err
		}
		total[slug] = p.Total
	}
	slugs = slices.DeleteFunc(slugs, func(slug string) bool { return total[slug] == 0 })
	slices.SortStableFunc(slugs, func(a, b string) int { return cmp.Compare(total[b], total[a]) })
	return slugs[:min(mostCategories, len(slugs))], nil
}

// filters are listings with three facets and a price range chosen, each with
// something in it.
func (k *knowledge) filters(ctx context.Context, s *shop) (func(int64) string, error) {
	var chosen []filter
	for _, category := range k.top {
		f, found, err := s.choose(ctx, category)
		if err != nil {
			return nil, err
		}
		if found {
			chosen = append(chosen, f)
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("no category has three facets to choose")
	}
	return func(n int64) string {
		return chosen[n%int64(len(chosen))].path(n / int64(len(chosen)))
	}, nil
}

// filter is what a shopper has chosen who looks for something like one product.
type filter struct {
	base  string
	price int64
}

// path has another price range for each n.
func (f filter) path(n int64) string {
	path := with(f.base, "price[gte]", strconv.FormatInt(max(0, f.price/2-n/1000%1000), 10))
	return with(path, "price[lte]", strconv.FormatInt(2*f.price+n%1000, 10))
}

// choose goes through a category as shoppers do: of two attributes and the
// brand they take what most of the products have that are left.
func (s *shop) choose(ctx context.Context, category string) (f filter, found bool, err error) {
	f.base = with("/api/v1/products?limit="+strconv.Itoa(perPage)+"&facets=true", "category", category)
	var left page
	taken := map[string]bool{}
	for _, kind := range []string{"attr[", "attr[", "brand"} {
		if err := s.read(ctx, f.base, &left); err != nil {
			return f, false, err
		}
		key, value := left.most(kind, taken)
		if key == "" {
			return f, false, nil
		}
		taken[key] = true
		f.base = with(f.base, key, value)
	}
	if err := s.read(ctx, f.base, &left); err != nil || len(left.Data) == 0 {
		return f, false, err
	}
	f.price = left.Data[0].Price.Min.Amount
	return f, true, nil
}

// most is the value that most products have of the facets of a kind.
func (p page) most(kind string, taken map[string]bool) (key, value string) {
	count := 0
	for _, facet := range p.Facets {
		if !strings.HasPrefix(facet.Key, kind) || taken[facet.Key] {
			continue
		}
		for _, v := range facet.Values {
			if v.Count > count {
				count, key, value = v.Count, facet.Key, v.Value
			}
		}
	}
	return key, value
}
