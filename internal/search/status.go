package search

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Status says how far the listings are.
type Status struct {
	Listed int64   `db:"listed" json:"listed"`
	Active int64   `db:"active" json:"active"`           // products that should be listed
	PutOff int64   `db:"put_off" json:"put_off"`         // to be refreshed, one batch after the other
	Lag    float64 `db:"lag_seconds" json:"lag_seconds"` // age of the oldest event that has not been followed

	Refused        int64      `db:"refused" json:"refused"`                          // products that the database refuses to list as they are
	RefusedProduct id.Product `db:"refused_product" json:"refused_product,omitzero"` // the last of them
	Problem        string     `db:"problem" json:"problem,omitempty"`                // why
}

// Status counts; for `souk search status` and the health page.
func (s *Search) Status(ctx context.Context) (Status, error) {
	status, err := postgres.Get[Status](ctx, s.DB, selectStatus, nil)
	if err != nil {
		return status, fmt.Errorf("read state of search: %w", err)
	}
	return status, nil
}

// Node is a node that answers shoppers, as it reported itself within the last
// minute.
type Node struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	Host      string     `db:"host" json:"host"`
	Documents int64      `db:"documents" json:"documents"`
	Segments  int        `db:"segments" json:"segments"`
	Size      int64      `db:"size" json:"size_bytes"` // of the saved index, about what it takes in memory; 0: it is not saved
	Lag       float64    `db:"lag_seconds" json:"lag_seconds"`
	BuiltAt   time.Time  `db:"built_at" json:"built_at"`
	SavedAt   *time.Time `db:"saved_at" json:"saved_at"`
	SeenAt    time.Time  `db:"seen_at" json:"seen_at"`
}

// Nodes are those that answer shoppers.
func (s *Search) Nodes(ctx context.Context) ([]Node, error) {
	nodes, err := postgres.All[Node](ctx, s.DB, selectNodes, nil)
	if err != nil {
		return nil, fmt.Errorf("read nodes of search: %w", err)
	}
	return nodes, nil
}
