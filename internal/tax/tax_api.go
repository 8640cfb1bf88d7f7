package tax

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// Routes mounts what staff do with zones.
func (z *Zones) Routes(r *httpapi.Router) {
	z.cursors = r.Cursors
	httpapi.Get(r, "/api/v1/admin/tax/zones", z.list, httpapi.Needs(CanRead), httpapi.Summary("List tax zones"))
	httpapi.Post(r, "/api/v1/admin/tax/zones", z.create, httpapi.Needs(CanWrite), httpapi.Status(201), httpapi.Summary("Make a tax zone with its rates"))
	httpapi.Get(r, "/api/v1/admin/tax/zones/{zone}", z.show, httpapi.Needs(CanRead), httpapi.Summary("Show a tax zone"))
	httpapi.Patch(r, "/api/v1/admin/tax/zones/{zone}", z.edit, httpapi.Needs(CanWrite), httpapi.Summary("Edit a tax zone"),
		httpapi.Describe("What is left out stays. Rates, where given, replace all rates of the zone. Carts are taxed anew at once; placed orders keep their tax."))
	httpapi.Delete(r, "/api/v1/admin/tax/zones/{zone}", z.delete, httpapi.Needs(CanWrite), httpapi.Summary("Remove a tax zone and its rates"))
	z.presetRoutes(r)
	z.exemptionRoutes(r)
	z.engineRoutes(r)
}

// ETag lets editors say which version they have seen.
func (z Zone) ETag() string { return httpapi.VersionTag(z.Version) }

type listInput struct{ httpapi.Page }

func (z *Zones) list(ctx context.Context, in *listInput) (httpapi.List[Zone], error) {
	var after string
	if err := z.cursors.Open(httpapi.Scope(ctx), in.After, &after); err != nil {
		return httpapi.List[Zone]{}, err
	}
	zones, err := list(ctx, z.DB, after, in.Limit+1)
	if err != nil {
		return httpapi.List[Zone]{}, err
	}
	page := httpapi.ListOf(z.cursors, httpapi.Scope(ctx), zones, in.Limit, func(z Zone) any { return z.Name })
	if in.WantsTotal() {
		total, err := count(ctx, z.DB)
		if err != nil {
			return page, err
		}
		page.TotalCount = &total
	}
	return page, nil
}

type zoneInput struct {
	Zone id.TaxZone `path:"zone"`
}

func (z *Zones) show(ctx context.Context, in *zoneInput) (Zone, error) {
	return get(ctx, z.DB, in.Zone)
}

type rateBody struct {
	Class    string `json:"tax_class,omitempty" maxLength:"40" doc:"standard unless told"`
	Name     string `json:"name" minLength:"1" maxLength:"60" example:"VAT 19 %"`
	PPM      int64  `json:"rate_ppm" minimum:"0" maximum:"1000000" doc:"Parts per million: 190000 is 19 %"`
	Shipping *bool  `json:"shipping,omitempty" doc:"Taxes shipping, too; true unless told"`
	Compound bool   `json:"compound,omitempty" doc:"Taken of the amount with all rates on it that are not compound"`
	Applies  string `json:"applies,omitempty" enum:"always,same_region,other_region,other_country" doc:"By where the seller is registered for tax and where the goods go; always unless told"`
}

type createInput struct {
	Body struct {
		Name           string     `json:"name" minLength:"1" maxLength:"100"`
		Countries      []string   `json:"countries" minItems:"1" maxItems:"1000" doc:"ISO 3166-1 alpha-2 codes, or * for everywhere"`
		Regions        []string   `json:"regions,omitempty" maxItems:"1000"`
		PostalPrefixes []string   `json:"postal_prefixes,omitempty" maxItems:"1000"`
		Included       bool       `json:"included,omitempty" doc:"Prices hold the tax already"`
		PerTotal       bool       `json:"per_total,omitempty" doc:"Round once for all amounts that pay the same rates, not once for each"`
		HalfEven       bool       `json:"half_even,omitempty" doc:"Halves go to the even neighbour, not up"`
		ReverseCharge  bool       `json:"reverse_charge,omitempty" doc:"Businesses of other members of the European Union owe the tax themselves"`
		Rates          []rateBody `json:"rates,omitempty" maxItems:"100"`
	}
}

func (z *Zones) create(ctx context.Context, tx pgx.Tx, in *createInput) (Zone, error) {
	return z.Create(ctx, tx, Zone{
		Name: in.Body.Name, Countries: in.Body.Countries, Regions: in.Body.Regions,
		PostalPrefixes: in.Body.PostalPrefixes, Terms: Terms{in.Body.Included, in.Body.PerTotal, in.Body.HalfEven}, ReverseCharge: in.Body.ReverseCharge,
		Rates: rates(in.Body.Rates),
	})
}

type editInput struct {
	Zone id.TaxZone `path:"zone"`
	httpapi.IfMatch
	Body struct {
		Name           *string     `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Countries      *[]string   `json:"countries,omitempty" minItems:"1" maxItems:"1000"`
		Regions        *[]string   `json:"regions,omitempty" maxItems:"1000"`
		PostalPrefixes *[]string   `json:"postal_prefixes,omitempty" maxItems:"1000"`
		Included       *bool       `json:"included,omitempty"`
		PerTotal       *bool       `json:"per_total,omitempty"`
		HalfEven       *bool       `json:"half_even,omitempty"`
		ReverseCharge  *bool       `json:"reverse_charge,omitempty"`
		Rates          *[]rateBody `json:"rates,omitempty" maxItems:"100"`
	}
}

func (z *Zones) edit(ctx context.Context, tx pgx.Tx, in *editInput) (Zone, error) {
	zone, err := lock(ctx, tx, in.Zone)
	if err != nil {
		return Zone{}, err
	}
	if err := in.Check(zone.ETag()); err != nil {
		return Zone{}, err
	}
	set(&zone.Name, in.Body.Name)
	set(&zone.Countries, in.Body.Countries)
	set(&zone.Regions, in.Body.Regions)
	set(&zone.PostalPrefixes, in.Body.PostalPrefixes)
	set(&zone.Included, in.Body.Included)
	set(&zone.PerTotal, in.Body.PerTotal)
	set(&zone.HalfEven, in.Body.HalfEven)
	set(&zone.ReverseCharge, in.Body.ReverseCharge)
	if in.Body.Rates != nil {
		zone.Rates = rates(*in.Body.Rates)
	}
	if err := zone.tidy(); err != nil {
		return Zone{}, err
	}
	if err := update(ctx, tx, zone); err != nil {
		return Zone{}, fmt.Errorf("edit tax zone %s: %w", zone.ID, err)
	}
	return get(ctx, tx, zone.ID)
}

type deleteInput struct {
	Zone id.TaxZone `path:"zone"`
	httpapi.IfMatch
}

func (z *Zones) delete(ctx context.Context, tx pgx.Tx, in *deleteInput) (httpapi.Empty, error) {
	zone, err := lock(ctx, tx, in.Zone)
	if err != nil {
		return httpapi.Empty{}, err
	}
	if err := in.Check(zone.ETag()); err != nil {
		return httpapi.Empty{}, err
	}
	return httpapi.Empty{}, remove(ctx, tx, zone.ID)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func rates(bodies []rateBody) []Rate {
	list := make([]Rate, len(bodies))
	for i, b := range bodies {
		list[i] = Rate{
			ID: id.New[id.TaxRate](), Class: b.Class, Name: b.Name, PPM: b.PPM, Shipping: b.Shipping == nil || *b.Shipping, Compound: b.Compound,
			Applies: b.Applies,
		}
	}
	return list
}
