package checkout

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/credit"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

var (
	// ErrNoAccount says that store credit belongs to customers with an account.
	ErrNoAccount = errs.New(errs.Conflict, "no_account", "This order was placed without an account, so nobody can have the store credit.")
	// ErrByProvider says that somebody else holds the money, who cannot be told to give it back yet.
	ErrByProvider = errs.New(errs.Conflict, "refund_by_provider", "This was paid by a provider that gives nothing back from here. Refund it to store credit.")
)

// Refunding is what is to be given back of an order, where and why.
type Refunding struct {
	Order  id.Order
	Wanted orders.Wanted
	To     orders.Destination
	Reason string
}

// Refund gives money back of what has been paid for an order, from the frozen
// shares of its lines: to the gift cards and store credit that paid, as far as
// they did, and the rest the way that it came, which for cash is by hand; or all
// of it to the store credit of who ordered. Gift cards that are given back must be
// as good as new, and are void from then on.
func (c *Checkout) Refund(ctx context.Context, tx pgx.Tx, r Refunding) (orders.Refund, error) {
	was, err := orders.Lock(ctx, tx, r.Order)
	if err != nil {
		return orders.Refund{}, err
	}
	if r.To == orders.ToStoreCredit && was.User.IsZero() {
		return orders.Refund{}, ErrNoAccount
	}
	before, err := orders.RefundedOf(ctx, tx, r.Order)
	if err != nil {
		return orders.Refund{}, err
	}
	is := was.Clone()
	lines, err := is.Refund(r.Wanted, before)
	if err != nil {
		return orders.Refund{}, err
	}
	made := orders.Refund{ID: id.New[id.Refund](), Order: is.ID, Amount: money.Zero(is.Currency), To: r.To, Reason: r.Reason, Lines: lines}
	for _, l := range lines {
		made.Amount = made.Amount.Plus(l.Amount)
	}
	b := postgres.NewBatch()
	orders.QueueRefund(b, &made, auth.From(ctx).Name())
	orders.QueueSave(ctx, b, was, &is, func(ch orders.Change) events.Step {
		return orders.Refunded{Change: ch, RefundID: made.ID, Amount: made.Amount}
	})
	if err := b.Send(ctx, tx); err != nil {
		return orders.Refund{}, fmt.Errorf("refund order %s: %w", is.ID, err)
	}
	if err := c.payBack(ctx, tx, is, made); err != nil {
		return orders.Refund{}, err
	}
	if is.PaymentStatus == orders.PaymentRefunded {
		return made, c.revoke(ctx, tx, is.ID)
	}
	return made, nil
}

// payBack moves the money of a refund and books it: the sale is taken back by
// its shares, and the amount leaves the way that it goes.
func (c *Checkout) payBack(ctx context.Context, tx pgx.Tx, w orders.Whole, r orders.Refund) error {
	for _, l := range r.Lines {
		if cards := !l.Line.IsZero() && lineIn(w, l.Line).GiftCard; cards {
			if err := credit.Void(ctx, tx, l.Line, l.Quantity); err != nil {
				return err
			}
		}
	}
	leaves := ledger.AccountKey{Kind: ledger.CustomerDeposits}
	if r.To == orders.ToStoreCredit {
		leaves = ledger.AccountKey{Kind: ledger.StoreCreditLiability}
		if err := credit.RefundTo(ctx, tx, w.User, w.ID, r.Amount, r.Reason); err != nil {
			return err
		}
	}
	entries := append(unsold(w, r.Lines), ledger.Credit(leaves, r.Amount))
	posting := ledger.Posting{RefType: "refund", RefID: r.ID, Memo: "order " + w.Number + ", refunded", Entries: entries}
	if err := ledger.Post(ctx, tx, posting); err != nil {
		return err
	}
	if r.To == orders.ToStoreCredit {
		return nil
	}
	return c.toMethods(ctx, tx, w, r)
}

// unsold is the other way round of what [shares] credits, for what is given back.
func unsold(w orders.Whole, lines []orders.RefundLine) (entries []ledger.Entry) {
	for _, l := range lines {
		p, _ := w.PartOf(l.Part)
		seller := ledger.AccountKey{Kind: ledger.VendorPayable, Vendor: w.Parts[p].Seller.ID}
		switch {
		case !l.Line.IsZero() && lineIn(w, l.Line).GiftCard:
			seller = ledger.AccountKey{Kind: ledger.GiftCardLiability}
		case w.Parts[p].House:
			seller = ledger.AccountKey{Kind: ledger.SalesRevenue}
		}
		entries = append(entries,
			ledger.Debit(seller, l.Vendor()),
			ledger.Debit(ledger.AccountKey{Kind: ledger.CommissionRevenue}, l.Commission),
			ledger.Debit(ledger.AccountKey{Kind: ledger.TaxPayable}, l.Tax),
			ledger.Credit(ledger.AccountKey{Kind: ledger.PromotionExpense}, l.Platform))
	}
	return entries
}

