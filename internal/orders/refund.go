package orders

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// A Refund is money of an order that was given back.
type Refund struct {
	ID        id.Refund    `db:"id" json:"id"`
	Order     id.Order     `db:"order_id" json:"-"`
	Amount    money.Amount `db:"amount" json:"amount"`
	To        Destination  `db:"destination" json:"to" enum:"method,store_credit"`
	Reason    string       `db:"reason" json:"reason"`
	CreatedAt time.Time    `db:"created_at" json:"created_at"`
	Lines     []RefundLine `db:"-" json:"lines"`
}

// ReasonCameBack is why the shop itself gives back what came back, as staff read it.
const ReasonCameBack = "Your parcel came back to us."

// ReasonCancelled is why it gives back what was cancelled of an order.
func ReasonCancelled(number string) string { return "order " + number + " was cancelled" }

// NewRefund is a refund of these lines.
func NewRefund(w Whole, lines []RefundLine, to Destination, reason string) Refund {
	return Refund{ID: id.New[id.Refund](), Order: w.ID, Amount: sum(lines, w.Currency), To: to, Reason: reason, Lines: lines}
}

// sum is what lines of refunds come to.
func sum(lines []RefundLine, currency money.Currency) money.Amount {
	all := money.Zero(currency)
	for _, l := range lines {
		all = all.Plus(l.Amount)
	}
	return all
}

// Destination is where a refund goes.
type Destination string

// The destinations: what paid the order, gift cards and store credit first, or
// the store credit of who ordered.
const (
	ToMethod      Destination = "method"
	ToStoreCredit Destination = "store_credit"
)

// A RefundLine is what a refund gives back of one line, or of the shipping or the
// fee of a part, with its share of every figure.
type RefundLine struct {
	ID         id.RefundLine  `db:"id" json:"-"`
	Refund     id.Refund      `db:"refund_id" json:"-"`
	Order      id.Order       `db:"order_id" json:"-"`
	Part       id.VendorOrder `db:"vendor_order_id" json:"vendor_order_id"`
	Line       id.OrderLine   `db:"order_line_id" json:"order_line_id,omitzero" doc:"Absent of shipping and fee"`
	Fee        bool           `db:"fee" json:"fee,omitempty" doc:"Of what the way to pay cost"`
	Quantity   int            `db:"quantity" json:"quantity" doc:"Units that it was for; 0 of money alone"`
	Amount     money.Amount   `db:"amount" json:"amount"`
	Tax        money.Amount   `db:"tax" json:"tax"`
	Commission money.Amount   `db:"commission" json:"-"`
	Platform   money.Amount   `db:"platform" json:"-"`
}

// Vendor is what the seller gives back of it, and of a fee the marketplace.
func (l RefundLine) Vendor() money.Amount {
	return l.Amount.Plus(l.Platform).Minus(l.Tax).Minus(l.Commission)
}

// isNothing reports that nobody gives anything back by it. Of what the platform has
// paid all of, the buyer has nothing to get, but the platform.
func (l RefundLine) isNothing() bool { return l.Amount.IsZero() && l.Platform.IsZero() }

var (
	// ErrNothingToRefund says that nothing of what was asked for has been paid, or all of it was given back.
	ErrNothingToRefund = errs.New(errs.Conflict, "nothing_to_refund", "Nothing of this has been paid, or it was given back already.")
	// ErrBeyondPaid says that more was asked for than is left of what was paid.
	ErrBeyondPaid = errs.New(errs.Conflict, "refund_exceeds_paid", "That is more than is left of what was paid.")
)

// Wanted is what a refund is to give back: an amount, or units of lines and
// shipping. The fee for the way to pay stays where nobody says that it goes back.
type Wanted struct {
	Amount   *money.Amount // spread over all that was paid, gift cards apart, and the fee only with Fee
	Units    []Units
	Shipping bool // what is left of that of the parts of the units, or of all parts
	Fee      bool // likewise
}

// A refundable is what was paid for a line, or for the shipping or the fee of a
// part, less what was cancelled, and what has been given back of it.
type refundable struct {
	paid     RefundLine // Quantity: the units that it is for
	back     RefundLine
	returned int // units that came back
	giftCard bool
}

