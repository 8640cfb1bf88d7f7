package checkout

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/credit"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
)

// An order is paid by gift cards and store credit first, and by one way to pay
// for the rest. What the shop owes itself is taken when the order is placed, for
// nothing outside can fail, and is a deposit until a part of it is earned.

// opened is the payments of a new order; the last is for what is left.
type opened struct {
	list   []payments.Opening
	spends []credit.Spend
}

func open(n orders.New, priced cart.Priced, provider payments.Provider, how Placing) (o opened) {
	for _, c := range priced.Credits {
		if c.Pays.IsZero() {
			continue
		}
		p := payments.Opening{
			ID: id.New[id.Payment](), Order: n.ID, Provider: payments.GiftCard, Amount: c.Pays, CapturedBy: id.New[id.PaymentEvent](),
		}
		if c.Card.IsZero() {
			p.Provider = payments.StoreCredit
		}
		o.list = append(o.list, p)
		o.spends = append(o.spends, credit.Spend{Payment: p.ID, Card: c.Card, User: priced.Cart.UserID, Amount: c.Pays})
	}
	_, online := provider.(payments.Online)
	o.list = append(o.list, payments.Opening{
		ID: id.New[id.Payment](), Watched: online, Order: n.ID, Provider: provider.Method(), Amount: priced.Due, AuthorizedNow: provider.Settled(),
		ReturnURL: how.ReturnURL, Keeps: how.Keeps, Away: how.Away,
	})
	return o
}

// deposits books what was taken from gift cards and store credit.
func (o opened) deposits() (list []ledger.Posting) {
	for _, p := range o.list {
		if p.CapturedBy.IsZero() {
			continue
		}
		list = append(list, ledger.Posting{
			RefType: "payment_event", RefID: p.CapturedBy, Memo: "order " + p.Order.String() + ", paid ahead",
			Entries: []ledger.Entry{
				ledger.Debit(ledger.AccountKey{Kind: liability(p.Provider)}, p.Amount),
				ledger.Credit(ledger.AccountKey{Kind: ledger.CustomerDeposits}, p.Amount),
			},
		})
	}
	return list
}

// liability is the account that a kind of credit is owed on.
func liability(method string) ledger.Kind {
	if method == payments.GiftCard {
		return ledger.GiftCardLiability
	}
	return ledger.StoreCreditLiability
}

// share freezes what credit pays of each part: by what the parts cost, the odd
// units by largest remainder, so that no part is paid more than it costs.
func share(parts []orders.VendorOrder, priced cart.Priced) {
	paid := priced.Quote.Totals.GrandTotal.Minus(priced.Due)
	weights := make([]int64, len(parts))
	for i, p := range parts {
		weights[i] = p.Total.Minor
	}
	for i, amount := range paid.Split(weights) {
		parts[i].Credit = amount
	}
}

// returned is what a payment gives back, and the fact that says so.
type returned struct {
	payment payments.Payment
	event   payments.Event
}

// returnCredit records what gift cards and store credit need not pay any more
// of an order, but for what it has paid with: that goes back by a refund. Who paid
// last is given back first. The balances are [giveBack]'s,
// whose locks come later.
func returnCredit(ctx context.Context, tx pgx.Tx, was, is orders.Whole) (back []returned, err error) {
	left := was.Credit().Minus(is.Credit())
	if left.IsZero() {
		return nil, nil
	}
	list, err := payments.OfOrder(ctx, tx, is.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range slices.Backward(list) {
		amount := money.Of(min(left.Minor, p.Captured.Minor-p.Refunded.Minor), left.Currency)
		if !p.IsCredit() || amount.IsZero() {
			continue
		}
		event, _, err := payments.Record(ctx, tx, payments.Fact{Payment: p.ID, Kind: payments.Refund, Amount: amount, Cause: cancelCause(was)})
		if err != nil {
			return nil, err
		}
		back, left = append(back, returned{p, event}), left.Minus(amount)
	}
	if !left.IsZero() {
		return nil, fmt.Errorf("order %s has %s of credit that no payment has paid", is.ID, left)
	}
	return back, nil
}

// cancelCause makes what a cancellation gives up count once.
func cancelCause(was orders.Whole) string { return fmt.Sprintf("cancelled at step %d", was.Version+1) }

// giveBack puts what was returned on gift cards and store credit again, and
// books it.
func giveBack(ctx context.Context, tx pgx.Tx, back []returned) error {
	if len(back) == 0 {
		return nil
	}
	var (
		returns  []credit.Return
		postings []ledger.Posting
	)
	for _, r := range back {
		returns = append(returns, credit.Return{Payment: r.payment.ID, Amount: r.event.Amount})
		postings = append(postings, ledger.Posting{
			RefType: "payment_event", RefID: r.event.ID, Memo: "order " + r.payment.Order.String() + ", given back",
			Entries: []ledger.Entry{
				ledger.Debit(ledger.AccountKey{Kind: ledger.CustomerDeposits}, r.event.Amount),
				ledger.Credit(ledger.AccountKey{Kind: liability(r.payment.Provider)}, r.event.Amount),
			},
		})
	}
	if err := credit.GiveBack(ctx, tx, returns); err != nil {
		return err
	}
	return ledger.Post(ctx, tx, postings...)
}

// issueCards makes the gift cards among units that are handed over, one for each
// unit, for whom the buyer named or else for the buyer.
func (c *Checkout) issueCards(ctx context.Context, tx pgx.Tx, w orders.Whole, units []orders.Units) error {
	var cards []credit.NewCard
	for _, u := range units {
		l := lineIn(w, u.Line)
		to := credit.Gift{Email: w.Email, Name: cmp.Or(w.Billing.Name, w.Shipping.Name)}
		if l.Gift != nil {
			to = *l.Gift
		}
		for i := range u.Quantity {
			cards = append(cards, credit.NewCard{Amount: l.UnitPrice, Gift: to, Order: w.ID, Line: l.ID, Number: l.Fulfilled - i})
		}
	}
	return c.Credit.IssueBought(ctx, tx, cards)
}

func lineIn(w orders.Whole, line id.OrderLine) orders.Line {
	return w.Lines[slices.IndexFunc(w.Lines, func(l orders.Line) bool { return l.ID == line })]
}
