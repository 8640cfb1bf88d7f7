// Package app is the roof: it builds every module of the shop, joins them and
// runs them.
//
// Owns: the floor plan ([App]), who listens to what (subscribers.go), how the
// database is reached ([Reach]) and what runs besides the requests (run.go).
// Tables: none. Raises: nothing. Calls: everybody.
package app

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/catalog"
	"souk/internal/checkout"
	"souk/internal/clock"
	"souk/internal/importer"
	"souk/internal/inventory"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/notifications"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/cod"
	"souk/internal/platform/blob"
	"souk/internal/platform/config"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/outbound"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/search"
	"souk/internal/shipping"
	"souk/internal/tax"
	"souk/internal/vendors"
)

// Parts are what the shop is built on.
type Parts struct {
	Config  *config.Config
	DB      postgres.DB   // what requests use: the pool, or a test's transaction
	Pool    *pgxpool.Pool // what followers and jobs use; nil builds a shop without them
	Keys    config.Keys
	Blobs   blob.Store
	Clock   clock.Clock
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil measures nothing
	Version string
}

// App is the whole shop, module by module in floor order.
type App struct {
	Parts
	Unlisted bool // asks search engines to stay away, from every answer of Serve

	Bell     *events.Bell
	Hub      *events.Hub
	Relay    *events.Relay
	Router   *httpapi.Router
	Grants   *auth.Grants
	Accounts *accounts.Users
	Vendors  *vendors.Vendors
	Catalog  *catalog.Catalog
	Stock    *inventory.Stock
	Tax      *tax.Zones
	Books    *ledger.Books
	Shipping *shipping.Shipping
	Payments *payments.Payments
	Prices   *pricing.Prices
	Orders   *orders.Orders
	Carts    *cart.Carts
	Checkout *checkout.Checkout
	Importer *importer.Importer
	Search   *search.Search

	Notifications *notifications.Notifications
}

// Build makes the shop. It reads nothing and starts nothing.
func Build(p Parts) *App {
	a := &App{Parts: p}
	currency := money.Currency(p.Config.Currency)

	// Ground.
	a.Grants = &auth.Grants{}
	for _, declared := range [][]auth.Permission{
		accounts.Permissions(), vendors.Permissions(), catalog.Permissions(), inventory.Permissions(), tax.Permissions(), ledger.Permissions(),
		shipping.Permissions(), payments.Permissions(), pricing.Permissions(), orders.Permissions(), notifications.Permissions(), permissions(),
	} {
		a.Grants.Declare(declared...)
	}
	a.Bell = &events.Bell{DB: p.Pool, Log: p.Log}
	a.Hub = &events.Hub{DB: p.DB, Bell: a.Bell, Log: p.Log}
	a.Relay = &events.Relay{DB: p.Pool, Log: p.Log, Workers: p.Config.Workers, Drain: p.Config.DrainTimeout}
	a.Router = a.router()

	// Nouns, left to right.
	a.Accounts = &accounts.Users{DB: p.DB, Clock: p.Clock, Grants: a.Grants, Issuer: p.Config.PublicURL(), ShopName: "Souk", MailKey: p.Keys.Key("mail tokens")}
	a.Vendors = &vendors.Vendors{DB: p.DB, Clock: p.Clock}
	a.Catalog = &catalog.Catalog{
		DB: p.DB, Cursors: a.Router.Cursors, Blobs: p.Blobs, Outbound: outbound.New(p.Config.OutboundAllowPrivate),
	}
	a.Stock = &inventory.Stock{DB: p.DB, Clock: p.Clock, Cursors: a.Router.Cursors}
	a.Tax = &tax.Zones{DB: p.DB}
	a.Books = &ledger.Books{DB: p.DB}
	a.Shipping = &shipping.Shipping{DB: p.DB}
	a.Payments = &payments.Payments{DB: p.DB, Providers: []payments.Provider{cod.Provider{}}}
	a.Prices = &pricing.Prices{DB: p.DB, Stock: a.Stock}
	a.Catalog.SetOffers, a.Catalog.Offers = a.Prices.SetOffers, a.Prices.Offers // to catalog's right: see catalog.Offer
	a.Orders = &orders.Orders{DB: p.DB, Clock: p.Clock, Hub: a.Hub, Shipping: a.Shipping}

	// Flows.
	a.Carts = &cart.Carts{DB: p.DB, Users: a.Accounts, Payments: a.Payments, Currency: currency}
	a.Checkout = &checkout.Checkout{
		DB: p.DB, Carts: a.Carts, Orders: a.Orders, Payments: a.Payments, Stock: a.Stock, Shipping: a.Shipping, NumberPrefix: "S",
	}
	a.Importer = &importer.Importer{DB: p.DB, Catalog: a.Catalog, Stock: a.Stock, Prices: a.Prices, Currency: currency}

	// Echoes.
	a.Search = &search.Search{DB: p.DB, Currency: currency, CacheBytes: searchCache, Pool: p.Pool, Bell: a.Bell, Log: p.Log}

	a.Notifications = &notifications.Notifications{
		DB: p.DB, Clock: p.Clock, Log: p.Log, Users: a.Accounts, Orders: a.Orders, Shipping: a.Shipping, Sender: a.sender(),
		ShopName: "Souk", BaseURL: p.Config.PublicURL(), Locale: p.Config.Locale, Key: p.Keys.Key("unsubscribe"),
	}

	a.routes()
	a.subscribe()
	return a
}

