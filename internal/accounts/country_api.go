package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"souk/internal/errs"
	"souk/internal/platform/httpapi"
)

// countriesAge is how long caches may keep what changes with a release.
const countriesAge = 24 * time.Hour

var errNoCountry = errs.New(errs.NotFound, "country_not_found", "There is no such country. Write it as two capital letters of ISO 3166.")

func (u *Users) countryRoutes(r *httpapi.Router) {
	const why = "forms for addresses are built of it"
	httpapi.Get(r, "/api/v1/countries", u.listCountries, httpapi.Public(why), httpapi.Returns[httpapi.List[Country]](), httpapi.Summary("List countries"),
		httpapi.Describe("What an address in each must have. Countries whose posts want a region list them when shown one by one."))
	httpapi.Get(r, "/api/v1/countries/{country}", u.showCountry, httpapi.Public(why), httpapi.Returns[Country](), httpapi.Summary("Show what makes an address in a country"))
}

func (u *Users) listCountries(context.Context, *struct{}) (httpapi.Stored, error) {
	list := httpapi.List[Country]{Data: make([]Country, len(countryList))}
	for i, c := range countryList {
		list.Data[i] = *c
		list.Data[i].Regions = nil
	}
	return stored(list)
}

type countryInput struct {
	Country string `path:"country"`
}

func (u *Users) showCountry(_ context.Context, in *countryInput) (httpapi.Stored, error) {
	c := countries[in.Country]
	if c == nil {
		return httpapi.Stored{}, errNoCountry
	}
	return stored(c)
}

func stored(v any) (httpapi.Stored, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return httpapi.Stored{}, err
	}
	return httpapi.Stored{Bytes: body, Tag: fmt.Sprintf(`"%x"`, sha256.Sum256(body))[:20] + `"`, MaxAge: countriesAge}, nil
}
