package cart

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/credit"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/httpapi"
)

const (
	secret    = "the cart id is the secret"
	bodyLimit = 64 << 10
)

// Routes mounts what shoppers do with carts.
func (c *Carts) Routes(r *httpapi.Router) {
	public, limit := httpapi.Public(secret), httpapi.BodyLimit(bodyLimit)
	private, told := httpapi.Private(), c.Locales.AsWished()
	httpapi.Post(r, "/api/v1/carts", c.create, told, httpapi.Public("anybody may fill a cart"), limit, httpapi.Status(201), httpapi.Summary("Make a cart"))
	httpapi.Get(r, "/api/v1/carts/{cart}", c.show, told, public, private, httpapi.Summary("Show a cart with its totals"))
	httpapi.Post(r, "/api/v1/carts/{cart}/items", c.addItem, told, public, limit, httpapi.Summary("Put something into a cart"),
		httpapi.Describe("What is in the cart already grows by the quantity."))
	httpapi.Patch(r, "/api/v1/carts/{cart}/items/{item}", c.setQuantity, told, public, limit, httpapi.Summary("Change how many are wanted; 0 removes the item"))
	httpapi.Delete(r, "/api/v1/carts/{cart}/items/{item}", c.removeItem, told, public, httpapi.Status(200), httpapi.Summary("Take something out of a cart"))
	httpapi.Put(r, "/api/v1/carts/{cart}/addresses", c.setAddresses, told, public, limit, httpapi.Summary("Say where a cart goes"))
	httpapi.Get(r, "/api/v1/carts/{cart}/shipping-options", c.shippingOptions, public, private, httpapi.Summary("List the ways each vendor's parcel can go"))
	httpapi.Put(r, "/api/v1/carts/{cart}/shipping", c.setShipping, told, public, limit, httpapi.Summary("Choose how the parcels go"))
	httpapi.Get(r, "/api/v1/carts/{cart}/payment-methods", c.paymentMethods, public, private, httpapi.Summary("List the ways to pay"))
	httpapi.Post(r, "/api/v1/carts/{cart}/claim", c.claim, told, httpapi.Needs(auth.AsCustomer), httpapi.ID("claim-cart"), httpapi.Status(200),
		httpapi.Summary("Make a guest's cart one's own"),
		httpapi.Describe("The caller's open cart takes the items in; without one, the guest's cart becomes theirs. Items that cannot be taken stay where they are, with the reason."))
	c.couponRoutes(r)
	c.creditRoutes(r)
	c.wishRoutes(r)
}

type cartPath struct {
	Cart id.Cart `path:"cart"`
}

type createInput struct {
	catalog.LocaleWish
	Body struct {
		Currency money.Currency `json:"currency,omitempty" maxLength:"3" doc:"ISO 4217; the shop's own unless told"`
		Items    []NewItem      `json:"items,omitempty" maxItems:"500"`
	}
}

func (c *Carts) create(ctx context.Context, tx pgx.Tx, in *createInput) (View, error) {
	p, err := c.Create(ctx, tx, in.Body.Currency, in.Body.Items)
	return p.View(), err
}

type showInput struct {
	catalog.LocaleWish
	Cart   id.Cart `path:"cart"`
	Method string  `query:"payment_method" maxLength:"40" doc:"As it is paid this way: with the fee, and with promotions for it" example:"cod"`
	Expand string  `query:"expand" enum:"trace" doc:"trace explains each figure"`
}

func (c *Carts) show(ctx context.Context, in *showInput) (View, error) {
	p, err := c.open(ctx, in.Cart, in.Method, in.Expand == "trace")
	return p.View(), err
}

// open reads a cart that is still one: for its readers, a cart that has become
// an order is no more.
func (c *Carts) open(ctx context.Context, cart id.Cart, method string, explain bool) (Priced, error) {
	load := func() (Priced, error) { return c.read(ctx, c.DB, cart, readCart, reading{method: method}, explain) }
	p, err := load()
	if err == nil {
		p, err = c.ask(ctx, p, load)
	}
	if errors.Is(err, ErrCompleted) {
		return Priced{}, ErrNotFound
	}
	return p, err
}

