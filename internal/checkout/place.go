package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/credit"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/free"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/promotions"
)

// Placing is what a buyer agrees to.
type Placing struct {
	Cart      id.Cart
	Method    string
	Expected  money.Amount  // what the buyer was shown
	Due       *money.Amount // what of it was left to pay; nil: the buyer was not shown that
	ReturnURL string
	Keeps     bool          // how it is paid is to be kept for the periods of a membership to come
	Away      bool          // nobody is there to pay: what was kept is to
	HoldFor   time.Duration // as long may the order wait for its money; as others where 0
}

// Placed is an order that was placed.
type Placed struct {
	Order   orders.View `json:"order"`
	Payment Payment     `json:"payment"`
}

// Payment is how the new order is to be paid.
type Payment struct {
	ID     id.Payment       `json:"id"`
	Method string           `json:"method"`
	Status payments.Status  `json:"status"`
	Next   *payments.Action `json:"next_action" doc:"What the buyer must do to pay; null when nothing"`
}

// Place turns a cart into an order: cart, order, payment, event and stock
// change together or not at all. It costs two round trips: all that it must
// know, then all that it writes. Nothing is locked in between but the buyer's
// own cart; the stock, which others wait for, is taken by the last statements.
func (c *Checkout) Place(ctx context.Context, tx pgx.Tx, p Placing) (Placed, error) {
	priced, err := c.Carts.Lock(ctx, tx, p.Cart, p.Method) // a double click waits here
	if err != nil {
		return Placed{}, err
	}
	if err := c.checkReturn(p.ReturnURL); err != nil {
		return Placed{}, err
	}
	provider, err := c.ready(ctx, priced, p)
	if err != nil {
		return Placed{}, err
	}
	n, picks := c.compose(ctx, priced, provider)
	waits, err := provider.Waits(ctx)
	if err != nil {
		return Placed{}, err
	}
	n.HeldFor = cmp.Or(p.HoldFor, waits, n.HeldFor)
	token := ""
	if n.User.IsZero() {
		token, n.TokenHash = orders.NewToken()
	}
	paid := open(n, priced, provider, p)
	inPlace.Here()
	b := postgres.NewBatch()
	orders.QueueCreate(ctx, b, &n)
	for _, p := range paid.list {
		payments.QueueOpen(ctx, b, p)
	}
	c.Carts.QueueClose(b, p.Cart, n.ID)
	queueHandOver(ctx, b, n.Whole)
	promotions.QueueRedeem(b, n.ID, c.Promotions.Customer(n.Email), priced.Uses)
	orders.QueueAdjustments(b, &n)
	credit.QueueSpend(ctx, b, paid.spends)
	if err := ledger.Queue(b, paid.deposits()...); err != nil {
		return Placed{}, err
	}
	if provider.Settled() {
		c.Stock.QueueAllocate(b, n.ID, picks)
	} else {
		c.Stock.QueueHold(b, n.ID, picks, n.HeldFor)
	}
	if err := b.Send(ctx, tx); err != nil {
		return Placed{}, c.lost(ctx, tx, priced, err)
	}
	var made []payments.Payment
	for _, p := range paid.list {
		made = append(made, p.Open(n.PlacedAt))
	}
	payment := made[len(made)-1]
	placed := Placed{Order: orders.PlacedView(n, made), Payment: Payment{ID: payment.ID, Method: payment.Provider, Status: payment.Status}}
	placed.Order.AccessToken = token
	placed.Payment.Next, err = c.Payments.Next(ctx, payment, n.Number)
	return placed, err
}

// ready refuses what cannot be ordered as the buyer agreed to it. It looks at
// the snapshot only, so most of those who come too late are told so before
// they take a lock that anybody waits for.
func (c *Checkout) ready(ctx context.Context, priced cart.Priced, p Placing) (payments.Provider, error) {
	if p.Method == "" {
		priced.Missing = append(priced.Missing, "payment_method")
	}
	if err := priced.Ready(); err != nil {
		return nil, err
	}
	provider, err := c.Payments.Provider(p.Method)
	if err != nil {
		return nil, err
	}
	total := priced.Quote.Totals.GrandTotal
	if p.outdated(priced) {
		return nil, credit.ErrChanged.With("due", priced.Due)
	}
	if err := provider.Offered(ctx, priced.Offer()); err != nil {
		return nil, err
	}
	if total != p.Expected {
		return nil, ErrTotalChanged.With("total", total).With("totals", totalsOf(priced))
	}
	return provider, nil
}

// outdated reports that gift cards and store credit pay something else than the
// buyer was shown; who chooses to pay nothing was shown that nothing is left.
func (p Placing) outdated(priced cart.Priced) bool {
	return p.Due != nil && *p.Due != priced.Due || p.Method == free.Method && len(priced.Credits) > 0 && !priced.Due.IsZero()
}

