package cart

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/credit"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/promotions"
	"souk/internal/shipping"
	"souk/internal/tax"
)

// Priced is a cart with everything that an order is made of, read at one
// moment.
type Priced struct {
	Cart    Cart
	Lines   []Line   // in the order in which they were added
	Parcels []Parcel // one for each vendor, by the vendor's id
	Quote   pricing.Quote
	Uses    []promotions.Use // the promotions that lower it
	Credits []Credit         // gift cards and store credit, in the order in which they pay
	Due     money.Amount     // what they leave to pay
	Codes   []Code           // what became of the codes that were put into it
	Saved   money.Amount     // what the buyer's plan takes off
	Missing []string         // what checkout still needs: items, email, shipping_address, billing_address, shipping, tax
	Locale  string           // in which its goods are told; "" is the shop's own

	Exemption string // the certificate by which the buyer pays no tax
}

// A Line is an item with what it is, what it costs and where it is taken from.
type Line struct {
	ID               id.CartItem    `db:"id"`
	VariantID        id.Variant     `db:"variant_id"`
	Quantity         int            `db:"quantity"`
	ProductID        id.Product     `db:"product_id"`
	VendorID         id.Vendor      `db:"vendor_id"`
	VariantTitle     string         `db:"variant_title"`
	SKU              *string        `db:"sku"`
	WeightGrams      int64          `db:"weight_grams"`
	TaxClass         string         `db:"tax_class"`
	Taxable          bool           `db:"taxable"`
	RequiresShipping bool           `db:"requires_shipping"`
	Bundle           bool           `db:"bundle"`
	Digital          bool           `db:"-"` // it has files or licence keys or is a gift card, and is not shipped
	GiftCard         bool           `db:"gift_card"`
	Gift             *credit.Gift   `db:"gift"` // whom a gift card goes to; nil: the buyer
	Tracked          bool           `db:"tracked"`
	MinQuantity      int            `db:"min_quantity"`
	MaxQuantity      int            `db:"max_quantity"` // 0: any
	Archived         bool           `db:"archived"`
	ProductSlug      string         `db:"product_slug"`
	ProductTitle     string         `db:"product_title"`
	ProductStatus    string         `db:"product_status"`
	VendorName       string         `db:"-"`
	VendorSlug       string         `db:"-"`
	VendorStatus     string         `db:"-"`
	House            bool           `db:"-"` // the marketplace sells it itself
	Plan             id.Plan        `db:"-"` // of which it sells a period; zero for all other goods
	Members          []id.Plan      `db:"-"` // who alone may buy it now; nil is everybody
	MemberNames      []string       `db:"-"` // as plans that may, or will, are called
	PlanArchived     bool           `db:"-"` // only its members buy more of it
	SetOff           pricing.SetOff `db:"-"` // what unused time of another plan pays of this one
	CommissionBPS    int            `db:"-"`
	Seller           tax.Seller     `db:"-"`            // where the vendor is registered for tax, or the shop
	Minor            *int64         `db:"amount_minor"` // nil: no price in the cart's currency
	BlobKey          string         `db:"blob_key"`
	ContentType      string         `db:"content_type"`
	Width            int            `db:"width"`
	Height           int            `db:"height"`
	Locations        []id.Location  `db:"locations"` // where there is stock, the first to pick from first
	Available        []int          `db:"available"` // what can be sold at each
	Components       []Part         `db:"-"`         // of a bundle

	UnitPrice money.Amount       `db:"-"`
	Left      *int               `db:"-"` // how many can be bought beside the lines before it; nil: any number
	Image     string             `db:"-"` // a URL, "" where there is none
	Issues    []Issue            `db:"-"`
	Price     pricing.PricedLine `db:"-"` // of nothing, where the line cannot be bought

	told  catalog.Titles // in the language of who is told of it; zero is as the shop does
	picks []inventory.Pick
}

// A toldLine is a line in a language besides the shop's own.
type toldLine struct {
	Line
	Words catalog.Words `db:"words"`
}

// A Parcel is what one vendor sends, and how it can go.
type Parcel struct {
	Vendor        id.Vendor
	VendorName    string
	VendorSlug    string
	House         bool // the marketplace itself
	CommissionBPS int
	NeedsShipping bool
	WeightGrams   int64
	Value         money.Amount
	Options       []shipping.Quote
	Selected      *shipping.Quote // one of Options, nil while none is chosen

	seller tax.Seller
}

// imagePixels is the size of the picture beside an item.
const imagePixels = 160

