package promotions

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// Customer is how a customer is told apart from others for a limit: a keyed hash
// of the address of the order, so that it counts guests, too, and says nothing of
// them to who reads the table.
//
// Case does not count, nor what follows a + before the @, nor, at Gmail, dots:
// they are one mailbox. Other spellings are other mailboxes.
func (m *Promotions) Customer(email string) []byte {
	mac := hmac.New(sha256.New, m.CustomerKey)
	mac.Write([]byte(mailbox(email)))
	return mac.Sum(nil)
}

// mailbox is the one form of an address; souk_mailbox in the schema makes the same.
func mailbox(email string) string {
	email = strings.ToLower(norm.NFKC.String(strings.TrimSpace(email)))
	name, host, _ := strings.Cut(email, "@")
	name, _, _ = strings.Cut(name, "+")
	if host == "googlemail.com" {
		host = "gmail.com"
	}
	if host == "gmail.com" {
		name = strings.ReplaceAll(name, ".", "")
	}
	return name + "@" + host
}

// A Use is what one promotion takes off one order.
type Use struct {
	Promotion id.Promotion
	Version   int64     // of the promotion, as the buyer saw it
	Coupon    id.Coupon // zero where it needed no code
	Amount    money.Amount
	Limited   bool // its uses are counted
	ByCode    bool // the uses of the coupon are counted
}

// QueueRedeem notes what was given on an order, and counts it where there is a
// limit: who finds it used up has the batch refused with [ErrUsedUp], and no
// order is made. All take locks in one order: promotions by id, then coupons by
// id, as [Release] does and whoever edits them.
func QueueRedeem(b *postgres.Batch, order id.Order, customer []byte, uses []Use) {
	uses = slices.Clone(uses)
	slices.SortFunc(uses, func(x, y Use) int { return bytes.Compare(x.Promotion[:], y.Promotion[:]) })
	for _, u := range uses {
		args := pgx.NamedArgs{
			"id": id.New[id.Redemption](), "promotion": u.Promotion, "version": u.Version, "coupon": u.Coupon, "order": order, "customer": customer,
			"amount": u.Amount.Minor, "currency": string(u.Amount.Currency),
		}
		if u.Limited { // locks the row, so that the next statement sees all who came before
			b.QueueOne(countUse, args, ErrUsedUp)
		}
		b.QueueOne(insertRedemption, args, ErrUsedUp)
	}
	slices.SortFunc(uses, func(x, y Use) int { return bytes.Compare(x.Coupon[:], y.Coupon[:]) })
	for _, u := range uses {
		if u.ByCode {
			b.QueueOne(countCoupon, pgx.NamedArgs{"coupon": u.Coupon}, ErrUsedUp)
		}
	}
}

// GivenForOthers reports that an order has been given something that is for other ways
// to pay than one.
func GivenForOthers(ctx context.Context, db postgres.DB, order id.Order, method string) (bool, error) {
	is, err := postgres.Scalar[bool](ctx, db, givenForOthers, pgx.NamedArgs{"order": order, "method": method})
	if err != nil {
		return false, fmt.Errorf("look what order %s was given for how it is paid: %w", order, err)
	}
	return is, nil
}

// Release gives back what was given on orders that are cancelled as a whole: it
// may be used again. The caller has locked the orders.
func Release(ctx context.Context, tx pgx.Tx, orders []id.Order) error {
	args := pgx.NamedArgs{"orders": orders}
	b := postgres.NewBatch()
	b.Queue(lockUses, args)
	b.Queue(lockCoupons, args)
	b.Queue(uncountUses, args)
	b.Queue(uncountCoupons, args)
	b.Queue(releaseRedemptions, args)
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("give back the promotions of %d orders: %w", len(orders), err)
	}
	return nil
}
