package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (p *Payments) noticeRoutes(r *httpapi.Router) {
	httpapi.Raw(r, http.MethodPost, "/api/v1/webhooks/payments/{provider}", p.take, httpapi.Public("the signature says who it is"),
		httpapi.CrossSite("the signature guards it"), httpapi.BodyLimit(noticeLimit), httpapi.Limit(httpapi.LimitNone), httpapi.ID("take-payment-notice"),
		httpapi.Consumes("*/*"), // signed bytes, whatever they are
		httpapi.Summary("Take a notice of a payment provider"),
		httpapi.Describe("The signature is checked over the bytes as they came. The notice is kept once, answered at once, and looked into afterwards. 400 `invalid_signature`."))
	httpapi.Get(r, "/api/v1/admin/payment-notices", p.listNotices, httpapi.Needs(CanRead), httpapi.Summary("List notices of payment providers, the newest first"))
	httpapi.Post(r, "/api/v1/admin/payment-notices/{notice}/replay", p.replayNotice, httpapi.Needs(CanWrite), httpapi.Status(http.StatusOK),
		httpapi.Summary("Look into a notice again"), httpapi.Describe("As if it came now. What is known already counts no second time."))
}

type noticesInput struct {
	httpapi.Page
	State    []string `query:"state" enum:"due,applied,ignored,given_up"`
	Provider []string `query:"provider" maxItems:"10"`
}

func (p *Payments) listNotices(ctx context.Context, in *noticesInput) (httpapi.List[Kept], error) {
	var before id.Notice
	if err := p.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return httpapi.List[Kept]{}, err
	}
	filter := noticeFilter{in.State, in.Provider}
	rows, err := listNotices(ctx, p.DB, filter, before, in.Limit+1)
	if err != nil {
		return httpapi.List[Kept]{}, fmt.Errorf("list notices: %w", err)
	}
	page := httpapi.ListOf(p.cursors, httpapi.Scope(ctx), rows, in.Limit, func(k Kept) any { return k.ID })
	if in.WantsTotal() {
		total, err := countNotices(ctx, p.DB, filter)
		if err != nil {
			return page, fmt.Errorf("count notices: %w", err)
		}
		page.TotalCount = &total
	}
	return page, nil
}

type noticeInput struct {
	Notice id.Notice `path:"notice"`
}

func (p *Payments) replayNotice(ctx context.Context, tx pgx.Tx, in *noticeInput) (Kept, error) {
	k, err := replay(ctx, tx, in.Notice)
	if errors.Is(err, postgres.ErrNoRow) {
		return Kept{}, ErrNoNotice
	}
	if err != nil {
		return Kept{}, fmt.Errorf("replay notice %s: %w", in.Notice, err)
	}
	return k, events.Raise(ctx, tx, NoticeKept{k.ID})
}

// noticesFor is how long notices are kept: providers show theirs for as long.
const noticesFor = 90 * 24 * time.Hour

// ForgetNotices removes old notices. It is a sweep.
func (p *Payments) ForgetNotices(ctx context.Context) error {
	for {
		var n int64
		err := postgres.InTx(ctx, p.DB, func(tx pgx.Tx) (err error) {
			n, err = forgetNotices(ctx, tx, noticesFor)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
