package checkout

import (
	"context"
	"errors"

	"souk/internal/cart"
	"souk/internal/tax"
)

// Periods of plans are ordered in one step, by a cart that nobody has read before.
// Where an engine says what tax is, the first try ends with what it has to be asked;
// it is asked outside of transactions, and the second try begins with the answers.

// An unasked error says what an engine has to be asked about an order first.
type unasked struct{ questions []tax.Question }

func (unasked) Error() string { return "a tax engine has to be asked first" }

type toldKey struct{}

// told is what an engine has said before this try, and whether it was asked: it
// has said nothing where it was set up anew meanwhile.
func told(ctx context.Context) (list []tax.Told, asked bool) {
	list, asked = ctx.Value(toldKey{}).([]tax.Told)
	return list, asked
}

// askFirst asks what a try has left open, if that is why it failed: the next one
// is to be in the context that it returns.
func (c *Checkout) askFirst(ctx context.Context, err error) (again context.Context, e error) {
	var open unasked
	if !errors.As(err, &open) {
		return nil, nil //nolint:nilnil // nothing is to be asked
	}
	list, err := c.Carts.Tax.Answer(ctx, open.questions)
	if err != nil {
		return nil, err
	}
	return context.WithValue(ctx, toldKey{}, list), nil
}

// checkAsked ends the first try where an engine has to be asked. What is left open
// in the second one is refused as of any cart.
func checkAsked(p cart.Priced, asked bool) error {
	if len(p.Quote.Unanswered) > 0 && !asked {
		return unasked{p.Quote.Unanswered}
	}
	return nil
}
