package reviews

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Reply answers a published review of a vendor's product, in place of what the
// vendor answered before.
func (r *Reviews) Reply(ctx context.Context, tx pgx.Tx, vendor id.Vendor, review id.Review, body string) (Review, error) {
	body = paragraphs(body)
	var bad errs.Fields
	requireText(&bad, body, 1, maxBody, "/body")
	if err := bad.Err(); err != nil {
		return Review{}, err
	}
	if err := reply(ctx, tx, vendor, review, body); err != nil {
		return Review{}, err
	}
	if err := events.Raise(ctx, tx, Replied{review}); err != nil {
		return Review{}, err
	}
	return r.Get(ctx, tx, review)
}

// RemoveReply takes a vendor's answer back; there need be none.
func (r *Reviews) RemoveReply(ctx context.Context, tx pgx.Tx, vendor id.Vendor, review id.Review) error {
	return reply(ctx, tx, vendor, review, "")
}

func reply(ctx context.Context, tx pgx.Tx, vendor id.Vendor, review id.Review, body string) error {
	n, err := postgres.Exec(ctx, tx, updateReply, pgx.NamedArgs{"id": review, "vendor": vendor, "reply": body})
	switch {
	case err != nil:
		return fmt.Errorf("reply to review %s: %w", review, err)
	case n == 0:
		return ErrNoReview
	}
	return nil
}