// searchCache is what this node may keep of stored answers.
const searchCache = 64 << 20

// sender is the mail server of the settings, or nobody's: then mail is kept.
func (a *App) sender() notifications.Sender {
	server, _ := a.Config.SMTP() // Validate has read it
	if !server.Configured() {
		return notifications.Database{}
	}
	return &notifications.SMTP{Server: server, From: a.Config.MailFrom, ReplyTo: a.Config.MailReplyTo}
}

func (a *App) router() *httpapi.Router {
	proxies, _ := a.Config.Proxies() // Validate has read them
	return httpapi.New(httpapi.Config{
		DB: a.DB, BaseURL: a.Config.PublicURL(), CORSOrigins: a.Config.CORSOrigins, TrustedProxies: proxies,
		CursorKey: a.Keys.Key("cursor"), LimitsOff: !a.Config.Limited(), Clock: a.Clock, Logger: a.Log, Metrics: a.Metrics,
		Title: "Souk", Version: a.Version, Authenticate: a.authenticate, Ready: a.Ready,
	})
}

// authenticate says who sent a request: the token's user, and the vendor whose
// rows that user may see.
func (a *App) authenticate(ctx context.Context, r *http.Request) (auth.Actor, error) {
	bearer := auth.Bearer(r.Header.Get("Authorization"))
	if bearer == "" {
		return auth.Actor{}, nil
	}
	actor, err := a.Accounts.Authenticate(ctx, bearer)
	if err != nil {
		return auth.Actor{}, err
	}
	return vendors.Identify(ctx, a.DB, actor)
}

// Ready is nil when requests can be answered.
func (a *App) Ready(ctx context.Context) error {
	_, err := postgres.Scalar[int](ctx, a.DB, `SELECT count(*)::int AS settings FROM settings`, nil)
	return err
}

// New makes a shop of settings and a pool: its keys, its store of files, the
// machine's clock.
func New(c *config.Config, pool *pgxpool.Pool, log *slog.Logger, metrics prometheus.Registerer, version string) (*App, error) {
	keys, err := c.Keys()
	if err != nil {
		return nil, err
	}
	blobs, err := blob.Open(c)
	if err != nil {
		return nil, err
	}
	return Build(Parts{
		Config: c, DB: pool, Pool: pool, Keys: keys, Blobs: blobs, Clock: clock.System{}, Log: log, Metrics: metrics, Version: version,
	}), nil
}
