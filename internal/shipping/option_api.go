package shipping

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
)

func (s *Shipping) optionRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/shipping/options", s.listOptions, httpapi.Needs(CanRead), httpapi.Summary("List shipping options"))
	httpapi.Post(r, "/api/v1/admin/shipping/options", s.createOption, httpapi.Needs(CanWrite), httpapi.Status(201), httpapi.Summary("Make a shipping option"))
	httpapi.Get(r, "/api/v1/admin/shipping/options/{option}", s.showOption, httpapi.Needs(CanRead), httpapi.Summary("Show a shipping option"))
	httpapi.Patch(r, "/api/v1/admin/shipping/options/{option}", s.editOption, httpapi.Needs(CanWrite), httpapi.Summary("Edit a shipping option"),
		httpapi.Describe("What is left out stays. Carts are priced anew at once; placed orders keep what they agreed to."))
	httpapi.Delete(r, "/api/v1/admin/shipping/options/{option}", s.deleteOption, httpapi.Needs(CanWrite), httpapi.Summary("Remove a shipping option"))
}

type listOptionsInput struct {
	httpapi.Page
	Zone id.ShipZone `query:"zone" doc:"Only the options of this zone"`
}

func (s *Shipping) listOptions(ctx context.Context, in *listOptionsInput) (httpapi.List[Option], error) {
	var after id.ShipOption
	if err := s.cursors.Open(httpapi.Scope(ctx), in.After, &after); err != nil {
		return httpapi.List[Option]{}, err
	}
	options, err := listOptions(ctx, s.DB, in.Zone, after, in.Limit+1)
	if err != nil {
		return httpapi.List[Option]{}, err
	}
	page := httpapi.ListOf(s.cursors, httpapi.Scope(ctx), options, in.Limit, func(o Option) any { return o.ID })
	if in.WantsTotal() {
		total, err := countOptions(ctx, s.DB, in.Zone)
		if err != nil {
			return page, err
		}
		page.TotalCount = &total
	}
	return page, nil
}

type optionInput struct {
	Option id.ShipOption `path:"option"`
}

func (s *Shipping) showOption(ctx context.Context, in *optionInput) (Option, error) {
	return getOption(ctx, s.DB, in.Option)
}

type price struct {
	Minor    int64          `json:"amount" minimum:"0" maximum:"1000000000000" doc:"Integer minor units"`
	Currency money.Currency `json:"currency" minLength:"3" maxLength:"3"`
}

func (p price) amount() money.Amount { return money.Of(p.Minor, p.Currency) }

type createOptionInput struct {
	Body struct {
		Zone      id.ShipZone `json:"zone_id"`
		Vendor    id.Vendor   `json:"vendor_id,omitzero" doc:"Whose parcels may go this way; everybody's when left out"`
		Name      string      `json:"name" minLength:"1" maxLength:"100"`
		Kind      string      `json:"kind" enum:"standard,express,pickup"`
		Rule      string      `json:"rule,omitempty" enum:"flat,by_weight,by_value" default:"flat"`
		Price     price       `json:"price" doc:"The price of the rule flat, and the currency of the option"`
		Tiers     []Tier      `json:"tiers,omitempty" maxItems:"50" doc:"The prices of the other rules, by grams or by minor units"`
		FreeAbove *price      `json:"free_above,omitempty" doc:"Goods of this value or more go free"`
		MinDays   int         `json:"min_days" minimum:"0" maximum:"365"`
		MaxDays   int         `json:"max_days" minimum:"0" maximum:"365"`
		Position  int         `json:"position,omitempty" minimum:"0" maximum:"10000"`
		Active    *bool       `json:"active,omitempty" doc:"Is offered; true unless told"`
	}
}

func (s *Shipping) createOption(ctx context.Context, tx pgx.Tx, in *createOptionInput) (Option, error) {
	b := &in.Body
	o := Option{
		ID: id.New[id.ShipOption](), ZoneID: b.Zone, VendorID: b.Vendor, Name: b.Name, Kind: b.Kind, Rule: b.Rule,
		Price: b.Price.amount(), Tiers: append(Tiers{}, b.Tiers...),
		MinDays: b.MinDays, MaxDays: b.MaxDays, Position: b.Position, Active: b.Active == nil || *b.Active, Version: 1,
	}
	if b.FreeAbove != nil {
		amount := b.FreeAbove.amount()
		o.FreeAbove = &amount
	}
	if err := o.check(); err != nil {
		return Option{}, err
	}
	return o, insertOption(ctx, tx, o)
}

type editOptionInput struct {
	Option id.ShipOption `path:"option"`
	httpapi.IfMatch
	Body struct {
		Zone      *id.ShipZone `json:"zone_id,omitempty"`
		Name      *string      `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Kind      *string      `json:"kind,omitempty" enum:"standard,express,pickup"`
		Rule      *string      `json:"rule,omitempty" enum:"flat,by_weight,by_value"`
		Price     *price       `json:"price,omitempty"`
		Tiers     *[]Tier      `json:"tiers,omitempty" maxItems:"50"`
		FreeAbove *price       `json:"free_above,omitempty"`
		NeverFree bool         `json:"never_free,omitempty" doc:"Takes free_above away"`
		MinDays   *int         `json:"min_days,omitempty" minimum:"0" maximum:"365"`
		MaxDays   *int         `json:"max_days,omitempty" minimum:"0" maximum:"365"`
		Position  *int         `json:"position,omitempty" minimum:"0" maximum:"10000"`
		Active    *bool        `json:"active,omitempty"`
	}
}

func (s *Shipping) editOption(ctx context.Context, tx pgx.Tx, in *editOptionInput) (Option, error) {
	o, err := lockOption(ctx, tx, in.Option)
	if err != nil {
		return Option{}, err
	}
	if err := in.Check(o.ETag()); err != nil {
		return Option{}, err
	}
	b := &in.Body
	set(&o.ZoneID, b.Zone)
	set(&o.Name, b.Name)
	set(&o.Kind, b.Kind)
	set(&o.Rule, b.Rule)
	set(&o.MinDays, b.MinDays)
	set(&o.MaxDays, b.MaxDays)
	set(&o.Position, b.Position)
	set(&o.Active, b.Active)
	if b.Price != nil {
		o.Price = b.Price.amount()
	}
	if b.Tiers != nil {
		o.Tiers = append(Tiers{}, *b.Tiers...)
	}
	if b.FreeAbove != nil {
		amount := b.FreeAbove.amount()
		o.FreeAbove = &amount
	}
	if b.NeverFree {
		o.FreeAbove = nil
	}
	if err := o.check(); err != nil {
		return Option{}, err
	}
	o.Version++
	return o, updateOption(ctx, tx, o)
}

type deleteOptionInput struct {
	Option id.ShipOption `path:"option"`
	httpapi.IfMatch
}

func (s *Shipping) deleteOption(ctx context.Context, tx pgx.Tx, in *deleteOptionInput) (httpapi.Empty, error) {
	o, err := lockOption(ctx, tx, in.Option)
	if err != nil {
		return httpapi.Empty{}, err
	}
	if err := in.Check(o.ETag()); err != nil {
		return httpapi.Empty{}, err
	}
	return httpapi.Empty{}, removeOption(ctx, tx, o.ID)
}
