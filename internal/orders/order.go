package orders

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"souk/internal/accounts"
	"souk/internal/credit"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/pricing"
	"souk/internal/tax"
)

// Order is what a buyer bought at once, from one vendor or many.
type Order struct {
	ID                id.Order               `db:"id" json:"id"`
	Number            string                 `db:"number" json:"number"`
	Cart              id.Cart                `db:"cart_id" json:"-"`
	User              id.User                `db:"user_id" json:"-"`
	TokenHash         []byte                 `db:"token_hash" json:"-"`
	Status            Status                 `db:"status" json:"status" enum:"pending,confirmed,shipped,delivered,completed,cancelled,returned"`
	PaymentStatus     PaymentStatus          `db:"payment_status" json:"payment_status" enum:"pending,authorized,partially_paid,paid,partially_refunded,refunded,voided"`
	FulfillmentStatus Fulfillment            `db:"fulfillment_status" json:"fulfillment_status" enum:"unfulfilled,partially_shipped,shipped,partially_delivered,delivered,cancelled,returned"`
	Currency          money.Currency         `db:"currency" json:"currency"`
	Locale            string                 `db:"locale" json:"locale,omitempty" doc:"The language in which the buyer was told of the goods; left out for the shop's own"`
	Email             string                 `db:"email" json:"email"`
	Phone             string                 `db:"phone" json:"phone,omitempty"`
	Shipping          accounts.PostalAddress `db:"shipping_address" json:"-"`
	Billing           accounts.PostalAddress `db:"billing_address" json:"-"`
	Totals            `json:"totals"`
	Saved             money.Amount `db:"membership" json:"membership_savings" doc:"What the buyer's plan took off, part of the discount"`
	Ahead             money.Amount `db:"ahead" json:"-"` // was taken already, of parts that are not paid whole yet
	TaxSource         tax.Source   `db:"tax_source" json:"tax_source"`
	CancelReason      string       `db:"cancel_reason" json:"cancel_reason,omitempty"`
	PlacedAt          time.Time    `db:"placed_at" json:"created_at"`
	UpdatedAt         time.Time    `db:"updated_at" json:"updated_at"`
	ExpiresAt         *time.Time   `db:"expires_at" json:"expires_at,omitempty" doc:"When an unpaid order is cancelled"`
	Version           int64        `db:"version" json:"-"`
}

// Totals is what an order costs and why.
type Totals struct {
	Items       money.Amount `db:"items" json:"items"`
	Discount    money.Amount `db:"discount" json:"discount"`
	ShippingFee money.Amount `db:"shipping" json:"shipping"`
	Fee         money.Amount `db:"fee" json:"fee" doc:"What the way to pay costs"`
	Tax         money.Amount `db:"tax" json:"tax"`
	Rounding    money.Amount `db:"rounding" json:"rounding"`
	GrandTotal  money.Amount `db:"grand_total" json:"grand_total"`
	TaxIncluded bool         `db:"tax_included" json:"tax_included" doc:"The prices hold the tax already"`
}

// Seller is a vendor as it was called when the order was placed.
type Seller struct {
	ID   id.Vendor `db:"vendor_id" json:"id"`
	Slug string    `db:"vendor_slug" json:"slug"`
	Name string    `db:"vendor_name" json:"name"`
}

// VendorOrder is one vendor's part of an order.
type VendorOrder struct {
	ID             id.VendorOrder `db:"id" json:"id"`
	Order          id.Order       `db:"order_id" json:"-"`
	Seller         `json:"vendor"`
	Number         string         `db:"number" json:"number"`
	Status         PartStatus     `db:"status" json:"status" enum:"pending,confirmed,partially_shipped,shipped,delivered,cancelled,refused,returned" doc:"refused: it came back, and nothing is paid for it"`
	House          bool           `db:"house" json:"-"` // sold by the marketplace itself
	Paid           bool           `db:"paid" json:"paid"`
	Currency       money.Currency `db:"currency" json:"currency"`
	PartTotals     `json:"totals"`
	ShippingTax    money.Amount   `db:"shipping_tax" json:"-"`
	FeeTax         money.Amount   `db:"fee_tax" json:"-"`
	Platform       money.Amount   `db:"shipping_platform" json:"-"` // the part of the discount on shipping that the platform pays
	Credit         money.Amount   `db:"credit" json:"-"`            // what gift cards and store credit were to pay of it when it was placed
	ShippingOption ShippingOption `db:"shipping_option" json:"shipping_option"`
	PlacedAt       time.Time      `db:"placed_at" json:"created_at"`
	UpdatedAt      time.Time      `db:"updated_at" json:"updated_at"`
}

