package postgres_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// Ids go in and come out as uuid, one by one, in arrays and as "none".
func TestIDsInTheDatabase(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	mustExec(t, tx, `CREATE TABLE things (id uuid PRIMARY KEY, parent uuid, friends uuid[] NOT NULL DEFAULT '{}')`)
	type thing struct {
		ID      id.Variant   `db:"id" json:"id"`
		Parent  id.Variant   `db:"parent" json:"parent"`
		Pointer *id.Variant  `db:"pointer" json:"pointer"`
		Friends []id.Variant `db:"friends" json:"friends"`
	}
	a, b, c := id.New[id.Variant](), id.New[id.Variant](), id.New[id.Variant]()
	for _, want := range []thing{
		{ID: a, Friends: []id.Variant{}},
		{ID: b, Parent: a, Pointer: &a, Friends: []id.Variant{a, b, c}},
	} {
		_, err := postgres.Exec(t.Context(), tx, `INSERT INTO things (id, parent, friends) VALUES (@id, @parent, @friends)`,
			pgx.NamedArgs{"id": want.ID, "parent": want.Parent, "friends": want.Friends})
		if err != nil {
			t.Fatal(err)
		}
		got, err := postgres.Get[thing](t.Context(), tx, `SELECT id, parent, parent AS pointer, friends FROM things WHERE id = @id`, pgx.NamedArgs{"id": want.ID})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}

	// As an argument of = ANY, as one column, as the key of a map.
	found, err := postgres.Column[id.Variant](t.Context(), tx, `SELECT id FROM things WHERE id = ANY(@ids) ORDER BY id`, pgx.NamedArgs{"ids": []id.Variant{b, c, a}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]id.Variant{a, b}, found); diff != "" {
		t.Error(diff)
	}
	byID := map[id.Variant]int{}
	for i, v := range found {
		byID[v] = i
	}
	if byID[a] != 0 || byID[b] != 1 {
		t.Errorf("ids read are no keys: %v", byID)
	}
	if n, err := postgres.Scalar[int](t.Context(), tx, `SELECT count(*) FROM things WHERE parent IS NULL`, nil); n != 1 || err != nil {
		t.Errorf("the zero id is not NULL: %d, %v", n, err)
	}
	if parent, err := postgres.Scalar[id.Variant](t.Context(), tx, `SELECT parent FROM things WHERE id = @id`, pgx.NamedArgs{"id": a}); !parent.IsZero() || err != nil {
		t.Errorf("NULL reads as %v, %v", parent, err)
	}
	// Sorted by the database as by birth, and as text outside.
	if !(a.String() < b.String() && b.String() < c.String()) {
		t.Errorf("ids do not sort by birth: %s %s %s", a, b, c)
	}
	// In a set of rows made from arrays, which is how many rows are written at once.
	n, err := postgres.Exec(t.Context(), tx, `INSERT INTO things (id, parent) SELECT * FROM unnest(@ids::uuid[], @parents::uuid[])`,
		pgx.NamedArgs{"ids": []id.Variant{c, id.New[id.Variant]()}, "parents": []id.Variant{a, {}}})
	if n != 2 || err != nil {
		t.Errorf("unnest wrote %d rows: %v", n, err)
	}
	// Through COPY, which knows only the binary form.
	copied, err := tx.CopyFrom(t.Context(), pgx.Identifier{"things"}, []string{"id", "parent"}, pgx.CopyFromRows([][]any{
		{id.New[id.Variant](), b}, {id.New[id.Variant](), id.Variant{}},
	}))
	if copied != 2 || err != nil {
		t.Errorf("COPY wrote %d rows: %v", copied, err)
	}
	// In jsonb as the text that people see.
	kept, err := postgres.Scalar[string](t.Context(), tx, `SELECT @v::jsonb ->> 'id'`, pgx.NamedArgs{"v": map[string]any{"id": a}})
	if kept != a.String() || err != nil {
		t.Errorf("in jsonb an id is %q, %v", kept, err)
	}
}

func TestMoneyInTheDatabase(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	mustExec(t, tx, `CREATE TABLE things (n int PRIMARY KEY, price_minor bigint NOT NULL, was_minor bigint, currency char(3) NOT NULL)`)
	type thing struct {
		Price money.Amount  `db:"price"`
		Was   *money.Amount `db:"was"`
	}
	usd, was := money.Of(1999, "USD"), money.Of(2499, "USD")
	for n, want := range []thing{
		{Price: usd},
		{Price: usd, Was: &was},
		{Price: money.Of(-money.Max, "JPY")},
	} {
		args := pgx.NamedArgs{"n": n, "price": want.Price.Minor, "was": nil, "currency": want.Price.Currency}
		if want.Was != nil {
			args["was"] = want.Was.Minor
		}
		if _, err := postgres.Exec(t.Context(), tx, `INSERT INTO things (n, price_minor, was_minor, currency) VALUES (@n, @price, @was, @currency)`, args); err != nil {
			t.Fatal(err)
		}
		got, err := postgres.Get[thing](t.Context(), tx, `
			SELECT (price_minor, currency) AS price,
				CASE WHEN was_minor IS NOT NULL THEN (was_minor, currency) END AS was
			FROM things WHERE n = @n`, pgx.NamedArgs{"n": n})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	total, err := postgres.Scalar[money.Amount](t.Context(), tx, `SELECT (sum(price_minor)::bigint, currency) FROM things WHERE currency = 'USD' GROUP BY currency`, nil)
	if err != nil || total != money.Of(3998, "USD") {
		t.Errorf("sum %v, %v", total, err)
	}
	// A price that is not there is no price of zero.
	if got, err := postgres.Scalar[money.Amount](t.Context(), tx, `SELECT NULL::record`, nil); err == nil {
		t.Errorf("NULL reads as %v", got)
	}
	if got, err := postgres.Scalar[money.Amount](t.Context(), tx, `SELECT (was_minor, currency) FROM things WHERE n = 0`, nil); err == nil {
		t.Errorf("half a NULL reads as %v", got)
	}
	out, err := json.Marshal(usd)
	if err != nil || string(out) != `{"amount":1999,"currency":"USD"}` {
		t.Errorf("%s, %v", out, err)
	}
}
