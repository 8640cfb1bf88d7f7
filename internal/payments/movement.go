package payments

import "souk/internal/money"

// WithReturns makes movements of their own of fees that come back, as what a
// provider keeps of a movement is not below zero.
func WithReturns(list []Movement) (all []Movement) {
	for _, m := range list {
		back := m.Fee
		if back.Minor >= 0 {
			all = append(all, m)
			continue
		}
		m.Fee = money.Zero(back.Currency)
		all = append(all, m, Movement{Ref: m.Ref, Kind: Fee, Amount: m.Fee.Minus(back), Fee: m.Fee, At: m.At})
	}
	return all
}

// Converted is a movement of a payment whose provider has it in another currency than
// the buyer has paid, shown: as it was in that; how it left that currency; and how it
// came into the other, less the fee. A conversion has no currency of its own, so each
// half is as if it went to the shop's bank, or came from there. The name is the
// provider's for the entry.
func (m Movement) Converted(shown money.Amount, name string) []Movement {
	none := money.Zero(shown.Currency)
	left := Movement{Ref: name + " in " + string(shown.Currency), Kind: Payout, Amount: none.Minus(shown), Fee: none, At: m.At}
	came := Movement{Ref: name, Kind: Payout, Amount: m.Amount, Fee: m.Fee, At: m.At}
	m.Amount, m.Fee = shown, none
	return []Movement{m, left, came}
}
