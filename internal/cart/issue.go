package cart

import (
	"slices"
	"strconv"
	"strings"

	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/money"
	"souk/internal/tax"
)

// An Issue is why a line cannot be ordered as it is.
type Issue struct {
	Code      string   `json:"code" enum:"not_purchasable,account_required,members_only,insufficient_stock,quantity_limit"`
	Detail    string   `json:"detail"`
	Available *int     `json:"available_quantity,omitempty" doc:"How many are left"`
	Plans     []string `json:"plans,omitempty" doc:"Whose members may buy it"`

	Component *ComponentView `json:"component,omitempty" doc:"Of a bundle, the part that is short or gone"`
}

// judge says what a line costs and what is wrong with it, and takes its units
// off the shelves.
func (l *Line) judge(r *reading, stock shelves) {
	currency := r.cart.Currency
	l.UnitPrice, l.Image = money.Zero(currency), l.image()
	zero := money.Zero(currency)
	l.Price.Subtotal, l.Price.Discount, l.Price.Tax, l.Price.Total = zero, zero, zero, zero
	if l.Minor != nil {
		l.UnitPrice.Minor = *l.Minor
	}
	l.Issues = []Issue{}
	left, scarce := stock.reach(*l)
	l.Left = left
	gone := slices.IndexFunc(l.Components, func(p Part) bool { return p.Gone })
	switch {
	case l.Archived || l.ProductStatus != "active" || l.VendorStatus != "active":
		l.Issues = append(l.Issues, Issue{Code: ErrNotPurchasable.Code, Detail: "This is not for sale any more."})
	case l.Minor == nil:
		l.Issues = append(l.Issues, Issue{Code: ErrNotPurchasable.Code, Detail: "This is not sold in " + string(currency) + "."})
	case l.GiftCard && *l.Minor == 0:
		l.Issues = append(l.Issues, Issue{Code: ErrNotPurchasable.Code, Detail: "This gift card is worth nothing yet."})
	case l.PlanArchived && !slices.Contains(r.buyer.Plans, l.Plan):
		l.Issues = append(l.Issues, Issue{Code: ErrNotPurchasable.Code, Detail: "This plan is not offered any more."})
	case !l.Plan.IsZero() && r.cart.UserID.IsZero():
		l.Issues = append(l.Issues, Issue{Code: ErrAccountRequired.Code, Detail: ErrAccountRequired.Message})
	case !l.Plan.IsZero() && r.plansBefore(l.ID):
		l.Issues = append(l.Issues, Issue{Code: ErrQuantityLimit.Code, Detail: "One membership is sold at once, and there is another in the cart."})
	case l.Members != nil && !slices.ContainsFunc(r.buyer.Plans, func(p id.Plan) bool { return slices.Contains(l.Members, p) }):
		detail := "This is for members of " + strings.Join(l.MemberNames, ", ") + "."
		if len(l.MemberNames) == 0 {
			detail = "Parts of this are for members of different plans, and none opens all of them."
		}
		l.Issues = append(l.Issues, Issue{Code: ErrMembersOnly.Code, Detail: detail, Plans: l.MemberNames})
	case gone >= 0:
		l.Issues = append(l.Issues, l.without(l.Components[gone]))
	case left != nil && *left < l.Quantity:
		l.Issues = append(l.Issues, l.short(*left, scarce))
	case l.Quantity < l.MinQuantity:
		l.Issues = append(l.Issues, Issue{Code: ErrQuantityLimit.Code, Detail: "At least " + strconv.Itoa(l.MinQuantity) + " are sold at once."})
	case l.tooMany(l.Quantity):
		l.Issues = append(l.Issues, Issue{Code: ErrQuantityLimit.Code, Detail: "At most " + strconv.Itoa(l.MaxQuantity) + " are sold at once."})
	}
	if len(l.Issues) == 0 {
		l.picks = stock.take(*l)
	}
}

func (l Line) tooMany(quantity int) bool { return l.MaxQuantity > 0 && quantity > l.MaxQuantity }

// Purchasable reports whether the line is for sale to this buyer, whatever the
// stock.
func (l Line) Purchasable() bool {
	if len(l.Issues) == 0 {
		return true
	}
	code := l.Issues[0].Code
	return code != ErrNotPurchasable.Code && code != ErrAccountRequired.Code && code != ErrMembersOnly.Code
}

// hidden reports whether the public never saw it, so that it does not exist.
func (l Line) hidden() bool {
	switch l.ProductStatus {
	case "draft", "pending_review", "scheduled", "rejected":
		return true
	}
	return false
}

// refusal is why a line may not be put into a cart; nil when it may.
func (l Line) refusal() error {
	switch {
	case len(l.Issues) == 0:
		return nil
	case l.Issues[0].Code == ErrAccountRequired.Code:
		return ErrAccountRequired.With("variant_id", l.VariantID)
	case l.Issues[0].Code == ErrMembersOnly.Code:
		return ErrMembersOnly.With("variant_id", l.VariantID).With("plans", l.MemberNames)
	case !l.Purchasable():
		return ErrNotPurchasable.With("variant_id", l.VariantID)
	case l.Issues[0].Code == ErrQuantityLimit.Code:
		return ErrQuantityLimit.With("variant_id", l.VariantID).With("min_quantity", l.MinQuantity).With("max_quantity", l.MaxQuantity)
	}
	short := inventory.ErrInsufficientStock.With("variant_id", l.VariantID).With("available_quantity", *l.Left)
	if part := l.Issues[0].Component; part != nil {
		short = short.With("component", part)
	}
	return short
}

// A Fault is an issue with the item that has it, for the refusal of a checkout.
type Fault struct {
	Item    id.CartItem `json:"item_id"`
	Variant id.Variant  `json:"variant_id"`
	Issue
}

// Ready is nil when the cart can be ordered. Otherwise it names every item that
// cannot be bought, then those of which there is not enough, those of which
// another quantity is sold, then what is missing.
func (p Priced) Ready() error {
	var unsold, unknown, members, short, limited []Fault
	for _, l := range p.Lines {
		for _, issue := range l.Issues {
			fault := Fault{l.ID, l.VariantID, issue}
			switch issue.Code {
			case ErrNotPurchasable.Code:
				unsold = append(unsold, fault)
			case ErrAccountRequired.Code:
				unknown = append(unknown, fault)
			case ErrMembersOnly.Code:
				members = append(members, fault)
			case ErrQuantityLimit.Code:
				limited = append(limited, fault)
			default:
				short = append(short, fault)
			}
		}
	}
	switch {
	case len(unsold) > 0:
		return ErrNotPurchasable.With("items", unsold)
	case len(unknown) > 0:
		return ErrAccountRequired.With("items", unknown)
	case len(members) > 0:
		return ErrMembersOnly.With("items", members).With("plans", members[0].Plans)
	case len(short) > 0:
		return inventory.ErrInsufficientStock.With("items", short).With("variant_id", short[0].Variant).With("available_quantity", *short[0].Available)
	case len(limited) > 0:
		return ErrQuantityLimit.With("items", limited)
	case slices.Equal(p.Missing, []string{"tax"}) && p.Quote.TaxFailure != "":
		return tax.ErrEngine.With("failure", p.Quote.TaxFailure)
	case slices.Equal(p.Missing, []string{"tax"}):
		return tax.ErrPending
	case len(p.Missing) > 0:
		return ErrIncomplete.With("missing", p.Missing)
	}
	return nil
}
