package reconcile

import (
	"context"
	"slices"
	"time"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// named is by what a movement and a fact are known to be one.
type named struct {
	kind payments.Kind
	ref  string
}

// A pair is a movement of the provider's and the facts that we have of it.
type pair struct {
	theirs payments.Movement
	facts  []id.PaymentEvent // and those of its fee
}

// comparison is what became of a provider's list.
type comparison struct {
	agreed []pair
	wrong  []payments.Exception
	own    []payments.Movement // of no payment
}

// suspects is the payments of what is wrong, each once.
func (c comparison) suspects() (list []id.Payment) {
	for _, e := range c.wrong {
		if !e.Payment.IsZero() && !slices.Contains(list, e.Payment) {
			list = append(list, e.Payment)
		}
	}
	return list
}

// compare looks each movement of a provider up in what we have written down.
func (r *Reconciler) compare(ctx context.Context, db postgres.DB, provider string, theirs []payments.Movement) (comparison, error) {
	var names []string
	for _, m := range theirs {
		names = append(names, m.Payment, m.Ref)
	}
	of, err := payments.Names(ctx, db, provider, names)
	if err != nil {
		return comparison{}, err
	}
	var ids []id.Payment
	for _, p := range of {
		ids = append(ids, p)
	}
	facts, err := payments.FactsOfAll(ctx, db, ids)
	if err != nil {
		return comparison{}, err
	}
	return compare(provider, theirs, of, facts), nil
}

type place struct {
	payment id.Payment
	named
}

func compare(provider string, theirs []payments.Movement, of map[string]id.Payment, facts []payments.Event) (c comparison) {
	ours := map[place][]payments.Event{}
	for _, e := range facts {
		at := place{e.Payment, named{e.Kind, e.Cause}}
		ours[at] = append(ours[at], e)
	}
	for _, m := range theirs {
		if m.Amount.IsZero() && m.Fee.IsZero() { // taken and given back at once
			continue
		}
		if beside(m) {
			c.own = append(c.own, m)
			continue
		}
		payment, known := of[m.Payment]
		if !known {
			payment, known = of[m.Ref]
		}
		if !known {
			c.wrong = append(c.wrong, exception(provider, payments.ExceptionUnknown, payment, m, nil))
			continue
		}
		is := ours[place{payment, named{m.Kind, m.Ref}}]
		kept := ours[place{payment, named{payments.Fee, m.Ref}}]
		fee := money.Zero(m.Fee.Currency)
		for _, e := range kept {
			fee = e.Amount
		}
		switch {
		case len(is) == 0:
			c.wrong = append(c.wrong, exception(provider, payments.ExceptionMissing, payment, m, nil))
		case moves(is[0]) != m.Amount:
			c.wrong = append(c.wrong, exception(provider, payments.ExceptionMismatch, payment, m, map[string]any{"ours": moves(is[0])}))
		case fee != m.Fee:
			c.wrong = append(c.wrong, exception(provider, payments.ExceptionMismatch, payment, m, map[string]any{"our_fee": fee}))
		default:
			one := pair{theirs: m}
			for _, e := range slices.Concat(is, kept) {
				one.facts = append(one.facts, e.ID)
			}
			c.agreed = append(c.agreed, one)
		}
	}
	return c
}

// beside says that a movement belongs to no payment.
func beside(m payments.Movement) bool { return m.Kind == payments.Payout || m.Kind == payments.Fee }

// moves is what a fact moves at the provider: above zero when it comes in.
func moves(e payments.Event) money.Amount {
	if e.Kind == payments.Refund || e.Kind == payments.Chargeback {
		return money.Zero(e.Amount.Currency).Minus(e.Amount)
	}
	return e.Amount
}

// subject is what an exception about a movement or a fact calls it.
func subject(kind payments.Kind, ref string) string { return string(kind) + " " + ref }

// exception is a movement that does not add up. Its detail names the fact that it
// should be, as those do that come from asking about payments.
func exception(provider string, kind payments.ExceptionKind, payment id.Payment, m payments.Movement, more map[string]any) payments.Exception {
	detail := map[string]any{
		payments.DetailFact: m.Kind, payments.DetailRef: m.Ref, payments.DetailBooked: m.At.UTC().Format(time.RFC3339), "amount": m.Amount, "fee": m.Fee,
	}
	if payment.IsZero() {
		detail["payment"] = m.Payment
	}
	for name, value := range more {
		detail[name] = value
	}
	return payments.Exception{Provider: provider, Kind: kind, Payment: payment, Subject: subject(m.Kind, m.Ref), Detail: detail}
}

// absent is a fact of ours that the provider does not have.
func absent(provider string, e payments.Event) payments.Exception {
	return payments.Exception{
		Provider: provider, Kind: payments.ExceptionExtra, Payment: e.Payment, Subject: subject(e.Kind, e.Cause),
		Detail: map[string]any{
			payments.DetailFact: e.Kind, payments.DetailRef: e.Cause, payments.DetailBooked: e.At.UTC().Format(time.RFC3339), "amount": moves(e),
		},
	}
}
