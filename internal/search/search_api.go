package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// ErrNoProduct says that there is no such product on sale.
var ErrNoProduct = errs.New(errs.NotFound, "product_not_found", "There is no such product.")

// Routes registers what shoppers see.
func (s *Search) Routes(r *httpapi.Router) {
	s.cursors = r.Cursors
	httpapi.Get(r, "/api/v1/products", s.list, httpapi.Public("the catalogue is for everybody"),
		httpapi.QueryPrefix("attr["), httpapi.Returns[Listing](), httpapi.Summary("List and search products"),
		httpapi.Describe("Filters of one name are alternatives, filters of different names must all hold. `attr[color]=red,blue` asks for an attribute or option; a comma within a value is written `\\,`."))
	httpapi.Get(r, "/api/v1/products/{product}", s.show, httpapi.Public("the catalogue is for everybody"),
		httpapi.Returns[Page](), httpapi.Summary("Show a product"), httpapi.Describe("A slug that the product had before answers 301, with its present one."))
	httpapi.Get(r, "/api/v1/products/{product}/related", s.related, httpapi.Public("the catalogue is for everybody"),
		httpapi.Returns[httpapi.List[Related]](), httpapi.Summary("What is shown with a product"),
		httpapi.Describe("Chosen by hand (`related`, `upsell`, `cross_sell`), and what is most often in the same order (`bought_together`). Only what is on sale."))
	httpapi.Get(r, "/api/v1/categories", s.categories, httpapi.Public("the shop's shelves are open to all"),
		httpapi.Returns[httpapi.List[catalog.Branch]](), httpapi.Summary("The category tree"))
	httpapi.Post(r, "/api/v1/admin/collections/preview", s.preview, httpapi.Needs(catalog.CanWrite), httpapi.Status(200),
		httpapi.Summary("Count what a collection would show"), httpapi.Describe("Of rules that need not be kept yet."))
	httpapi.Get(r, "/api/v1/search/suggest", s.suggest, httpapi.Public("the catalogue is for everybody"),
		httpapi.Summary("Suggest products, categories, brands, vendors and past queries"))
}

func (s *Search) list(ctx context.Context, in *listInput) (httpapi.Stored, error) {
	q, err := in.query(s.Currency)
	if err != nil {
		return httpapi.Stored{}, err
	}
	w := want{limit: in.Limit, facets: in.Facets, total: in.WantsTotal()}
	if w.locale, err = s.Locales.Choose(ctx, in.LocaleWish); err != nil {
		return httpapi.Stored{}, err
	}
	scope := q.scope()
	if in.After != "" {
		w.after = &position{}
		if err := s.cursors.Open(scope, in.After, w.after); err != nil {
			return httpapi.Stored{}, err
		}
	}
	words, err := s.vocabulary(ctx)
	if err != nil {
		return httpapi.Stored{}, err
	}
	key := words.key + scope + strconv.Itoa(w.limit) + in.After + strconv.FormatBool(w.facets) + strconv.FormatBool(w.total) + w.locale
	if w.buyer, err = s.buyer(ctx); err != nil {
		return httpapi.Stored{}, err
	}
	a, err := s.answer(ctx, w.buyer, key, func(ctx context.Context) (answer, error) {
		f, err := s.find(ctx, q, w)
		if err != nil {
			return answer{}, err
		}
		next := ""
		if f.next != nil {
			next = s.cursors.Seal(scope, f.next)
		}
		a := newAnswer(f.json(next), id.Product{})
		a.found = f.exact
		return a, nil
	})
	if err != nil {
		return httpapi.Stored{}, err
	}
	s.Locales.Tell(ctx, w.locale)
	if a.found && q.Text != "" && in.After == "" {
		err = s.note(ctx, q.Text)
	}
	return a.stored(), err
}

type categoriesInput struct{ catalog.LocaleWish }