// reading is a load that is under way: what the statements of a pipeline bring.
type reading struct {
	shop    *shop // what is known of the whole of it
	cart    Cart
	lines   []Line
	members []member
	digital []id.CartItem // what has files or licence keys
	vendors map[id.Vendor]vendor
	places  map[id.Location]int // by their priority
	zone    tax.Zone
	exempt  []exemption // what exempts the buyer
	asks    *tax.Asks   // the engine that reckons tax; nil where the zone's rates do
	options map[id.Vendor][]shipping.Option
	offered []offered
	credits []Credit
	facts   []facts // by item
	listed  []listPrice
	buyer   buyer
	method  string       // of payment; "" while none is chosen
	fee     money.Amount // that it costs
	trial   bool         // of a supposition
	locale  string       // in which goods are told; "" is the shop's own
	told    Customer     // what it tells of the buyer
	setOff  pricing.SetOff
}

// Lock takes the row of a cart that the caller may use and prices it for
// checkout, explained, in one round trip. A cart that has become an order is
// refused with [ErrCompleted].
func (c *Carts) Lock(ctx context.Context, tx pgx.Tx, cart id.Cart, method string) (Priced, error) {
	return c.read(ctx, tx, cart, lockCart, reading{method: method}, true)
}

func (c *Carts) load(ctx context.Context, db postgres.DB, cart id.Cart, sql string, explain bool) (Priced, error) {
	return c.read(ctx, db, cart, sql, reading{}, explain)
}

func (c *Carts) read(ctx context.Context, db postgres.DB, cart id.Cart, sql string, r reading, explain bool) (Priced, error) {
	r.shop, r.locale = c.known(), catalog.LocaleOf(ctx)
	b := postgres.NewBatch()
	b.Read(sql, whose(ctx, cart), takeCart(&r.cart))
	r.queue(b, ofCart(cart, r.locale))
	switch err := b.Send(ctx, db); {
	case errors.Is(err, errUntouched):
		return Priced{}, ErrNotFound
	case err != nil:
		return Priced{}, fmt.Errorf("load cart: %w", err)
	case !r.cart.OrderID.IsZero():
		return Priced{}, ErrCompleted.With("order_id", r.cart.OrderID)
	}
	if err := c.complete(ctx, db, &r, ofCart(cart, r.locale)); err != nil {
		return Priced{}, fmt.Errorf("load cart: %w", err)
	}
	var err error
	if r.fee, err = c.Payments.Fee(ctx, r.method, r.cart.Currency); err != nil {
		return Priced{}, fmt.Errorf("load cart: %w", err)
	}
	return r.price(explain)
}

// A basket is what a quote is about, as its reads find it.
type basket struct {
	*reads
	args pgx.NamedArgs
}

func ofCart(cart id.Cart, locale string) basket {
	return basket{&readsOfCart, pgx.NamedArgs{"cart": cart, "locale": locale}}
}

// queue adds the reads of a quote to a pipeline that brings the cart itself. What
// is then left to read is for [Carts.complete].
func (r *reading) queue(b *postgres.Batch, of basket) {
	r.queueLines(b, of)
	r.queueFeatures(b, of)
}

// queueLines reads the lines, with what they are called in another language where
// one is asked for.
func (r *reading) queueLines(b *postgres.Batch, of basket) {
	if r.locale == "" {
		postgres.ReadAll(b, &r.lines, of.lines, of.args)
		return
	}
	b.Read(of.told, of.args, func(rows pgx.Rows) error {
		found, err := postgres.Rows[toldLine](rows)
		for _, l := range found {
			l.told = l.Words.Told()
			r.lines = append(r.lines, l.Line)
		}
		return err
	})
}

// queueFeatures reads what the shop has to have for a cart to have it.
func (r *reading) queueFeatures(b *postgres.Batch, of basket) {
	shop, paid := r.shop, of.credits != ""
	if shop.uses("plans") {
		postgres.ReadAll(b, &r.members, of.members, of.args)
	}
	if shop.uses("digital_files") || shop.uses("licence_keys") {
		postgres.ReadColumn(b, &r.digital, of.digital, of.args)
	}
	if shop.uses("tax_exemptions") {
		postgres.ReadAll(b, &r.exempt, of.exemption, of.args)
	}
	if shop.Engine && paid {
		b.Read(of.remote, of.args, func(rows pgx.Rows) (err error) { r.asks, err = tax.TakeRemote(rows); return err })
	}
	if shop.PriceLists || r.trial { // of another moment
		postgres.ReadAll(b, &r.listed, of.listed, of.args)
	}
	r.queuePromotions(b, of)
	if paid && (shop.uses("gift_cards") || shop.uses("store_credits")) {
		postgres.ReadAll(b, &r.credits, of.credits, of.args)
	}
}

