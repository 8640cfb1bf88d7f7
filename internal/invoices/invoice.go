package invoices

import (
	"slices"
	"time"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/money"
)

// Kind is what a document is.
type Kind string

// The kinds.
const (
	KindInvoice    Kind = "invoice"
	KindCreditNote Kind = "credit_note"
)

// An Invoice is what a seller asks for its part of an order or, as a credit note,
// gives back of that: frozen as it was told.
type Invoice struct {
	ID          id.Invoice     `db:"id" json:"id"`
	Kind        Kind           `db:"kind" json:"kind" enum:"invoice,credit_note"`
	Number      string         `db:"number" json:"number" example:"I2026-000123"`
	Year        string         `db:"year" json:"fiscal_year" doc:"2026, or 2627 for one from 2026 to 2027"`
	Serial      int            `db:"serial" json:"-"`
	IssuedOn    string         `db:"issued_on" json:"issued_on" format:"date" doc:"In the shop's time zone for invoices"`
	IssuedAt    time.Time      `db:"issued_at" json:"issued_at"`
	OrderedAt   time.Time      `db:"ordered_at" json:"ordered_at"`
	OrderedOn   string         `db:"ordered_on" json:"-"`
	Vendor      id.Vendor      `db:"vendor_id" json:"vendor_id"`
	Order       id.Order       `db:"order_id" json:"order_id"`
	OrderNumber string         `db:"order_number" json:"order_number"`
	Part        id.VendorOrder `db:"vendor_order_id" json:"vendor_order_id"`
	Corrects    *Reference     `db:"-" json:"corrects,omitempty" doc:"The invoice of which a credit note gives back"`
	Refunds     []id.Refund    `db:"refunds" json:"refunds,omitempty" doc:"The refunds that a credit note is for; none where something was cancelled before it was paid"`
	Reason      string         `db:"reason" json:"reason,omitempty"`
	Seller      Party          `db:"seller" json:"seller"`
	Buyer       Party          `db:"buyer" json:"buyer"`
	SuppliedTo  Place          `db:"supplied_to" json:"supplied_to" doc:"Where the goods went, by which the tax was reckoned"`
	Locale      string         `db:"locale" json:"locale,omitempty"`
	Currency    money.Currency `db:"currency" json:"currency"`
	TaxIncluded bool           `db:"tax_included" json:"tax_included" doc:"Unit prices and discounts hold the tax already"`
	Lines       []Line         `db:"-" json:"lines"`
	Taxes       []TaxSum       `db:"-" json:"taxes" doc:"What is taxed at which rate, over all lines"`
	Net         money.Amount   `db:"-" json:"net"`
	Tax         money.Amount   `db:"tax" json:"tax"`
	Total       money.Amount   `db:"total" json:"total"`
	Credit      money.Amount   `db:"credit" json:"paid_by_credit" doc:"What gift cards and store credit pay of it"`
	Paid        bool           `db:"paid" json:"paid" doc:"Whether it was paid when it was issued; what is paid on delivery was not"`
}

// A Reference names another document.
type Reference struct {
	ID     id.Invoice `json:"id"`
	Number string     `json:"number"`
	On     string     `json:"issued_on" format:"date"`
}

// A Party is who sells or buys.
type Party struct {
	Trading  string                 `json:"trading_as,omitempty" doc:"What a seller is called in the shop, where that is something else"`
	Address  accounts.PostalAddress `json:"address,omitzero"`
	TaxID    string                 `json:"tax_id,omitempty"`
	Register string                 `json:"register,omitempty"`
	Email    string                 `json:"email,omitempty"`
	Note     string                 `json:"note,omitempty"`
}

// A Place is where goods went.
type Place struct {
	Country string `json:"country"`
	Region  string `json:"region,omitempty"`
}

// LineKind is what a line is for.
type LineKind string

// The kinds of lines.
const (
	Goods    LineKind = "goods"
	Shipping LineKind = "shipping"
	Fee      LineKind = "fee" // what the way to pay costs
)

// A Line is what one thing costs, or what of that is given back.
type Line struct {
	Kind      LineKind     `db:"kind" json:"kind" enum:"goods,shipping,fee"`
	OrderLine id.OrderLine `db:"order_line_id" json:"order_line_id,omitzero"`
	Title     string       `db:"title" json:"title"`
	Detail    string       `db:"detail" json:"detail,omitempty" doc:"The variant, or the way it is sent"`
	SKU       string       `db:"sku" json:"sku,omitempty"`
	Quantity  int          `db:"quantity" json:"quantity" doc:"0 where money alone is given back"`
	Unit      money.Amount `db:"unit" json:"unit_price"`
	Discount  money.Amount `db:"discount" json:"discount"`
	Tax       money.Amount `db:"tax" json:"tax"`
	Total     money.Amount `db:"total" json:"total" doc:"With tax"`
	Taxes     []TaxShare   `db:"taxes" json:"taxes"`
}

// Net is a line without its tax.
func (l Line) Net() money.Amount { return l.Total.Minus(l.Tax) }

// isOf reports whether two lines are for the same.
func (l Line) isOf(other Line) bool { return l.Kind == other.Kind && l.OrderLine == other.OrderLine }

// A TaxShare is what one rate takes of a line, in minor units.
type TaxShare struct {
	Label string `json:"label"`
	PPM   int64  `json:"ppm" doc:"The rate in millionths; 0 where there is none, as with a reverse charge"`
	Minor int64  `json:"amount"`
}

// A TaxSum is what one rate takes over all lines. No label: what no rate is for.
type TaxSum struct {
	Label string       `json:"label"`
	PPM   int64        `json:"ppm"`
	Net   money.Amount `json:"net"`
	Tax   money.Amount `json:"tax"`
}

// sum adds lines up, by rate and all together.
func (i *Invoice) sum() {
	zero := money.Zero(i.Currency)
	i.Total, i.Tax, i.Taxes = zero, zero, []TaxSum{}
	for _, l := range i.Lines {
		i.Total, i.Tax = i.Total.Plus(l.Total), i.Tax.Plus(l.Tax)
		shares := l.Taxes
		if len(shares) == 0 {
			shares = []TaxShare{{}}
		}
		for _, share := range shares {
			at := slices.IndexFunc(i.Taxes, func(t TaxSum) bool { return t.Label == share.Label && t.PPM == share.PPM })
			if at < 0 {
				at = len(i.Taxes)
				i.Taxes = append(i.Taxes, TaxSum{Label: share.Label, PPM: share.PPM, Net: zero, Tax: zero})
			}
			i.Taxes[at].Net, i.Taxes[at].Tax = i.Taxes[at].Net.Plus(l.Net()), i.Taxes[at].Tax.Plus(money.Of(share.Minor, i.Currency))
		}
	}
	i.Net = i.Total.Minus(i.Tax)
}
