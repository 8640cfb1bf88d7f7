package cart

import (
	"souk/internal/accounts"
	"souk/internal/credit"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/pricing"
	"souk/internal/shipping"
	"souk/internal/tax"
)

// View is a cart as its owner sees it.
type View struct {
	ID                id.Cart        `json:"id"`
	Currency          money.Currency `json:"currency"`
	Items             []ItemView     `json:"items"`
	Coupons           []string       `json:"coupons" doc:"The codes in the cart"`
	Codes             []Code         `json:"codes" doc:"What became of each of them"`
	Discounts         []DiscountView `json:"discounts" doc:"What lowers the price"`
	MembershipSavings money.Amount   `json:"membership_savings" doc:"What one's plan takes off, part of the discount"`
	Addresses         AddressesView  `json:"addresses"`
	Shipping          []ChosenView   `json:"shipping" doc:"What has been chosen, where it is still offered"`
	Totals            TotalsView     `json:"totals"`

	GiftCards   []GiftCardView   `json:"gift_cards" doc:"What it is to be paid with"`
	StoreCredit *StoreCreditView `json:"store_credit,omitempty" doc:"Of its owner, where there is some in its currency"`
	Due         money.Amount     `json:"due" doc:"What is left of the total for a way to pay"`

	Missing   []string       `json:"missing" doc:"What checkout still needs" enum:"items,email,shipping_address,billing_address,shipping,tax"`
	TaxSource tax.Source     `json:"tax_source"`
	Trace     []pricing.Step `json:"trace,omitempty" doc:"How the total came about, with expand=trace"`
}

// ItemView is a line of the cart.
type ItemView struct {
	ID        id.CartItem     `json:"id"`
	VariantID id.Variant      `json:"variant_id"`
	Product   ProductView     `json:"product"`
	Title     string          `json:"title" doc:"Of the variant, for example Red / M"`
	SKU       *string         `json:"sku"`
	Vendor    VendorView      `json:"vendor"`
	Quantity  int             `json:"quantity"`
	GiftCard  bool            `json:"gift_card,omitempty" doc:"Its units are gift cards"`
	Gift      *credit.Gift    `json:"gift,omitempty" doc:"Whom they go to"`
	Digital   bool            `json:"digital" doc:"Files or licence keys, handed over once they are paid for"`
	UnitPrice money.Amount    `json:"unit_price"`
	PriceList *ListView       `json:"price_list,omitempty" doc:"The price list that the unit price is from"`
	Discount  money.Amount    `json:"discount"`
	Tax       money.Amount    `json:"tax"`
	Total     money.Amount    `json:"total"`
	Parts     []ComponentView `json:"components,omitempty" doc:"What is in a bundle"`
	Issues    []Issue         `json:"issues" doc:"Why it cannot be ordered as it is. What is not purchasable is not in the totals."`
}

// ComponentView is what is in one unit of a bundle.
type ComponentView struct {
	VariantID id.Variant `json:"variant_id"`
	Title     string     `json:"title"`
	SKU       *string    `json:"sku"`
	Quantity  int        `json:"quantity"`
}

func (p Part) view() ComponentView { return ComponentView{p.Variant, p.Told(), p.SKU, p.Quantity} }

// ProductView names the product of an item.
type ProductView struct {
	ID    id.Product `json:"id"`
	Slug  string     `json:"slug"`
	Title string     `json:"title"`
	Image string     `json:"image"`
}

// ListView is the price list that an item's price is from.
type ListView struct {
	ID    id.PriceList `json:"id"`
	Name  string       `json:"name"`
	Usual money.Amount `json:"usual_price" doc:"What a unit costs without it"`
}

// VendorView names a vendor.
type VendorView struct {
	ID   id.Vendor `json:"id"`
	Name string    `json:"name"`
	Slug string    `json:"slug"`
}

// DiscountView is what one promotion takes off.
type DiscountView struct {
	PromotionID id.Promotion `json:"promotion_id"`
	Name        string       `json:"name"`
	Code        string       `json:"code,omitempty"`
	Amount      money.Amount `json:"amount"`
}

// AddressesView is where the cart goes.
type AddressesView struct {
	Email    string                  `json:"email"`
	Phone    string                  `json:"phone"`
	Shipping *accounts.PostalAddress `json:"shipping"`
	Billing  *accounts.PostalAddress `json:"billing"`
}

// DaysView is how long a parcel takes.
type DaysView struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// ChosenView is the way one vendor's parcel goes.
type ChosenView struct {
	VendorID id.Vendor     `json:"vendor_id"`
	OptionID id.ShipOption `json:"option_id"`
	Name     string        `json:"name"`
	Kind     string        `json:"kind" enum:"standard,express,pickup"`
	Price    money.Amount  `json:"price"`
	Days     DaysView      `json:"delivery_days"`
}

