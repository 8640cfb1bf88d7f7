package pricing

import (
	"cmp"
	"strconv"

	"souk/internal/money"
)

// A Step explains one figure to people. The amounts of all steps add up to the
// grand total: tax that prices hold already, why there is none, price lists, and
// what became of promotions that do not apply, is told in steps of nothing.
type Step struct {
	Kind    string       `json:"kind" enum:"item,price_list,discount,set_off,not_applied,shipping,fee,tax,tax_included,tax_relief"`
	Subject string       `json:"subject" doc:"The variant, the vendor whose parcel it is or whose part bears the fee, or the promotion that does not apply"`
	Rule    string       `json:"rule,omitempty" doc:"The promotion that takes it off, or the price list that says what a unit costs"`
	Text    string       `json:"text"`
	Amount  money.Amount `json:"amount"`
}

// explain tells how the total came about: each line with the price list that it
// goes by instead of its usual price, with what is taken off and put on it, then each parcel, then what the way to pay costs, then the
// promotions that could have applied and do not. Those that nothing in the cart is part of are left out.
func (q *Quote) explain(s *Snapshot, usual []Line) {
	for i, l := range s.Lines {
		subject, priced := l.Variant.String(), q.Lines[i]
		if list := priced.Unit.List; list != nil {
			q.Trace = append(q.Trace, Step{
				Kind: "price_list", Subject: subject, Rule: list.List.String(), Text: named(l.Name) + list.text(usual[i].UnitPrice), Amount: money.Zero(s.Currency),
			})
		}
		q.step("item", subject, named(l.Name)+strconv.FormatInt(l.Quantity, 10)+" × "+l.UnitPrice.String(), priced.Subtotal)
		q.discountSteps(subject, named(l.Name), priced.Discounts)
		q.taxSteps(s, subject, priced.Subtotal.Minus(priced.Discount), priced.Taxes, l.Relief, l.Why)
	}
	for _, parcel := range s.Parcels {
		at, _ := q.parcelOf(parcel.Vendor)
		p, subject, name := q.Parcels[at], parcel.Vendor.String(), cmp.Or(parcel.Name, "Shipping")
		q.step("shipping", subject, name, parcel.Shipping)
		q.discountSteps(subject, name+": ", p.ShippingDiscounts)
		q.taxSteps(s, subject, parcel.Shipping.Minus(sumOf(s.Currency, p.ShippingDiscounts)), p.ShippingTaxes, parcel.Relief, parcel.Why)
	}
	for _, p := range q.Parcels {
		if s.Fee != nil && !p.Fee.IsZero() {
			q.step("fee", p.Vendor.String(), s.Fee.Name, p.Fee)
			q.taxSteps(s, p.Vendor.String(), p.Fee, p.FeeTaxes, s.Fee.Relief, s.Fee.Why)
		}
	}
	for _, v := range q.Verdicts {
		if v.Reason != "" && (v.Code != "" || !v.Idle) {
			q.step("not_applied", v.Promotion.String(), v.Name+": "+v.Reason, money.Zero(s.Currency))
		}
	}
}

func (q *Quote) step(kind, subject, text string, amount money.Amount) {
	q.Trace = append(q.Trace, Step{Kind: kind, Subject: subject, Text: text, Amount: amount})
}

func (q *Quote) discountSteps(subject, of string, discounts []Discount) {
	for _, d := range discounts {
		name := d.Name
		if d.Code != "" {
			name += " (" + d.Code + ")"
		}
		step := Step{Kind: "set_off", Subject: subject, Text: of + name, Amount: money.Zero(d.Amount.Currency).Minus(d.Amount)}
		if !d.Promotion.IsZero() {
			step.Kind, step.Rule = "discount", d.Promotion.String()
		}
		q.Trace = append(q.Trace, step)
	}
}

func (q *Quote) taxSteps(s *Snapshot, subject string, of money.Amount, shares []TaxShare, relief, why string) {
	if why != "" {
		why = ": " + why
	}
	if relief != "" {
		q.step("tax_relief", subject, relief+why, money.Zero(s.Currency))
		return
	}
	for _, share := range shares {
		if s.Tax.Included {
			q.step("tax_included", subject, of.String()+" holds "+share.Amount.String()+" of "+share.Label+why, money.Zero(s.Currency))
		} else {
			q.step("tax", subject, share.Label+" on "+of.String()+why, share.Amount)
		}
	}
}

func named(name string) string {
	if name == "" {
		return ""
	}
	return name + ": "
}
