package orders

import (
	"context"
	"errors"
	"fmt"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (o *Orders) vendorRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/vendor/orders", o.vendorList, httpapi.Needs(auth.AsVendor),
		httpapi.Summary("List the vendor's parts of orders, the newest first"))
	httpapi.Get(r, "/api/v1/vendor/orders/{id}", o.vendorShow, httpapi.Needs(auth.AsVendor),
		httpapi.Summary("Show the vendor's part of an order"),
		httpapi.Describe("The id is that of the part (`ordv_…`) or of the order (`ord_…`). A vendor sees its own lines and where to send them, no e-mail and no other vendor's figures."))
}

// FindPart is a vendor's part by its own id or its order's; ErrNoOrder when the
// vendor has none.
func FindPart(ctx context.Context, db postgres.DB, vendor id.Vendor, name string) (id.Order, id.VendorOrder, error) {
	part, partErr := id.Parse[id.VendorOrder](name)
	order, orderErr := id.Parse[id.Order](name)
	if vendor.IsZero() || partErr != nil && orderErr != nil {
		return id.Order{}, id.VendorOrder{}, ErrNoOrder
	}
	found, err := findPart(ctx, db, vendor, part, order)
	if errors.Is(err, postgres.ErrNoRow) {
		return id.Order{}, id.VendorOrder{}, ErrNoOrder
	}
	if err != nil {
		return id.Order{}, id.VendorOrder{}, fmt.Errorf("find vendor order %s: %w", name, err)
	}
	return found.Order, found.Part, nil
}

type vendorShowInput struct {
	ID string `path:"id" maxLength:"100"`
}

func (o *Orders) vendorShow(ctx context.Context, in *vendorShowInput) (VendorView, error) {
	_, part, err := FindPart(ctx, o.DB, auth.From(ctx).Vendor, in.ID)
	if err != nil {
		return VendorView{}, err
	}
	views, err := o.vendorViews(ctx, []id.VendorOrder{part})
	if err != nil {
		return VendorView{}, err
	}
	if len(views) == 0 {
		return VendorView{}, ErrNoOrder
	}
	return views[0], nil
}

type vendorListInput struct {
	httpapi.Page
	Status     []string `query:"status" enum:"pending,confirmed,partially_shipped,shipped,delivered,cancelled"`
	Sort       string   `query:"sort" enum:"-created_at" doc:"The newest first"`
	CreatedGTE string   `query:"created_at[gte]" format:"date-time"`
	CreatedLT  string   `query:"created_at[lt]" format:"date-time"`
}

func (o *Orders) vendorList(ctx context.Context, in *vendorListInput) (httpapi.List[VendorView], error) {
	f := partFilter{Vendor: auth.From(ctx).Vendor, Status: in.Status, CreatedGTE: in.CreatedGTE, CreatedLT: in.CreatedLT}
	if err := o.cursors.Open(httpapi.Scope(ctx), in.After, &f.Before); err != nil {
		return httpapi.List[VendorView]{}, err
	}
	ids, err := listParts(ctx, o.DB, f, in.Limit+1)
	if err != nil {
		return httpapi.List[VendorView]{}, fmt.Errorf("list vendor orders: %w", err)
	}
	page := httpapi.ListOf(o.cursors, httpapi.Scope(ctx), ids, in.Limit, func(part id.VendorOrder) any { return part })
	views, err := o.vendorViews(ctx, page.Data)
	if err != nil {
		return httpapi.List[VendorView]{}, err
	}
	list := httpapi.List[VendorView]{Data: views, HasMore: page.HasMore, NextCursor: page.NextCursor}
	if in.WantsTotal() {
		total, err := countParts(ctx, o.DB, f)
		if err != nil {
			return list, fmt.Errorf("count vendor orders: %w", err)
		}
		list.TotalCount = &total
	}
	return list, nil
}

// vendorViews reads parts, the newest first, in two round trips.
func (o *Orders) vendorViews(ctx context.Context, parts []id.VendorOrder) ([]VendorView, error) {
	views := []VendorView{}
	if len(parts) == 0 {
		return views, nil
	}
	var (
		rows  []VendorOrder
		lines []Line
		heads []partHead
		args  = map[string]any{"parts": parts}
		b     = postgres.NewBatch()
	)
	postgres.ReadAll(b, &rows, selectPartsByID, args)
	postgres.ReadAll(b, &lines, selectLinesOfParts, args)
	postgres.ReadAll(b, &heads, selectPartHeads, args)
	if err := b.Send(ctx, o.DB); err != nil {
		return nil, fmt.Errorf("read vendor orders: %w", err)
	}
	var ofOrders []id.Order
	for _, h := range heads {
		ofOrders = append(ofOrders, h.Order)
	}
	parcels, err := o.Shipping.OfOrders(ctx, o.DB, ofOrders)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		w := Whole{Order: Order{ID: row.Order, Number: heads[i].Number, Currency: row.Currency, Shipping: heads[i].Shipping}, Parts: []VendorOrder{row}}
		for _, l := range lines {
			if l.Part == row.ID {
				w.Lines = append(w.Lines, l)
			}
		}
		views = append(views, vendorView(Assemble(w, nil, parcels, nil), w, heads[i]))
	}
	return views, nil
}
