package orders

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// one is an order of one thing.
func one(numbers ...string) New {
	usd := func(minor int64) money.Amount { return money.Of(minor, "USD") }
	_, hash := NewToken()
	n := New{Numbers: numbers, Whole: Whole{Order: Order{
		ID: id.New[id.Order](), Cart: id.Secret[id.Cart](), TokenHash: hash, Status: StatusConfirmed, PaymentStatus: PaymentAuthorized,
		FulfillmentStatus: Unfulfilled, Currency: "USD", Email: "ada@example.com",
		Shipping: accounts.PostalAddress{Name: "Ada", Country: "DE"}, Billing: accounts.PostalAddress{Name: "Ada", Country: "DE"},
		Totals: Totals{Items: usd(100), Discount: usd(0), ShippingFee: usd(0), Fee: usd(0), Tax: usd(0), Rounding: usd(0), GrandTotal: usd(100)},
	}}}
	part := VendorOrder{
		ID: id.New[id.VendorOrder](), Order: n.ID, Seller: Seller{ID: id.New[id.Vendor](), Slug: "v", Name: "V"}, Status: PartConfirmed, Currency: "USD",
		PartTotals: PartTotals{Items: usd(100), Discount: usd(0), ShippingFee: usd(0), Tax: usd(0), Total: usd(100)}, ShippingTax: usd(0),
	}
	n.Parts = []VendorOrder{part}
	n.Lines = []Line{{
		ID: id.New[id.OrderLine](), Order: n.ID, Part: part.ID, Vendor: part.Seller.ID, Variant: id.New[id.Variant](),
		Thing: Thing{Product: id.New[id.Product](), Slug: "mug", Title: "Mug"}, VariantTitle: "Red", Quantity: 1,
		UnitPrice: usd(100), Subtotal: usd(100), Discount: usd(0), Tax: usd(0), Total: usd(100), Commission: usd(0),
		WithdrawnTotal: usd(0), WithdrawnTax: usd(0), WithdrawnCommission: usd(0),
	}}
	return n
}

func create(t *testing.T, tx pgx.Tx, n *New) {
	t.Helper()
	b := postgres.NewBatch()
	QueueCreate(t.Context(), b, n)
	if err := b.Send(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
}

// R12: a number that somebody has is passed over for the next.
func TestR12ATakenNumberIsPassedOver(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	first, second, third := one("S-A", "S-B"), one("S-A", "S-B", "S-C"), one("S-A", "S-B", "S-C")
	create(t, tx, &first)
	create(t, tx, &second)
	create(t, tx, &third)
	if first.Number != "S-A" || second.Number != "S-B" || third.Number != "S-C" || third.Parts[0].Number != "S-C-1" {
		t.Errorf("numbers %s, %s, %s, part %s", first.Number, second.Number, third.Number, third.Parts[0].Number)
	}
}

// What was written is what is read, in each way of reading.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	tx, ctx := pgtest.Tx(t), t.Context()
	n := one("S-1")
	create(t, tx, &n)
	locked, err := Lock(ctx, tx, n.ID)
	if err != nil {
		t.Fatal(err)
	}
	if locked.Number != "S-1" || len(locked.Parts) != 1 || len(locked.Lines) != 1 || locked.Version != 1 || locked.GrandTotal != n.GrandTotal {
		t.Errorf("locked %+v", locked)
	}
	if _, err := Lock(ctx, tx, id.New[id.Order]()); err == nil {
		t.Error("an order that does not exist was locked")
	}
}

// A writer who knows an older order is refused and leaves nothing.
func TestAStaleSaveIsRefused(t *testing.T) {
	t.Parallel()
	tx, ctx := pgtest.Tx(t), t.Context()
	n := one("S-1")
	create(t, tx, &n)
	was, err := Lock(ctx, tx, n.ID)
	if err != nil {
		t.Fatal(err)
	}
	save := func() error {
		return postgres.InTx(ctx, tx, func(tx pgx.Tx) error {
			is := was.Clone()
			if _, _, err := is.Cancel("why not", nil); err != nil {
				return err
			}
			if err := is.Follow(); err != nil {
				return err
			}
			b := postgres.NewBatch()
			QueueSave(ctx, b, was, &is, func(c Change) events.Step { return Cancelled{Change: c} })
			return b.Send(ctx, tx)
		})
	}
	if err := save(); err != nil {
		t.Fatal(err)
	}
	if err := save(); err == nil {
		t.Error("the same change was saved twice")
	}
	steps, err := events.Timeline(ctx, tx, n.ID, 0)
	if err != nil || len(steps) != 2 {
		t.Errorf("%d steps, %v", len(steps), err)
	}
}
