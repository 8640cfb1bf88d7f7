package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/shipping"
)

// wantsAnswer shows a dispute to staff, who have to answer it in time. Until when,
// and what it is about, may change: the dispute tells.
func (c *Checkout) wantsAnswer(ctx context.Context, tx pgx.Tx, payment payments.Payment, which id.Dispute, d payments.Dispute) error {
	err := payments.Except(ctx, tx, payments.Exception{
		Provider: payment.Provider, Kind: payments.ExceptionDispute, Payment: payment.ID, Order: payment.Order, Subject: d.Ref,
		Detail: map[string]any{"dispute_id": which, "reason": d.Reason},
	})
	if err != nil {
		return err
	}
	return events.Raise(ctx, tx, payments.DisputeOpened{DisputeID: which})
}

// attended takes a dispute from staff that waits for them no more. What is lost is
// an expense.
func attended(ctx context.Context, tx pgx.Tx, payment payments.Payment, which id.Dispute, d payments.Dispute) error {
	if err := payments.Attended(ctx, tx, payment.Provider, d.Ref, "the dispute is "+strings.ReplaceAll(d.Status, "_", " ")); err != nil || d.Status != "lost" {
		return err
	}
	return ledger.Post(ctx, tx, ledger.Posting{
		RefType: "payment_dispute", RefID: which, Memo: "dispute " + d.Ref + ", lost",
		Entries: []ledger.Entry{
			ledger.Debit(ledger.AccountKey{Kind: ledger.DisputeLosses}, d.Amount),
			ledger.Credit(ledger.AccountKey{Kind: ledger.Disputes}, d.Amount),
		},
	})
}

// answerable is a dispute that can be answered now, and its order, which is locked.
func (c *Checkout) answerable(ctx context.Context, tx pgx.Tx, which id.Dispute) (d payments.KeptDispute, w orders.Whole, err error) {
	_, payment, err := disputeOf(ctx, tx, which)
	if err != nil {
		return d, w, err
	}
	if w, err = orders.Lock(ctx, tx, payment.Order); err != nil {
		return d, w, err
	}
	if d, err = payments.ReadDispute(ctx, tx, which); err != nil { // as it is under the lock
		return d, w, err
	}
	told, err := payments.InstructionsOf(ctx, tx, payment.ID)
	if err != nil {
		return d, w, err
	}
	return d, w, d.Answerable(told, c.Payments.Accounts.Clock.Now())
}

// answer decides how a dispute is answered: its provider is told afterwards, until
// it says yes or no. What becomes of the money is the provider's to tell.
func answer(ctx context.Context, tx pgx.Tx, w orders.Whole, d payments.KeptDispute, kind payments.Kind, e *payments.Evidence) error {
	return payments.Answer(ctx, tx, payments.Instruction{
		Payment: d.Payment, Kind: kind, Amount: d.Amount, Dispute: d.ID, Evidence: e, Reason: "order " + w.Number,
	})
}

// askToConcede asks for a second person to give a dispute up. What waits already
// stays as it is.
func askToConcede(ctx context.Context, tx pgx.Tx, w orders.Whole, d payments.KeptDispute) error {
	_, err := orders.AskedOfDispute(ctx, tx, d.ID)
	if errors.Is(err, orders.ErrNoRefundRequest) {
		_, err = orders.AskRefund(ctx, tx, orders.RefundRequest{
			Order: w.ID, Amount: d.Amount, Body: json.RawMessage("{}"), Dispute: d.ID, AskedBy: auth.From(ctx).Name(),
		})
	}
	return err
}

// concedeAsked gives a dispute up as it was asked for, if it still is about as much.
func (c *Checkout) concedeAsked(ctx context.Context, tx pgx.Tx, asked orders.RefundRequest) error {
	d, w, err := c.answerable(ctx, tx, asked.Dispute)
	if err != nil {
		return err
	}
	if d.Amount != asked.Amount {
		return ErrRefundChanged.With("was", asked.Amount).With("is", d.Amount)
	}
	return answer(ctx, tx, w, d, payments.Concede, nil)
}

// respond tells a provider how a dispute is answered. It is no fact about money:
// its cause says only which dispute it was.
func (c *Checkout) respond(ctx context.Context, provider payments.Online, known payments.Known, in payments.Instruction) (payments.Fact, error) {
	d, err := payments.ReadDispute(ctx, c.DB, in.Dispute)
	if err != nil {
		return payments.Fact{}, err
	}
	r := payments.Response{Known: known, Dispute: d.Ref, Key: in.ID.String()}
	if in.Kind == payments.Concede {
		err = provider.Concede(ctx, r)
	} else {
		r.Evidence = *in.Evidence
		err = provider.Contest(ctx, r)
	}
	if err != nil {
		return payments.Fact{}, err
	}
	return payments.Fact{Payment: in.Payment, Kind: in.Kind, Amount: in.Amount, Cause: d.Ref}, nil
}

// evidenceOf is what the shop knows itself of an order whose payment is disputed.
func evidenceOf(v orders.View) payments.Evidence {
	e := payments.Evidence{Number: v.Number, Email: v.Email}
	var sold []string
	for _, l := range v.Items {
		sold = append(sold, strings.TrimSpace(fmt.Sprintf("%d × %s %s", l.Quantity, l.Title, l.VariantTitle)))
	}
	e.Product = payments.Cut(strings.Join(sold, "\n"), 2000)
	for _, part := range v.Parts {
		for _, s := range part.Shipments {
			e.Parcels = append(e.Parcels, parcelOf(s))
		}
	}
	e.Parcels = e.Parcels[:min(len(e.Parcels), 10)]
	return e
}

func parcelOf(s shipping.Shipment) payments.Parcel {
	p := payments.Parcel{Carrier: s.Courier, Tracking: s.TrackingNumber, Shipped: payments.Day(s.ShippedAt)}
	if s.Kind == "digital" {
		p.Carrier = "handed over online"
	}
	if s.DeliveredAt != nil {
		p.Delivered = payments.Day(*s.DeliveredAt)
	}
	return p
}

// filled is what staff say, and what the shop knows where they have said nothing.
func filled(said, known payments.Evidence) payments.Evidence {
	for _, text := range []struct{ said, known *string }{
		{&said.Product, &known.Product}, {&said.Number, &known.Number}, {&said.Email, &known.Email},
	} {
		if *text.said == "" {
			*text.said = *text.known
		}
	}
	if said.Parcels == nil {
		said.Parcels = known.Parcels
	}
	return said
}