func totalsOf(priced cart.Priced) orders.Totals {
	t := priced.Quote.Totals
	return orders.Totals{
		Items: t.Items, Discount: t.Discount, ShippingFee: t.Shipping, Fee: t.Fee, Tax: t.Tax, Rounding: t.Rounding,
		GrandTotal: t.GrandTotal, TaxIncluded: t.TaxIncluded,
	}
}

// compose makes the order out of the snapshot, one part for each vendor, and
// says where each line is taken from.
func (c *Checkout) compose(ctx context.Context, priced cart.Priced, provider payments.Provider) (orders.New, []inventory.Pick) {
	n := orders.New{
		Whole: orders.Whole{Order: orders.Order{
			ID: id.New[id.Order](), Cart: priced.Cart.ID, User: auth.From(ctx).User,
			Status: orders.StatusPending, PaymentStatus: orders.PaymentPending, FulfillmentStatus: orders.Unfulfilled,
			Currency: priced.Cart.Currency, Locale: priced.Locale, Email: priced.Cart.Email, Phone: priced.Cart.Phone,
			Billing: *priced.Cart.Billing(), Totals: totalsOf(priced), Saved: priced.Saved, Ahead: money.Zero(priced.Due.Currency), TaxSource: priced.TaxSource(),
		}},
		Trace: priced.Quote.Trace, Numbers: orders.NewNumbers(c.NumberPrefix), HeldFor: cmp.Or(c.HoldFor, 30*time.Minute),
	}
	if to := priced.Cart.ShippingAddress; to != nil {
		n.Shipping = *to
	}
	status := orders.PartPending
	if provider.Settled() {
		n.Status, n.PaymentStatus, status = orders.StatusConfirmed, orders.PaymentAuthorized, orders.PartConfirmed
	}
	parts := c.composeParts(&n, priced, status)
	share(n.Parts, priced)
	if provider.Settled() && priced.Due.IsZero() && !priced.Quote.Totals.GrandTotal.IsZero() { // by gift cards and store credit
		n.PaymentStatus = orders.PaymentPaid
	}
	var picks []inventory.Pick
	for _, l := range priced.Lines {
		line := lineOf(n.ID, parts[l.VendorID], l)
		n.Lines = append(n.Lines, line)
		n.Adjustments = append(n.Adjustments, adjustmentsOf(line, l)...)
		picks = append(picks, l.Picks(line.ID)...)
	}
	return n, picks
}

func (c *Checkout) composeParts(n *orders.New, priced cart.Priced, status orders.PartStatus) map[id.Vendor]id.VendorOrder {
	parts := map[id.Vendor]id.VendorOrder{}
	for i, parcel := range priced.Parcels {
		costs := priced.Quote.Parcels[i] // both stand in the order of the vendors' ids
		p := orders.VendorOrder{
			ID: id.New[id.VendorOrder](), Order: n.ID, Status: status, House: parcel.House, Currency: n.Currency,
			Seller:      orders.Seller{ID: parcel.Vendor, Slug: parcel.VendorSlug, Name: parcel.VendorName},
			PartTotals:  orders.PartTotals{Items: costs.Items, Discount: costs.Discount, ShippingFee: costs.Shipping, Fee: costs.Fee, Tax: costs.Tax, Total: costs.Total},
			ShippingTax: costs.ShippingTax, FeeTax: costs.FeeTax, Platform: platformOf(n.Currency, costs.ShippingDiscounts),
		}
		n.Adjustments = append(n.Adjustments, discountsOf(p.ID, id.OrderLine{}, costs.ShippingDiscounts)...)
		if chosen := parcel.Selected; chosen != nil {
			o := chosen.Option
			p.ShippingOption = orders.ShippingOption{ID: o.ID, Name: o.Name, Kind: o.Kind, Days: orders.Days{Min: o.MinDays, Max: o.MaxDays}}
		}
		n.Adjustments = append(n.Adjustments, taxesOf(p.ID, id.OrderLine{}, false, costs.ShippingTaxes)...)
		n.Adjustments = append(n.Adjustments, taxesOf(p.ID, id.OrderLine{}, true, costs.FeeTaxes)...)
		parts[parcel.Vendor] = p.ID
		n.Parts = append(n.Parts, p)
	}
	return parts
}

