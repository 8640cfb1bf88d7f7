package postgres

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says how to reach the database. Only URL is needed.
type Config struct {
	URL      string
	MaxConns int    // 16 when 0
	Name     string // shown as application_name; "souk" when ""

	StatementTimeout time.Duration // 5 s when 0, none when negative
	LockTimeout      time.Duration // 2 s when 0, none when negative
	IdleInTxTimeout  time.Duration // 10 s when 0, none when negative

	Tracer pgx.QueryTracer // may be nil
}

// Open makes a pool and waits for its first connection.
func Open(ctx context.Context, c Config) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("read database url: %w", err)
	}
	config.MaxConns = int32(cmp.Or(c.MaxConns, 16))
	config.ConnConfig.Tracer = c.Tracer
	config.AfterConnect = inUTC
	config.PrepareConn = bind
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	settings := config.ConnConfig.RuntimeParams
	settings["application_name"] = cmp.Or(c.Name, "souk")
	settings["timezone"] = "UTC"
	settings["statement_timeout"] = milliseconds(cmp.Or(c.StatementTimeout, 5*time.Second))
	settings["lock_timeout"] = milliseconds(cmp.Or(c.LockTimeout, 2*time.Second))
	settings["idle_in_transaction_session_timeout"] = milliseconds(cmp.Or(c.IdleInTxTimeout, 10*time.Second))

	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach database: %w", Explain(err))
	}
	return pool, nil
}

// inUTC has moments read as they are shown and reckoned with, wherever the process
// thinks that it is: days and months begin at the same moment on every node.
func inUTC(_ context.Context, conn *pgx.Conn) error {
	moment := &pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}}
	conn.TypeMap().RegisterType(moment)
	conn.TypeMap().RegisterType(&pgtype.Type{Name: "_timestamptz", OID: pgtype.TimestamptzArrayOID, Codec: &pgtype.ArrayCodec{ElementType: moment}})
	return nil
}

// Aside is a second, small pool to the database of a pool, for what is read while
// a transaction is open and kept for a moment: settings, accounts. Whoever has one
// of the pool's connections must not wait for another of them: when all do, nobody
// gets one.
func Aside(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Pool, error) {
	config := pool.Config()
	config.MaxConns, config.MinConns, config.MinIdleConns = 2, 0, 0
	aside, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return aside, nil
}

// milliseconds is the unit of PostgreSQL's timeouts, where 0 means none.
func milliseconds(d time.Duration) string {
	return strconv.FormatInt(max(d.Milliseconds(), 0), 10)
}
