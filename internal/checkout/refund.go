package checkout

import (
	"context"
	"fmt"
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
	"souk/internal/platform/postgres"
)

var (
	// ErrRefundDiffers says that a refund does not come to what has gone back.
	ErrRefundDiffers = errs.New(errs.Conflict, "refund_differs", "This does not come to what has gone back. Choose other lines, or none: then it is spread over the order.")
	// ErrDisputed says that what is to go back is held by a bank already.
	ErrDisputed = errs.New(errs.Conflict, "payment_disputed", "The buyer has disputed this payment at their bank, which holds the money. Settle the dispute first.")
	// ErrNoAccount says that store credit belongs to customers with an account.
	ErrNoAccount = errs.New(errs.Conflict, "no_account", "This order was placed without an account, so nobody can have the store credit.")
)

// Refunding is what is to be given back of an order, where and why.
type Refunding struct {
	Order  id.Order
	Wanted orders.Wanted
	To     orders.Destination
	Reason string
	Went   *gone // nil unless the money has gone back already
}

// gone is money that a provider has given back without being told to.
type gone struct {
	payment id.Payment
	amount  money.Amount
	cause   string // of the fact that says so
	taken   string // the cause of the capture that it is of; "": there is one
}

// Refund gives money back of what has been paid for an order, from the frozen
// shares of its lines: to the gift cards and store credit that paid, as far as
// they did, and the rest the way that it came, which for cash is by hand; or all
// of it to the store credit of who ordered. Gift cards that are given back must be
// as good as new, and are void from then on.
func (c *Checkout) Refund(ctx context.Context, tx pgx.Tx, r Refunding) (orders.Refund, error) {
	was, is, made, err := c.plan(ctx, tx, r)
	if err != nil {
		return orders.Refund{}, err
	}
	if r.Went != nil && made.Amount != r.Went.amount {
		return orders.Refund{}, ErrRefundDiffers.With("refund", made.Amount).With("went_back", r.Went.amount)
	}
	b := postgres.NewBatch()
	orders.QueueRefund(b, &made, auth.From(ctx).Name())
	orders.QueueSave(ctx, b, was, &is, func(ch orders.Change) events.Step {
		return orders.Refunded{Change: ch, RefundID: made.ID, Amount: made.Amount}
	})
	if err := b.Send(ctx, tx); err != nil {
		return orders.Refund{}, fmt.Errorf("refund order %s: %w", is.ID, err)
	}
	if err := c.payBack(ctx, tx, is, made, r.Went); err != nil {
		return orders.Refund{}, err
	}
	if is.PaymentStatus == orders.PaymentRefunded {
		return made, c.revoke(ctx, tx, is.ID)
	}
	return made, nil
}

// plan works out what a refund gives back, and locks its order.
func (c *Checkout) plan(ctx context.Context, tx pgx.Tx, r Refunding) (was, is orders.Whole, made orders.Refund, err error) {
	if was, err = orders.Lock(ctx, tx, r.Order); err != nil {
		return was, is, made, err
	}
	if r.To == orders.ToStoreCredit && was.User.IsZero() {
		return was, is, made, ErrNoAccount
	}
	before, err := orders.RefundedOf(ctx, tx, r.Order)
	if err != nil {
		return was, is, made, err
	}
	is = was.Clone()
	lines, err := is.Refund(r.Wanted, before)
	return was, is, orders.NewRefund(is, lines, r.To, r.Reason), err
}

// payBack moves the money of a refund and books it: the sale is taken back by
// its shares, and the amount leaves the way that it goes. What a provider is to
// give back is owed to the buyer until it has.
func (c *Checkout) payBack(ctx context.Context, tx pgx.Tx, w orders.Whole, r orders.Refund, went *gone) error {
	for _, l := range r.Lines {
		if cards := !l.Line.IsZero() && lineIn(w, l.Line).GiftCard; cards {
			if err := credit.Void(ctx, tx, l.Line, l.Quantity); err != nil {
				return err
			}
		}
	}
	var leaves []ledger.Entry
	switch {
	case went != nil:
		leaves = []ledger.Entry{ledger.Credit(ledger.AccountKey{Kind: ledger.BuyerPayable}, r.Amount)}
		if err := c.matchBack(ctx, tx, *went, r); err != nil {
			return err
		}
	case r.To == orders.ToStoreCredit && !r.Amount.IsZero():
		if err := credit.RefundTo(ctx, tx, w.User, w.ID, r.Amount, r.Reason); err != nil {
			return err
		}
		leaves = []ledger.Entry{ledger.Credit(ledger.AccountKey{Kind: ledger.StoreCreditLiability}, r.Amount)}
	default:
		way, err := c.toMethods(ctx, tx, w, r, true)
		if err != nil {
			return err
		}
		if err := giveBack(ctx, tx, way.credit); err != nil {
			return err
		}
		if err := postByHand(ctx, tx, w, way.byHand); err != nil {
			return err
		}
		leaves = way.leaves(r)
	}
	return postUnsold(ctx, tx, w, r, leaves)
}

// postUnsold books a refund: the sale is taken back, and the money leaves.
func postUnsold(ctx context.Context, tx pgx.Tx, w orders.Whole, r orders.Refund, leaves []ledger.Entry) error {
	return ledger.Post(ctx, tx, ledger.Posting{
		RefType: "refund", RefID: r.ID, Memo: "order " + w.Number + ", refunded", Entries: append(unsold(w, r.Lines), leaves...),
	})
}

