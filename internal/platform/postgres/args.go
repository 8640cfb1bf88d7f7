package postgres

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// named fills in @name as pgx.NamedArgs does, with two differences: a name that
// was forgotten is an error and not NULL, and a statement is taken apart once,
// not for each call.
type named pgx.NamedArgs

// plan is a statement with $1, $2 and the names that go there.
type plan struct {
	sql   string
	names []string
}

var (
	plans     sync.Map // of plan, by statement
	planCount atomic.Int64
)

// mostPlans bounds what is remembered: statements are literals, of which a
// program has a few hundred, but some are put together from parts.
const mostPlans = 4096

// RewriteQuery is called by pgx.
func (n named) RewriteQuery(ctx context.Context, conn *pgx.Conn, sql string, args []any) (string, []any, error) {
	known, ok := plans.Load(sql)
	if !ok {
		p, err := takeApart(ctx, conn, sql, n)
		if err != nil {
			return "", nil, err
		}
		if planCount.Add(1) <= mostPlans {
			plans.Store(sql, p)
		}
		known = p
	}
	p := known.(plan)
	values := make([]any, len(p.names))
	for i, name := range p.names {
		value, given := n[name]
		if !given {
			return "", nil, fmt.Errorf("no argument for @%s", name)
		}
		values[i] = value
	}
	return p.sql, values, nil
}

// takeApart lets pgx put each name in its own place, which tells the order.
func takeApart(ctx context.Context, conn *pgx.Conn, sql string, n named) (p plan, err error) {
	itself := make(pgx.NamedArgs, len(n))
	for name := range n {
		itself[name] = name
	}
	rewritten, order, err := itself.RewriteQuery(ctx, conn, sql, nil)
	if err != nil {
		return p, err
	}
	p.sql = rewritten
	for _, name := range order {
		if name == nil { // forgotten: the strict form knows which
			_, _, err := pgx.StrictNamedArgs(n).RewriteQuery(ctx, conn, sql, nil)
			return p, err
		}
		p.names = append(p.names, name.(string))
	}
	return p, nil
}
