package torture

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/app"
	"souk/internal/money"
	"souk/internal/platform/config"
	"souk/internal/platform/postgres"
	"souk/internal/verify"
)

// shop is what is tortured: a database and a server of our own, or a server
// that runs already.
type shop struct {
	*client
	report *Report

	dir     string
	cluster *postgres.Cluster
	pool    *pgxpool.Pool
	app     *app.App // on the same database, for what no request can do
	server  *server

	provider string // by which buyers pay
	bank     *bank  // its fake; nil until it is needed

	vendor string
	made   int // products
}

const (
	staffEmail    = "torturer@example.com"
	staffPassword = "rack thumbscrew lantern 77"
)

// openShop makes a shop in a new folder, or reaches the one of the plan.
func openShop(ctx context.Context, p Plan, r *Report) (s *shop, err error) {
	s = &shop{report: r, provider: p.Provider}
	if p.URL != "" {
		if s.client, err = newClient(p.URL); err != nil {
			return nil, err
		}
		s.email, s.password = p.Email, p.Password
		return s, s.furnish(ctx)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if s.dir, err = os.MkdirTemp(p.Scratch, "souk-torture-"); err != nil {
		return s, err
	}
	if err = os.Chmod(s.dir, 0o755); err != nil { //nolint:gosec // PostgreSQL's user must pass through it
		return s, err
	}
	quiet := slog.New(slog.DiscardHandler)
	if s.cluster, err = postgres.Start(ctx, postgres.Options{Dir: filepath.Join(s.dir, "pg"), Log: quiet}); err != nil {
		return s, err
	}
	url := s.cluster.URL(postgres.Superuser)
	if s.pool, err = postgres.Open(ctx, postgres.Config{URL: url, MaxConns: 4, Name: "souk torture"}); err != nil {
		return s, err
	}
	settings := &config.Config{DataDir: s.dir, Currency: "USD", RateLimits: "off", Listen: "127.0.0.1:0", Workers: 1, OutboundAllowPrivate: true}
	if s.app, err = app.New(settings, s.pool, quiet, nil, "torture"); err != nil {
		return s, err
	}
	if _, err = s.app.Prepare(ctx); err != nil {
		return s, err
	}
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := s.app.Accounts.CreateAdmin(ctx, tx, staffEmail, staffPassword)
		return err
	})
	if err != nil {
		return s, err
	}
	if s.server, err = newServer(p.Exe, s.dir, url); err != nil {
		return s, err
	}
	if err = s.server.start(ctx); err != nil {
		return s, err
	}
	if s.client, err = newClient("http://" + s.server.address); err != nil {
		return s, err
	}
	s.email, s.password = staffEmail, staffPassword
	return s, s.furnish(ctx)
}

// furnish signs in and makes somebody who sells.
func (s *shop) furnish(ctx context.Context) error {
	if err := s.login(ctx); err != nil {
		return err
	}
	var err error
	s.vendor, err = s.newVendor(ctx)
	return err
}

func (s *shop) newVendor(ctx context.Context) (string, error) {
	var vendor struct {
		ID string `json:"id"`
	}
	_, err := s.insist(ctx, request{method: "POST", path: "/api/v1/admin/vendors", staff: true, body: map[string]any{
		"name": "Torture chamber", "slug": fmt.Sprintf("torture-%d", time.Now().UnixNano()),
	}}, &vendor)
	return vendor.ID, err
}

// close ends everything and removes the folder.
func (s *shop) close(ctx context.Context) error {
	if s.bank != nil {
		s.bank.http.Close()
	}
	if s.server != nil {
		s.server.kill()
		_ = s.server.log.Close()
	}
	if s.pool != nil {
		s.pool.Close()
	}
	var err error
	if s.cluster != nil {
		err = s.cluster.Stop(context.WithoutCancel(ctx))
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// verify adds up everything, through our own connection or as staff would.
func (s *shop) verify(ctx context.Context) (report verify.Report, err error) {
	if s.pool != nil {
		report, err = verify.Run(ctx, s.pool)
	} else {
		_, err = s.insist(ctx, request{method: "GET", path: "/api/v1/admin/verify", staff: true}, &report)
	}
	if err == nil {
		s.report.count(func(r *Report) { r.Checks++ })
	}
	return report, err
}

// sound checks every invariant and records what does not hold.
func (s *shop) sound(ctx context.Context, when string) error {
	report, err := s.verify(ctx)
	if err != nil {
		return fmt.Errorf("verify %s: %w", when, err)
	}
	for _, v := range report.Violations {
		s.report.violated("[%s] %s: does not hold %s: %v", v.Rule, v.Text, when, v.Examples)
	}
	return nil
}

// product is something on sale, in one variant.
type product struct {
	ID       string `json:"id"`
	Slug     string `json:"slug"`
	Variants []struct {
		ID  string `json:"id"`
		SKU string `json:"sku"`
	} `json:"variants"`
}

func (p product) variant() string { return p.Variants[0].ID }

// newProduct describes the next product, with so many units of it.
func (s *shop) newProduct(units int) request {
	s.made++
	name := fmt.Sprintf("torture-%d-%d", time.Now().UnixNano(), s.made)
	return request{method: "POST", path: "/api/v1/admin/products", staff: true, key: name, body: map[string]any{
		"title": "Torture " + name, "slug": name, "vendor_id": s.vendor, "status": "active",
		"variants": []map[string]any{{"sku": name, "price": money.Of(1999, "USD"), "on_hand": units, "weight_grams": 100}},
	}}
}

func (s *shop) sell(ctx context.Context, units int) (p product, err error) {
	_, err = s.insist(ctx, s.newProduct(units), &p)
	if err == nil && len(p.Variants) != 1 {
		err = fmt.Errorf("product %s has %d variants, want 1", p.ID, len(p.Variants))
	}
	return p, err
}

// bundle sells a set of one unit of a product, for what that costs.
func (s *shop) bundle(ctx context.Context, of product) (p product, err error) {
	name := "set-of-" + of.Slug
	_, err = s.insist(ctx, request{method: "POST", path: "/api/v1/admin/products", staff: true, key: name, body: map[string]any{
		"title": "Set " + name, "slug": name, "vendor_id": s.vendor, "status": "active",
		"variants": []map[string]any{{"bundle": map[string]any{
			"pricing": "summed", "components": []map[string]any{{"variant_id": of.variant(), "quantity": 1}},
		}}},
	}}, &p)
	if err == nil && len(p.Variants) != 1 {
		err = fmt.Errorf("bundle %s has %d variants, want 1", p.ID, len(p.Variants))
	}
	return p, err
}

// stock is what the shop says of a variant's stock.
type stock struct {
	OnHand    int `json:"on_hand"`
	Reserved  int `json:"reserved"`
	Allocated int `json:"allocated"`
	Available int `json:"available"`
}

func (s *shop) stock(ctx context.Context, p product) (stock, error) {
	var list struct {
		Data []struct {
			Variant string `json:"variant_id"`
			stock
		} `json:"data"`
	}
	_, err := s.insist(ctx, request{method: "GET", path: "/api/v1/admin/inventory?q=" + p.Variants[0].SKU, staff: true}, &list)
	if err != nil {
		return stock{}, err
	}
	for _, level := range list.Data {
		if level.Variant == p.variant() {
			return level.stock, nil
		}
	}
	return stock{}, fmt.Errorf("no stock level of %s", p.variant())
}
