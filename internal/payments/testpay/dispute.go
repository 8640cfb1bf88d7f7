package testpay

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/money"
	"souk/internal/payments"
)

// contested is the entry of evidence that the shop has sent.
const contested payments.Kind = "dispute_contested"

// Contest keeps what the shop says. It does not impress the bank.
func (p *Provider) Contest(ctx context.Context, r payments.Response) error {
	return p.answer(ctx, r, contested, r.Evidence.Letter())
}

// Concede loses a dispute at once.
func (p *Provider) Concede(ctx context.Context, r payments.Response) error {
	return p.answer(ctx, r, lost, "")
}

// answer writes down how the shop answers a dispute that still wants it.
func (p *Provider) answer(ctx context.Context, r payments.Response, kind payments.Kind, note string) error {
	return p.do(ctx, func(tx pgx.Tx) error {
		if _, err := lockVisit(ctx, tx, r.Payment); err != nil {
			return err
		}
		list, err := p.past(ctx, tx, r.Payment)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Kind != payments.Chargeback || e.Ref != r.Dispute {
				continue
			}
			if disputed(list, e.Ref) != payments.NeedsResponse {
				return nil
			}
			return insertAnswer(ctx, tx, entry{
				Payment: r.Payment, Kind: kind, Ref: e.Ref, Amount: money.Zero(e.Amount.Currency), Key: r.Key, At: p.Clock.Now(), Note: note,
			})
		}
		return payments.ErrMismatch
	})
}
