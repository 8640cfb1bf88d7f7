package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/money"
	"souk/internal/platform/config"
	"souk/internal/platform/postgres"
	"souk/internal/platform/telemetry"
)

// stopTimeout is how long a private PostgreSQL may take to write everything.
const stopTimeout = 30 * time.Second

// Database is the PostgreSQL that was found or started.
type Database struct {
	URL     string
	Origin  string // for people: where it came from
	cluster *postgres.Cluster
}

// Reach finds the shop's database for a command: the one of the settings, that
// of a running `souk serve` on the same data, or a private one that is started
// for this process and stops with Close.
func Reach(ctx context.Context, c *config.Config, log *slog.Logger) (*Database, error) {
	return reach(ctx, c, log, true)
}

// Own is Reach for a server: a private PostgreSQL must be its own, as it stops
// with its owner. While another souk is stopping it waits.
func Own(ctx context.Context, c *config.Config, log *slog.Logger) (*Database, error) {
	return reach(ctx, c, log, false)
}

// patience is how long another owner may take to stop, or to come up.
const patience = 20 * time.Second

func reach(ctx context.Context, c *config.Config, log *slog.Logger, share bool) (*Database, error) {
	if c.DatabaseURL != "" {
		return &Database{URL: c.DatabaseURL, Origin: "found at DATABASE_URL"}, nil
	}
	dir, err := clusterDir(c)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(patience); ; {
		if url, ok := postgres.Running(dir); ok && share {
			return &Database{URL: url, Origin: "of the running souk in " + dir}, nil
		}
		cluster, err := postgres.Start(ctx, postgres.Options{Dir: dir, Elsewhere: rootsHome, Log: log})
		switch {
		case err == nil:
			return &Database{URL: cluster.URL(postgres.Superuser), Origin: "started for you in " + cluster.Dir(), cluster: cluster}, nil
		case !errors.Is(err, postgres.ErrOwned):
			return nil, fmt.Errorf("%w: %w", ErrDependency, err)
		case time.Now().After(deadline):
			return nil, fmt.Errorf("%w: stop the souk that serves %s, or give several nodes one PostgreSQL by DATABASE_URL", err, dir)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// rootsHome is where root's private PostgreSQL lives when the data directory is
// closed to the user that it runs as.
const rootsHome = "/var/lib/souk"

// clusterDir is where the private PostgreSQL of these settings lives.
func clusterDir(c *config.Config) (string, error) {
	dir, err := filepath.Abs(filepath.Join(c.DataDir, "pg"))
	if err != nil {
		return "", fmt.Errorf("find the data directory: %w", err)
	}
	return dir, nil
}

// Close stops what Reach started.
func (d *Database) Close(ctx context.Context) error {
	if d.cluster == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return d.cluster.Stop(ctx)
}

// Private reports whether Reach started a PostgreSQL of its own.
func (d *Database) Private() bool { return d.cluster != nil }

// Open makes a pool of connections to d.
func (d *Database) Open(ctx context.Context, c *config.Config) (*pgxpool.Pool, error) {
	return postgres.Open(ctx, postgres.Config{URL: d.URL, MaxConns: c.MaxConns, Name: "souk", Tracer: telemetry.QueryTracer(c.OTLPEndpoint)})
}

// Prepare brings the schema up to date and gives a new shop what it needs to
// sell: shipping options everywhere.
func (a *App) Prepare(ctx context.Context) (applied []postgres.Applied, err error) {
	if applied, err = postgres.Migrate(ctx, a.Pool); err != nil {
		return applied, err
	}
	return applied, postgres.InTx(ctx, a.Pool, func(tx pgx.Tx) error {
		return a.Shipping.EnsureDefaults(ctx, tx, money.Currency(a.Config.Currency))
	})
}

// PendingMigrations names the steps that Prepare would take.
func (a *App) PendingMigrations(ctx context.Context) ([]string, error) {
	return postgres.Pending(ctx, a.Pool)
}
