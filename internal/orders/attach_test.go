package orders

import (
	"testing"

	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// A guest who proves the mailbox gets what was ordered under it, and nothing
// that is somebody's already.
func TestGuestOrdersAreAttached(t *testing.T) {
	t.Parallel()
	tx, ctx := pgtest.Tx(t), t.Context()
	o := &Orders{DB: tx}
	ada, bob := id.New[id.User](), id.New[id.User]()
	theirs, bobs, others, masked := one("S-1"), one("S-2"), one("S-3"), one("S-4")
	theirs.Email, bobs.User, others.Email, masked.Email = "Ada@Example.com", bob, "ada@example.com.evil.example", ""
	for _, n := range []*New{&theirs, &bobs, &others, &masked} {
		create(t, tx, n)
	}
	for range 2 {
		for _, email := range []string{"ada@example.com", ""} { // the erased have no address
			if err := o.AttachGuestOrders(ctx, tx, ada, email); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tc := range []struct {
		name  string
		order New
		owner id.User
	}{
		{"placed with the address, in capitals", theirs, ada},
		{"of somebody else with the same address", bobs, bob},
		{"placed with a longer address", others, id.User{}},
		{"without an address", masked, id.User{}},
	} {
		whole, err := Lock(ctx, tx, tc.order.ID)
		if err != nil {
			t.Fatal(err)
		}
		if whole.User != tc.owner || whole.Version != 1 {
			t.Errorf("the order %s belongs to %s at version %d, want %s", tc.name, whole.User, whole.Version, tc.owner)
		}
	}
}
