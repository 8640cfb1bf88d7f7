package apptest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
	"souk/internal/verify"
)

// State is a digest of every table of the shop.
type State map[string]string

// State reads the tables, but for those that move by themselves (cursors and
// jobs) and those that note what was refused (the audit trail, failed attempts).
func (a *App) State(t testing.TB) State {
	t.Helper()
	type digest struct {
		Table  string `db:"table_name"`
		Digest string `db:"digest"`
	}
	tables, err := postgres.Column[string](t.Context(), a.DB, `
		SELECT relname::text FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
		  AND relname !~ '^(river|goose|event_cursors|audit_|login_failures)' ORDER BY relname`, nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := make([]string, len(tables))
	for i, table := range tables {
		name := pgx.Identifier{table}.Sanitize()
		parts[i] = fmt.Sprintf(`SELECT '%s' AS table_name, count(*) || ' rows ' || coalesce(md5(string_agg(md5(r::text), '' ORDER BY md5(r::text))), '') AS digest FROM %s r`, table, name)
	}
	rows, err := postgres.All[digest](t.Context(), a.DB, strings.Join(parts, " UNION ALL "), nil)
	if err != nil {
		t.Fatal(err)
	}
	state := State{}
	for _, r := range rows {
		state[r.Table] = r.Digest
	}
	return state
}

// Changed names the tables that differ.
func (s State) Changed(after State) []string {
	var changed []string
	for _, table := range slices.Sorted(maps.Keys(after)) {
		if s[table] != after[table] {
			changed = append(changed, table)
		}
	}
	return changed
}

// Count is the one number that a statement finds.
func (a *App) Count(t testing.TB, sql string, args pgx.NamedArgs) int {
	t.Helper()
	n, err := postgres.Scalar[int](t.Context(), a.DB, sql, args)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// WantRows fails the test unless a table has so many rows.
func (a *App) WantRows(t testing.TB, table string, want int) {
	t.Helper()
	if got := a.Count(t, `SELECT count(*)::int FROM `+pgx.Identifier{table}.Sanitize(), nil); got != want {
		t.Errorf("%s has %d rows, want %d", table, got, want)
	}
}

// WantSound fails the test when an invariant of the shop does not hold. Those
// that may lag behind are left out where nothing runs that would mend them.
func (a *App) WantSound(t testing.TB) {
	t.Helper()
	for _, rule := range verify.Rules() {
		broken, err := postgres.Column[string](t.Context(), a.DB, `SELECT what::text FROM (`+rule.SQL+`) AS broken (what)`, nil)
		if err != nil {
			t.Fatalf("[%s] %v", rule.Name, err)
		}
		if len(broken) > 0 && !rule.Eventual {
			t.Errorf("[%s] %s: broken by %v", rule.Name, rule.Text, broken)
		}
	}
}

// aReference is what an answer may repeat: the id of a thing, the code of a
// currency or a word of the API itself.
var aReference = regexp.MustCompile(`^([a-z]+_[0-9A-Za-z]+|[A-Z]{2,3}|[a-z_]{1,12})$`)

// LacksEcho fails the test when a problem repeats a text that was sent, which a
// page that shows it would run.
func (w Answer) LacksEcho(t testing.TB, path, body string) {
	t.Helper()
	said := strings.ReplaceAll(w.Body, w.Header.Get("X-Request-Id"), "") // random, and may spell anything
	for _, text := range sent(path, body) {
		if len(text) >= 4 && !aReference.MatchString(text) && strings.Contains(said, text) {
			t.Errorf("the problem repeats %.200q: %.500s", text, w.Body)
		}
	}
}

// sent is every text in a query and a body.
func sent(path, body string) []string {
	var texts []string
	if _, query, ok := strings.Cut(path, "?"); ok {
		values, _ := url.ParseQuery(query) // what does not parse repeats nothing that is read
		for _, list := range values {
			texts = append(texts, list...)
		}
	}
	var value any
	if json.Unmarshal([]byte(body), &value) == nil {
		texts = append(texts, leaves(value)...)
	}
	return texts
}

func leaves(value any) (texts []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			texts = append(texts, leaves(item)...)
		}
	case map[string]any:
		for _, item := range v {
			texts = append(texts, leaves(item)...)
		}
	}
	return texts
}
