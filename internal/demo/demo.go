// Package demo fills a marketplace with a year of trade that never was.
//
// Owns: a fictional market (market.json), the replay of its months ([Fill]), the
// logins of those who run it ([Logins]).
// Tables: none; a row of settings says that the market is filled.
// Raises: nothing itself; the modules do, as ever.
// Calls: app and every module, by the operations that requests use.
//
// # How a past is made
//
// Whatever is to happen stands on an agenda with its moment (agenda.go):
// vendors open, customers sign up and shop, parcels leave and arrive. Fill
// works it off in order, in one transaction whose now() tells the moment of
// the entry (calendar.go). So nothing is dated back behind a module's back:
// prices have a real history, each step of an order its own time, and the
// books are kept as they would have been.
//
// What lies after the present is not done, which leaves the newest orders where
// newest orders are: confirmed, half shipped, on their way. One transaction
// also means that a fill which is killed has never been.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app"
	"souk/internal/auth"
	"souk/internal/payments"
	"souk/internal/payments/testpay"
	"souk/internal/platform/postgres"
)

// Scale is how much is made.
type Scale struct{ Products, Customers, Orders, Months int }

// Full is the size of the demo that people see.
var Full = Scale{Products: 400, Customers: 30, Orders: 900, Months: 13}

// Options say what is filled in.
type Options struct {
	Scale    Scale
	Pictures fs.FS                                // the goods, as market.json names them, .webp; nil makes no pictures
	Seed     uint64                               // the same seed is the same market
	Progress func(step string, done, total int64) // may be nil; done is total when a step has ended
}

// Market is what was filled in. It is kept as the value of the setting.
type Market struct {
	Vendors   int       `json:"vendors"` // open ones
	Products  int       `json:"products"`
	Variants  int       `json:"variants"`
	Customers int       `json:"customers"`
	Orders    int       `json:"orders"`
	Reviews   int       `json:"reviews"`
	Months    int       `json:"months"`
	FilledAt  time.Time `json:"filled_at"`
}

// ErrOtherShop keeps the demo out of a database that is somebody's shop.
var ErrOtherShop = errors.New("this database holds a shop that is not a demo")

// Find reads what was filled in before, false when nothing was.
func Find(ctx context.Context, db postgres.DB) (Market, bool, error) {
	m, err := postgres.Scalar[Market](ctx, db, `SELECT value FROM settings WHERE key = 'demo'`, nil)
	if errors.Is(err, postgres.ErrNoRow) {
		return Market{}, false, nil
	}
	if err != nil {
		return Market{}, false, fmt.Errorf("look for a demo: %w", err)
	}
	return m, true, nil
}

// Fill fills a's database once: when it was filled before, nothing happens.
func Fill(ctx context.Context, a *app.App, o Options) (Market, error) {
	if found, there, err := Find(ctx, a.DB); there || err != nil {
		return found, err
	}
	if err := unused(ctx, a.DB); err != nil {
		return Market{}, err
	}
	ctx = auth.With(ctx, auth.Actor{System: "souk demo"})
	o.Progress = oneAtATime(o.Progress)
	present := a.Clock.Now()
	plan := fiction.plan(o, present)
	if err := plan.takePictures(ctx, a.Catalog, o); err != nil {
		return Market{}, fmt.Errorf("make the pictures: %w", err)
	}
	var made Market
	err := postgres.InTx(ctx, a.DB, func(tx pgx.Tx) (err error) {
		made, err = fill(ctx, tx, a, plan, o)
		return err
	})
	if err != nil {
		return Market{}, fmt.Errorf("fill the demo: %w", err)
	}
	return made, nil
}

func oneAtATime(progress func(string, int64, int64)) func(string, int64, int64) {
	if progress == nil {
		return func(string, int64, int64) {}
	}
	var mu sync.Mutex
	return func(step string, done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		progress(step, done, total)
	}
}

func fill(ctx context.Context, tx pgx.Tx, a *app.App, p plan, o Options) (Market, error) {
	if _, err := postgres.Exec(ctx, tx, `SELECT pg_advisory_xact_lock(hashtext('souk demo'))`, nil); err != nil {
		return Market{}, err
	}
	if found, there, err := Find(ctx, tx); there || err != nil { // another process was quicker
		return found, err
	}
	if err := unused(ctx, tx); err != nil {
		return Market{}, err
	}
	s, err := open(ctx, tx, a, p, o)
	if err != nil {
		return Market{}, err
	}
	if err := s.run(ctx); err != nil {
		return Market{}, err
	}
	if err := s.close(ctx); err != nil {
		return Market{}, err
	}
	if err := takeTestPayments(ctx, tx, a); err != nil {
		return Market{}, err
	}
	made := Market{
		Vendors: s.trading, Products: len(p.articles), Variants: len(s.shelf), Customers: len(p.buyers),
		Orders: s.placed, Reviews: s.reviewed, Months: o.Scale.Months, FilledAt: p.present,
	}
	_, err = postgres.Exec(ctx, tx, `INSERT INTO settings (key, value) VALUES ('demo', @made)`, pgx.NamedArgs{"made": made})
	return made, err
}

// takeTestPayments lets visitors pay, with no money.
func takeTestPayments(ctx context.Context, tx pgx.Tx, a *app.App) error {
	provider, err := a.Payments.Online(testpay.Method)
	if err != nil {
		return err
	}
	return a.Payments.Accounts.Set(ctx, tx, provider, payments.Account{Enabled: true}, nil)
}

// unused refuses a database in which somebody has begun a shop.
func unused(ctx context.Context, db postgres.DB) error {
	used, err := postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (SELECT FROM users) OR EXISTS (SELECT FROM vendors) OR EXISTS (SELECT FROM orders)`, nil)
	if err != nil {
		return fmt.Errorf("look for a shop: %w", err)
	}
	if used {
		return ErrOtherShop
	}
	return nil
}