// toMethods gives a refund back to what paid the order: to gift cards and store
// credit first, who paid last before the others, and the rest to the way to pay.
func (c *Checkout) toMethods(ctx context.Context, tx pgx.Tx, w orders.Whole, r orders.Refund) error {
	list, err := payments.OfOrder(ctx, tx, w.ID)
	if err != nil {
		return err
	}
	ahead := w.Credit() // of this, what pays parts that are not earned yet stays
	for _, p := range w.Parts {
		if p.Paid {
			ahead = ahead.Minus(w.Credited(p))
		}
	}
	free := money.Zero(w.Currency).Minus(ahead)
	for _, p := range list {
		if p.IsCredit() {
			free = free.Plus(p.Captured).Minus(p.Refunded)
		}
	}
	back, paid, err := c.repay(ctx, tx, list, r, free)
	if err != nil {
		return err
	}
	if err := giveBack(ctx, tx, back); err != nil {
		return err
	}
	var postings []ledger.Posting
	for _, p := range paid {
		postings = append(postings, ledger.Posting{
			RefType: "payment_event", RefID: p.event.ID, Memo: "order " + w.Number + ", refunded",
			Entries: []ledger.Entry{
				ledger.Debit(ledger.AccountKey{Kind: ledger.CustomerDeposits}, p.event.Amount),
				ledger.Credit(ledger.AccountKey{Kind: ledger.Clearing, Party: p.payment.Provider}, p.event.Amount),
			},
		})
	}
	return ledger.Post(ctx, tx, postings...)
}

// repay records what each payment gives back, gift cards and store credit no
// more than free together.
func (c *Checkout) repay(ctx context.Context, tx pgx.Tx, list []payments.Payment, r orders.Refund, free money.Amount) (back, paid []returned, err error) {
	left := r.Amount
	list = slices.Clone(list)
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b payments.Payment) int { return rank(a) - rank(b) })
	for _, p := range list {
		amount := money.Of(min(left.Minor, p.Captured.Minor-p.Refunded.Minor), left.Currency)
		if p.IsCredit() {
			amount.Minor = min(amount.Minor, free.Minor)
		}
		if amount.IsZero() {
			continue
		}
		event, err := c.repayOne(ctx, tx, p, amount, "refund "+r.ID.String())
		if err != nil {
			return nil, nil, err
		}
		left = left.Minus(amount)
		if p.IsCredit() {
			back, free = append(back, returned{p, event}), free.Minus(amount)
		} else {
			paid = append(paid, returned{p, event})
		}
	}
	if !left.IsZero() {
		return nil, nil, fmt.Errorf("refund %s: no payment has taken %s of it", r.ID, left)
	}
	return back, paid, nil
}

// rank puts gift cards and store credit before other payments.
func rank(p payments.Payment) int {
	if p.IsCredit() {
		return 0
	}
	return 1
}

func (c *Checkout) repayOne(ctx context.Context, tx pgx.Tx, p payments.Payment, amount money.Amount, cause string) (payments.Event, error) {
	if !p.IsCredit() {
		provider, err := c.Payments.Provider(p.Provider)
		if err != nil {
			return payments.Event{}, err
		}
		if !provider.ByHand() {
			return payments.Event{}, ErrByProvider
		}
	}
	event, _, err := payments.Record(ctx, tx, payments.Fact{Payment: p.ID, Kind: payments.Refund, Amount: amount, Cause: cause})
	return event, err
}

func (c *Checkout) refundRoutes(r *httpapi.Router) {
	httpapi.Post(r, "/api/v1/admin/orders/{id}/refunds", c.refund, httpapi.Needs(orders.CanRefund), httpapi.RequireIdempotencyKey(), httpapi.ID("refund-order"),
		httpapi.Status(http.StatusCreated), httpapi.Crash(beforeRefund, afterRefund), httpapi.Summary("Give money back of an order"),
		httpapi.Describe("An `amount`, which is spread over all that was paid, or units of `lines` at their frozen share, and with `shipping` what is left of that. "+
			"`to` is `method`: to the gift cards and store credit that paid, as far as they did, and the rest the way that it came, for cash and bank transfers by hand; or `store_credit`. "+
			"409 `refund_exceeds_paid`, `quantity_exceeds_remaining` or `nothing_to_refund` where there is not so much, `gift_card_used` where gift cards are given back that have paid for something."))
}

type refundInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Amount   *money.Amount      `json:"amount,omitempty" doc:"Instead of lines and shipping"`
		Lines    []orders.Units     `json:"lines,omitempty" maxItems:"500"`
		Shipping bool               `json:"shipping,omitempty" doc:"What is left of the shipping of the parts of these lines, or of all parts"`
		To       orders.Destination `json:"to,omitempty" enum:"method,store_credit" default:"method"`
		Reason   string             `json:"reason" minLength:"1" maxLength:"500" doc:"The buyer sees it"`
	}
}

func (c *Checkout) refund(ctx context.Context, tx pgx.Tx, in *refundInput) (orders.Refund, error) {
	order, err := id.Parse[id.Order](in.ID)
	if err != nil {
		return orders.Refund{}, orders.ErrNoOrder
	}
	b := in.Body
	if (b.Amount != nil) == (len(b.Lines) > 0 || b.Shipping) {
		return orders.Refund{}, errs.Validation.Field("/amount", "ambiguous", "Say what is given back: an amount, or lines and shipping.")
	}
	if b.Amount != nil {
		w, err := orders.Read(ctx, tx, order)
		if err != nil {
			return orders.Refund{}, err
		}
		var bad errs.Fields
		bad.Require(b.Amount.Currency == w.Currency, "/amount/currency", "other_currency", "The order is in "+string(w.Currency)+".")
		bad.Require(b.Amount.Minor > 0, "/amount/amount", "out_of_range", "Give back one unit or more.")
		if err := bad.Err(); err != nil {
			return orders.Refund{}, err
		}
	}
	return c.Refund(ctx, tx, Refunding{Order: order, Wanted: orders.Wanted{Amount: b.Amount, Units: b.Lines, Shipping: b.Shipping}, To: b.To, Reason: b.Reason})
}
