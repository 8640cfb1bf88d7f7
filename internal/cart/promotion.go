package cart

import (
	"bytes"
	"slices"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/promotions"
)

// An offered is a promotion that may lower a cart: one that runs and needs no
// code, or one whose code has been put into the cart, whether it runs or not.
type offered struct {
	ID          id.Promotion       `db:"id"`
	Version     int64              `db:"version"`
	Name        string             `db:"name"`
	Vendor      id.Vendor          `db:"vendor_id"`
	Plan        id.Plan            `db:"plan_id"`   // whose benefit it is
	Coupon      id.Coupon          `db:"coupon_id"` // zero where it needs no code
	Code        string             `db:"code"`
	Priority    int                `db:"priority"`
	Exclusive   bool               `db:"exclusive"`
	Group       string             `db:"stacking_group"`
	PlatformPPM int64              `db:"platform_ppm"`
	Conditions  pricing.Conditions `db:"conditions"`
	Reward      pricing.Reward     `db:"reward"`
	Limited     bool               `db:"limited"`        // its uses are counted
	CodeLimited bool               `db:"coupon_limited"` // those of the code are
	Left        *money.Amount      `db:"left_over"`      // of its budget; nil is any amount
	Runs        bool               `db:"runs"`
}

// A facts is what promotions ask of the goods of an item.
type facts struct {
	Item       id.CartItem   `db:"id"`
	Brand      id.Brand      `db:"brand_id"`
	Categories []id.Category `db:"categories"`
	Tags       []id.Tag      `db:"tags"`
	Reduced    bool          `db:"reduced"`
}

// A buyer is what promotions ask of who buys.
type buyer struct {
	Groups []string  `db:"groups"`
	Plans  []id.Plan `db:"plans"`
	Bought bool      `db:"bought"` // before, where some promotion asks
}

// readsOffers reports whether the promotions for a cart are read for it: where
// the shop knows codes, or counts the uses of some, and for a trial, which asks
// promotions that are in no table, or have ended. Else those that stand are all.
func (r *reading) readsOffers() bool {
	return r.trial || r.shop.LimitedPromotions || r.shop.uses("coupons")
}

// queuePromotions reads what may lower the cart, and what it asks of the goods
// and of who buys: plans ask that, too.
func (r *reading) queuePromotions(b *postgres.Batch, of basket) {
	goods, buyer := r.readsOffers(), r.readsOffers() || r.shop.uses("plans")
	if r.readsOffers() {
		postgres.ReadAll(b, &r.offered, of.promotions, of.args)
	}
	for _, p := range r.shop.standing {
		goods = goods || pricing.AsksOfGoods(p.Conditions, p.Reward)
		buyer = buyer || p.Conditions.AsksOfBuyer()
	}
	if goods {
		postgres.ReadAll(b, &r.facts, of.facts, of.args)
	}
	if buyer {
		postgres.ReadOne(b, &r.buyer, of.buyer, of.args)
	}
}

// promote adds to a snapshot the promotions that run, and what they ask.
func (r *reading) promote(s *pricing.Snapshot, lines []Line) {
	for i := range r.offered {
		o := &r.offered[i]
		twice := slices.ContainsFunc(s.Promotions, func(p pricing.Promotion) bool { return p.ID == o.ID }) // two codes of one promotion
		if o.Runs = o.Runs && !twice && (o.Left == nil || o.Left.Currency == s.Currency); o.Runs {
			s.Promotions = append(s.Promotions, o.rule(lines))
		}
	}
	if len(s.Promotions) == 0 {
		return
	}
	s.Country, s.Method = r.cart.Country(), r.method
	s.Buyer = r.buys()
	for i := range s.Lines {
		l := &s.Lines[i]
		at, found := slices.BinarySearchFunc(r.facts, lines[l.Key].ID, func(f facts, item id.CartItem) int { return bytes.Compare(f.Item[:], item[:]) })
		l.Product = lines[l.Key].ProductID
		if found {
			f := r.facts[at]
			l.Brand, l.Categories, l.Tags, l.Reduced = f.Brand, f.Categories, f.Tags, f.Reduced
		}
	}
}

// rule is the promotion as it is reckoned: with no more than is left of its
// budget. What a plan gives lowers all but plans.
func (o offered) rule(lines []Line) pricing.Promotion {
	p := pricing.Promotion{
		ID: o.ID, Name: o.Name, Code: o.Code, Vendor: o.Vendor, Priority: o.Priority, Exclusive: o.Exclusive, Group: o.Group,
		PlatformPPM: o.PlatformPPM, Conditions: o.Conditions, Reward: o.Reward,
	}
	if o.Left != nil {
		p.Reward = p.Reward.UpTo(*o.Left)
	}
	if !o.Plan.IsZero() && o.Reward.Kind == pricing.PercentOff {
		for _, l := range lines {
			if !l.Plan.IsZero() {
				p.Reward.Goods.Except = append(slices.Clip(p.Reward.Goods.Except), l.ProductID)
			}
		}
	}
	return p
}

// conclude notes on a priced cart which promotions lower it, and what became of
// its codes.
func (r *reading) conclude(p *Priced) {
	p.Saved = money.Zero(p.Cart.Currency)
	verdicts := map[id.Promotion]pricing.Verdict{}
	for _, v := range p.Quote.Verdicts {
		verdicts[v.Promotion] = v
	}
	for _, o := range r.offered {
		v := verdicts[o.ID]
		applied := o.Runs && v.Reason == ""
		if applied && !o.Plan.IsZero() {
			p.Saved = p.Saved.Plus(v.Amount)
		}
		if applied {
			p.Uses = append(p.Uses, promotions.Use{Promotion: o.ID, Version: o.Version, Coupon: o.Coupon, Amount: v.Amount, Limited: o.Limited, ByCode: o.CodeLimited})
		}
		if o.Code == "" {
			continue
		}
		code := Code{Code: o.Code, Applied: applied, Detail: v.Reason, promotion: o.ID, keptOutBy: v.KeptOutBy}
		if !o.Runs { // whether it has ended, is used up or never was is nobody's business
			code.Detail, code.keptOutBy = promotions.ErrNotApplicable.Message, id.Promotion{}
		}
		p.Codes = append(p.Codes, code)
	}
}

// A Code is what became of a code that was put into a cart.
type Code struct {
	Code    string `json:"code"`
	Applied bool   `json:"applied" doc:"It takes something off"`
	Detail  string `json:"detail,omitempty" doc:"Why it does not"`

	promotion id.Promotion
	keptOutBy id.Promotion // with which it is not combined
}
