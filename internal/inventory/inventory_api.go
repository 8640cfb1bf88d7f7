package inventory

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// Routes mounts what staff and vendors do with stock. Vendors see and change
// their own, staff everybody's.
func (s *Stock) Routes(r *httpapi.Router) {
	for _, door := range []struct {
		path        string
		read, write auth.Permission
		vendor      bool
	}{
		{"/api/v1/admin", CanRead, CanWrite, false},
		{"/api/v1/vendor", auth.AsVendor, auth.VendorInventory, true},
	} {
		h := handlers{s, door.vendor}
		httpapi.Get(r, door.path+"/inventory", h.list, httpapi.Needs(door.read), httpapi.Summary("Stock levels"))
		httpapi.Patch(r, door.path+"/inventory", h.count, httpapi.Needs(door.write), httpapi.Summary("Set a stock level"),
			httpapi.Describe("Compare and swap: 409 `stock_changed` with the actual `on_hand` when it is not `expected_on_hand`."))
		httpapi.Post(r, door.path+"/inventory/adjustments", h.adjust, httpapi.Needs(door.write), httpapi.Summary("Move a stock level"))
		httpapi.Get(r, door.path+"/inventory/movements", h.movements, httpapi.Needs(door.read), httpapi.Summary("What came and went"))
		httpapi.Get(r, door.path+"/locations", h.locations, httpapi.Needs(door.read), httpapi.Summary("Locations"))
		httpapi.Post(r, door.path+"/locations", h.newLocation, httpapi.Needs(door.write), httpapi.Status(201), httpapi.Summary("Make a location"))
		httpapi.Patch(r, door.path+"/locations/{id}", h.editLocation, httpapi.Needs(door.write), httpapi.Summary("Edit a location"))
	}
}

// handlers answer at one of two doors: staff act on every vendor's stock,
// vendors on their own.
type handlers struct {
	*Stock
	vendor bool
}

// scope is whose rows the caller may touch; none is everybody's.
func (h handlers) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

// anyNumber available is no limit.
const anyNumber = 1_000_000_000

type listInput struct {
	httpapi.Page
	Q         string      `query:"q" maxLength:"200" doc:"An SKU, or words of the product's title."`
	Location  id.Location `query:"location_id"`
	Available int         `query:"available[lte]" default:"1000000000" doc:"So many available, or fewer."`
}

func (h handlers) list(ctx context.Context, in *listInput) (httpapi.List[Row], error) {
	f := Filter{Vendor: h.scope(ctx), Location: in.Location, Q: in.Q, Limit: in.Limit + 1}
	if in.Available < anyNumber {
		f.AtMost = &in.Available
	}
	scope := httpapi.Scope(ctx)
	if err := h.Cursors.Open(scope, in.After, &f.After); err != nil {
		return httpapi.List[Row]{}, err
	}
	list, err := h.List(ctx, h.DB, f)
	if err != nil {
		return httpapi.List[Row]{}, err
	}
	return httpapi.ListOf(h.Cursors, scope, list, in.Limit, func(l Row) any { return Place{l.VariantID, l.LocationID} }), nil
}

type countInput struct {
	Body struct {
		VariantID      id.Variant  `json:"variant_id"`
		LocationID     id.Location `json:"location_id,omitempty" doc:"The vendor's first location unless told."`
		OnHand         int         `json:"on_hand" minimum:"0" maximum:"1000000000"`
		ExpectedOnHand int         `json:"expected_on_hand" minimum:"0" doc:"What you believe is there now."`
		BackorderLimit *int        `json:"backorder_limit,omitempty" minimum:"0" maximum:"1000000" doc:"How many more may be sold than there are."`
	}
}

func (h handlers) count(ctx context.Context, tx pgx.Tx, in *countInput) (Level, error) {
	b := in.Body
	return h.Recount(ctx, tx, h.scope(ctx), Recount{
		Variant: b.VariantID, Location: b.LocationID, Expected: b.ExpectedOnHand, OnHand: b.OnHand, BackorderLimit: b.BackorderLimit,
	})
}

type adjustInput struct {
	Body struct {
		VariantID  id.Variant  `json:"variant_id"`
		LocationID id.Location `json:"location_id,omitempty" doc:"The vendor's first location unless told."`
		Delta      int         `json:"delta" minimum:"-1000000000" maximum:"1000000000" doc:"Units that came, or went when negative."`
		Reason     string      `json:"reason" enum:"receive,count,return,damage"`
		Note       string      `json:"note,omitempty" maxLength:"500"`
	}
}

func (h handlers) adjust(ctx context.Context, tx pgx.Tx, in *adjustInput) (Level, error) {
	b := in.Body
	return h.Adjust(ctx, tx, h.scope(ctx), Adjustment{
		Variant: b.VariantID, Location: b.LocationID, Delta: b.Delta, Reason: b.Reason, Note: b.Note,
	})
}

type movementsInput struct {
	httpapi.Page
	Variant id.Variant `query:"variant_id" required:"true"`
}

func (h handlers) movements(ctx context.Context, in *movementsInput) (httpapi.List[Movement], error) {
	var none httpapi.List[Movement]
	var before int64
	scope := httpapi.Scope(ctx)
	if err := h.Cursors.Open(scope, in.After, &before); err != nil {
		return none, err
	}
	facts, err := catalog.VariantsOf(ctx, h.DB, h.scope(ctx), []id.Variant{in.Variant})
	if err != nil {
		return none, err
	}
	if len(facts) == 0 {
		return none, catalog.ErrNoVariant
	}
	list, err := h.Movements(ctx, h.DB, h.scope(ctx), in.Variant, before, in.Limit+1)
	if err != nil {
		return none, err
	}
	return httpapi.ListOf(h.Cursors, scope, list, in.Limit, func(m Movement) any { return m.Seq }), nil
}

func (h handlers) locations(ctx context.Context, _ *struct{}) (httpapi.List[Location], error) {
	list, err := h.LocationsOf(ctx, h.DB, h.scope(ctx))
	return httpapi.List[Location]{Data: list}, err
}

type newLocationInput struct {
	Body struct {
		Name     string    `json:"name" minLength:"1" maxLength:"100"`
		Priority int       `json:"priority,omitempty" minimum:"0" maximum:"1000000"`
		VendorID id.Vendor `json:"vendor_id,omitempty" doc:"Whose it is; staff only."`
	}
}

func (h handlers) newLocation(ctx context.Context, tx pgx.Tx, in *newLocationInput) (Location, error) {
	vendor := h.scope(ctx)
	switch {
	case h.vendor && !in.Body.VendorID.IsZero():
		return Location{}, httpapi.ErrUnknownField.Field("/vendor_id", "unknown_field", "A vendor's locations are its own.")
	case !h.vendor:
		vendor = in.Body.VendorID
	}
	if vendor.IsZero() {
		return Location{}, errs.Validation.Field("/vendor_id", "required", "Say whose location it is.")
	}
	return h.NewLocation(ctx, tx, vendor, in.Body.Name, in.Body.Priority)
}

type editLocationInput struct {
	ID   id.Location `path:"id"`
	Body struct {
		Name     *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Priority *int    `json:"priority,omitempty" minimum:"0" maximum:"1000000"`
	}
}

func (h handlers) editLocation(ctx context.Context, tx pgx.Tx, in *editLocationInput) (Location, error) {
	return h.EditLocation(ctx, tx, h.scope(ctx), in.ID, in.Body.Name, in.Body.Priority)
}