func (r *refundable) left() money.Amount { return r.paid.Amount.Minus(r.back.Amount) }

// isGone reports that all of it has been given back, to the platform, too.
func (r *refundable) isGone() bool { return r.left().IsZero() && r.back.Platform == r.paid.Platform }

func (r *refundable) unitsLeft() int { return r.paid.Quantity - r.back.Quantity }

// take gives back an amount with its share of every figure. The shares are
// computed for all that has been given back together, so that they end at exactly
// what was paid however often a line is cut.
func (r *refundable) take(amount money.Amount, units int) RefundLine {
	was := r.back
	r.back.Quantity += units
	r.back.Amount = was.Amount.Plus(amount)
	part := func(whole money.Amount) money.Amount {
		switch {
		case !r.paid.Amount.IsZero():
			return whole.Share(r.back.Amount.Minor, r.paid.Amount.Minor)
		case r.paid.Quantity > 0: // the platform has paid all of it
			return whole.Share(int64(r.back.Quantity), int64(r.paid.Quantity))
		}
		return whole
	}
	r.back.Tax, r.back.Commission, r.back.Platform = part(r.paid.Tax), part(r.paid.Commission), part(r.paid.Platform)
	return RefundLine{
		ID: id.New[id.RefundLine](), Order: r.paid.Order, Part: r.paid.Part, Line: r.paid.Line, Fee: r.paid.Fee, Quantity: units, Amount: amount,
		Tax: r.back.Tax.Minus(was.Tax), Commission: r.back.Commission.Minus(was.Commission), Platform: r.back.Platform.Minus(was.Platform),
	}
}

// takeUnits gives back units of a line at their frozen share, and never more
// than is left of it.
func (r *refundable) takeUnits(n int) RefundLine {
	share := func(units int) money.Amount { return r.paid.Amount.Share(int64(units), int64(r.paid.Quantity)) }
	amount := r.left()
	if all := r.back.Quantity + n; all < r.paid.Quantity {
		amount = least(amount, share(all).Minus(share(r.back.Quantity)))
	}
	return r.take(amount, n)
}

// refundables is what has been paid for the parts of an order, line by line and
// then the shipping and the fee of each. It stays so when they are cancelled: then
// it has been given back.
func (w Whole) refundables(before []RefundLine) (list []*refundable) {
	for _, p := range w.Parts {
		if !p.Paid {
			continue
		}
		for _, c := range w.Charges(p) {
			list = append(list, &refundable{giftCard: c.giftCard, returned: c.returned, paid: RefundLine{
				Order: w.ID, Part: p.ID, Line: c.Line, Fee: c.Fee, Quantity: c.Quantity, Amount: c.Amount, Tax: c.Tax, Commission: c.Commission, Platform: c.Platform,
			}})
		}
	}
	zero := money.Zero(w.Currency)
	for _, r := range list {
		r.back = RefundLine{Amount: zero, Tax: zero, Commission: zero, Platform: zero}
		for _, l := range before {
			if l.Part == r.paid.Part && l.Line == r.paid.Line && l.Fee == r.paid.Fee {
				r.back.Quantity += l.Quantity
				r.back.Amount, r.back.Tax = r.back.Amount.Plus(l.Amount), r.back.Tax.Plus(l.Tax)
				r.back.Commission, r.back.Platform = r.back.Commission.Plus(l.Commission), r.back.Platform.Plus(l.Platform)
			}
		}
	}
	return list
}

// Refundable is so many of some units as were paid for and not given back before.
func (w Whole) Refundable(units []Units, before []RefundLine) (left []Units) {
	list := w.refundables(before)
	for _, u := range units {
		for _, r := range list {
			if n := min(u.Quantity, r.unitsLeft()); r.paid.Line == u.Line && n > 0 {
				left = append(left, Units{u.Line, n})
			}
		}
	}
	return left
}

// Refund works out what a refund gives back, from frozen shares alone, and moves
// the order's payment status. What was given back before is told by its lines.
func (w *Whole) Refund(wanted Wanted, before []RefundLine) ([]RefundLine, error) {
	list := w.refundables(before)
	lines, err := wanted.of(list)
	if err != nil {
		return nil, err
	}
	lines = slices.DeleteFunc(lines, RefundLine.isNothing)
	if len(lines) == 0 {
		return nil, ErrNothingToRefund
	}
	if !sum(lines, w.Currency).IsZero() {
		w.refunded(list)
	}
	return lines, nil
}

