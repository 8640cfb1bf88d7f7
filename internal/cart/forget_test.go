package cart_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

func TestIdleCartsAreForgotten(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec(`DELETE FROM carts`, nil)
	user, mug := s.customer(), s.sell(goods{})
	var kept []id.Cart
	for _, c := range []struct {
		created, touched int // days ago
		owned, ordered   bool
		kept             bool
	}{
		{31, 31, false, false, false},
		{31, 29, false, false, true},
		{29, 29, false, false, true},
		{90, 90, true, false, true},
		{31, 31, true, true, false},
		{31, 31, false, true, false},
	} {
		v := s.fill(1, mug)
		s.exec(`UPDATE carts SET created_at = now() - make_interval(days => @created), updated_at = now() - make_interval(days => @touched),
		               user_id = CASE WHEN @owned THEN @user::uuid END, order_id = CASE WHEN @ordered THEN @cart END WHERE id = @cart`,
			pgx.NamedArgs{"cart": v.ID, "created": c.created, "touched": c.touched, "owned": c.owned, "ordered": c.ordered, "user": user})
		if c.kept {
			kept = append(kept, v.ID)
		}
	}
	if err := s.carts.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := postgres.Column[id.Cart](t.Context(), s.db, `SELECT id FROM carts`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != len(kept) || slices.ContainsFunc(kept, func(c id.Cart) bool { return !slices.Contains(left, c) }) {
		t.Errorf("left %v, want %v", left, kept)
	}
	if n, err := postgres.Scalar[int](t.Context(), s.db, `SELECT count(*) FROM cart_items WHERE cart_id <> ALL (@kept)`, pgx.NamedArgs{"kept": kept}); err != nil || n != 0 {
		t.Errorf("%d items are left of what is forgotten, %v", n, err)
	}
}
