package orders

import (
	"testing"

	"souk/internal/id"
	"souk/internal/money"
)

// paidLine is an order of one line that has been paid, 10.00 a unit, without
// shipping.
func paidLine(l Line) Whole {
	zero := money.Zero("USD")
	part := VendorOrder{ID: id.New[id.VendorOrder](), Status: PartPartiallyShipped, Paid: true, Credit: zero, ShippingTax: zero, FeeTax: zero, Platform: zero}
	l.ID, l.Part, l.Total = id.New[id.OrderLine](), part.ID, money.Of(int64(l.Quantity)*1000, "USD")
	for _, a := range []*money.Amount{&l.Tax, &l.Commission, &l.Platform, &l.WithdrawnTotal, &l.WithdrawnTax, &l.WithdrawnCommission, &l.WithdrawnPlatform} {
		*a = zero
	}
	part.PartTotals = PartTotals{Total: l.Total, Fee: zero, Tax: zero}
	return Whole{Order: Order{Status: StatusConfirmed, PaymentStatus: PaymentPaid, Currency: "USD"}, Parts: []VendorOrder{part}, Lines: []Line{l}}
}

// Of a line of which units were given back before, those that came back are not
// among those that are cancelled; others are taken to be.
func TestWhatACancellationGivesBack(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name             string
		line             Line
		refunded, amount int
		part             PartStatus
	}{
		{"nothing was given back before", Line{Quantity: 3, Fulfilled: 2}, 0, 1000, PartShipped},
		{"one was given back, and nothing came back", Line{Quantity: 3, Fulfilled: 2}, 1, 0, PartShipped},
		{"one came back and was given back", Line{Quantity: 3, Fulfilled: 2, Returned: 1}, 1, 1000, PartShipped},
		{"one came back and waits for its money", Line{Quantity: 3, Fulfilled: 2, Returned: 1}, 0, 1000, PartShipped},
		{"one came back and two were given back", Line{Quantity: 4, Fulfilled: 2, Returned: 1}, 2, 1000, PartShipped},
		{"all that was sent came back and was given back", Line{Quantity: 4, Fulfilled: 2, Returned: 2}, 2, 2000, PartReturned},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := paidLine(tc.line)
			var before []RefundLine
			if tc.refunded > 0 {
				r, err := w.Refund(Wanted{Units: []Units{{w.Lines[0].ID, tc.refunded}}}, nil)
				if err != nil {
					t.Fatal(err)
				}
				before = r
			}
			_, back, err := w.Cancel("sold out", before)
			if got := sum(back, "USD"); err != nil || got.Minor != int64(tc.amount) {
				t.Errorf("%v goes back, %v; want %d", got, err, tc.amount)
			}
			if got := w.Parts[0].Status; got != tc.part {
				t.Errorf("the part is %s, want %s", got, tc.part)
			}
		})
	}
}