// refunded moves the payment status of an order of which money was given back.
func (w *Whole) refunded(list []*refundable) {
	w.PaymentStatus = PaymentRefunded
	if slices.ContainsFunc(list, func(r *refundable) bool { return !r.left().IsZero() }) ||
		slices.ContainsFunc(w.Parts, func(p VendorOrder) bool { return !p.Paid && !p.Void() }) {
		w.PaymentStatus = PaymentPartiallyRefunded
	}
}

func (want Wanted) of(list []*refundable) ([]RefundLine, error) {
	if want.Amount != nil {
		return want.spread(list)
	}
	var lines []RefundLine
	parts := map[id.VendorOrder]bool{}
	for i, u := range want.Units {
		pointer := "/lines/" + strconv.Itoa(i)
		at := slices.IndexFunc(list, func(r *refundable) bool { return r.paid.Line == u.Line && !u.Line.IsZero() })
		switch {
		case at < 0:
			return nil, errs.Validation.Field(pointer+"/order_line_id", "unknown", "The order has no such line that has been paid for.")
		case slices.ContainsFunc(want.Units[:i], func(earlier Units) bool { return earlier.Line == u.Line }):
			return nil, errs.Validation.Field(pointer+"/order_line_id", "twice", "Name each line once.")
		case u.Quantity < 1:
			return nil, errs.Validation.Field(pointer+"/quantity", "out_of_range", "Give back one unit or more.")
		}
		r := list[at]
		if left := r.unitsLeft(); u.Quantity > left {
			return nil, ErrBeyondRemaining.With("order_line_id", u.Line).With("remaining", left)
		}
		parts[r.paid.Part] = true
		lines = append(lines, r.takeUnits(u.Quantity))
	}
	for _, r := range list {
		wanted := r.paid.Line.IsZero() && (want.Shipping && !r.paid.Fee || want.Fee && r.paid.Fee)
		if wanted && (len(parts) == 0 || parts[r.paid.Part]) && !r.isGone() {
			lines = append(lines, r.take(r.left(), 0))
		}
	}
	return lines, nil
}

// spread divides an amount over all that is left of what was paid. Gift cards
// are given back by their units: whoever has the money for one may not keep it.
func (want Wanted) spread(list []*refundable) ([]RefundLine, error) {
	weights, left := make([]int64, len(list)), int64(0)
	for i, r := range list {
		if !r.giftCard && (want.Fee || !r.paid.Fee) {
			weights[i] = r.left().Minor
		}
		left += weights[i]
	}
	if want.Amount.Minor > left {
		return nil, ErrBeyondPaid.With("refundable", money.Of(left, want.Amount.Currency))
	}
	var lines []RefundLine
	for i, amount := range want.Amount.Split(weights) {
		if !amount.IsZero() {
			lines = append(lines, list[i].take(amount, 0))
		}
	}
	return lines, nil
}

const refundColumnsFragment = `r.id, r.order_id, (r.amount_minor, r.currency) AS amount, r.destination, r.reason, r.created_at`

const (
	selectRefunds = `SELECT ` + refundColumnsFragment + ` FROM refunds r WHERE r.order_id = ANY (@orders::uuid[]) ORDER BY r.id`

	selectRefundLines = `
		SELECT l.id, l.refund_id, r.order_id, l.vendor_order_id, l.order_line_id, l.fee, l.quantity, (l.amount_minor, r.currency) AS amount, (l.tax_minor, r.currency) AS tax,
		       (l.commission_minor, r.currency) AS commission, (l.platform_minor, r.currency) AS platform
		FROM refunds r JOIN refund_lines l ON l.refund_id = r.id
		WHERE r.order_id = ANY (@orders::uuid[])
		ORDER BY l.id`
)

// RefundedOf reads what has been given back of an order, line by line.
func RefundedOf(ctx context.Context, db postgres.DB, order id.Order) ([]RefundLine, error) {
	list, err := postgres.All[RefundLine](ctx, db, selectRefundLines, pgx.NamedArgs{"orders": []id.Order{order}})
	if err != nil {
		return nil, fmt.Errorf("read refunds of order %s: %w", order, err)
	}
	return list, nil
}

