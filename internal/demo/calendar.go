package demo

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/platform/postgres"
)

// calendar is what time it is in the demo, for the program and for the
// database: while it is open, now() in the transaction's statements and in the
// defaults of columns tells the demo's time. Everybody else's stays as it is,
// because all of it is undone before the transaction ends.
type calendar struct {
	tx     pgx.Tx
	clock  *clock.Manual
	stamps []stamp
	views  []string // that ask what time it is, as statements that make them
}

// A stamp is a column that is filled with now().
type stamp struct {
	Table  string `db:"table"`
	Column string `db:"column"`
}

// A function of this name in a schema that is searched first is found before
// the built-in one. Defaults and views were bound to that when they were made, so
// they are bound anew.
const ownTime = `
	CREATE SCHEMA souk_demo;
	CREATE FUNCTION souk_demo.now() RETURNS timestamptz LANGUAGE sql STABLE
		RETURN current_setting('souk_demo.now')::timestamptz;
	SELECT set_config('search_path', 'souk_demo, pg_catalog, ' || current_setting('search_path'), true)`

const selectStamps = `
	SELECT format('%I.%I', s.nspname, c.relname) AS table, quote_ident(a.attname) AS column
	FROM pg_attrdef d
	JOIN pg_class c ON c.oid = d.adrelid
	JOIN pg_namespace s ON s.oid = c.relnamespace
	JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
	WHERE s.nspname = current_schema() AND pg_get_expr(d.adbin, d.adrelid) = 'now()' AND c.relname !~ '^(river|goose)_'
	ORDER BY c.oid, a.attnum`

const selectViews = `
	SELECT format('CREATE OR REPLACE VIEW %I.%I AS %s', s.nspname, c.relname, pg_get_viewdef(c.oid)) AS statement
	FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
	WHERE s.nspname = current_schema() AND c.relkind = 'v' AND c.reloptions IS NULL AND pg_get_viewdef(c.oid) ~ '\mnow\(\)'
	ORDER BY c.oid`

const ownTimeEnds = `SELECT set_config('search_path', substr(current_setting('search_path'), length('souk_demo, pg_catalog, ') + 1), true)`

// The schema cannot go while anything still leans on it, so a default or a view
// that was forgotten fails here.
const takeDown = `DROP FUNCTION souk_demo.now(); DROP SCHEMA souk_demo`

func openCalendar(ctx context.Context, tx pgx.Tx, from time.Time) (*calendar, error) {
	stamps, err := postgres.All[stamp](ctx, tx, selectStamps, nil)
	if err != nil {
		return nil, err
	}
	views, err := postgres.Column[string](ctx, tx, selectViews, nil)
	if err != nil {
		return nil, err
	}
	c := &calendar{tx: tx, clock: clock.At(from), stamps: stamps, views: views}
	if err := c.several(ctx, ownTime); err != nil {
		return nil, err
	}
	if err := c.several(ctx, strings.Join(c.views, "\n")); err != nil {
		return nil, err
	}
	if err := c.bind(ctx, "souk_demo.now()"); err != nil {
		return nil, err
	}
	return c, c.turn(ctx, from)
}

// turn makes it a moment.
func (c *calendar) turn(ctx context.Context, to time.Time) error {
	c.clock.Advance(to.Sub(c.clock.Now()))
	_, err := postgres.Exec(ctx, c.tx, `SELECT set_config('souk_demo.now', @now, true)`, pgx.NamedArgs{"now": to.Format(time.RFC3339Nano)})
	return err
}

func (c *calendar) close(ctx context.Context) error {
	if err := c.bind(ctx, "pg_catalog.now()"); err != nil {
		return err
	}
	if err := c.several(ctx, ownTimeEnds); err != nil {
		return err
	}
	return c.several(ctx, strings.Join(c.views, "\n")+takeDown)
}

func (c *calendar) bind(ctx context.Context, now string) error {
	statements := ""
	for _, s := range c.stamps {
		statements += "ALTER TABLE " + s.Table + " ALTER COLUMN " + s.Column + " SET DEFAULT " + now + ";\n"
	}
	return c.several(ctx, statements)
}

// several sends statements that take no arguments, in one message.
func (c *calendar) several(ctx context.Context, statements string) error {
	_, err := c.tx.Exec(ctx, statements, pgx.QueryExecModeSimpleProtocol)
	return postgres.Explain(err)
}
