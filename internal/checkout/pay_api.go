package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (c *Checkout) payRoutes(r *httpapi.Router) {
	httpapi.Action(r, http.MethodPost, "/api/v1/orders/{id}/pay", c.payOwn, httpapi.Public("the order's token is the secret, or the caller owns it"),
		httpapi.Status(http.StatusOK), httpapi.Limit(httpapi.LimitCheckout), httpapi.Summary("Pay an order that waits for its money"),
		httpapi.Describe("Says again what is to be done, or opens another payment: by `payment_method`, or by the same one after it failed. The one before is closed, "+
			"and what comes on it all the same goes back. 409 `order_not_payable` when it is paid, cancelled or too late; 429 `too_many_attempts` after five."))
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		httpapi.Raw(r, method, "/api/v1/payments/{payment}/return", c.comeBack, httpapi.Public("what the provider gave the browser is checked"),
			httpapi.CrossSite("the provider's page posts here; its signature is checked"), httpapi.ForeignQuery("the provider adds its own"),
			httpapi.Consumes("application/x-www-form-urlencoded"), httpapi.Limit(httpapi.LimitCheckout), httpapi.NeverStored(),
			httpapi.ID("come-back-from-payment-"+map[string]string{"GET": "by-link", "POST": "by-form"}[method]),
			httpapi.Summary("Come back from the page of a payment provider"),
			httpapi.Describe("Asks the provider what became of the payment, and leads on to the `return_url` of the order with `order` and `payment_status`."))
	}
	httpapi.Action(r, http.MethodPost, "/api/v1/admin/payments/{id}/sync", c.syncOne, httpapi.Needs(payments.CanWrite), httpapi.Status(http.StatusOK),
		httpapi.Summary("Ask the provider what it knows of a payment"))
}

type payInput struct {
	orders.Access
	Body struct {
		Method    string `json:"payment_method,omitempty" enum:"cod,stripe,razorpay,paypal,test" doc:"The same as before unless told"`
		ReturnURL string `json:"return_url,omitempty" format:"uri" maxLength:"2000"`
	}
}

func (c *Checkout) payOwn(ctx context.Context, in *payInput) (Payment, error) {
	var order id.Order
	err := postgres.InTx(ctx, c.DB, func(tx pgx.Tx) (err error) {
		if order, err = c.Orders.Find(ctx, tx, in.Access); err != nil {
			return err
		}
		return c.payAgain(ctx, tx, order, in.Body.Method, in.Body.ReturnURL)
	})
	if err != nil {
		return Payment{}, err
	}
	p, err := c.Pay(ctx, order)
	return p, unreachable(err)
}

// unreachable is err as buyers can read it: what is no refusal is nobody's
// answer, and the same call can be made again.
func unreachable(err error) error {
	var no *errs.Error
	if err == nil || errors.As(err, &no) {
		return err
	}
	return fmt.Errorf("%w (%w)", payments.ErrUnreachable, err)
}

// tellNext adds what the buyer must do to the answer of an order that was placed,
// now or before: only the provider can say, and it is asked after the commit. An
// order whose provider does not answer is placed all the same: the buyer can pay
// it by /orders/{id}/pay.
func (c *Checkout) tellNext(ctx context.Context, body []byte) []byte {
	var placed struct {
		Order   json.RawMessage `json:"order"`
		Payment Payment         `json:"payment"`
	}
	var order struct {
		ID id.Order `json:"id"`
	}
	if json.Unmarshal(body, &placed) != nil || json.Unmarshal(placed.Order, &order) != nil {
		return body
	}
	if placed.Payment.Status != payments.Pending || placed.Payment.Next != nil {
		return body
	}
	p, err := c.Pay(ctx, order.ID)
	if err != nil {
		slog.WarnContext(ctx, "a payment could not be begun", "order", order.ID, "payment", placed.Payment.ID, "error", err)
		return body
	}
	placed.Payment = p
	told, err := json.Marshal(placed)
	if err != nil {
		return body
	}
	return told
}

var errNotConfirmed = errs.New(errs.Invalid, "payment_not_confirmed", "This does not come from the payment provider. Look at your order to see whether it is paid.")

// comeBack is where a provider sends the buyer's browser. What it brings is
// checked and then not believed: the provider is asked.
func (c *Checkout) comeBack(w http.ResponseWriter, r *http.Request) error {
	which, err := id.Parse[id.Payment](r.PathValue("payment"))
	if err != nil {
		return payments.ErrNoPayment
	}
	ctx := r.Context()
	payment, err := payments.Get(ctx, c.DB, which)
	if err != nil {
		return err
	}
	provider, err := c.Payments.Online(payment.Provider)
	if err != nil {
		return payments.ErrNoPayment
	}
	if err := r.ParseForm(); err != nil {
		return errNotConfirmed
	}
	known, err := payments.KnownOf(ctx, c.DB, payment)
	if err != nil {
		return err
	}
	if err := provider.Returned(ctx, known, r.Form); err != nil {
		return errNotConfirmed
	}
	if err := c.Sync(ctx, which); err != nil { // the poller will, and the buyer need not wait
		slog.WarnContext(ctx, "a payment could not be looked at", "payment", which, "error", err)
	}
	if err := c.takeNow(ctx, which); err != nil {
		slog.WarnContext(ctx, "a payment could not be taken yet", "payment", which, "error", err)
	}
	if payment, err = payments.Get(ctx, c.DB, which); err != nil {
		return err
	}
	http.Redirect(w, r, c.after(payment), http.StatusSeeOther)
	return nil
}

// takeNow captures what the buyer has agreed to while they wait, instead of in a
// moment.
func (c *Checkout) takeNow(ctx context.Context, which id.Payment) error {
	told, err := payments.InstructionsOf(ctx, c.DB, which)
	if err != nil {
		return err
	}
	for _, i := range told {
		if i.Kind == payments.Capture && i.State == payments.InstructionPending {
			return c.Carry(ctx, payments.InstructionDue{InstructionID: i.ID})
		}
	}
	return nil
}

// after is where a buyer goes on who has come back: the page that the order was
// placed from, or the shop's own.
func (c *Checkout) after(p payments.Payment) string {
	to, err := url.Parse(p.ReturnURL)
	if err != nil || p.ReturnURL == "" {
		to = &url.URL{Path: "/"}
	}
	q := to.Query()
	q.Set("order", p.Order.String())
	q.Set("payment_status", string(p.Status))
	to.RawQuery = q.Encode()
	return to.String()
}

type syncInput struct {
	ID id.Payment `path:"id"`
}

func (c *Checkout) syncOne(ctx context.Context, in *syncInput) (payments.Payment, error) {
	if err := c.Sync(ctx, in.ID); err != nil {
		return payments.Payment{}, unreachable(err)
	}
	return payments.Get(ctx, c.DB, in.ID)
}
