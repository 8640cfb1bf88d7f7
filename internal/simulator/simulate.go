package simulator

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"souk/internal/accounts"
	"souk/internal/cart"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/promotions"
)

// A Scenario is a supposed cart, and what is tried on it.
type Scenario struct {
	Cart     id.Cart               `json:"cart_id,omitzero" doc:"What this cart holds, where it goes and whose it is; what else is named here holds instead. For staff only."`
	Items    []cart.NewItem        `json:"items,omitempty" maxItems:"500"`
	Currency money.Currency        `json:"currency,omitempty" maxLength:"3" doc:"The shop's own unless told"`
	To       *Destination          `json:"to,omitempty" doc:"Where it goes: taxes and shipping follow"`
	Shipping []cart.Selection      `json:"shipping,omitempty" maxItems:"500"`
	Method   string                `json:"payment_method,omitempty" maxLength:"40"`
	Codes    []string              `json:"codes,omitempty" maxItems:"10"`
	At       time.Time             `json:"at,omitzero" doc:"By which promotions start and end; now unless told"`
	Customer *Customer             `json:"customer,omitempty"`
	Drafts   []promotions.Proposal `json:"drafts,omitempty" maxItems:"20" doc:"Promotions that are tried and not saved. Their codes count as entered."`
	LeaveOut []id.Promotion        `json:"leave_out,omitempty" maxItems:"100" doc:"Promotions that are to count as if they were not there"`
}

// A Destination is as much of an address as prices depend on.
type Destination struct {
	Country    string `json:"country" minLength:"2" maxLength:"2" example:"DE" doc:"ISO 3166-1 alpha-2"`
	Region     string `json:"region,omitempty" maxLength:"100"`
	PostalCode string `json:"postal_code,omitempty" maxLength:"20"`
}

// A Customer is whose cart it would be. Orders and uses are looked up by user and
// e-mail, for staff; what is told here holds instead.
type Customer struct {
	User       id.User   `json:"user_id,omitzero"`
	Email      string    `json:"email,omitempty" maxLength:"254"`
	Groups     []string  `json:"customer_groups,omitempty" maxItems:"100"`
	Plans      []id.Plan `json:"plans,omitempty" maxItems:"100"`
	FirstOrder *bool     `json:"first_order,omitempty"`
}

// Simulate prices a scenario as it would be, and as it is: without the drafts and
// with what was left out. A vendor tries their own goods and promotions; none is
// staff.
func (s *Simulator) Simulate(ctx context.Context, db postgres.DB, vendor id.Vendor, in Scenario) (Simulation, error) {
	drafts, err := s.trials(vendor, in.Drafts)
	if err != nil {
		return Simulation{}, err
	}
	supposition, err := s.suppose(ctx, db, vendor, in)
	if err != nil {
		return Simulation{}, err
	}
	trial, err := s.Carts.Suppose(ctx, db, supposition)
	if err != nil {
		return Simulation{}, err
	}
	asIs, err := trial.Price(nil, nil)
	if err != nil {
		return Simulation{}, err
	}
	if err := owned(vendor, asIs.Lines); err != nil {
		return Simulation{}, err
	}
	would, err := trial.Price(drafts, in.LeaveOut)
	if err != nil {
		return Simulation{}, err
	}
	limits, err := readLimits(ctx, db, vendor, trial.At, would.Codes)
	if err != nil {
		return Simulation{}, fmt.Errorf("read limits of promotions: %w", err)
	}
	return simulationOf(vendor, trial.At, would, asIs, drafts, limits), nil
}

func (s *Simulator) trials(vendor id.Vendor, proposals []promotions.Proposal) ([]promotions.Promotion, error) {
	trials := make([]promotions.Promotion, len(proposals))
	for i, p := range proposals {
		trial, err := p.Trial(vendor)
		if err != nil {
			return nil, errs.Under("/drafts/"+strconv.Itoa(i), err)
		}
		trials[i] = trial
	}
	return trials, nil
}

