package orders

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (o *Orders) buyerRoutes(r *httpapi.Router) {
	const why = "the order's token is the secret, or the caller owns it"
	httpapi.Get(r, "/api/v1/orders/{id}", o.show, httpapi.Public(why), httpapi.Private(),
		httpapi.Summary("Show an order to its buyer"),
		httpapi.Describe("A guest sends the access_token that checkout answered with, good for 90 days. What is not yours is 404, as what does not exist."))
	httpapi.Stream(r, "/api/v1/orders/{id}/events", o.stream, httpapi.Public(why), httpapi.ID("stream-order-events"),
		httpapi.Summary("Follow an order live"),
		httpapi.Describe("Server-sent events, one for each step of the timeline: first all that have happened, then each as it comes. `Last-Event-ID` continues after a step."))
	httpapi.Get(r, "/api/v1/me/orders", o.mine, httpapi.Needs(auth.AsCustomer), httpapi.Summary("List one's own orders, the newest first"))
	httpapi.Get(r, "/api/v1/me/orders/{id}", o.mineOne, httpapi.Needs(auth.AsCustomer), httpapi.Summary("Show one of one's own orders"))
}

// Access is how a buyer names an order. A malformed id is no such order.
type Access struct {
	ID    string `path:"id" maxLength:"100"`
	Token string `query:"token" maxLength:"200" doc:"A guest's access_token"`
}

// Find is the order that the caller may see as its buyer; ErrNoOrder, and
// nothing else, where there is none, it is another's or the token is wrong.
func (o *Orders) Find(ctx context.Context, db postgres.DB, a Access) (id.Order, error) {
	user := auth.From(ctx).User
	order, err := parseOrder(a.ID)
	if err != nil || a.Token == "" && user.IsZero() {
		return id.Order{}, ErrNoOrder
	}
	row, err := postgres.Get[Order](ctx, db, selectOrders, map[string]any{"orders": []id.Order{order}})
	if err != nil && !errors.Is(err, postgres.ErrNoRow) {
		return id.Order{}, fmt.Errorf("find order %s: %w", order, err)
	}
	if opens := row.opens(a.Token, o.Clock.Now()); !opens && !row.ownedBy(user) {
		return id.Order{}, ErrNoOrder
	}
	return row.ID, nil
}

type showInput struct {
	Access
	Expand string `query:"expand" enum:"trace" doc:"trace explains each figure, as it was when the order was placed"`
}

func (o *Orders) show(ctx context.Context, in *showInput) (View, error) {
	order, err := o.Find(ctx, o.DB, in.Access)
	if err != nil {
		return View{}, err
	}
	view, err := o.Show(ctx, o.DB, order)
	if err == nil && in.Expand == "trace" {
		view.Trace, err = traceOf(ctx, o.DB, order)
	}
	return view.ForBuyer(), err
}

// stream sends the timeline of an order until the client leaves. The id of
// each event is its version, so a client that comes back misses nothing.
func (o *Orders) stream(ctx context.Context, in *Access, out *httpapi.SSE) error {
	order, err := o.Find(ctx, o.DB, *in)
	if err != nil {
		return err
	}
	after, _ := strconv.ParseInt(out.LastEventID, 10, 64) // what is no number is no place: from the start
	steps, cancel, err := o.Hub.Subscribe(ctx, order, max(after, 0))
	if err != nil {
		return err
	}
	defer cancel()
	if err := out.Open(); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case record, open := <-steps:
			if !open { // too slow, or the server stops: the client comes back
				return nil
			}
			step, err := stepOf(record)
			if err == nil && step.Event == cancelled {
				step.Reason, err = cancelReason(ctx, o.DB, order)
			}
			if err != nil {
				return err
			}
			if err := out.Send(strconv.FormatInt(step.Version, 10), step.Event, step); err != nil {
				return err
			}
		}
	}
}

type mineInput struct {
	httpapi.Page
	Status     []string `query:"status" enum:"pending,confirmed,shipped,delivered,completed,cancelled,returned"`
	Sort       string   `query:"sort" enum:"-created_at" doc:"The newest first"`
	CreatedGTE string   `query:"created_at[gte]" format:"date-time"`
	CreatedLT  string   `query:"created_at[lt]" format:"date-time"`
}

func (o *Orders) mine(ctx context.Context, in *mineInput) (httpapi.List[View], error) {
	page, err := o.page(ctx, in.Page, filter{User: auth.From(ctx).User, Status: in.Status, CreatedGTE: in.CreatedGTE, CreatedLT: in.CreatedLT})
	for i, view := range page.Data {
		page.Data[i] = view.ForBuyer()
	}
	return page, err
}

type mineOneInput struct {
	ID     string `path:"id" maxLength:"100"`
	Expand string `query:"expand" enum:"trace" doc:"trace explains each figure, as it was when the order was placed"`
}

func (o *Orders) mineOne(ctx context.Context, in *mineOneInput) (View, error) {
	return o.show(ctx, &showInput{Access: Access{ID: in.ID}, Expand: in.Expand})
}

// page is one page of a list of orders, whoever asks.
func (o *Orders) page(ctx context.Context, p httpapi.Page, f filter) (httpapi.List[View], error) {
	if err := o.cursors.Open(httpapi.Scope(ctx), p.After, &f.Before); err != nil {
		return httpapi.List[View]{}, err
	}
	ids, err := listOrders(ctx, o.DB, f, p.Limit+1)
	if err != nil {
		return httpapi.List[View]{}, fmt.Errorf("list orders: %w", err)
	}
	page := httpapi.ListOf(o.cursors, httpapi.Scope(ctx), ids, p.Limit, func(order id.Order) any { return order })
	views, err := o.views(ctx, o.DB, page.Data)
	if err != nil {
		return httpapi.List[View]{}, fmt.Errorf("list orders: %w", err)
	}
	list := httpapi.List[View]{Data: views, HasMore: page.HasMore, NextCursor: page.NextCursor}
	if p.WantsTotal() {
		total, err := countOrders(ctx, o.DB, f)
		if err != nil {
			return list, fmt.Errorf("count orders: %w", err)
		}
		list.TotalCount = &total
	}
	return list, nil
}
