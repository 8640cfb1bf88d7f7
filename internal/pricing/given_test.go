package pricing

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"souk/internal/id"
	"souk/internal/money"
)

// placed is a snapshot as an order keeps it: what its promotions gave, not why.
func placed(s Snapshot, q Quote) Snapshot {
	s.Parcels = slices.DeleteFunc(slices.Clone(s.Parcels), func(p Parcel) bool { _, sent := q.parcelOf(p.Vendor); return !sent })
	var given []Promotion
	for _, p := range s.Promotions {
		kept := Promotion{ID: p.ID, Name: p.Name, Code: p.Code, Vendor: p.Vendor, Exclusive: p.Exclusive, Group: p.Group, PlatformPPM: p.PlatformPPM}
		note := func(discounts []Discount) (sum int64) {
			for _, d := range discounts {
				if d.Promotion == p.ID {
					sum += d.Amount.Minor
				}
			}
			return sum
		}
		switch p.Reward.Kind.stage() {
		case shippingStage:
			kept.Reward.Kind = ShippingOff
			for _, parcel := range s.Parcels {
				at, _ := q.parcelOf(parcel.Vendor)
				kept.Given = append(kept.Given, note(q.Parcels[at].ShippingDiscounts))
			}
		default:
			kept.Reward.Kind = PercentOff
			for _, l := range q.Lines {
				kept.Given = append(kept.Given, note(l.Discounts))
			}
		}
		if slices.ContainsFunc(kept.Given, func(minor int64) bool { return minor > 0 }) {
			given = append(given, kept)
		}
	}
	s.Promotions = given
	return s
}

// What an order was given is given again to the last unit, whatever rules made
// it, and adds up to the same total.
func TestWhatWasGivenIsGivenAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, 10_000)
		was := mustPrice(t, s)
		s = placed(s, was)
		again := mustPrice(t, s)
		if diff := gocmp.Diff(takenBy(&s, &was), takenBy(&s, &again)); diff != "" {
			t.Errorf("other discounts:\n%s", diff)
		}
		if was.Totals != again.Totals {
			t.Errorf("it came to %+v, and comes to %+v", was.Totals, again.Totals)
		}
	})
}

// A promotion that is tried on an order keeps out what it would have kept out of
// the cart, and takes no more than that leaves.
func TestAPromotionBesideWhatWasGiven(t *testing.T) {
	t.Parallel()
	percent := func(n byte, ppm int64) Promotion {
		return Promotion{ID: id.Promotion{n}, Reward: Reward{Kind: PercentOff, PPM: ppm}}
	}
	given := func(n byte, minor int64, change func(*Promotion)) Promotion {
		p := Promotion{ID: id.Promotion{n}, Given: []int64{minor}, Reward: Reward{Kind: PercentOff}}
		change(&p)
		return p
	}
	as := func(change func(*Promotion), p Promotion) Promotion { change(&p); return p }
	exclusive := func(p *Promotion) { p.Exclusive = true }
	grouped := func(p *Promotion) { p.Group = "summer" }
	plain := func(*Promotion) {}
	for name, c := range map[string]struct {
		promotions []Promotion
		off        int64
	}{
		"beside it":                      {[]Promotion{given(1, 300, plain), percent(2, 200_000)}, 500},
		"no more than is left":           {[]Promotion{given(1, 900, plain), percent(2, 200_000)}, 1000},
		"exclusive, and more":            {[]Promotion{given(1, 300, plain), as(exclusive, percent(2, 400_000))}, 400},
		"exclusive, and less":            {[]Promotion{given(1, 300, plain), as(exclusive, percent(2, 200_000))}, 300},
		"what was given is exclusive":    {[]Promotion{given(1, 300, exclusive), percent(2, 200_000)}, 300},
		"of its group, and more":         {[]Promotion{given(1, 300, grouped), as(grouped, percent(2, 400_000))}, 400},
		"two of a group that both stood": {[]Promotion{given(1, 300, grouped), given(2, 100, grouped)}, 400},
	} {
		s := Snapshot{Currency: "USD", Lines: []Line{{Vendor: vendor(1), Quantity: 1, UnitPrice: money.Of(1000, "USD")}}, Promotions: c.promotions}
		if q := mustPrice(t, s); q.Totals.Discount.Minor != c.off {
			t.Errorf("%s: %s off, want %d", name, q.Totals.Discount, c.off)
		}
	}
}
