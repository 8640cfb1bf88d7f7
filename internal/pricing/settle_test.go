package pricing

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// Whoever is stopped while prices follow a new rate goes on where it was, and
// writes nothing twice.
func TestSettlingResumesWhereItWasStopped(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	p := &Prices{DB: tx, Currency: "USD"}
	exec := func(sql string) {
		t.Helper()
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	count := func(sql string) int64 {
		t.Helper()
		n, err := postgres.Scalar[int64](t.Context(), tx, sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	exec(`INSERT INTO prices (variant_id, currency, amount_minor) SELECT gen_random_uuid(), 'USD', n FROM generate_series(1, 1200) n`)
	exec(`INSERT INTO prices (variant_id, currency, amount_minor) SELECT variant_id, 'JPY', 7 FROM prices WHERE amount_minor = 600`)
	rate := int64(150_000_000_000)
	if _, err := p.SetCurrency(t.Context(), tx, Currency{Currency: "JPY", RatePPB: &rate, RoundTo: 1}); err != nil {
		t.Fatal(err)
	}
	if more, err := settleSome(t.Context(), tx); err != nil || !more {
		t.Fatal(more, err)
	}
	first := count(`SELECT count(*) FROM prices WHERE derived`)
	if first < settledAtOnce-1 || first > settledAtOnce {
		t.Errorf("%d prices in the first batch", first)
	}
	// Stopped in the middle of the next: nothing of it stays.
	err := postgres.InTx(t.Context(), tx, func(inner pgx.Tx) error {
		if _, err := settleSome(t.Context(), inner); err != nil {
			return err
		}
		return pgx.ErrTxClosed
	})
	if err == nil || count(`SELECT count(*) FROM prices WHERE derived`) != first {
		t.Errorf("what was stopped has left something: %v", err)
	}
	if err := p.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err := p.CurrencyOf(t.Context(), tx, "JPY"); err != nil || !c.Settled {
		t.Errorf("%+v, %v", c, err)
	}
	if n := count(`SELECT count(*) FROM prices y JOIN prices d USING (variant_id) WHERE y.derived AND y.currency = 'JPY' AND d.currency = 'USD' AND y.amount_minor = round(d.amount_minor * 1.5)`); n != 1199 {
		t.Errorf("%d prices follow, want 1199: one is a variant's own", n)
	}
	if n := count(`SELECT count(*) FROM price_history WHERE currency = 'JPY'`); n != 1199 {
		t.Errorf("%d lines of history, want one for each price that follows", n)
	}
	if n := count(`SELECT amount_minor FROM prices WHERE currency = 'JPY' AND NOT derived`); n != 7 {
		t.Errorf("a variant's own price has become %s", money.Of(n, "JPY"))
	}
}
