package ledger_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

// sale is a posting of 100 with a commission of 10 and a tax of 5.
func sale(vendor id.Vendor) ledger.Posting {
	return ledger.Posting{
		RefType: "payment_event", RefID: id.New[id.PaymentEvent](), Memo: "a sale",
		Entries: []ledger.Entry{
			ledger.Debit(ledger.AccountKey{Kind: ledger.Clearing, Party: "cod"}, usd(100)),
			ledger.Credit(ledger.AccountKey{Kind: ledger.VendorPayable, Vendor: vendor}, usd(85)),
			ledger.Credit(ledger.AccountKey{Kind: ledger.CommissionRevenue}, usd(10)),
			ledger.Credit(ledger.AccountKey{Kind: ledger.TaxPayable}, usd(5)),
			ledger.Credit(ledger.AccountKey{Kind: ledger.ShippingRevenue}, usd(0)), // left out
		},
	}
}

func TestPostOpensAccountsOnceAndKeepsBalances(t *testing.T) {
	t.Parallel()
	tx, ctx := pgtest.Tx(t), t.Context()
	vendor := id.New[id.Vendor]()
	for range 2 {
		if err := ledger.Post(ctx, tx, sale(vendor)); err != nil {
			t.Fatal(err)
		}
	}
	for key, want := range map[ledger.AccountKey]int64{
		{Kind: ledger.Clearing, Party: "cod"}:        200,
		{Kind: ledger.VendorPayable, Vendor: vendor}: -170,
		{Kind: ledger.CommissionRevenue}:             -20,
		{Kind: ledger.TaxPayable}:                    -10,
		{Kind: ledger.ShippingRevenue}:               0, // no entry of nothing, no account for it
	} {
		got, err := ledger.Balance(ctx, tx, key, "USD")
		if err != nil {
			t.Fatal(err)
		}
		if got != usd(want) {
			t.Errorf("balance of %v is %v, want %v", key, got, usd(want))
		}
	}
	accounts, err := postgres.Scalar[int64](ctx, tx, `SELECT count(*) FROM ledger_accounts`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if accounts != 4 {
		t.Errorf("%d accounts, want 4", accounts)
	}
	trials, err := ledger.TrialBalance(ctx, tx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ledger.Trial{{Currency: "USD", Debit: usd(200), Credit: usd(200)}}, trials); diff != "" {
		t.Error(diff)
	}
}

func TestPostRefuses(t *testing.T) {
	t.Parallel()
	clearing := ledger.AccountKey{Kind: ledger.Clearing, Party: "cod"}
	for _, tc := range []struct {
		name    string
		entries []ledger.Entry
	}{
		{"nothing", nil},
		{"only zeros", []ledger.Entry{ledger.Debit(clearing, usd(0)), ledger.Credit(clearing, usd(0))}},
		{"one side", []ledger.Entry{ledger.Debit(clearing, usd(1))}},
		{"a difference", []ledger.Entry{ledger.Debit(clearing, usd(3)), ledger.Credit(ledger.AccountKey{Kind: ledger.TaxPayable}, usd(2))}},
		{"two currencies", []ledger.Entry{ledger.Debit(clearing, usd(3)), ledger.Credit(ledger.AccountKey{Kind: ledger.TaxPayable}, money.Of(3, "EUR"))}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tx := pgtest.Tx(t)
			err := ledger.Post(t.Context(), tx, ledger.Posting{RefType: "payment_event", RefID: id.New[id.PaymentEvent](), Memo: tc.name, Entries: tc.entries})
			if !errors.Is(err, ledger.ErrUnbalanced) {
				t.Errorf("err = %v, want ErrUnbalanced", err)
			}
		})
	}
}

func TestPostRefusesTheSameFactTwice(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	p := sale(id.New[id.Vendor]())
	if err := ledger.Post(t.Context(), tx, p); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Post(t.Context(), tx, p); !errors.Is(err, ledger.ErrPosted) {
		t.Errorf("err = %v, want ErrPosted", err)
	}
}

// What Go lets through by a bug, the database does not commit.
func TestUnbalancedPostingCannotCommit(t *testing.T) {
	t.Parallel()
	pool, ctx := pgtest.DB(t), t.Context()
	vendor := id.New[id.Vendor]()
	if err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return ledger.Post(ctx, tx, sale(vendor)) }); err != nil {
		t.Fatal(err)
	}
	err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		if err := ledger.Post(ctx, tx, sale(vendor)); err != nil {
			return err
		}
		_, err := postgres.Exec(ctx, tx, `
			INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor)
			SELECT txn_id, account_id, currency, 1 FROM ledger_entries ORDER BY seq DESC LIMIT 1`, nil)
		return err
	})
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.ConstraintName != "ledger_must_balance" {
		t.Fatalf("commit of an unbalanced posting: %v", err)
	}
	txns, err := postgres.Scalar[int64](ctx, pool, `SELECT count(*) FROM ledger_txns`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if txns != 1 {
		t.Errorf("%d transactions in the books, want the balanced one", txns)
	}
}

func TestTheBooksAreAppendOnly(t *testing.T) {
	t.Parallel()
	for _, change := range []string{
		`UPDATE ledger_entries SET amount_minor = 1`, `DELETE FROM ledger_entries`,
		`UPDATE ledger_txns SET memo = ''`, `DELETE FROM ledger_txns`,
	} {
		tx := pgtest.Tx(t)
		if err := ledger.Post(t.Context(), tx, sale(id.New[id.Vendor]())); err != nil {
			t.Fatal(err)
		}
		var pg *pgconn.PgError
		if _, err := tx.Exec(t.Context(), change); !errors.As(err, &pg) || pg.Code != "23001" {
			t.Errorf("%s: %v, want a refusal", change, err)
		}
	}
}

// The first sales of many vendors at once open the shared accounts together.
func TestPostingsThatOpenTheSameAccountsDoNotFail(t *testing.T) {
	t.Parallel()
	pool, ctx := pgtest.DB(t), t.Context()
	const n = 12
	errsSeen := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			errsSeen[i] = postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return ledger.Post(ctx, tx, sale(id.New[id.Vendor]())) })
		})
	}
	wait.Wait()
	if err := errors.Join(errsSeen...); err != nil {
		t.Fatal(err)
	}
	got, err := ledger.Balance(context.Background(), pool, ledger.AccountKey{Kind: ledger.Clearing, Party: "cod"}, "USD")
	if err != nil {
		t.Fatal(err)
	}
	if got != usd(100*n) {
		t.Errorf("clearing holds %v, want %v", got, usd(100*n))
	}
}