func (s *Search) categories(ctx context.Context, in *categoriesInput) (httpapi.Stored, error) {
	locale, err := s.Locales.Choose(ctx, in.LocaleWish)
	if err != nil {
		return httpapi.Stored{}, err
	}
	a, err := s.cache().get(ctx, "categories "+locale, func(ctx context.Context) (answer, error) {
		tree, err := catalog.ShownTree(ctx, s.DB, locale)
		return newAnswer([]byte(encode(httpapi.List[catalog.Branch]{Data: tree})), id.Product{}), err
	})
	if err != nil {
		return httpapi.Stored{}, err
	}
	s.Locales.Tell(ctx, locale)
	return a.stored(), nil
}

type showInput struct {
	catalog.LocaleWish
	Product  string `path:"product" maxLength:"200" doc:"Id or slug."`
	Currency string `query:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217. Where the product has no price in it, another currency of the product is shown."`
}

func (s *Search) show(ctx context.Context, in *showInput) (httpapi.Stored, error) {
	c, err := s.currency(in.Currency)
	if err != nil {
		return httpapi.Stored{}, err
	}
	locale, err := s.Locales.Choose(ctx, in.LocaleWish)
	if err != nil {
		return httpapi.Stored{}, err
	}
	buyer, err := s.buyer(ctx)
	if err != nil {
		return httpapi.Stored{}, err
	}
	a, err := s.answer(ctx, buyer, in.Product+" "+string(c)+" "+locale, func(ctx context.Context) (answer, error) {
		return s.page(ctx, in.Product, c, locale, buyer)
	})
	if errors.Is(err, ErrNoProduct) {
		return s.moved(ctx, in.Product)
	}
	if err != nil {
		return httpapi.Stored{}, err
	}
	s.Locales.Tell(ctx, a.locale)
	return a.stored(), nil
}

// currency is the one that is asked for, the shop's where none is.
func (s *Search) currency(asked string) (money.Currency, error) {
	c := cmp.Or(money.Currency(asked), s.Currency)
	if !c.Valid() {
		return "", errs.Validation.Field("currency", "unknown_currency", "Use an ISO 4217 code, such as USD.")
	}
	return c, nil
}

// moved leads from an address that a product had to the one that it has.
func (s *Search) moved(ctx context.Context, slug string) (httpapi.Stored, error) {
	now, err := postgres.Scalar[string](ctx, s.DB, selectSlugNow, pgx.NamedArgs{"slug": slug})
	if errors.Is(err, postgres.ErrNoRow) {
		return httpapi.Stored{}, ErrNoProduct
	}
	if err != nil {
		return httpapi.Stored{}, fmt.Errorf("look where %s has moved: %w", slug, err)
	}
	return httpapi.Stored{MovedTo: "/api/v1/products/" + now}, nil
}

// page reads the page of a product by id or slug, with the prices of a buyer.
func (s *Search) page(ctx context.Context, product string, c money.Currency, locale string, buyer id.User) (answer, error) {
	sql := selectPageBySlug
	args := pgx.NamedArgs{"slug": product, "currency": string(c), "standard": string(s.Currency), "locale": locale, "buyer": buyer}
	var p id.Product
	if p.UnmarshalText([]byte(product)) == nil {
		sql, args["product"] = selectPage, p
	}
	row, err := postgres.Get[struct {
		ID     id.Product `db:"product_id"`
		Locale string     `db:"locale"`
		JSON   []byte     `db:"json"`
		Listed bool       `db:"listed"` // there are price lists for the buyer
	}](ctx, s.DB, sql, args)
	if errors.Is(err, postgres.ErrNoRow) {
		return answer{}, ErrNoProduct
	}
	if err != nil {
		return answer{}, fmt.Errorf("read page of %s: %w", product, err)
	}
	if row.Listed {
		if row.JSON, err = s.listed(ctx, row.JSON, buyer); err != nil {
			return answer{}, err
		}
	}
	page := newAnswer(row.JSON, row.ID)
	page.locale = row.Locale
	return page, nil
}