// PartTotals is what a vendor's part costs. Total is all of it, with the tax.
type PartTotals struct {
	Items       money.Amount `db:"items" json:"items"`
	Discount    money.Amount `db:"discount" json:"discount"`
	ShippingFee money.Amount `db:"shipping" json:"shipping"`
	Fee         money.Amount `db:"fee" json:"fee" doc:"Its share of what the way to pay costs, which is the marketplace's"`
	Tax         money.Amount `db:"tax" json:"tax"`
	Total       money.Amount `db:"total" json:"grand_total"`
}

// ShippingOption is how a part travels, as it was chosen.
type ShippingOption struct {
	ID   id.ShipOption `json:"id,omitzero"`
	Name string        `json:"name"`
	Kind string        `json:"kind"`
	Days Days          `json:"delivery_days"`
}

// Days is how long something takes.
type Days struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Line is a number of one thing, with its share of every figure. A refund
// reads these shares and never computes them again.
type Line struct {
	ID               id.OrderLine   `db:"id" json:"id"`
	Order            id.Order       `db:"order_id" json:"-"`
	Part             id.VendorOrder `db:"vendor_order_id" json:"vendor_order_id"`
	Vendor           id.Vendor      `db:"vendor_id" json:"-"`
	Seller           *Seller        `db:"-" json:"vendor,omitempty"`
	Variant          id.Variant     `db:"variant_id" json:"variant_id"`
	Thing            `json:"product"`
	VariantTitle     string       `db:"variant_title" json:"title" doc:"Of the variant, for example Red / M"`
	ToldVariantTitle string       `db:"told_variant_title" json:"told_title,omitempty" doc:"What the buyer was told, where that is in another language. Buyers find it in title"`
	SKU              string       `db:"sku" json:"sku"`
	Tracked          bool         `db:"tracked" json:"-"`
	RequiresShipping bool         `db:"requires_shipping" json:"requires_shipping"`
	Digital          bool         `db:"digital" json:"digital" doc:"Files or licence keys, handed over once it is paid for"`
	Quantity         int          `db:"quantity" json:"quantity"`
	Fulfilled        int          `db:"quantity_fulfilled" json:"quantity_fulfilled"`
	Withdrawn        int          `db:"quantity_cancelled" json:"quantity_cancelled"`
	WithdrawnPaid    int          `db:"quantity_cancelled_paid" json:"-"` // of those, units that had been paid: their money goes back as a refund
	Returned         int          `db:"quantity_returned" json:"quantity_returned"`
	UnitPrice        money.Amount `db:"unit_price" json:"unit_price"`
	Subtotal         money.Amount `db:"subtotal" json:"subtotal"`
	Discount         money.Amount `db:"discount" json:"discount"`
	Tax              money.Amount `db:"tax" json:"tax"`
	Total            money.Amount `db:"total" json:"total"`
	CommissionBPS    int64        `db:"commission_bps" json:"-"`
	Commission       money.Amount `db:"commission" json:"-"`
	GiftCard         bool         `db:"gift_card" json:"gift_card,omitempty" doc:"Gift cards, handed over by their codes once they are paid for"`
	Gift             *credit.Gift `db:"gift" json:"gift,omitempty" doc:"Whom the gift cards go to"`
	Components       []Component  `db:"components" json:"components,omitempty" doc:"What a bundle is made of"`
	Platform         money.Amount `db:"platform" json:"-"` // the part of the discount that the platform pays

	// The shares of the units that were cancelled before they were paid.
	WithdrawnTotal      money.Amount `db:"cancelled" json:"-"`
	WithdrawnTax        money.Amount `db:"cancelled_tax" json:"-"`
	WithdrawnPlatform   money.Amount `db:"cancelled_platform" json:"-"`
	WithdrawnCommission money.Amount `db:"cancelled_commission" json:"-"`
}

