package cart_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/id"
)

func TestAClaimedCartBecomesTheUsersOwn(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := s.customer().String()
	guest := s.fill(1, s.sell(goods{}))
	path := "/carts/" + guest.ID.String()
	for range 2 { // a second claim changes nothing
		got := decode[cart.ClaimView](s.call(ada, "POST", path+"/claim", "").want(200, `"refused":[]`))
		if diff := cmp.Diff(guest, got.View); diff != "" {
			t.Error(diff)
		}
	}
	s.call("", "GET", path, "").want(404)
	s.call(ada, "GET", path, "").want(200)
	s.call(s.customer().String(), "POST", path+"/claim", "").want(404)
}

func TestAGuestCartIsMergedIntoTheUsersOwn(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := s.customer().String()
	mug, tea := s.sell(goods{stock: 5}), s.sell(goods{stock: 5})
	own := s.call(ada, "POST", "/carts", `{"items": `+items(2, mug)+`}`).want(201).cart()
	guest := s.fill(3, mug, tea)
	s.call("", "PUT", "/carts/"+guest.ID.String()+"/addresses", home).want(200)

	got := decode[cart.ClaimView](s.call(ada, "POST", "/carts/"+guest.ID.String()+"/claim", "").want(200))
	if got.ID != own.ID || len(got.Refused) != 0 || len(got.Items) != 2 || got.Items[0].Quantity != 5 || got.Items[1].Quantity != 3 {
		t.Errorf("merged %+v", got)
	}
	if got.Addresses.Shipping == nil || got.Addresses.Email != "ada@example.com" {
		t.Errorf("addresses %+v", got.Addresses)
	}
	s.call(ada, "GET", "/carts/"+guest.ID.String(), "").want(404)
	s.call("", "GET", "/carts/"+guest.ID.String(), "").want(404)
}

// Row 31: what cannot be merged is refused with a reason, and is not lost.
func TestWhatCannotBeMergedIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := s.customer().String()
	last, tea, gone := s.sell(goods{stock: 1}), s.sell(goods{}), s.sell(goods{})
	own := s.call(ada, "POST", "/carts", `{"items": `+items(1, last)+`}`).want(201).cart()
	guest := s.fill(1, last, tea, gone)
	s.exec(`UPDATE variants SET archived_at = now() WHERE id = @id`, pgx.NamedArgs{"id": gone})

	got := decode[cart.ClaimView](s.call(ada, "POST", "/carts/"+guest.ID.String()+"/claim", "").want(200))
	reasons := map[id.Variant]string{}
	for _, r := range got.Refused {
		reasons[r.VariantID] = r.Code
	}
	if diff := cmp.Diff(map[id.Variant]string{last: "insufficient_stock", gone: "not_purchasable"}, reasons); diff != "" {
		t.Error(diff)
	}
	if got.ID != own.ID || len(got.Items) != 2 || got.Items[0].Quantity != 1 {
		t.Errorf("merged %+v", got.Items)
	}
	if left := s.call("", "GET", "/carts/"+guest.ID.String(), "").want(200).cart(); len(left.Items) != 2 {
		t.Errorf("left %+v", left.Items)
	}
}

func TestAnotherCurrencyIsNotMerged(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := s.customer().String()
	mug := s.sell(goods{})
	own := s.call(ada, "POST", "/carts", `{"currency": "EUR"}`).want(201).cart()
	guest := s.fill(1, mug)
	got := decode[cart.ClaimView](s.call(ada, "POST", "/carts/"+guest.ID.String()+"/claim", "").want(200))
	if got.ID != own.ID || len(got.Items) != 0 || len(got.Refused) != 1 || got.Refused[0].Code != "currency_mismatch" {
		t.Errorf("merged %+v", got)
	}
	s.call("", "GET", "/carts/"+guest.ID.String(), "").want(200, mug.String())
}