func lineOf(order id.Order, part id.VendorOrder, l cart.Line) orders.Line {
	none, platform := money.Zero(l.UnitPrice.Currency), platformOf(l.UnitPrice.Currency, l.Price.Discounts)
	line := orders.Line{
		ID: id.New[id.OrderLine](), Order: order, Part: part, Vendor: l.VendorID, Variant: l.VariantID,
		Thing: orders.Thing{Product: l.ProductID, Slug: l.ProductSlug, Title: l.ProductTitle, Image: l.Image}, VariantTitle: l.VariantTitle,
		Tracked: l.Tracked, RequiresShipping: l.RequiresShipping, Digital: l.Digital, GiftCard: l.GiftCard, Gift: l.Gift,
		Quantity: l.Quantity, UnitPrice: l.UnitPrice,
		Subtotal: l.Price.Subtotal, Discount: l.Price.Discount, Tax: l.Price.Tax, Total: l.Price.Total,
		CommissionBPS: int64(l.CommissionBPS), Commission: orders.Commission(l.Price.Total, l.Price.Tax, platform, int64(l.CommissionBPS)), Platform: platform,
		WithdrawnTotal: none, WithdrawnTax: none, WithdrawnCommission: none, WithdrawnPlatform: none, Components: componentsOf(l),
	}
	if l.SKU != nil {
		line.SKU = *l.SKU
	}
	told := l.Told()
	line.Told, line.ToldVariantTitle = unless(l.ProductTitle, told.Product), unless(l.VariantTitle, told.Variant)
	return line
}

// unless is what somebody was told, "" where it is as the shop says.
func unless(own, told string) string {
	if told == own {
		return ""
	}
	return told
}

// componentsOf freezes what a bundle is made of, and what of its price each
// component brings: by what they cost alone, or by their number where one has
// no price of its own.
func componentsOf(l cart.Line) []orders.Component {
	if len(l.Components) == 0 {
		return nil
	}
	list, costs, units := make([]orders.Component, len(l.Components)), []int64{}, []int64{}
	for i, p := range l.Components {
		list[i] = orders.Component{Variant: p.Variant, Title: p.Title, Told: unless(p.Title, p.Told()), Quantity: p.Quantity, Tracked: p.Tracked}
		if p.SKU != nil {
			list[i].SKU = *p.SKU
		}
		units = append(units, int64(p.Quantity))
		if p.Minor != nil {
			costs = append(costs, *p.Minor*int64(p.Quantity))
		}
	}
	weights := costs
	if len(costs) < len(list) {
		weights = units
	}
	totals, taxes := l.Price.Total.Split(weights), l.Price.Tax.Split(weights)
	for i := range list {
		list[i].Total, list[i].Tax = totals[i], taxes[i]
	}
	return list
}

func adjustmentsOf(line orders.Line, l cart.Line) []orders.Adjustment {
	return append(taxesOf(line.Part, line.ID, false, l.Price.Taxes), discountsOf(line.Part, line.ID, l.Price.Discounts)...)
}

func taxesOf(part id.VendorOrder, line id.OrderLine, fee bool, shares []pricing.TaxShare) []orders.Adjustment {
	list := make([]orders.Adjustment, len(shares))
	for i, tax := range shares {
		list[i] = orders.Adjustment{Part: part, Line: line, Fee: fee, Kind: "tax", Label: tax.Label, PPM: tax.PPM, Amount: tax.Amount}
	}
	return list
}

func discountsOf(part id.VendorOrder, line id.OrderLine, discounts []pricing.Discount) []orders.Adjustment {
	var list []orders.Adjustment
	for _, d := range discounts {
		list = append(list, orders.Adjustment{
			Part: part, Line: line, Kind: "discount", Label: d.Name, Amount: d.Amount, Promotion: d.Promotion, Platform: d.Platform,
		})
	}
	return list
}

// platformOf is what the platform pays of discounts.
func platformOf(c money.Currency, discounts []pricing.Discount) money.Amount {
	sum := money.Zero(c)
	for _, d := range discounts {
		sum = sum.Plus(d.Platform)
	}
	return sum
}

// lost names the line of which somebody else has taken the last units since
// the snapshot, as the snapshot itself would have, with what is left now.
func (c *Checkout) lost(ctx context.Context, tx pgx.Tx, priced cart.Priced, err error) error {
	var refusal *errs.Error
	if !errors.Is(err, inventory.ErrInsufficientStock) || !errors.As(err, &refusal) {
		return fmt.Errorf("place cart %s: %w", priced.Cart.ID, err)
	}
	variant, _ := refusal.Extra["variant_id"].(id.Variant)
	left, err := c.left(ctx, tx, variant)
	if err != nil {
		return fmt.Errorf("read what is left of variant %s: %w", variant, err)
	}
	var short []cart.Fault
	rest := left
	for _, l := range priced.Lines {
		if issue, wanted, takes := l.Shortage(variant, rest); takes {
			short = append(short, cart.Fault{Item: l.ID, Variant: l.VariantID, Issue: issue})
			rest = max(rest-wanted, 0)
		}
	}
	return inventory.ErrInsufficientStock.With("items", short).With("variant_id", variant).With("available_quantity", left)
}

// left is how many units of a variant can still be sold.
func (c *Checkout) left(ctx context.Context, db postgres.DB, variant id.Variant) (int, error) {
	return postgres.Scalar[int](ctx, db, `
		SELECT coalesce(sum(greatest(on_hand - reserved - allocated + backorder_limit, 0)), 0)::int
		FROM stock_levels WHERE variant_id = @variant`,
		pgx.NamedArgs{"variant": variant})
}