// RefundsOf reads the refunds of an order with their lines, the oldest first.
func RefundsOf(ctx context.Context, db postgres.DB, order id.Order) ([]Refund, error) {
	var (
		list  []Refund
		lines []RefundLine
		args  = pgx.NamedArgs{"orders": []id.Order{order}}
		b     = postgres.NewBatch()
	)
	postgres.ReadAll(b, &list, selectRefunds, args)
	postgres.ReadAll(b, &lines, selectRefundLines, args)
	if err := b.Send(ctx, db); err != nil {
		return nil, fmt.Errorf("read refunds of order %s: %w", order, err)
	}
	return withLines(list, lines), nil
}

// withLines gives each refund its own of some lines.
func withLines(list []Refund, lines []RefundLine) []Refund {
	for i := range list {
		list[i].Lines = slices.DeleteFunc(slices.Clone(lines), func(l RefundLine) bool { return l.Refund != list[i].ID })
	}
	return list
}

// RefundedBy is what somebody has given back of an order that nobody else has
// approved, in minor units. They may have done it through somebody's eyes.
func RefundedBy(ctx context.Context, db postgres.DB, order id.Order, who string) (int64, error) {
	minor, err := postgres.Scalar[int64](ctx, db, `
		SELECT coalesce(sum(r.amount_minor), 0)::bigint FROM refunds r
		WHERE r.order_id = @order AND strpos(r.actor, @who) > 0
		  AND NOT EXISTS (SELECT FROM refund_requests q WHERE q.refund_id = r.id AND strpos(q.asked_by, @who) = 0)`,
		pgx.NamedArgs{"order": order, "who": who})
	if err != nil {
		return 0, fmt.Errorf("read what %s has given back of order %s: %w", who, order, err)
	}
	return minor, nil
}

// QueueRefund writes a refund down.
func QueueRefund(b *postgres.Batch, r *Refund, actor string) {
	lines := r.Lines
	b.Read(`
		INSERT INTO refunds (id, order_id, currency, amount_minor, destination, reason, actor)
		VALUES (@id, @order, @currency, @amount, @to, @reason, @actor) RETURNING created_at`,
		pgx.NamedArgs{
			"id": r.ID, "order": r.Order, "currency": string(r.Amount.Currency), "amount": r.Amount.Minor, "to": string(r.To), "reason": r.Reason, "actor": actor,
		},
		func(rows pgx.Rows) (err error) {
			r.CreatedAt, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[time.Time])
			return err
		})
	b.Queue(`
		INSERT INTO refund_lines (id, refund_id, vendor_order_id, order_line_id, fee, quantity, amount_minor, tax_minor, commission_minor, platform_minor)
		SELECT l.id, @refund, l.part, l.line, l.fee, l.quantity, l.amount, l.tax, l.commission, l.platform
		FROM unnest(@ids::uuid[], @parts::uuid[], @lines::uuid[], @fees::bool[], @quantities::int[], @amounts::bigint[], @taxes::bigint[], @commissions::bigint[], @platforms::bigint[])
			AS l (id, part, line, fee, quantity, amount, tax, commission, platform)`,
		pgx.NamedArgs{
			"refund":      r.ID,
			"ids":         column(lines, func(l *RefundLine) id.RefundLine { return l.ID }),
			"parts":       column(lines, func(l *RefundLine) id.VendorOrder { return l.Part }),
			"lines":       column(lines, func(l *RefundLine) id.OrderLine { return l.Line }),
			"fees":        column(lines, func(l *RefundLine) bool { return l.Fee }),
			"quantities":  column(lines, func(l *RefundLine) int { return l.Quantity }),
			"amounts":     column(lines, func(l *RefundLine) int64 { return l.Amount.Minor }),
			"taxes":       column(lines, func(l *RefundLine) int64 { return l.Tax.Minor }),
			"commissions": column(lines, func(l *RefundLine) int64 { return l.Commission.Minor }),
			"platforms":   column(lines, func(l *RefundLine) int64 { return l.Platform.Minor }),
		})
}
