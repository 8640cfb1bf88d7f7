package demo

import (
	"context"
	"fmt"
	"time"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/money"
	"souk/internal/pricing"
)

// A ware is a variant that can be bought.
type ware struct {
	variant id.Variant
	product id.Product
	stall   int
	price   money.Amount
	fame    float64
	left    int // that nobody has ordered
	sold    bool
}

// scheduleDrops spreads a vendor's collections from its opening to the present.
func (s *story) scheduleDrops(i int) {
	from := s.calendar.clock.Now().Add(time.Hour)
	rest := s.plan.present.Sub(from)
	for drop := range drops {
		at := from.Add(time.Duration(float64(drop) / drops * float64(rest)))
		if drop > 0 {
			at = at.Add(-spread(s.rng, 20*time.Hour)) // before the last one the present ends
		}
		s.on(at, s.stalls[i].owner, "bring out a collection", func(ctx context.Context) error { return s.bringOut(ctx, i, drop) })
	}
}

// bringOut puts a collection on sale: products, prices, stock, pictures.
func (s *story) bringOut(ctx context.Context, stall, drop int) error {
	var some []*article
	var drafts []catalog.Draft
	for i := range s.plan.articles {
		if a := &s.plan.articles[i]; a.seller == stall && a.drop == drop {
			some, drafts = append(some, a), append(drafts, a.draft)
		}
	}
	if len(some) == 0 {
		return nil
	}
	vendor := s.stalls[stall].vendor
	outcomes, err := s.Catalog.Put(ctx, s.tx, vendor, drafts, catalog.PutOptions{Reviewed: true, New: true})
	if err != nil {
		return err
	}
	var prices []pricing.PriceSet
	var counts []inventory.Count
	for i, o := range outcomes {
		if len(o.Problems) > 0 {
			return fmt.Errorf("product %s: %v", o.Slug, o.Problems)
		}
		for v, variant := range o.Variants {
			w := &ware{
				variant: variant, product: o.Product, stall: stall, price: s.money(some[i].minor[v]), left: some[i].onHand[v],
				fame: some[i].fame / float64(len(o.Variants)) * (0.4 + s.rng.Float64()), sold: some[i].fate == "",
			}
			s.shelf = append(s.shelf, w)
			prices = append(prices, pricing.PriceSet{Variant: variant, Amount: w.price})
			counts = append(counts, inventory.Count{Vendor: vendor, Variant: variant, OnHand: w.left})
		}
	}
	if _, err := s.Prices.SetPrices(ctx, s.tx, prices); err != nil {
		return err
	}
	if _, _, err := s.Stock.SetLevels(ctx, s.tx, counts, "receive"); err != nil {
		return err
	}
	return s.present(ctx, vendor, some, outcomes)
}