// suppose is the cart of a scenario.
func (s *Simulator) suppose(ctx context.Context, db postgres.DB, vendor id.Vendor, in Scenario) (cart.Supposition, error) {
	if err := in.check(vendor); err != nil {
		return cart.Supposition{}, err
	}
	supposed := cart.Supposition{Currency: s.Currency}
	if !in.Cart.IsZero() {
		var err error
		if supposed, err = s.Carts.SupposeCart(ctx, db, in.Cart); err != nil {
			return cart.Supposition{}, err
		}
	}
	supposed.Method, supposed.At = in.Method, in.At
	if len(in.Items) > 0 {
		supposed.Items = in.Items
	}
	if in.Currency != "" {
		supposed.Currency = in.Currency
	}
	if in.To != nil {
		supposed.To = &accounts.PostalAddress{Country: in.To.Country, Region: in.To.Region, PostalCode: in.To.PostalCode}
	}
	for _, code := range in.Codes {
		supposed.Codes = append(supposed.Codes, promotions.Normalize(code))
	}
	if len(in.Shipping) > 0 {
		supposed.Shipping = map[id.Vendor]id.ShipOption{}
		for _, chosen := range in.Shipping {
			supposed.Shipping[chosen.Vendor] = chosen.Option
		}
	}
	return supposed, s.meet(ctx, db, &supposed, in.Customer)
}

// meet says whose the supposed cart is.
func (s *Simulator) meet(ctx context.Context, db postgres.DB, supposed *cart.Supposition, c *Customer) error {
	if c == nil {
		return nil
	}
	if !c.User.IsZero() {
		user, err := s.Users.Get(ctx, db, c.User)
		if err != nil {
			return err
		}
		supposed.Customer = cart.Customer{User: user.ID, Email: user.Email}
	} else if c.Email != "" {
		supposed.Customer = cart.Customer{Email: c.Email}
	}
	supposed.Customer.Groups, supposed.Customer.Plans, supposed.Customer.FirstOrder = c.Groups, c.Plans, c.FirstOrder
	return nil
}

// check refuses what nobody can suppose, and what a vendor may not ask: whoever
// buys elsewhere is none of theirs.
func (in *Scenario) check(vendor id.Vendor) error {
	var bad errs.Fields
	bad.Require(len(in.Items) > 0 || !in.Cart.IsZero(), "/items", "required", "Name a cart, or what is in one.")
	bad.Require(in.Currency == "" || in.Currency.Valid(), "/currency", "invalid", "This is not a currency.")
	if in.To != nil {
		in.To.Country = strings.ToUpper(in.To.Country)
		bad.Require(accounts.IsCountry(in.To.Country), "/to/country", "unknown_country", "Write the country as two letters of ISO 3166, as in DE.")
	}
	if !vendor.IsZero() {
		bad.Require(in.Cart.IsZero(), "/cart_id", "not_yours", "Name the items instead: carts are their buyers'.")
		bad.Require(in.Customer == nil || in.Customer.User.IsZero() && in.Customer.Email == "", "/customer", "not_yours", "Say what the customer is like instead: first_order, customer_groups, plans.")
	}
	return bad.Err()
}

// owned refuses a vendor goods of others, which are not there for them.
func owned(vendor id.Vendor, lines []cart.Line) error {
	for _, l := range lines {
		if !vendor.IsZero() && l.VendorID != vendor {
			return cart.ErrVariantNotFound
		}
	}
	return nil
}

// Simulation is what a scenario comes to.
type Simulation struct {
	At         time.Time       `json:"at" doc:"The moment that it is priced for"`
	Currency   money.Currency  `json:"currency"`
	Totals     cart.TotalsView `json:"totals"`
	AsIs       cart.TotalsView `json:"as_is" doc:"What the same costs without the drafts, with nothing left out"`
	Difference money.Amount    `json:"difference" doc:"What the buyer would pay more than as it is; below 0, less"`
	Lines      []LineView      `json:"lines"`
	Parcels    []ParcelView    `json:"parcels"`
	Verdicts   []VerdictView   `json:"verdicts" doc:"What became of each promotion that was considered"`
	Codes      []cart.Code     `json:"codes"`
	Limits     []Limit         `json:"limits" doc:"Of promotions with limits that run at that moment, as they stand now"`
	Trace      []pricing.Step  `json:"trace"`
}

// LineView is an item with its price.
type LineView struct {
	Variant   id.Variant     `json:"variant_id"`
	Vendor    id.Vendor      `json:"vendor_id"`
	Title     string         `json:"title"`
	Quantity  int            `json:"quantity"`
	UnitPrice money.Amount   `json:"unit_price"`
	Subtotal  money.Amount   `json:"subtotal"`
	Discounts []DiscountView `json:"discounts"`
	Tax       money.Amount   `json:"tax"`
	Total     money.Amount   `json:"total"`
	Issues    []cart.Issue   `json:"issues" doc:"Why it could not be ordered as it is. What is not purchasable is not in the totals."`
}