// A member is an item that sells a period of a plan, or is for members only.
type member struct {
	Item         id.CartItem `db:"id"`
	Plan         id.Plan     `db:"plan_id"`
	PlanArchived bool        `db:"plan_archived"`
	Members      []id.Plan   `db:"gate_plans"`
	Names        []string    `db:"gate_names"`
	SetOff       int64       `db:"set_off_minor"` // what unused time of another plan pays of it
	SetOffText   string      `db:"set_off_text"`
}

// describe puts what is rare about a line into it.
func (r *reading) describe(l *Line) {
	if at := slices.IndexFunc(r.members, func(m member) bool { return m.Item == l.ID }); at >= 0 {
		m := r.members[at]
		l.Plan, l.PlanArchived, l.Members, l.MemberNames = m.Plan, m.PlanArchived, m.Members, m.Names
		l.SetOff = pricing.SetOff{Amount: money.Of(m.SetOff, r.cart.Currency), Name: m.SetOffText}
		if r.trial && !m.Plan.IsZero() {
			l.SetOff = r.setOff
		}
	}
	l.Digital = !l.RequiresShipping && (!l.Plan.IsZero() || l.GiftCard || slices.Contains(r.digital, l.ID))
	v := r.vendors[l.VendorID]
	l.VendorName, l.VendorSlug, l.VendorStatus, l.House, l.CommissionBPS, l.Seller = v.Name, v.Slug, v.Status, v.House, v.CommissionBPS, v.Seller
	if l.Seller.Country == "" {
		l.Seller = r.shop.Seller
	}
	l.sortPlaces(r.places)
}

// plansBefore reports whether a plan was put into the cart before an item: an order
// is for one period of one.
func (r *reading) plansBefore(item id.CartItem) bool {
	return slices.ContainsFunc(r.members, func(m member) bool { return !m.Plan.IsZero() && bytes.Compare(m.Item[:], item[:]) < 0 })
}

// price makes the quote out of what was read.
func (r *reading) price(explain bool) (Priced, error) {
	p := Priced{Cart: r.cart, Lines: r.lines, Locale: r.locale}
	snapshot := pricing.Snapshot{
		Currency: r.cart.Currency, Tax: r.zone.Terms, Explain: explain, Lines: make([]pricing.Line, 0, len(r.lines)),
	}
	t := r.taxing(&snapshot)
	p.Exemption = t.buyer.Exemption
	stock := shelves{}
	for i := range p.Lines {
		l := &p.Lines[i]
		r.describe(l)
		l.judge(r, stock)
		if !l.Purchasable() {
			continue
		}
		line := pricing.Line{
			Key: i, Name: l.Title(), Vendor: l.VendorID, Variant: l.VariantID, Quantity: int64(l.Quantity), UnitPrice: l.UnitPrice, AsPriced: l.GiftCard, SetOff: l.SetOff,
		}
		t.line(&line, *l)
		if !l.GiftCard {
			line.Lists = r.listsOf(l.ID)
		}
		snapshot.Lines = append(snapshot.Lines, line)
	}
	for i, unit := range pricing.UnitPrices(snapshot.Lines) {
		l := &p.Lines[snapshot.Lines[i].Key]
		l.UnitPrice = unit.Price
		if err := p.pack(*l); err != nil {
			return Priced{}, err
		}
	}
	snapshot.Parcels = p.chooseShipping(r.options, t)
	r.promote(&snapshot, p.Lines)
	if err := r.quote(&p, snapshot, t); err != nil {
		return Priced{}, err
	}
	for _, priced := range p.Quote.Lines {
		l := &p.Lines[priced.Key]
		l.Price, l.UnitPrice = priced, priced.Unit.Price
	}
	r.conclude(&p)
	p.Missing = p.missing()
	return p, nil
}

// quote prices the snapshot and says what gift cards and store credit pay of it. A
// way to pay costs its fee where they leave it something to do, and goods go to a
// door; they never pay it.
func (r *reading) quote(p *Priced, s pricing.Snapshot, t taxing) (err error) {
	if p.Quote, err = pricing.Price(s); err != nil {
		return err
	}
	r.spend(p)
	if r.fee.IsZero() || p.Due.IsZero() || p.Offer().Digital {
		return nil
	}
	without := p.Quote.Totals.GrandTotal
	s.Fee = &pricing.Fee{Name: nameOf(r.method), Amount: r.fee}
	t.fee(s.Fee, r.shop.Seller)
	if p.Quote, err = pricing.Price(s); err != nil {
		return err
	}
	p.Due = p.Due.Plus(p.Quote.Totals.GrandTotal).Minus(without)
	return nil
}