// postByHand books money that people have given back.
func postByHand(ctx context.Context, tx pgx.Tx, w orders.Whole, back []returned) error {
	var postings []ledger.Posting
	for _, p := range back {
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

// matchBack writes down that the way back of a refund is a fact that is known
// already.
func (c *Checkout) matchBack(ctx context.Context, tx pgx.Tx, went gone, r orders.Refund) error {
	taken := went.taken
	if taken == "" {
		var err error
		if taken, err = firstCapture(ctx, tx, went.payment); err != nil {
			return err
		}
	}
	return payments.Carried(ctx, tx, payments.Instruction{
		Payment: went.payment, Kind: payments.Refund, Amount: r.Amount, Taken: taken, Refund: r.ID, Reason: r.Reason,
	}, went.cause)
}

// firstCapture is the cause of the first capture of a payment.
func firstCapture(ctx context.Context, tx pgx.Tx, payment id.Payment) (string, error) {
	facts, err := payments.FactsOf(ctx, tx, payment)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(facts, func(e payments.Event) bool { return e.Kind == payments.Capture })
	if at < 0 {
		return "", fmt.Errorf("payment %s has given back what it has not taken", payment)
	}
	return facts[at].Cause, nil
}

// unsold is the other way round of what [shares] credits, for what is given back.
func unsold(w orders.Whole, lines []orders.RefundLine) (entries []ledger.Entry) {
	for _, l := range lines {
		p, _ := w.PartOf(l.Part)
		seller := ledger.AccountKey{Kind: ledger.VendorPayable, Vendor: w.Parts[p].Seller.ID}
		switch {
		case !l.Line.IsZero() && lineIn(w, l.Line).GiftCard:
			seller = ledger.AccountKey{Kind: ledger.GiftCardLiability}
		case l.Fee:
			seller = ledger.AccountKey{Kind: ledger.FeeRevenue}
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
// What goes back by hand has been sent already, or else staff are shown that it is
// to be. The balances are [giveBack]'s, whose locks come later.
func (c *Checkout) toMethods(ctx context.Context, tx pgx.Tx, w orders.Whole, r orders.Refund, sent bool) (way wayBack, err error) {
	list, err := payments.OfOrder(ctx, tx, w.ID)
	if err != nil {
		return way, err
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
	return c.repay(ctx, tx, list, r, free, sent)
}

// wayBack is how a refund goes back.
type wayBack struct {
	credit []returned    // to gift cards and store credit
	byHand []returned    // by people, who have sent it
	told   []orders.Back // by providers who are told to, and people who are to send it
}

// leaves is what a refund leaves the books by: what is still to be given back is
// owed until it has.
func (way wayBack) leaves(r orders.Refund) []ledger.Entry {
	told := money.Zero(r.Amount.Currency)
	for _, b := range way.told {
		told = told.Plus(b.Amount)
	}
	return []ledger.Entry{
		ledger.Credit(ledger.AccountKey{Kind: ledger.BuyerPayable}, told),
		ledger.Credit(ledger.AccountKey{Kind: ledger.CustomerDeposits}, r.Amount.Minus(told)),
	}
}

// repay records what each payment gives back, gift cards and store credit no
// more than free together.
func (c *Checkout) repay(ctx context.Context, tx pgx.Tx, list []payments.Payment, r orders.Refund, free money.Amount, sent bool) (way wayBack, err error) {
	left := r.Amount
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
			if err := c.repayOutside(ctx, tx, &way, p, amount, r, sent); err != nil {
				return way, err
			}
			continue
		}
		event, _, err := payments.Record(ctx, tx, payments.Fact{Payment: p.ID, Kind: payments.Refund, Amount: amount, Cause: refundCause(r)})
		if err != nil {
			return way, err
		}
		way.credit, free = append(way.credit, returned{p, event}), free.Minus(amount)
	}
	if !left.IsZero() { // the bank of a buyer who has disputed it holds it
		return way, ErrDisputed.With("missing", left)
	}
	return way, nil
}

// refundCause makes what a refund gives back at once count once.
func refundCause(r orders.Refund) string { return "refund " + r.ID.String() }

// repayOutside gives back what somebody else has taken: people write down that
// they have, or are shown that they are to, and providers are told to.
func (c *Checkout) repayOutside(ctx context.Context, tx pgx.Tx, way *wayBack, p payments.Payment, amount money.Amount, r orders.Refund, sent bool) error {
	provider, err := c.Payments.Provider(p.Provider)
	if err != nil {
		return err
	}
	in := payments.Instruction{Amount: amount, Refund: r.ID, Reason: r.Reason}
	if provider.ByHand() && sent {
		event, _, err := payments.Record(ctx, tx, payments.Fact{Payment: p.ID, Kind: payments.Refund, Amount: amount, Cause: refundCause(r)})
		way.byHand = append(way.byHand, returned{p, event})
		return err
	}
	way.told = append(way.told, orders.Back{Method: p.Provider, Amount: amount, ByHand: provider.ByHand()})
	if provider.ByHand() {
		return payments.SendBack(ctx, tx, p, in)
	}
	return c.instructRefund(ctx, tx, p, amount, in)
}

// rank puts gift cards and store credit before other payments.
func rank(p payments.Payment) int {
	if p.IsCredit() {
		return 0
	}
	return 1
}
