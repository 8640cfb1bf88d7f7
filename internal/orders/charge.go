package orders

import (
	"souk/internal/id"
	"souk/internal/money"
)

// A Charge is what a part asks for a line, or for its shipping or its fee, less
// what was cancelled before it was paid. What has been given back since is told by
// refunds.
type Charge struct {
	Line       id.OrderLine // zero of shipping and fee
	Fee        bool
	Quantity   int          // units that it is for; 0 of shipping and fee
	Amount     money.Amount // with tax
	Tax        money.Amount
	Commission money.Amount
	Platform   money.Amount // what the platform adds, for discounts that it gives

	giftCard bool
	returned int // units that came back
}

// Charges is what a part asks for, line by line and then shipping and fee, which may
// be nothing. It does not ask whether the part is void.
func (w Whole) Charges(p VendorOrder) (list []Charge) {
	none := money.Zero(w.Currency)
	fee := Charge{Fee: true, Amount: w.feeOf(p), Tax: p.FeeTax, Commission: none, Platform: none}
	shipping := Charge{Amount: p.Total.Minus(fee.Amount), Tax: p.ShippingTax, Commission: none, Platform: p.Platform}
	for _, l := range w.Lines {
		if l.Part != p.ID {
			continue
		}
		shipping.Amount = shipping.Amount.Minus(l.Total)
		list = append(list, Charge{
			Line: l.ID, Quantity: l.Quantity - l.Withdrawn + l.WithdrawnPaid, Amount: l.Total.Minus(l.WithdrawnTotal), Tax: l.Tax.Minus(l.WithdrawnTax),
			Commission: l.Commission.Minus(l.WithdrawnCommission), Platform: l.Platform.Minus(l.WithdrawnPlatform), giftCard: l.GiftCard, returned: l.Returned,
		})
	}
	return append(list, shipping, fee)
}
