package checkout

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/credit"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/payments"
)

// Money that has come by hand, as bank transfers do, goes back by hand. Where
// nobody of the shop has decided on it, as when buyers cancel, it is owed until
// staff say that they have sent it.

// byHandFixes is what can be done about that. It is owed: nobody dismisses it.
func (t trouble) byHandFixes() []Fix {
	if t.State != "open" || t.told == nil || t.told.State != payments.InstructionPending {
		return []Fix{}
	}
	list := []Fix{{ByHand, fmt.Sprintf("Writes down that you have sent %s back the way it came.", t.about), &t.about}}
	if !t.order.User.IsZero() {
		list = append(list, Fix{StoreCredit, fmt.Sprintf("Gives who ordered %s of store credit instead. The money stays with the shop.", t.about), &t.about})
	}
	return list
}

// settleByHand writes down that people have given back what they were to.
func (c *Checkout) settleByHand(ctx context.Context, tx pgx.Tx, t trouble, fix Fix, reason string) error {
	if fix.Action == StoreCredit {
		if _, err := payments.Conclude(ctx, tx, *t.told, payments.InstructionRefused, "", "given as store credit"); err != nil {
			return err
		}
		if err := credit.RefundTo(ctx, tx, t.order.User, t.order.ID, t.about, said("Instead of a bank transfer.", reason)); err != nil {
			return err
		}
		if err := postSettled(ctx, tx, t, ledger.StoreCreditLiability, t.about); err != nil {
			return err
		}
		return payments.Fixed(ctx, tx, t.ID, string(fix.Action), said("Given as store credit: "+t.about.String()+".", reason), t.about)
	}
	cause := t.told.ID.String()
	if _, err := payments.Conclude(ctx, tx, *t.told, payments.InstructionDone, cause, ""); err != nil {
		return err
	}
	if _, err := c.Settle(ctx, tx, payments.Fact{Payment: t.payment.ID, Kind: payments.Refund, Amount: t.about, Cause: cause}); err != nil {
		return err
	}
	return payments.Fixed(ctx, tx, t.ID, string(fix.Action), said("Sent back: "+t.about.String()+".", reason), money.Amount{})
}
