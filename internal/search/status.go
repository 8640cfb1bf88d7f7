package search

import (
	"context"
	"fmt"

	"souk/internal/platform/postgres"
)

// Status says how far the listings are.
type Status struct {
	Listed int64   `db:"listed" json:"listed"`
	Active int64   `db:"active" json:"active"`           // products that should be listed
	PutOff int64   `db:"put_off" json:"put_off"`         // to be refreshed, one batch after the other
	Lag    float64 `db:"lag_seconds" json:"lag_seconds"` // age of the oldest event that has not been followed
}

// Status counts; for `souk search status` and the health page.
func (s *Search) Status(ctx context.Context) (Status, error) {
	status, err := postgres.Get[Status](ctx, s.DB, selectStatus, nil)
	if err != nil {
		return status, fmt.Errorf("read state of search: %w", err)
	}
	return status, nil
}

const selectStatus = `
	SELECT
		(SELECT count(*) FROM listed_products) AS listed,
		(SELECT count(*) FROM products AS p JOIN vendors AS v ON v.id = p.vendor_id
		 WHERE p.status = 'active' AND v.status = 'active') AS active,
		(SELECT count(*) FROM listings_due) AS put_off,
		coalesce((
			SELECT extract(epoch FROM clock_timestamp() - e.at)::float8
			FROM events AS e
			WHERE (e.xid, e.seq) > (
				SELECT c.xid, c.seq FROM event_cursors AS c WHERE c.follower = 'search'
				UNION ALL SELECT '0'::xid8, 0
				LIMIT 1)
			ORDER BY e.xid, e.seq
			LIMIT 1), 0) AS lag_seconds`
