package reviews

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// judge decides who sees a review that its author has written or changed, by
// what [PublishSetting] says. Callers read that before their transaction begins:
// a setting may take a connection of its own.
func judge(ctx context.Context, tx pgx.Tx, when string, review *Review) error {
	hold, err := doubt(ctx, tx, when, *review)
	if err != nil {
		return err
	}
	review.publishUnless(hold)
	return nil
}

// doubt is why staff should see a review first, "" when they need not. What
// people have decided against is not published by an edit.
func doubt(ctx context.Context, tx pgx.Tx, when string, review Review) (Hold, error) {
	switch {
	case review.Status == StatusRejected, review.HeldFor == HeldForRejection:
		return HeldForRejection, nil
	case review.HeldFor == HeldForReports:
		return HeldForReports, nil
	case when == PublishAtOnce:
		return "", nil
	case when == PublishAfterApproval:
		return HeldForApproval, nil
	case hasLinks(review.Title, review.Body, review.Author):
		return HeldForLinks, nil
	}
	copied, err := isCopy(ctx, tx, review)
	if err != nil || !copied {
		return "", err
	}
	return HeldForCopy, nil
}

// isWithheld reports whether staff have refused a review, or customers reported
// it, and staff have not published it since.
func (review Review) isWithheld() bool {
	return review.Status == StatusRejected || review.HeldFor == HeldForRejection || review.HeldFor == HeldForReports
}

func (review *Review) publishUnless(hold Hold) {
	review.Status, review.HeldFor, review.Reason = StatusPublished, hold, ""
	if hold != "" {
		review.Status = StatusPending
	}
}

// Approve publishes a review that waits or was rejected, or says that one which
// was reported stays published. Reports of it are settled: only new ones count
// from here.
func (r *Reviews) Approve(ctx context.Context, tx pgx.Tx, review id.Review) (Review, error) {
	return r.decide(ctx, tx, review, Approved{review}, func(is *Review) {
		is.publishUnless("")
	})
}

// Reject takes a review from everybody but its author, who is told the reason.
func (r *Reviews) Reject(ctx context.Context, tx pgx.Tx, review id.Review, reason string) (Review, error) {
	reason = paragraphs(reason)
	var bad errs.Fields
	requireText(&bad, reason, 1, maxReason, "/reason")
	if err := bad.Err(); err != nil {
		return Review{}, err
	}
	return r.decide(ctx, tx, review, Rejected{review}, func(is *Review) {
		is.Status, is.HeldFor, is.Reason = StatusRejected, "", reason
	})
}

// decide gives a review another status, by staff who have seen to its reports.
func (r *Reviews) decide(ctx context.Context, tx pgx.Tx, review id.Review, e events.Event, change func(*Review)) (Review, error) {
	was, err := r.lock(ctx, tx, review)
	if err != nil {
		return Review{}, err
	}
	is := was
	if change(&is); is.Status == was.Status && was.Reports == 0 {
		return Review{}, ErrDecided
	}
	is.Reports = 0
	if _, err := postgres.Exec(ctx, tx, settleReports, pgx.NamedArgs{"review": review}); err != nil {
		return Review{}, err
	}
	if err := r.save(ctx, tx, was, is, e); err != nil {
		return Review{}, err
	}
	return r.Get(ctx, tx, review)
}

// Report notes that a user finds something wrong with a published review. Once
// enough have, it is hidden and waits for staff.
func (r *Reviews) Report(ctx context.Context, tx pgx.Tx, product string, review id.Review, user id.User, reason string) error {
	enough, err := ReportsSetting.Get(ctx, r.Settings)
	if err != nil {
		return err
	}
	was, err := r.lockShown(ctx, tx, product, review)
	if err != nil {
		return err
	}
	if was.UserID == user {
		return ErrOwnReview
	}
	is := was
	if is.Reports, err = insertReport(ctx, tx, review, user, reason); err != nil || is.Reports < enough {
		return err
	}
	is.publishUnless(HeldForReports)
	return r.save(ctx, tx, was, is, Held{review})
}

// lockShown locks a published review of a product, which is named by id or slug.
func (r *Reviews) lockShown(ctx context.Context, tx pgx.Tx, product string, review id.Review) (Review, error) {
	goods, err := r.Catalog.OnSale(ctx, tx, product)
	if err != nil {
		return Review{}, err
	}
	was, err := r.lock(ctx, tx, review)
	if err == nil && (was.Status != StatusPublished || was.ProductID != goods.ID) {
		err = ErrNoReview
	}
	return was, err
}