// TotalsView is what the cart costs.
type TotalsView struct {
	Items       money.Amount `json:"items"`
	Discount    money.Amount `json:"discount"`
	Shipping    money.Amount `json:"shipping"`
	Fee         money.Amount `json:"fee" doc:"What the way to pay costs, where one is named"`
	Tax         money.Amount `json:"tax"`
	GrandTotal  money.Amount `json:"grand_total"`
	TaxIncluded bool         `json:"tax_included" doc:"Prices hold the tax already"`
}

// OptionView is one way for a parcel to go.
type OptionView struct {
	ID    id.ShipOption `json:"id"`
	Name  string        `json:"name"`
	Kind  string        `json:"kind" enum:"standard,express,pickup"`
	Price money.Amount  `json:"price"`
	Days  DaysView      `json:"delivery_days"`
}

// ParcelView is one vendor's parcel with the ways it can go.
type ParcelView struct {
	VendorID id.Vendor    `json:"vendor_id"`
	Vendor   VendorView   `json:"vendor"`
	Options  []OptionView `json:"options"`
}

// View is the cart for its owner.
func (p Priced) View() View {
	t := p.Quote.Totals
	v := View{
		ID: p.Cart.ID, Currency: p.Cart.Currency, Coupons: []string{}, Codes: append([]Code{}, p.Codes...), Discounts: []DiscountView{}, Missing: p.Missing, Trace: p.Quote.Trace,
		Items: make([]ItemView, len(p.Lines)), Shipping: make([]ChosenView, 0, len(p.Parcels)),
		MembershipSavings: p.Saved,
		Addresses:         AddressesView{p.Cart.Email, p.Cart.Phone, p.Cart.ShippingAddress, p.Cart.Billing()},
		TaxSource:         p.TaxSource(),
		Totals:            TotalsView{t.Items, t.Discount, t.Shipping, t.Fee, t.Tax, t.GrandTotal, t.TaxIncluded},
	}
	for i, l := range p.Lines {
		told := l.Told()
		v.Items[i] = ItemView{
			ID: l.ID, VariantID: l.VariantID, Title: told.Variant, SKU: l.SKU, Quantity: l.Quantity, GiftCard: l.GiftCard, Gift: l.Gift, Digital: l.Digital,
			Product:   ProductView{l.ProductID, l.ProductSlug, told.Product, l.Image},
			Vendor:    VendorView{l.VendorID, l.VendorName, l.VendorSlug},
			UnitPrice: l.UnitPrice, Discount: l.Price.Discount, Tax: l.Price.Tax, Total: l.Price.Total, Issues: l.Issues,
		}
		if list := l.Price.Unit.List; list != nil {
			v.Items[i].PriceList = &ListView{list.List, list.Name, money.Of(*l.Minor, p.Cart.Currency)}
		}
		for _, part := range l.Components {
			v.Items[i].Parts = append(v.Items[i].Parts, part.view())
		}
	}
	for _, code := range p.Codes {
		v.Coupons = append(v.Coupons, code.Code)
	}
	p.viewCredits(&v)
	for _, d := range p.Quote.Verdicts {
		if d.Reason == "" {
			v.Discounts = append(v.Discounts, DiscountView{d.Promotion, d.Name, d.Code, d.Amount})
		}
	}
	for _, parcel := range p.Parcels {
		if s := parcel.Selected; s != nil {
			v.Shipping = append(v.Shipping, ChosenView{
				parcel.Vendor, s.Option.ID, s.Option.Name, s.Option.Kind, s.Price, DaysView{s.Option.MinDays, s.Option.MaxDays},
			})
		}
	}
	return v
}

// parcelViews is the choice that there is.
func (p Priced) parcelViews() []ParcelView {
	views := make([]ParcelView, 0, len(p.Parcels))
	for _, parcel := range p.Parcels {
		if !parcel.NeedsShipping {
			continue
		}
		view := ParcelView{
			VendorID: parcel.Vendor, Vendor: VendorView{parcel.Vendor, parcel.VendorName, parcel.VendorSlug},
			Options: make([]OptionView, len(parcel.Options)),
		}
		for i, q := range parcel.Options {
			view.Options[i] = optionView(q)
		}
		views = append(views, view)
	}
	return views
}

func optionView(q shipping.Quote) OptionView {
	return OptionView{q.Option.ID, q.Option.Name, q.Option.Kind, q.Price, DaysView{q.Option.MinDays, q.Option.MaxDays}}
}
