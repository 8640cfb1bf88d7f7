package orders

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
)

func (o *Orders) staffRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/orders", o.staffList, httpapi.Needs(CanRead), httpapi.Summary("List orders, the newest first"),
		httpapi.Describe("`q` is an order's number or the beginning of an e-mail address."))
	httpapi.Get(r, "/api/v1/admin/orders/{id}", o.staffShow, httpapi.Needs(CanRead), httpapi.Summary("Show an order to staff"),
		httpapi.Describe("With who did what, the notes, and how the total came about."))
	httpapi.Get(r, "/api/v1/admin/orders/{id}/notes", o.notes, httpapi.Needs(CanRead), httpapi.Summary("List the notes of an order"))
	httpapi.Post(r, "/api/v1/admin/orders/{id}/notes", o.note, httpapi.Needs(CanWrite), httpapi.Status(http.StatusCreated), httpapi.Summary("Write a note on an order"))
	httpapi.Get(r, "/api/v1/admin/refund-requests", o.listRefundRequests, httpapi.Needs(CanRead), httpapi.Summary("List refunds that wait for a second person, and what became of them"))
	httpapi.Post(r, "/api/v1/admin/orders/{id}/forget", o.forget, httpapi.Needs(CanForget), httpapi.StepUp(), httpapi.Status(http.StatusNoContent),
		httpapi.Summary("Forget who placed an order"),
		httpapi.Describe("For guests, who have no account to erase. It happens within the hour, or once the order is finished; what an invoice must name is kept for as long as the law says."))
}

// StaffView is an order as staff see it.
type StaffView struct {
	View
	User  id.User `json:"user_id,omitzero"`
	Notes []Note  `json:"notes"`
}

// Note is what staff wrote down about an order. It is plain text.
type Note struct {
	ID        id.OrderNote `db:"id" json:"id"`
	Author    string       `db:"author" json:"author"`
	Body      string       `db:"body" json:"body"`
	CreatedAt time.Time    `db:"created_at" json:"created_at"`
}

type staffListInput struct {
	httpapi.Page
	Status      []string  `query:"status" enum:"pending,confirmed,shipped,delivered,completed,cancelled,returned"`
	Payment     []string  `query:"payment_status" enum:"pending,authorized,partially_paid,paid,partially_refunded,refunded,voided"`
	Fulfillment []string  `query:"fulfillment_status" enum:"unfulfilled,partially_shipped,shipped,partially_delivered,delivered,cancelled"`
	User        id.User   `query:"user"`
	Vendor      id.Vendor `query:"vendor"`
	Q           string    `query:"q" maxLength:"254"`
	Sort        string    `query:"sort" enum:"-created_at" doc:"The newest first"`
	CreatedGTE  string    `query:"created_at[gte]" format:"date-time"`
	CreatedLT   string    `query:"created_at[lt]" format:"date-time"`
}

func (o *Orders) staffList(ctx context.Context, in *staffListInput) (httpapi.List[View], error) {
	return o.page(ctx, in.Page, filter{
		User: in.User, Vendor: in.Vendor, Status: in.Status, Payment: in.Payment, Fulfillment: in.Fulfillment,
		Q: strings.TrimSpace(in.Q), CreatedGTE: in.CreatedGTE, CreatedLT: in.CreatedLT,
	})
}

type staffInput struct {
	ID string `path:"id" maxLength:"100"`
}

func (o *Orders) forget(ctx context.Context, tx pgx.Tx, in *staffInput) (httpapi.Empty, error) {
	order, err := parseOrder(in.ID)
	if err != nil {
		return httpapi.Empty{}, err
	}
	return httpapi.Empty{}, askToForget(ctx, tx, order)
}

func (o *Orders) staffShow(ctx context.Context, in *staffInput) (StaffView, error) {
	order, err := parseOrder(in.ID)
	if err != nil {
		return StaffView{}, err
	}
	view, err := o.Show(ctx, o.DB, order)
	if err != nil {
		return StaffView{}, err
	}
	records, err := events.Timeline(ctx, o.DB, order, 0)
	if err != nil {
		return StaffView{}, err
	}
	for i, r := range records {
		if i < len(view.Timeline) {
			view.Timeline[i].Actor = r.Actor
		}
	}
	staff := StaffView{View: view, User: view.User}
	if staff.Notes, err = listNotes(ctx, o.DB, order); err != nil {
		return StaffView{}, fmt.Errorf("read notes of order %s: %w", order, err)
	}
	staff.Trace, err = traceOf(ctx, o.DB, order)
	return staff, err
}

func (o *Orders) notes(ctx context.Context, in *staffInput) (httpapi.List[Note], error) {
	order, err := parseOrder(in.ID)
	if err != nil {
		return httpapi.List[Note]{}, err
	}
	if _, err := Read(ctx, o.DB, order); err != nil {
		return httpapi.List[Note]{}, err
	}
	list, err := listNotes(ctx, o.DB, order)
	if err != nil {
		return httpapi.List[Note]{}, fmt.Errorf("list notes of order %s: %w", order, err)
	}
	return httpapi.List[Note]{Data: list}, nil
}

type noteInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Body string `json:"body" minLength:"1" maxLength:"5000"`
	}
}

func (o *Orders) note(ctx context.Context, tx pgx.Tx, in *noteInput) (Note, error) {
	order, err := parseOrder(in.ID)
	if err != nil {
		return Note{}, err
	}
	n := Note{ID: id.New[id.OrderNote](), Author: auth.From(ctx).Name(), Body: strings.TrimSpace(in.Body.Body)}
	if n.Body == "" {
		return Note{}, errs.Validation.Field("/body", "required", "Write something.")
	}
	if n.CreatedAt, err = insertNote(ctx, tx, order, n); err != nil {
		return Note{}, fmt.Errorf("note on order %s: %w", order, err)
	}
	return n, nil
}
