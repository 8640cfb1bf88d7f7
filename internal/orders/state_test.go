package orders

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
)

var statuses = []Status{StatusPending, StatusConfirmed, StatusShipped, StatusDelivered, StatusCompleted, StatusCancelled, StatusReturned}

// The table in Go and the trigger in the database are one.
func TestTheDatabaseKnowsTheSameMoves(t *testing.T) {
	t.Parallel()
	tx, ctx := pgtest.Tx(t), t.Context()
	for _, from := range statuses {
		for _, to := range statuses {
			sub, err := tx.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			order := id.New[id.Order]()
			insert(t, sub, order, from)
			_, err = sub.Exec(ctx, `UPDATE orders SET status = $2, expires_at = CASE WHEN $2 = 'pending' THEN now() END WHERE id = $1`, order, string(to))
			var pg *pgconn.PgError
			refused := errors.As(err, &pg) && pg.ConstraintName == "orders_moves"
			if err != nil && !refused {
				t.Fatal(err)
			}
			if may := from == to || from.May(to); may == refused {
				t.Errorf("%s to %s: Go says %v, the database says %v", from, to, may, !refused)
			}
			if err := sub.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestEveryStatusHasItsMoves(t *testing.T) {
	t.Parallel()
	for from, to := range moves {
		if from != "" && !slices.Contains(statuses, from) {
			t.Errorf("unknown status %q", from)
		}
		for _, s := range to {
			if _, known := moves[s]; !known {
				t.Errorf("%s leads to %q, from where nobody knows the way", from, s)
			}
		}
	}
	if len(moves) != len(statuses)+1 {
		t.Errorf("%d statuses have moves, want %d", len(moves), len(statuses)+1)
	}
}

func insert(t *testing.T, tx pgx.Tx, order id.Order, status Status) {
	t.Helper()
	_, err := tx.Exec(t.Context(), `
		INSERT INTO orders (id, number, cart_id, email, token_hash, status, payment_status, fulfillment_status, currency, items_minor,
			discount_minor, shipping_minor, tax_minor, tax_included, grand_total_minor, shipping_address, billing_address, expires_at)
		VALUES ($1, gen_random_uuid()::text, gen_random_uuid(), 'a@example.com', sha256('x'), $2, 'authorized', 'unfulfilled', 'USD', 1, 0, 0, 0,
			false, 1, '{}', '{}', CASE WHEN $2 = 'pending' THEN now() END)`, order, string(status))
	if err != nil {
		t.Fatal(err)
	}
}

// The order follows from its parts.
func TestFollow(t *testing.T) {
	t.Parallel()
	type part struct {
		status PartStatus
		paid   bool
	}
	for _, tc := range []struct {
		name        string
		was         Status
		parts       []part
		status      Status
		fulfillment Fulfillment
		payment     PaymentStatus
		err         error
	}{
		{"nothing has happened", StatusConfirmed, []part{{PartConfirmed, false}, {PartConfirmed, false}}, StatusConfirmed, Unfulfilled, PaymentAuthorized, nil},
		{"a parcel has left", StatusConfirmed, []part{{PartPartiallyShipped, false}, {PartConfirmed, false}}, StatusConfirmed, PartiallyShipped, PaymentAuthorized, nil},
		{"one part has left", StatusConfirmed, []part{{PartShipped, false}, {PartConfirmed, false}}, StatusConfirmed, PartiallyShipped, PaymentAuthorized, nil},
		{"all have left", StatusConfirmed, []part{{PartShipped, false}, {PartShipped, false}}, StatusShipped, AllShipped, PaymentAuthorized, nil},
		{"one has arrived, one has left", StatusShipped, []part{{PartDelivered, true}, {PartShipped, false}}, StatusShipped, PartiallyDelivered, PaymentPartiallyPaid, nil},
		{"one has arrived, one waits", StatusConfirmed, []part{{PartDelivered, true}, {PartConfirmed, false}}, StatusConfirmed, PartiallyDelivered, PaymentPartiallyPaid, nil},
		{"all have arrived", StatusShipped, []part{{PartDelivered, true}, {PartDelivered, true}}, StatusDelivered, AllDelivered, PaymentPaid, nil},
		{"all live ones have left", StatusConfirmed, []part{{PartShipped, false}, {PartCancelled, false}}, StatusShipped, AllShipped, PaymentAuthorized, nil},
		{"all live ones have arrived", StatusConfirmed, []part{{PartDelivered, true}, {PartCancelled, false}}, StatusDelivered, AllDelivered, PaymentPaid, nil},
		{"none is live", StatusConfirmed, []part{{PartCancelled, false}, {PartCancelled, false}}, StatusCancelled, AllCancelled, PaymentVoided, nil},
		{"unpaid and given up", StatusPending, []part{{PartCancelled, false}}, StatusCancelled, AllCancelled, PaymentVoided, nil},
		{"unpaid", StatusPending, []part{{PartPending, false}}, StatusPending, Unfulfilled, PaymentAuthorized, nil},
		{"paid before it left", StatusConfirmed, []part{{PartConfirmed, true}, {PartConfirmed, true}}, StatusConfirmed, Unfulfilled, PaymentPaid, nil},
		{"all live ones were refused", StatusShipped, []part{{PartRefused, false}, {PartCancelled, false}}, StatusReturned, AllReturned, PaymentVoided, nil},
		{"one was refused, one has arrived", StatusShipped, []part{{PartRefused, false}, {PartDelivered, true}}, StatusDelivered, AllDelivered, PaymentPaid, nil},
		{"one was refused, one waits", StatusConfirmed, []part{{PartRefused, false}, {PartConfirmed, false}}, StatusConfirmed, Unfulfilled, PaymentAuthorized, nil},
		{"one was refused, the others are given up", StatusConfirmed, []part{{PartRefused, false}, {PartCancelled, false}}, StatusReturned, AllReturned, PaymentVoided, nil},
		{"paid and come back", StatusShipped, []part{{PartReturned, true}}, StatusReturned, AllReturned, PaymentPaid, nil},
		{"one has come back, one is under way", StatusShipped, []part{{PartReturned, true}, {PartShipped, true}}, StatusShipped, AllShipped, PaymentPaid, nil},
		{"completed stays", StatusCompleted, []part{{PartDelivered, true}}, StatusCompleted, AllDelivered, PaymentPaid, nil},
		{"shipped and none is live", StatusShipped, []part{{PartCancelled, false}}, "", "", "", ErrChanged},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := Whole{Order: Order{Status: tc.was, PaymentStatus: PaymentAuthorized}}
			for _, p := range tc.parts {
				w.Parts = append(w.Parts, VendorOrder{Status: p.status, Paid: p.paid})
			}
			if err := w.Follow(); !errors.Is(err, tc.err) {
				t.Fatalf("err = %v, want %v", err, tc.err)
			}
			if tc.err != nil {
				return
			}
			got := []string{string(w.Status), string(w.FulfillmentStatus), string(w.PaymentStatus)}
			want := []string{string(tc.status), string(tc.fulfillment), string(tc.payment)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// However a line is cut, the shares of what is left and what is gone re-add,
// and nobody's is below nothing.
func TestCutLinesReAdd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		usd := func(minor int64) money.Amount { return money.Of(minor, "USD") }
		quantity := rapid.IntRange(1, 50).Draw(t, "quantity")
		total := rapid.Int64Range(0, 1_000_000).Draw(t, "total")
		tax := rapid.Int64Range(0, total).Draw(t, "tax")
		platform := rapid.Int64Range(0, 1_000_000).Draw(t, "platform")
		bps := rapid.Int64Range(0, 10_000).Draw(t, "bps")
		l := Line{
			ID: id.New[id.OrderLine](), Quantity: quantity, Total: usd(total), Tax: usd(tax), Platform: usd(platform),
			Commission: Commission(usd(total), usd(tax), usd(platform), bps),
		}
		part := VendorOrder{ID: id.New[id.VendorOrder](), Status: PartConfirmed, PartTotals: PartTotals{Total: usd(total), Tax: usd(tax), Fee: usd(0)}, FeeTax: usd(0), Platform: usd(0)}
		l.Part, l.WithdrawnTotal, l.WithdrawnTax, l.WithdrawnCommission, l.WithdrawnPlatform = part.ID, usd(0), usd(0), usd(0), usd(0)
		before := usd(0)
		for l.Remaining() > 0 {
			l.withdraw(rapid.IntRange(1, l.Remaining()).Draw(t, "cut"), false)
			if l.WithdrawnTotal.Minor < before.Minor {
				t.Fatalf("%v was given up, then %v", before, l.WithdrawnTotal)
			}
			before = l.WithdrawnTotal
			e := Whole{Order: Order{Currency: "USD"}, Parts: []VendorOrder{part}, Lines: []Line{l}}.Earnings(part)
			if e.Vendor.Plus(e.Commission).Plus(e.Tax) != e.Total.Plus(e.Platform) {
				t.Fatalf("%+v does not re-add", e)
			}
			if e.Vendor.Minor < 0 || e.Commission.Minor < 0 || e.Tax.Minor < 0 || l.WithdrawnCommission.Minor < 0 || e.Platform.Minor < 0 {
				t.Fatalf("%+v is below nothing", e)
			}
		}
		if l.WithdrawnTotal != l.Total || l.WithdrawnTax != l.Tax || l.WithdrawnCommission != l.Commission || l.WithdrawnPlatform != l.Platform {
			t.Fatalf("all is gone but not all is given up: %+v", l)
		}
	})
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 500 {
		for _, n := range NewNumbers("S-") {
			if len(n) != 10 || seen[n] {
				t.Fatalf("number %q", n)
			}
			seen[n] = true
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	token, hash := NewToken()
	other, _ := NewToken()
	if token == other || len(token) != 32 || len(hash) != 32 {
		t.Errorf("tokens %q and %q, hash of %d bytes", token, other, len(hash))
	}
	o := Order{TokenHash: hash}
	for text, want := range map[string]bool{token: true, other: false, "": false, token[:31]: false, token + "x": false} {
		if got := o.opens(text, o.PlacedAt); got != want {
			t.Errorf("%q opens: %v, want %v", text, got, want)
		}
	}
	if o.opens(token, o.PlacedAt.Add(tokenLife)) {
		t.Error("the token outlives its 90 days")
	}
	if (Order{}).opens("", o.PlacedAt) {
		t.Error("an order without a token opens for nobody's")
	}
	if (Order{}).ownedBy(id.User{}) {
		t.Error("nobody owns a guest's order")
	}
}
