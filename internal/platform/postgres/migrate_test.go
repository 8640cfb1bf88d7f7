package postgres_test

import (
	"strings"
	"testing"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/migrations"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	pool := pgtest.Empty(t)
	steps, err := migrations.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	pending, err := postgres.Pending(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}

	applied, err := postgres.Migrate(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if len(applied) != len(pending) || len(applied) <= len(steps) {
		t.Errorf("%d steps were pending and %d applied, want %d and River's", len(pending), len(applied), len(steps))
	}
	for i, step := range applied {
		if step.Name != pending[i] {
			t.Errorf("step %d is %s, was announced as %s", i, step.Name, pending[i])
		}
	}
	if last := applied[len(applied)-1].Name; !strings.HasPrefix(last, "river/") {
		t.Errorf("River's tables are not last but %s", last)
	}

	again, err := postgres.Migrate(t.Context(), pool)
	if err != nil || len(again) != 0 {
		t.Errorf("the second time did %v, %v", again, err)
	}
	if left, err := postgres.Pending(t.Context(), pool); err != nil || len(left) != 0 {
		t.Errorf("still pending: %v, %v", left, err)
	}
}

// Two binaries start at once on an empty database: together they do each step
// once, and both go on.
func TestMigrateTwoAtOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.Empty(t)
	want, err := postgres.Pending(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	var steps [2][]postgres.Applied
	migrate := func(i int) func() error {
		return func() (err error) {
			steps[i], err = postgres.Migrate(t.Context(), pool)
			return err
		}
	}
	for _, err := range together(migrate(0), migrate(1)) {
		if err != nil {
			t.Error(err)
		}
	}
	if n, m := len(steps[0]), len(steps[1]); n+m != len(want) || (n != 0 && m != 0) {
		t.Errorf("one did %d steps and the other %d, want %d by one of them", n, m, len(want))
	}
}
