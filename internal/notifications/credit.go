package notifications

import (
	"context"
	"errors"

	"souk/internal/credit"
)

// GiftCardDue sends the code of a gift card to whom it is for. One that is not
// good any more is not sent.
func (n *Notifications) GiftCardDue(ctx context.Context, e credit.GiftCardDue) error {
	card, code, err := n.Credit.ToMail(ctx, n.DB, e.GiftCardID)
	if errors.Is(err, credit.ErrNoGiftCard) {
		return nil
	}
	if err != nil {
		return err
	}
	l := letter{
		Kind: GiftCard, To: card.Email, Name: card.Name, Locale: n.Locale, Link: n.BaseURL + "/", Words: words{"amount": card.Balance.String()},
		Facts: []fact{{"code", code}, {"value", card.Balance.String()}},
	}
	if card.ExpiresAt != nil {
		l.Facts = append(l.Facts, fact{"expires", n.when(*card.ExpiresAt)})
	}
	if card.Message != "" {
		l.Facts = append(l.Facts, fact{"message", card.Message})
	}
	return n.post(ctx, l)
}