// Component is what is in one unit of a line that sells a bundle, and its share
// of what the whole line comes to. The shares re-add to the line's.
type Component struct {
	Variant  id.Variant   `json:"variant_id"`
	SKU      string       `json:"sku"`
	Title    string       `json:"title"`
	Told     string       `json:"told_title,omitempty" doc:"As that of the variant"`
	Quantity int          `json:"quantity" doc:"In one unit of the bundle"`
	Tracked  bool         `json:"-"`
	Total    money.Amount `json:"total"`
	Tax      money.Amount `json:"tax"`
}

// Thing is the product of a line.
type Thing struct {
	Product id.Product `db:"product_id" json:"id"`
	Slug    string     `db:"product_slug" json:"slug"`
	Title   string     `db:"title" json:"title"`
	Told    string     `db:"told_title" json:"told_title,omitempty" doc:"As that of the variant"`
	Image   string     `db:"image" json:"image"`
}

// Units is a number of units of a line.
type Units struct {
	Line     id.OrderLine `json:"order_line_id"`
	Quantity int          `json:"quantity" minimum:"1" maximum:"100000"`
}

// Adjustment is a discount or a tax as it was allocated. Without a line it is
// on the shipping of its part, or on its fee.
type Adjustment struct {
	Part   id.VendorOrder
	Line   id.OrderLine
	Kind   string // "discount", "tax"
	Label  string
	PPM    int64 // 0 when it is no rate
	Amount money.Amount
	Fee    bool // of a tax: on the fee of its part

	Promotion id.Promotion // of a discount
	Platform  money.Amount // the part of a discount that the platform pays
}

// Whole is an order with its parts and lines, to be changed and written back.
type Whole struct {
	Order
	Parts []VendorOrder
	Lines []Line // by part, then position
}

// New is an order to be. QueueCreate gives it its number.
type New struct {
	Whole
	Adjustments []Adjustment
	Trace       []pricing.Step
	Numbers     []string // the first that nobody has is taken
	HeldFor     time.Duration
}

// Told is lines with the titles that their buyer was told, and no others.
func Told(lines []Line) []Line {
	told := slices.Clone(lines)
	for i := range told {
		l := &told[i]
		l.Title, l.Told = cmp.Or(l.Told, l.Title), ""
		l.VariantTitle, l.ToldVariantTitle = cmp.Or(l.ToldVariantTitle, l.VariantTitle), ""
		l.Components = slices.Clone(l.Components)
		for j := range l.Components {
			c := &l.Components[j]
			c.Title, c.Told = cmp.Or(c.Told, c.Title), ""
		}
	}
	return told
}

// Remaining is how many units of a line have neither shipped nor been
// cancelled.
func (l Line) Remaining() int { return l.Quantity - l.Fulfilled - l.Withdrawn }

// Commission is the marketplace's share of what a line brings without tax: what
// the buyer pays, and what the platform adds for a discount that it gives.
func Commission(total, tax, platform money.Amount, bps int64) money.Amount {
	return total.Minus(tax).Plus(platform).Share(bps, 10_000)
}

// withdraw cancels n units. Of those that have been paid a refund tells what goes
// back. The shares of the others are computed for all of them together, so that
// they re-add however often a line is cut.
func (l *Line) withdraw(n int, paid bool) {
	l.Withdrawn += n
	if paid {
		l.WithdrawnPaid += n
		return
	}
	share := func(a money.Amount) money.Amount { return a.Share(int64(l.Withdrawn), int64(l.Quantity)) }
	l.WithdrawnTotal, l.WithdrawnTax, l.WithdrawnPlatform, l.WithdrawnCommission = share(l.Total), share(l.Tax), share(l.Platform), share(l.Commission)
	// Rounded apart, the rest of the commission could pass the rest of what it is a share of.
	net := l.Total.Minus(l.WithdrawnTotal).Minus(l.Tax.Minus(l.WithdrawnTax)).Plus(l.Platform.Minus(l.WithdrawnPlatform))
	if l.Commission.Minus(l.WithdrawnCommission).Minor > net.Minor {
		l.WithdrawnCommission = l.Commission.Minus(net)
	}
}

