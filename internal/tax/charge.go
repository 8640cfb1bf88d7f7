package tax

import (
	"slices"

	"souk/internal/money"
)

// A Share is what one rate takes of one amount.
type Share struct {
	Label  string       `json:"label"`
	PPM    int64        `json:"rate_ppm"`
	Amount money.Amount `json:"amount"`
}

// Terms say how tax is reckoned in a zone.
type Terms struct {
	Included bool `json:"included" db:"included" doc:"Prices hold the tax already"`
	PerTotal bool `json:"per_total" db:"per_total" doc:"Rounded once for all amounts that pay the same rates, not once for each"`
	HalfEven bool `json:"half_even" db:"half_even" doc:"Halves go to the even neighbour, not up"`
}

const million = 1_000_000

// Charge computes the tax on one amount, rate by rate; a rounding group is one
// amount and one rate.
//
// On top, each rate takes its part of the amount, rounded; a compound rate takes
// its part of the amount with all simple rates on it. Included, the tax is taken
// out of the amount for all rates together, rounded once, and divided among them
// by largest remainder, so that what is left is the one net price and the shares
// re-add.
func Charge(amount money.Amount, rates []Rate, t Terms) []Share {
	if len(rates) == 0 {
		return nil
	}
	shares := make([]Share, len(rates))
	simple, compound := sums(rates)
	for i, r := range rates {
		shares[i] = Share{Label: r.Name, PPM: r.PPM}
		if r.Compound {
			shares[i].Amount = t.share(amount, r.PPM*(million+simple), million*million)
		} else {
			shares[i].Amount = t.share(amount, r.PPM, million)
		}
	}
	if !t.Included {
		return shares
	}
	weights := make([]int64, len(rates))
	for i, r := range rates {
		weights[i] = r.PPM * million
		if r.Compound {
			weights[i] = r.PPM * (million + simple)
		}
	}
	gross := (million + simple) * (million + compound) // of a net million million
	within := t.share(amount, gross-million*million, gross)
	for i, part := range within.Split(weights) {
		shares[i].Amount = part
	}
	return shares
}

// sums is the simple rates and the compound rates of a list, each added up.
func sums(rates []Rate) (simple, compound int64) {
	for _, r := range rates {
		if r.Compound {
			compound += r.PPM
		} else {
			simple += r.PPM
		}
	}
	return simple, compound
}

func (t Terms) share(amount money.Amount, num, den int64) money.Amount {
	if t.HalfEven {
		return amount.ShareEven(num, den)
	}
	return amount.Share(num, den)
}

// An Item is an amount with the rates that it pays.
type Item struct {
	Amount money.Amount
	Rates  []Rate
}

// ChargeAll computes the tax on the items of one sale; what item i pays is at
// place i. Rounded per total, the tax on all items of the same rates is reckoned
// as one amount and divided over them by largest remainder, in their order.
func ChargeAll(items []Item, t Terms) [][]Share {
	all := make([][]Share, len(items))
	if !t.PerTotal {
		for i, item := range items {
			all[i] = Charge(item.Amount, item.Rates, t)
		}
		return all
	}
	for i, item := range items {
		if all[i] != nil || len(item.Rates) == 0 {
			continue
		}
		var group []int
		for j := i; j < len(items); j++ {
			if slices.EqualFunc(items[j].Rates, item.Rates, Rate.same) {
				group = append(group, j)
			}
		}
		chargeGroup(items, group, t, all)
	}
	return all
}

func (r Rate) same(o Rate) bool {
	return r.Name == o.Name && r.PPM == o.PPM && r.Compound == o.Compound
}

// chargeGroup taxes items of the same rates together.
func chargeGroup(items []Item, group []int, t Terms, all [][]Share) {
	rates := items[group[0]].Rates
	sum := money.Zero(items[group[0]].Amount.Currency)
	weights := make([]int64, len(group))
	for n, i := range group {
		sum = sum.Plus(items[i].Amount)
		weights[n] = items[i].Amount.Minor
		all[i] = make([]Share, len(rates))
	}
	for r, share := range Charge(sum, rates, t) {
		for n, part := range share.Amount.Split(weights) {
			all[group[n]][r] = Share{share.Label, share.PPM, part}
		}
	}
	if t.Included {
		settle(items, group, all)
	}
}

// settle moves units of tax from items that hold less than that to others: of an
// item of one cent two rates may have rounded up to a cent each.
func settle(items []Item, group []int, all [][]Share) {
	for _, i := range group {
		for over := Total(items[i].Amount.Currency, all[i]).Minor - items[i].Amount.Minor; over > 0; over-- {
			rate := slices.IndexFunc(all[i], func(s Share) bool { return s.Amount.Minor > 0 })
			to := slices.IndexFunc(group, func(j int) bool {
				return Total(items[j].Amount.Currency, all[j]).Minor < items[j].Amount.Minor
			})
			all[i][rate].Amount.Minor--
			all[group[to]][rate].Amount.Minor++
		}
	}
}

// Total adds shares up.
func Total(c money.Currency, shares []Share) money.Amount {
	total := money.Zero(c)
	for _, s := range shares {
		total = total.Plus(s.Amount)
	}
	return total
}
