package reviews

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// insertVote says by how many votes there are more: one or none.
func insertVote(ctx context.Context, tx pgx.Tx, review id.Review, user id.User) (int, error) {
	n, err := postgres.Exec(ctx, tx, `
		WITH vote AS (
			INSERT INTO review_votes (review_id, user_id) VALUES (@review, @user) ON CONFLICT DO NOTHING RETURNING review_id
		)
		UPDATE reviews SET helpful_count = helpful_count + 1 WHERE id IN (SELECT review_id FROM vote)`,
		pgx.NamedArgs{"review": review, "user": user})
	if err != nil {
		return 0, fmt.Errorf("vote for review %s: %w", review, err)
	}
	return int(n), nil
}

func deleteVote(ctx context.Context, tx pgx.Tx, review id.Review, user id.User) error {
	_, err := postgres.Exec(ctx, tx, `
		WITH vote AS (
			DELETE FROM review_votes WHERE review_id = @review AND user_id = @user RETURNING review_id
		)
		UPDATE reviews SET helpful_count = helpful_count - 1 WHERE id IN (SELECT review_id FROM vote)`,
		pgx.NamedArgs{"review": review, "user": user})
	if err != nil {
		return fmt.Errorf("take vote for review %s back: %w", review, err)
	}
	return nil
}

// insertReport says how many reports staff have not seen to, this one included.
func insertReport(ctx context.Context, tx pgx.Tx, review id.Review, user id.User, reason string) (int, error) {
	open, err := postgres.Scalar[int](ctx, tx, `
		WITH report AS (
			INSERT INTO review_reports (review_id, user_id, reason) VALUES (@review, @user, @reason) ON CONFLICT DO NOTHING RETURNING review_id
		)
		UPDATE reviews SET report_count = report_count + 1 WHERE id IN (SELECT review_id FROM report) RETURNING report_count`,
		pgx.NamedArgs{"review": review, "user": user, "reason": reason})
	if errors.Is(err, postgres.ErrNoRow) {
		return 0, ErrReported
	}
	if err != nil {
		return 0, fmt.Errorf("report review %s: %w", review, err)
	}
	return open, nil
}

const settleReports = `UPDATE review_reports SET settled_at = now() WHERE review_id = @review AND settled_at IS NULL`

const deleteVotesOf = `
	WITH gone AS (DELETE FROM review_votes WHERE user_id = @user RETURNING review_id)
	UPDATE reviews SET helpful_count = helpful_count - 1 WHERE id IN (SELECT review_id FROM gone)`

const deleteReportsOf = `
	WITH gone AS (DELETE FROM review_reports WHERE user_id = @user RETURNING review_id, settled_at)
	UPDATE reviews SET report_count = report_count - 1 WHERE id IN (SELECT review_id FROM gone WHERE settled_at IS NULL)`

// selectReports has all that are open: a review is hidden after 1,000 at most.
const selectReports = `
	SELECT user_id, reason, created_at, settled_at FROM review_reports
	WHERE review_id = @review ORDER BY settled_at IS NOT NULL, created_at, user_id LIMIT 1000`
