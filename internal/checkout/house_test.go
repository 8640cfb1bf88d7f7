package checkout_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/vendors"
)

// house is the marketplace's own shop.
func (s *shop) house() (house id.Vendor) {
	s.t.Helper()
	s.inTx(func(tx pgx.Tx) error {
		made, err := (&vendors.Vendors{DB: s.db, Clock: s.clock, ShopName: "Market"}).House(s.t.Context(), tx)
		house = made.ID
		return err
	})
	return house
}

func TestWhatTheMarketplaceSellsIsItsOwnRevenue(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.taxed(true, 190_000)
	house, weaver := s.house(), s.vendor()
	placed := s.buy("", 2, s.sell(goods{vendor: house}), s.sell(goods{vendor: weaver}))
	s.deliver(s.ship(placed)...)
	s.sound()
	// 25.00 each with shipping: 3.99 of it tax; 15 % of the goods' 16.81 is commission.
	s.books(map[ledger.AccountKey]int64{
		{Kind: ledger.Clearing, Party: "cod"}:        5000,
		{Kind: ledger.SalesRevenue}:                  -2101,
		{Kind: ledger.VendorPayable, Vendor: weaver}: -1849,
		{Kind: ledger.CommissionRevenue}:             -252,
		{Kind: ledger.TaxPayable}:                    -798,
		{Kind: ledger.VendorPayable, Vendor: house}:  0,
	})
}
