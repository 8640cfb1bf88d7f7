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

// ErrNoAccount says that store credit belongs to customers with an account.
var ErrNoAccount = errs.New(errs.Conflict, "no_account", "This order was placed without an account, so nobody can have the store credit.")

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
// its shares, and the amount leaves the way that it goes. What a provider is to
// give back is owed to the buyer until it has.
func (c *Checkout) payBack(ctx context.Context, tx pgx.Tx, w orders.Whole, r orders.Refund) error {
	for _, l := range r.Lines {
		if cards := !l.Line.IsZero() && lineIn(w, l.Line).GiftCard; cards {
			if err := credit.Void(ctx, tx, l.Line, l.Quantity); err != nil {
				return err
			}
		}
	}
	var leaves []ledger.Entry
	if r.To == orders.ToStoreCredit {
		if err := credit.RefundTo(ctx, tx, w.User, w.ID, r.Amount, r.Reason); err != nil {
			return err
		}
		leaves = []ledger.Entry{ledger.Credit(ledger.AccountKey{Kind: ledger.StoreCreditLiability}, r.Amount)}
	} else {
		told, err := c.toMethods(ctx, tx, w, r)
		if err != nil {
			return err
		}
		leaves = []ledger.Entry{
			ledger.Credit(ledger.AccountKey{Kind: ledger.BuyerPayable}, told),
			ledger.Credit(ledger.AccountKey{Kind: ledger.CustomerDeposits}, r.Amount.Minus(told)),
		}
	}
	return ledger.Post(ctx, tx, ledger.Posting{
		RefType: "refund", RefID: r.ID, Memo: "order " + w.Number + ", refunded", Entries: append(unsold(w, r.Lines), leaves...),
	})
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
// It says how much of it providers are told to give back.
func (c *Checkout) toMethods(ctx context.Context, tx pgx.Tx, w orders.Whole, r orders.Refund) (told money.Amount, err error) {
	list, err := payments.OfOrder(ctx, tx, w.ID)
	if err != nil {
		return told, err
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
	way, err := c.repay(ctx, tx, list, r, free)
	if err != nil {
		return told, err
	}
	if err := giveBack(ctx, tx, way.credit); err != nil {
		return told, err
	}
	var postings []ledger.Posting
	for _, p := range way.byHand {
		postings = append(postings, ledger.Posting{
			RefType: "payment_event", RefID: p.event.ID, Memo: "order " + w.Number + ", refunded",
			Entries: []ledger.Entry{
				ledger.Debit(ledger.AccountKey{Kind: ledger.CustomerDeposits}, p.event.Amount),
				ledger.Credit(ledger.AccountKey{Kind: ledger.Clearing, Party: p.payment.Provider}, p.event.Amount),
			},
		})
	}
	return way.told, ledger.Post(ctx, tx, postings...)
}

// wayBack is how a refund goes back.
type wayBack struct {
	credit []returned   // to gift cards and store credit
	byHand []returned   // by people
	told   money.Amount // by providers, who are told to
}

// repay records what each payment gives back, gift cards and store credit no
// more than free together.
func (c *Checkout) repay(ctx context.Context, tx pgx.Tx, list []payments.Payment, r orders.Refund, free money.Amount) (way wayBack, err error) {
	left := r.Amount
	way.told = money.Zero(left.Currency)
	list = slices.Clone(list)
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b payments.Payment) int { return rank(a) - rank(b) })
	for _, p := range list {
		amount := money.Of(min(left.Minor, p.Captured.Minor-p.Refunded.Minor-p.Refunding.Minor), left.Currency)
		if p.IsCredit() {
			amount.Minor = min(amount.Minor, free.Minor)
		}
		if amount.IsZero() || p.Owed {
			continue
		}
		left = left.Minus(amount)
		if !p.IsCredit() {
			if err := c.repayOutside(ctx, tx, &way, p, amount, r); err != nil {
				return way, err
			}
			continue
		}
		event, _, err := payments.Record(ctx, tx, payments.Fact{Payment: p.ID, Kind: payments.Refund, Amount: amount, Cause: "refund " + r.ID.String()})
		if err != nil {
			return way, err
		}
		way.credit, free = append(way.credit, returned{p, event}), free.Minus(amount)
	}
	if !left.IsZero() {
		return way, fmt.Errorf("refund %s: no payment has taken %s of it", r.ID, left)
	}
	return way, nil
}

// repayOutside gives back what somebody else has taken: people write down that
// they have, providers are told to.
func (c *Checkout) repayOutside(ctx context.Context, tx pgx.Tx, way *wayBack, p payments.Payment, amount money.Amount, r orders.Refund) error {
	provider, err := c.Payments.Provider(p.Provider)
	if err != nil {
		return err
	}
	if provider.ByHand() {
		event, _, err := payments.Record(ctx, tx, payments.Fact{Payment: p.ID, Kind: payments.Refund, Amount: amount, Cause: "refund " + r.ID.String()})
		way.byHand = append(way.byHand, returned{p, event})
		return err
	}
	way.told = way.told.Plus(amount)
	return c.instructRefund(ctx, tx, p, amount, payments.Instruction{Refund: r.ID, Reason: r.Reason})
}

// rank puts gift cards and store credit before other payments.
func rank(p payments.Payment) int {
	if p.IsCredit() {
		return 0
	}
	return 1
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