// ParcelView is what one vendor's part costs.
type ParcelView struct {
	Vendor    id.Vendor      `json:"vendor_id"`
	Items     money.Amount   `json:"items"`
	Shipping  money.Amount   `json:"shipping"`
	Discounts []DiscountView `json:"discounts" doc:"On shipping"`
	Tax       money.Amount   `json:"tax" doc:"Of the items and of shipping"`
	Total     money.Amount   `json:"total"`
}

// DiscountView is what one promotion takes off.
type DiscountView struct {
	Promotion id.Promotion `json:"promotion_id"`
	Name      string       `json:"name"`
	Amount    money.Amount `json:"amount"`
	Platform  money.Amount `json:"platform" doc:"The part that the platform pays; the vendor pays the rest"`
}

// VerdictView is what became of a promotion.
type VerdictView struct {
	Promotion id.Promotion `json:"promotion_id"`
	Draft     *int         `json:"draft,omitempty" doc:"Which of the drafts it is"`
	Name      string       `json:"name"`
	Code      string       `json:"code,omitempty"`
	Applied   bool         `json:"applied"`
	Amount    money.Amount `json:"amount" doc:"Taken off, over all lines and parcels"`
	Reason    string       `json:"reason,omitempty" doc:"Why it does not apply"`
	KeptOutBy id.Promotion `json:"kept_out_by,omitzero" doc:"With which it is not combined"`
}

func simulationOf(vendor id.Vendor, at time.Time, would, asIs cart.Priced, drafts []promotions.Promotion, limits []Limit) Simulation {
	now, before := would.View().Totals, asIs.View().Totals
	s := Simulation{
		At: at, Currency: would.Cart.Currency, Totals: now, AsIs: before, Difference: now.GrandTotal.Minus(before.GrandTotal),
		Lines: make([]LineView, len(would.Lines)), Parcels: make([]ParcelView, len(would.Quote.Parcels)),
		Codes: append([]cart.Code{}, would.Codes...), Limits: limits, Trace: would.Quote.Trace, Verdicts: []VerdictView{},
	}
	for i, l := range would.Lines {
		s.Lines[i] = LineView{
			Variant: l.VariantID, Vendor: l.VendorID, Title: l.Title(), Quantity: l.Quantity, UnitPrice: l.UnitPrice, Subtotal: l.Price.Subtotal,
			Discounts: discountsOf(l.Price.Discounts), Tax: l.Price.Tax, Total: l.Price.Total, Issues: l.Issues,
		}
	}
	for i, p := range would.Quote.Parcels {
		s.Parcels[i] = ParcelView{p.Vendor, p.Items, p.Shipping, discountsOf(p.ShippingDiscounts), p.Tax, p.Total}
	}
	s.judge(vendor, would.Quote.Verdicts, drafts)
	for i := range s.Limits {
		l := &s.Limits[i]
		l.Offered = slices.ContainsFunc(s.Verdicts, func(v VerdictView) bool { return v.Promotion == l.Promotion })
	}
	return s
}

// judge tells what became of promotions: to a vendor, of others' only where they
// apply, which buyers are told, too.
func (s *Simulation) judge(vendor id.Vendor, verdicts []pricing.Verdict, drafts []promotions.Promotion) {
	for _, v := range verdicts {
		view := VerdictView{v.Promotion, nil, v.Name, v.Code, v.Reason == "", v.Amount, v.Reason, v.KeptOutBy}
		if at := slices.IndexFunc(drafts, func(d promotions.Promotion) bool { return d.ID == v.Promotion }); at >= 0 {
			view.Draft = &at
		}
		if vendor.IsZero() || view.Applied || view.Draft != nil {
			s.Verdicts = append(s.Verdicts, view)
		}
	}
	for i, d := range drafts {
		reason := ""
		switch {
		case !d.RunsAt(s.At):
			reason = "it does not run at that moment"
		case d.Budget != nil && d.Budget.Currency != s.Currency:
			reason = "its budget is in " + string(d.Budget.Currency)
		default:
			continue
		}
		s.Verdicts = append(s.Verdicts, VerdictView{Promotion: d.ID, Draft: &i, Name: d.Name, Amount: money.Zero(s.Currency), Reason: reason})
	}
}

func discountsOf(discounts []pricing.Discount) []DiscountView {
	views := make([]DiscountView, len(discounts))
	for i, d := range discounts {
		views[i] = DiscountView{d.Promotion, d.Name, d.Amount, d.Platform}
	}
	return views
}
