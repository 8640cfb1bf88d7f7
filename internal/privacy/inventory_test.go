package privacy_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/privacy"
)

// A column holds text, or something that text can be hidden in.
type column struct {
	Table string `db:"table_name"`
	Name  string `db:"column_name"`
}

func columns(t *testing.T, db postgres.DB) []column {
	t.Helper()
	found, err := postgres.All[column](t.Context(), db, `
		SELECT c.table_name::text, c.column_name::text
		FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE' AND table_name NOT LIKE 'goose%'
		  AND c.udt_name IN ('text', '_text', 'varchar', '_varchar', 'bpchar', 'json', 'jsonb', '_jsonb', 'bytea', 'inet', 'cidr', 'tsvector', '_bytea')
		ORDER BY table_name, c.ordinal_position`, nil)
	if err != nil || len(found) < 100 {
		t.Fatalf("%d columns, %v", len(found), err)
	}
	return found
}

// ofPeople is the tables that point to users or orders, directly or over
// others, or look as if they did.
func ofPeople(t *testing.T, db postgres.DB) []string {
	t.Helper()
	tables, err := postgres.Column[string](t.Context(), db, `
		WITH RECURSIVE points AS (
			SELECT conrelid AS a, confrelid AS b FROM pg_constraint WHERE contype = 'f'
		), people AS (
			SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
			  AND (c.relname IN ('users', 'orders') OR EXISTS (
				SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname ~ '^(.*_)?(user|order|cart|customer|buyer|principal|actor)(_id)?$'))
			UNION
			SELECT points.a FROM points JOIN people ON people.oid = points.b
		)
		SELECT relname::text FROM pg_class WHERE oid IN (SELECT oid FROM people)`, nil)
	if err != nil || len(tables) < 15 {
		t.Fatalf("%v, %v", tables, err)
	}
	return tables
}

var personal = regexp.MustCompile(`(^|_)(e?mail|phone|name|username|address|line1|line2|city|postal|zip|region|user_agent|ip|host|device|actor|author|` +
	`note|notes|body|detail|reason|memo|message|comment|contact|birth\w*|iban|tax_id|vat_id|secret|password\w*|token|avatar|photo|recipient|subject|to|args|data|response)($|_)`)

// Who adds a column that may tell of somebody says in [privacy.Inventory] what
// becomes of it when its user is erased.
func TestEveryPersonalColumnIsDecided(t *testing.T) {
	db := pgtest.Tx(t)
	people := ofPeople(t, db)
	known := map[column]bool{}
	for _, c := range columns(t, db) {
		known[c] = true
		if (slices.Contains(people, c.Table) || personal.MatchString(c.Name)) && privacy.FateOf(c.Table, c.Name) == "" {
			t.Errorf("%s.%s may tell of somebody and nobody decided what becomes of it when they are erased: "+
				"drop it where accounts.Erased is heard and say so in privacy.Inventory, or say there why it is kept", c.Table, c.Name)
		}
	}
	seen := map[column]bool{}
	for _, h := range privacy.Inventory {
		if h.Fate != privacy.Dropped && h.Fate != privacy.Kept && h.Fate != privacy.Nothing || h.Why == "" {
			t.Errorf("%s: %q is no decision with a reason", h.Table, h.Fate)
		}
		for name := range strings.FieldsSeq(h.Columns) {
			c := column{h.Table, name}
			if !known[c] {
				t.Errorf("the inventory decides about %s.%s, which there is not", c.Table, c.Name)
			}
			if seen[c] {
				t.Errorf("the inventory decides about %s.%s twice", c.Table, c.Name)
			}
			seen[c] = true
		}
	}
}
