package tax

import "souk/internal/money"

// A Share is what one rate takes of one amount.
type Share struct {
	Label  string       `json:"label"`
	PPM    int64        `json:"rate_ppm"`
	Amount money.Amount `json:"amount"`
}

const million = 1_000_000

// Charge computes the tax on an amount, rate by rate; a rounding group is one
// amount and one rate.
//
// On top, each rate takes its part of the amount, rounded half up. Included,
// the tax is taken out of the amount for all rates together, rounded once, and
// divided among them by largest remainder, so that what is left is the one net
// price and the shares re-add.
func Charge(amount money.Amount, rates []Rate, included bool) []Share {
	if len(rates) == 0 {
		return nil
	}
	shares := make([]Share, len(rates))
	weights := make([]int64, len(rates))
	sum := int64(0)
	for i, r := range rates {
		shares[i] = Share{Label: r.Name, PPM: r.PPM, Amount: amount.Share(r.PPM, million)}
		weights[i] = r.PPM
		sum += r.PPM
	}
	if !included {
		return shares
	}
	within := money.Zero(amount.Currency)
	if sum > 0 {
		within = amount.Share(sum, million+sum)
	}
	for i, part := range within.Split(weights) {
		shares[i].Amount = part
	}
	return shares
}

// Total adds shares up.
func Total(c money.Currency, shares []Share) money.Amount {
	total := money.Zero(c)
	for _, s := range shares {
		total = total.Plus(s.Amount)
	}
	return total
}