// A listPrice is what a price list asks for an item.
type listPrice struct {
	Item        id.CartItem  `db:"item"`
	List        id.PriceList `db:"id"`
	Name        string       `db:"name"`
	Priority    int          `db:"priority"`
	MinQuantity int64        `db:"min_quantity"`
	Price       money.Amount `db:"price"`
}

func (r *reading) listsOf(item id.CartItem) (lists []pricing.ListPrice) {
	at, _ := slices.BinarySearchFunc(r.listed, item, func(l listPrice, item id.CartItem) int { return bytes.Compare(l.Item[:], item[:]) })
	for ; at < len(r.listed) && r.listed[at].Item == item; at++ {
		l := r.listed[at]
		lists = append(lists, pricing.ListPrice{List: l.List, Name: l.Name, Priority: l.Priority, MinQuantity: l.MinQuantity, Price: l.Price})
	}
	return lists
}

// pack puts a line into the parcel of its vendor.
func (p *Priced) pack(l Line) error {
	value, err := l.UnitPrice.Times(int64(l.Quantity))
	if err != nil {
		return pricing.ErrAmountTooLarge
	}
	at, found := slices.BinarySearchFunc(p.Parcels, l.VendorID, func(q Parcel, v id.Vendor) int { return bytes.Compare(q.Vendor[:], v[:]) })
	if !found {
		p.Parcels = slices.Insert(p.Parcels, at, Parcel{
			Vendor: l.VendorID, VendorName: l.VendorName, VendorSlug: l.VendorSlug, House: l.House, CommissionBPS: l.CommissionBPS, Value: money.Zero(value.Currency),
			seller: l.Seller,
		})
	}
	parcel := &p.Parcels[at]
	parcel.Value = parcel.Value.Plus(value)
	if l.RequiresShipping {
		parcel.NeedsShipping = true
		parcel.WeightGrams += l.WeightGrams * int64(l.Quantity)
	}
	return nil
}

// chooseShipping prices the ways for each parcel that needs one, and the one
// that the cart has chosen where it is still offered.
func (p *Priced) chooseShipping(options map[id.Vendor][]shipping.Option, t taxing) []pricing.Parcel {
	var chosen []pricing.Parcel
	for i := range p.Parcels {
		parcel := &p.Parcels[i]
		if !parcel.NeedsShipping {
			continue
		}
		parcel.Options = shipping.QuotesFor(options[parcel.Vendor], shipping.Parcel{Vendor: parcel.Vendor, WeightGrams: parcel.WeightGrams, Value: parcel.Value})
		want, selected := p.Cart.Shipping[parcel.Vendor]
		at := slices.IndexFunc(parcel.Options, func(q shipping.Quote) bool { return q.Option.ID == want })
		if !selected || at < 0 {
			continue
		}
		parcel.Selected = &parcel.Options[at]
		sent := pricing.Parcel{
			Vendor: parcel.Vendor, Name: parcel.VendorName + ": " + parcel.Selected.Option.Name, Kind: parcel.Selected.Option.Kind,
			Shipping: parcel.Selected.Price,
		}
		t.parcel(&sent, parcel.seller)
		chosen = append(chosen, sent)
	}
	return chosen
}

func (p *Priced) missing() []string {
	missing := []string{}
	if len(p.Lines) == 0 {
		missing = append(missing, "items")
	}
	if p.Cart.Email == "" {
		missing = append(missing, "email")
	}
	switch {
	case p.Cart.ShippingAddress == nil && p.needsShipping():
		missing = append(missing, "shipping_address")
	case p.Cart.Billing() == nil: // tax goes by it, and the invoice names it
		missing = append(missing, "billing_address")
	}
	if slices.ContainsFunc(p.Parcels, func(q Parcel) bool { return q.NeedsShipping && q.Selected == nil }) {
		missing = append(missing, "shipping")
	}
	if len(p.Quote.Unanswered) > 0 || p.Quote.TaxFailure != "" {
		missing = append(missing, "tax")
	}
	return missing
}

// needsShipping reports whether anything is sent, as far as is known: of an
// empty cart it is.
func (p Priced) needsShipping() bool {
	return len(p.Parcels) == 0 || slices.ContainsFunc(p.Parcels, func(q Parcel) bool { return q.NeedsShipping })
}

// Title names the line in one piece, as the shop does.
func (l Line) Title() string {
	return catalog.Titles{Product: l.ProductTitle, Variant: l.VariantTitle}.Line()
}

// Told is the titles in the language of who is told of the cart.
func (l Line) Told() catalog.Titles {
	return cmp.Or(l.told, catalog.Titles{Product: l.ProductTitle, Variant: l.VariantTitle})
}

func (l *Line) image() string {
	return catalog.PictureURL(l.BlobKey, l.ContentType, l.Width, l.Height, imagePixels)
}