type addItemInput struct {
	catalog.LocaleWish
	Cart id.Cart `path:"cart"`
	Body NewItem
}

func (c *Carts) addItem(ctx context.Context, tx pgx.Tx, in *addItemInput) (View, error) {
	p, err := c.Add(ctx, tx, in.Cart, in.Body)
	return p.View(), err
}

type setQuantityInput struct {
	catalog.LocaleWish
	Cart id.Cart     `path:"cart"`
	Item id.CartItem `path:"item"`
	Body struct {
		Quantity int          `json:"quantity" minimum:"0" maximum:"10000" doc:"0 removes the item"`
		Gift     *credit.Gift `json:"gift,omitempty" doc:"Of a gift card, whom it goes to; stays as it is when left out"`
	}
}

func (c *Carts) setQuantity(ctx context.Context, tx pgx.Tx, in *setQuantityInput) (View, error) {
	p, err := c.SetItem(ctx, tx, in.Cart, in.Item, in.Body.Quantity, in.Body.Gift)
	return p.View(), err
}

type removeItemInput struct {
	catalog.LocaleWish
	Cart id.Cart     `path:"cart"`
	Item id.CartItem `path:"item"`
}

func (c *Carts) removeItem(ctx context.Context, tx pgx.Tx, in *removeItemInput) (View, error) {
	p, err := c.SetItem(ctx, tx, in.Cart, in.Item, 0, nil)
	return p.View(), err
}

type addressesInput struct {
	catalog.LocaleWish
	Cart id.Cart `path:"cart"`
	Body struct {
		Email             string                  `json:"email" maxLength:"254"`
		Phone             string                  `json:"phone,omitempty" maxLength:"40"`
		Shipping          *accounts.PostalAddress `json:"shipping,omitempty" doc:"Left out where nothing in the cart is shipped and billing is given"`
		ShippingAddressID id.Address              `json:"shipping_address_id,omitzero" doc:"A saved address of the caller, instead of shipping"`
		Billing           *accounts.PostalAddress `json:"billing,omitempty" doc:"The shipping address unless told"`
		BillingAddressID  id.Address              `json:"billing_address_id,omitzero" doc:"A saved address of the caller, instead of billing"`
		TaxID             *string                 `json:"tax_id,omitempty" maxLength:"60" doc:"Of the business that buys, instead of the one of the billing address; empty is none" example:"DE136695976"`
	}
}

func (c *Carts) setAddresses(ctx context.Context, tx pgx.Tx, in *addressesInput) (View, error) {
	body := &in.Body
	shipping, err := c.AddressOf(ctx, tx, "/shipping", body.Shipping, body.ShippingAddressID)
	if err != nil {
		return View{}, err
	}
	billing, err := c.AddressOf(ctx, tx, "/billing", body.Billing, body.BillingAddressID)
	if err != nil {
		return View{}, err
	}
	if body.TaxID != nil && (billing != nil || shipping != nil) {
		named := *cmp.Or(billing, shipping)
		named.TaxID, billing = *body.TaxID, &named
	}
	p, err := c.SetAddresses(ctx, tx, in.Cart, Addresses{Email: body.Email, Phone: body.Phone, Shipping: shipping, Billing: billing})
	return p.View(), err
}

// AddressOf is the address that was written, or the saved one of the caller; nil
// when neither was given.
func (c *Carts) AddressOf(ctx context.Context, tx pgx.Tx, pointer string, written *accounts.PostalAddress, saved id.Address) (*accounts.PostalAddress, error) {
	if saved.IsZero() {
		return written, nil
	}
	if written != nil {
		return nil, errs.Validation.Field(pointer, "duplicate", "Send an address or the id of one, not both.")
	}
	user := auth.From(ctx).User
	if user.IsZero() {
		return nil, accounts.ErrNoAddress
	}
	address, err := c.Users.SavedAddress(ctx, tx, user, saved)
	if err != nil {
		return nil, err
	}
	return &address, nil
}

func (c *Carts) shippingOptions(ctx context.Context, in *cartPath) (choice, error) {
	p, err := c.open(ctx, in.Cart, "", false)
	return choice{Data: p.parcelViews()}, err
}

