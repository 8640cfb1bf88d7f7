package credit

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

func open(db postgres.DB) *Balances {
	return &Balances{DB: db, Clock: clock.System{}, CodeKeys: [][]byte{[]byte("new"), []byte("old")}}
}

func TestACodeIsOneHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	code := codeOf([]byte("key"), id.New[id.GiftCard]())
	for _, written := range []string{code, grouped(code), strings.ToLower(grouped(code)), " " + code[:8] + "\t" + code[8:] + "\n", code[:4] + "‐" + code[4:], fullWidth(code)} {
		if !bytes.Equal(Hash(written), hashOf(code)) {
			t.Errorf("%q is another code than %q", written, code)
		}
	}
	for _, written := range []string{"", code[1:], code + "2", strings.Repeat("A", 201)} {
		if bytes.Equal(Hash(written), hashOf(code)) {
			t.Errorf("%q is %q", written, code)
		}
	}
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune { return r - '!' + '！' }, s)
}

// A card outlives the key that its code was made with.
func TestACodeIsMailedAfterTheKeyHasChanged(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	m := open(tx)
	was := &Balances{DB: tx, Clock: m.Clock, CodeKeys: m.CodeKeys[1:]}
	card, err := was.Give(t.Context(), tx, NewCard{Amount: usd(100), Gift: Gift{Email: "ann@example.com"}}, "a test")
	if err != nil {
		t.Fatal(err)
	}
	_, before, err := was.ToMail(t.Context(), tx, card.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, code, err := m.ToMail(t.Context(), tx, card.ID); err != nil || code != before {
		t.Errorf("mailed %q, %v, want %q", code, err, before)
	}
	if found, err := m.Lookup(t.Context(), tx, before); err != nil || found.ID != card.ID {
		t.Errorf("found %s, %v", found.ID, err)
	}
	lost := &Balances{DB: tx, CodeKeys: [][]byte{[]byte("another")}}
	if _, _, err := lost.ToMail(t.Context(), tx, card.ID); err == nil {
		t.Error("a code was made with a key that did not make it")
	}
}

// Each card is sent when its time has come, once, and not when it is disabled.
func TestCardsAreSentOnceAndWhenTheyAreDue(t *testing.T) {
	t.Parallel()
	m := open(pgtest.DB(t))
	later := time.Now().Add(time.Hour)
	var now, soon GiftCard
	err := postgres.InTx(t.Context(), m.DB, func(tx pgx.Tx) (err error) {
		if now, err = m.Give(t.Context(), tx, NewCard{Amount: usd(100), Gift: Gift{Email: "ann@example.com"}}, "a test"); err == nil {
			soon, err = m.Give(t.Context(), tx, NewCard{Amount: usd(100), Gift: Gift{Email: "ann@example.com", SendAt: &later}}, "a test")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	due := func() (list []string) {
		for range 2 {
			if err := m.Send(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		list, err := postgres.Column[string](t.Context(), m.DB, `SELECT data ->> 'gift_card_id' FROM events WHERE name = 'credit.gift_card_due' ORDER BY seq`, nil)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := due(); len(got) != 1 || got[0] != now.ID.String() {
		t.Errorf("sent %v, want %s", got, now.ID)
	}
	if _, err := m.DB.Exec(t.Context(), `UPDATE gift_cards SET send_at = now() WHERE id = @id`, pgx.NamedArgs{"id": soon.ID}); err != nil {
		t.Fatal(err)
	}
	if got := due(); len(got) != 2 || got[1] != soon.ID.String() {
		t.Errorf("sent %v, want %s after %s", got, soon.ID, now.ID)
	}
	if err := postgres.InTx(t.Context(), m.DB, func(tx pgx.Tx) error { _, err := m.SetStatus(t.Context(), tx, now.ID, Disabled); return err }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.ToMail(t.Context(), m.DB, now.ID); !errors.Is(err, ErrNoGiftCard) {
		t.Errorf("a disabled card is mailed: %v", err)
	}
}

func TestWhomACardWasForIsForgotten(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	m := open(tx)
	card, err := m.Give(t.Context(), tx, NewCard{Amount: usd(100), Gift: Gift{Email: "ann@example.com", Name: "Ann", Message: "Enjoy"}}, "a test")
	if err != nil {
		t.Fatal(err)
	}
	for sent, want := range map[string]string{"89 days": "ann@example.com", "91 days": ""} {
		if _, err := tx.Exec(t.Context(), `UPDATE gift_cards SET email = 'ann@example.com', sent_at = now() - @ago::interval`, pgx.NamedArgs{"ago": sent}); err != nil {
			t.Fatal(err)
		}
		if err := m.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if card, err = m.Card(t.Context(), tx, card.ID); err != nil || card.Email != want {
			t.Errorf("after %s it is for %q, %v, want %q", sent, card.Email, err, want)
		}
	}
}

// A balance stays between nothing and what the card was issued with.
func TestAnAdjustmentStaysWithinBounds(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	m := open(pool)
	var card GiftCard
	try := func(fn func(ctx context.Context, tx pgx.Tx) error) error {
		return postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error { return fn(t.Context(), tx) })
	}
	if err := try(func(ctx context.Context, tx pgx.Tx) (err error) {
		card, err = m.Give(ctx, tx, NewCard{Amount: usd(100), Gift: Gift{Email: "ann@example.com"}}, "a test")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		by, left int64
		want     error
	}{{1, 100, ErrBounds}, {-101, 100, ErrBounds}, {-100, 0, nil}, {-1, 0, ErrBounds}, {40, 40, nil}, {61, 40, ErrBounds}} {
		err := try(func(ctx context.Context, tx pgx.Tx) error {
			_, err := m.Adjust(ctx, tx, card.ID, usd(step.by), "a test")
			return err
		})
		if !errors.Is(err, step.want) {
			t.Errorf("by %d: %v, want %v", step.by, err, step.want)
		}
		if now, err := m.Card(t.Context(), pool, card.ID); err != nil || now.Balance != usd(step.left) {
			t.Errorf("by %d it holds %v, %v, want %d", step.by, now.Balance, err, step.left)
		}
	}
}
