package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/app"
	"souk/internal/platform/config"
	"souk/internal/platform/telemetry"
)

// A shop is what a command works on: a database that was reached, and the app
// built on it.
type shop struct {
	*app.App
	db      *app.Database
	metrics *prometheus.Registry
	log     *slog.Logger
}

// openShop reaches the database and builds the app. Commands that run beside a
// serving souk use its database.
func openShop(ctx context.Context, c *config.Config) (*shop, error) {
	return openWith(ctx, c, app.Reach)
}

// ownShop is openShop for a server, whose private database is its own.
func ownShop(ctx context.Context, c *config.Config) (*shop, error) {
	return openWith(ctx, c, app.Own)
}

type reacher func(ctx context.Context, c *config.Config, log *slog.Logger) (*app.Database, error)

func openWith(ctx context.Context, c *config.Config, reach reacher) (*shop, error) {
	s := &shop{metrics: prometheus.NewRegistry(), log: telemetry.Logger(os.Stderr, c.LogFormat, c.LogLevel)}
	slog.SetDefault(s.log)
	var err error
	if s.db, err = reach(ctx, c, s.log); err != nil {
		return nil, err
	}
	pool, err := s.db.Open(ctx, c)
	if err != nil {
		return nil, errors.Join(err, s.db.Close(ctx))
	}
	if s.App, err = app.New(c, pool, s.log, s.metrics, version); err != nil {
		pool.Close()
		return nil, errors.Join(err, s.db.Close(ctx))
	}
	return s, nil
}

// close ends the connections and stops a database that was started for us.
func (s *shop) close(ctx context.Context) error {
	closed := make(chan struct{})
	go func() { s.Pool.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(5 * time.Second): // a connection is stuck; PostgreSQL ends it
	}
	return s.db.Close(ctx)
}

// withShop runs fn on an open, migrated shop and closes it.
func withShop(ctx context.Context, c *config.Config, fn func(s *shop) error) (err error) {
	s, err := openShop(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if _, err := s.Prepare(ctx); err != nil {
		return err
	}
	return fn(s)
}