type choice struct {
	Data []ParcelView `json:"data"`
}

type setShippingInput struct {
	catalog.LocaleWish
	Cart id.Cart `path:"cart"`
	Body struct {
		Selections []Selection `json:"selections" maxItems:"500"`
	}
}

func (c *Carts) setShipping(ctx context.Context, tx pgx.Tx, in *setShippingInput) (View, error) {
	p, err := c.SetShipping(ctx, tx, in.Cart, in.Body.Selections)
	return p.View(), err
}

// MethodView is a way to pay.
type MethodView struct {
	Method string        `json:"method" example:"cod"`
	Name   string        `json:"name" example:"Cash on delivery"`
	Fee    *money.Amount `json:"fee,omitempty" doc:"What it costs; absent where that is nothing"`
	Total  *money.Amount `json:"grand_total,omitempty" doc:"Of the cart with the fee, to be expected at checkout"`
}

// Methods are ways to pay.
type Methods struct {
	Data []MethodView `json:"data"`
}

// methodNames is how ways to pay are called; others go by their method.
var methodNames = map[string]string{
	"cod": "Cash on delivery", "free": "Nothing to pay", payments.BankTransfer: "Bank transfer",
	"stripe": "Card or wallet", "razorpay": "UPI, card or net banking", "paypal": "PayPal", "test": "Test payment",
}

func (c *Carts) paymentMethods(ctx context.Context, in *cartPath) (Methods, error) {
	p, err := c.open(ctx, in.Cart, "", false)
	if err != nil {
		return Methods{}, err
	}
	found, err := c.MethodsFor(ctx, p.Offer())
	if err != nil {
		return Methods{}, err
	}
	charged := Methods{Data: []MethodView{}}
	for _, m := range found.Data {
		switch err := c.charge(ctx, p, &m); {
		case err == nil:
			charged.Data = append(charged.Data, m)
		case !errors.Is(err, payments.ErrMethod): // else the fee makes it too much
			return Methods{}, err
		}
	}
	return charged, nil
}

// charge tells what a way to pay costs for a cart.
func (c *Carts) charge(ctx context.Context, p Priced, m *MethodView) error {
	fee, err := c.Payments.Fee(ctx, m.Method, p.Cart.Currency)
	if err != nil || fee.IsZero() {
		return err
	}
	if p, err = c.open(ctx, p.Cart.ID, m.Method, false); err != nil {
		return err
	}
	provider, err := c.Payments.Provider(m.Method)
	if err != nil {
		return err
	}
	if t := p.Quote.Totals; !t.Fee.IsZero() {
		m.Fee, m.Total = &t.Fee, &t.GrandTotal
	}
	return provider.Offered(ctx, p.Offer())
}

// MethodsFor lists the ways to pay that are offered.
func (c *Carts) MethodsFor(ctx context.Context, o payments.Offer) (Methods, error) {
	found := Methods{Data: []MethodView{}}
	offered, err := c.Payments.Methods(ctx, o)
	if err != nil {
		return Methods{}, err
	}
	for _, m := range offered {
		found.Data = append(found.Data, MethodView{Method: m, Name: nameOf(m)})
	}
	return found, nil
}

func nameOf(method string) string { return cmp.Or(methodNames[method], method) }

// Offer is what providers are told of the cart.
func (p Priced) Offer() payments.Offer {
	digital := !p.needsShipping() || slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Digital })
	o := payments.Offer{Total: p.Due, Country: p.Cart.Country(), Digital: digital}
	if to := p.Cart.ShippingAddress; to != nil {
		o.PostalCode = to.PostalCode
	}
	return o
}

type claimInput struct {
	catalog.LocaleWish
	Cart id.Cart `path:"cart"`
}

func (c *Carts) claim(ctx context.Context, tx pgx.Tx, in *claimInput) (ClaimView, error) {
	p, refused, err := c.Claim(ctx, tx, in.Cart)
	return ClaimView{View: p.View(), Refused: refused}, err
}

// ClaimView is the caller's cart after a claim.
type ClaimView struct {
	View
	Refused []Refused `json:"refused" doc:"What could not be taken in, and stays in the other cart"`
}