// present gives products their pictures, and some of them another fate than
// being on sale.
func (s *story) present(ctx context.Context, vendor id.Vendor, some []*article, outcomes []catalog.Outcome) error {
	for i, o := range outcomes {
		if shot := some[i].shot; shot.Key != "" {
			if _, err := s.Catalog.AddPicture(ctx, s.tx, vendor, o.Product, shot, some[i].draft.Title); err != nil {
				return err
			}
		}
		switch fate := some[i].fate; fate {
		case "":
		case catalog.Submit: // taken off sale to be changed, and handed in again
			if _, err := s.Catalog.Move(ctx, s.tx, vendor, o.Product, catalog.Hide, ""); err != nil {
				return err
			}
			if _, err := s.Catalog.Move(ctx, s.tx, vendor, o.Product, catalog.Submit, ""); err != nil {
				return err
			}
		case catalog.Reject:
			if _, err := s.Catalog.Move(auth.With(ctx, s.admin), s.tx, id.Vendor{}, o.Product, fate, "Please say what it is made of, and show it from the side."); err != nil {
				return err
			}
		default:
			if _, err := s.Catalog.Move(ctx, s.tx, vendor, o.Product, fate, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// money is an amount that market.json means, in the shop's currency: about as
// much in dollars as in yen and in dinars.
func (s *story) money(minor int64) money.Amount {
	for range max(s.currency().Decimals()-2, 0) {
		minor *= 10
	}
	return money.Of(minor, s.currency())
}

// scheduleStock writes down when stock is refilled and counted, and when prices
// are cut.
func (s *story) scheduleStock() {
	const every = 18 * 24 * time.Hour
	last := s.plan.present.Add(-4 * 24 * time.Hour) // what is scarce at the end stays so
	for at := s.plan.opening.Add(every); at.Before(last); at = at.Add(every) {
		s.on(at, auth.Actor{}, "receive goods", s.refill)
	}
	s.on(s.plan.present.Add(-40*24*time.Hour), auth.Actor{}, "begin a sale", func(ctx context.Context) error { return s.cut(ctx, 15, 85) })
	s.on(s.plan.present.Add(-9*24*time.Hour), auth.Actor{}, "begin a sale", func(ctx context.Context) error { return s.cut(ctx, 18, 70) })
	s.on(s.plan.present.Add(-20*time.Hour), auth.Actor{}, "count the stock", s.count)
}

// refill brings more of what runs out.
func (s *story) refill(ctx context.Context) error {
	return s.setStock(ctx, "receive", func(w *ware, sum inventory.Sum) int {
		if sum.Available > 6 {
			return sum.OnHand
		}
		return sum.OnHand + 20 + s.rng.IntN(30)
	})
}

// count finds that of some things there are fewer than was thought, or none.
func (s *story) count(ctx context.Context) error {
	return s.setStock(ctx, "count", func(w *ware, sum inventory.Sum) int {
		promised := sum.OnHand - sum.Available
		switch chance := s.rng.IntN(100); {
		case chance < 4:
			return promised
		case chance < 11:
			return min(sum.OnHand, promised+1+s.rng.IntN(4))
		}
		return sum.OnHand
	})
}

func (s *story) setStock(ctx context.Context, reason string, onHand func(w *ware, sum inventory.Sum) int) error {
	for i, stall := range s.stalls {
		var variants []id.Variant
		for _, w := range s.shelf {
			if w.stall == i {
				variants = append(variants, w.variant)
			}
		}
		if len(variants) == 0 || !stall.open {
			continue
		}
		sums, err := s.Stock.Sums(ctx, s.tx, variants)
		if err != nil {
			return err
		}
		var counts []inventory.Count
		for _, w := range s.shelf {
			if w.stall != i {
				continue
			}
			sum := sums[w.variant]
			counts = append(counts, inventory.Count{Vendor: stall.vendor, Variant: w.variant, OnHand: onHand(w, sum)})
			w.left = counts[len(counts)-1].OnHand - (sum.OnHand - sum.Available)
		}
		if _, _, err := s.Stock.SetLevels(auth.With(ctx, stall.owner), s.tx, counts, reason); err != nil {
			return err
		}
	}
	return nil
}

// cut lowers the prices of every nth product to some percent.
func (s *story) cut(ctx context.Context, nth int, percent int64) error {
	chosen := map[id.Product]bool{}
	for _, a := range s.shelf {
		if _, seen := chosen[a.product]; !seen {
			chosen[a.product] = s.rng.IntN(nth) == 0
		}
	}
	var prices []pricing.PriceSet
	for _, w := range s.shelf {
		if chosen[w.product] && s.stalls[w.stall].open {
			before := w.price
			w.price = money.Of(w.price.Minor*percent/100, w.price.Currency)
			prices = append(prices, pricing.PriceSet{Variant: w.variant, Amount: w.price, CompareAt: &before})
		}
	}
	_, err := s.Prices.SetPrices(auth.With(ctx, s.admin), s.tx, prices)
	return err
}
