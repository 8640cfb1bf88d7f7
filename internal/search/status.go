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
