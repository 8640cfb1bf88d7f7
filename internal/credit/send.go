package credit

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/crash"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// GiftCardDue says that the code of a gift card is to be mailed.
type GiftCardDue struct {
	GiftCardID id.GiftCard `json:"gift_card_id"`
}

// EventName is "credit.gift_card_due".
func (GiftCardDue) EventName() string { return "credit.gift_card_due" }

const sendBatch = 100

var (
	beforeSend = crash.At("credit.send.before_commit")
	afterSend  = crash.At("credit.send.after_commit")
)

// Send has the codes of gift cards mailed whose time has come, each once. It is
// a sweep, run every few seconds.
func (m *Balances) Send(ctx context.Context) error {
	for {
		var due []id.GiftCard
		err := postgres.InTx(ctx, m.DB, func(tx pgx.Tx) (err error) {
			if due, err = takeDue(ctx, tx); err != nil || len(due) == 0 {
				return err
			}
			b := postgres.NewBatch()
			for _, card := range due {
				events.Queue(ctx, b, GiftCardDue{card})
			}
			if err := b.Send(ctx, tx); err != nil {
				return err
			}
			beforeSend.Here()
			return nil
		})
		if err != nil {
			return fmt.Errorf("send gift cards: %w", err)
		}
		if len(due) == 0 {
			return nil
		}
		afterSend.Here()
	}
}

func takeDue(ctx context.Context, tx pgx.Tx) ([]id.GiftCard, error) {
	return postgres.Column[id.GiftCard](ctx, tx, `
		UPDATE gift_cards SET sent_at = now()
		WHERE id IN (SELECT id FROM gift_cards WHERE sent_at IS NULL AND send_at <= now() ORDER BY send_at LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING id`, pgx.NamedArgs{"limit": sendBatch})
}

// ToMail is a gift card with its code, for whoever mails it; [ErrNoGiftCard]
// where it is not good any more, or it is forgotten whom it was for.
func (m *Balances) ToMail(ctx context.Context, db postgres.DB, card id.GiftCard) (GiftCard, string, error) {
	found, err := m.Card(ctx, db, card)
	if err != nil {
		return GiftCard{}, "", err
	}
	code, known := m.code(card, found.CodeHash)
	if found.Status != Active || found.Email == "" {
		return GiftCard{}, "", ErrNoGiftCard
	}
	if !known {
		return GiftCard{}, "", fmt.Errorf("no key makes the code of gift card %s: keep the old key behind the new one", card)
	}
	return found, grouped(code), nil
}

// Forget drops whom gift cards were sent to, when that is 90 days ago. It is a
// sweep.
func (m *Balances) Forget(ctx context.Context) error {
	err := postgres.InTx(ctx, m.DB, func(tx pgx.Tx) error {
		_, err := postgres.Exec(ctx, tx, `
			UPDATE gift_cards SET email = '', name = '', message = '', version = version + 1
			WHERE email <> '' AND sent_at < now() - interval '90 days'`, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget whom gift cards were sent to: %w", err)
	}
	return nil
}