// Earnings is what a part brings and to whom, less what was cancelled of it.
// Tax, Commission, Fee and Vendor re-add to Total and Platform.
type Earnings struct {
	Total      money.Amount // the buyer pays
	Platform   money.Amount // the platform adds, for discounts that it gives
	Tax        money.Amount // the state gets
	Commission money.Amount // the marketplace gets
	Fee        money.Amount // the marketplace gets, for the way to pay, without tax
	Vendor     money.Amount // the vendor gets
}

// Earnings of a part; nothing when it became void before it was paid. What it has
// given back since is told by refunds.
func (w Whole) Earnings(part VendorOrder) Earnings {
	none := money.Zero(w.Currency)
	e := Earnings{none, none, none, none, none, none}
	if part.Void() && !part.Paid {
		return e
	}
	e.Total, e.Tax, e.Platform, e.Fee = part.Total, part.PartTotals.Tax, part.Platform, w.feeOf(part).Minus(part.FeeTax)
	for _, l := range w.Lines {
		if l.Part == part.ID {
			e.Total, e.Tax = e.Total.Minus(l.WithdrawnTotal), e.Tax.Minus(l.WithdrawnTax)
			e.Platform = e.Platform.Plus(l.Platform).Minus(l.WithdrawnPlatform)
			e.Commission = e.Commission.Plus(l.Commission).Minus(l.WithdrawnCommission)
		}
	}
	e.Vendor = e.Total.Plus(e.Platform).Minus(e.Tax).Minus(e.Commission).Minus(e.Fee)
	return e
}

// CostsNothing reports that nobody pays anything for a part: it is not in the books.
func (w Whole) CostsNothing(part VendorOrder) bool {
	e := w.Earnings(part)
	return e.Total.IsZero() && e.Platform.IsZero()
}

// feeOf is a part's share of the fee, with its tax.
func (w Whole) feeOf(part VendorOrder) money.Amount {
	if w.TaxIncluded {
		return part.Fee
	}
	return part.Fee.Plus(part.FeeTax)
}

// Due is what the buyer still owes or has paid for an order: all of it, less
// what was cancelled.
func (w Whole) Due() money.Amount {
	due := w.Rounding
	if w.Void() {
		return money.Zero(w.Currency)
	}
	for _, p := range w.Parts {
		due = due.Plus(w.Earnings(p).Total)
	}
	return due
}

// Credited is what gift cards and store credit pay of a part as it is now. They
// pay first: what is cancelled lowers what is left to pay, and only then theirs.
func (w Whole) Credited(part VendorOrder) money.Amount {
	return least(part.Credit, w.Earnings(part).Total)
}

// Owed is what is left to pay of a part beside that, paid or not.
func (w Whole) Owed(part VendorOrder) money.Amount {
	return w.Earnings(part).Total.Minus(w.Credited(part))
}

// Credit is what gift cards and store credit pay of the order as it is now.
func (w Whole) Credit() money.Amount {
	sum := money.Zero(w.Currency)
	for _, p := range w.Parts {
		sum = sum.Plus(w.Credited(p))
	}
	return sum
}

func least(a, b money.Amount) money.Amount {
	if a.Minor < b.Minor {
		return a
	}
	return b
}

// PartOf finds a part by its id.
func (w Whole) PartOf(part id.VendorOrder) (int, bool) {
	for i, p := range w.Parts {
		if p.ID == part {
			return i, true
		}
	}
	return 0, false
}

// Clone is w as it is now, whatever becomes of w.
func (w Whole) Clone() Whole {
	w.Parts = append([]VendorOrder(nil), w.Parts...)
	w.Lines = append([]Line(nil), w.Lines...)
	return w
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs
	}
	return b
}
