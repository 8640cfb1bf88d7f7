// Package app is the roof: it builds every module of the shop, joins them and
// runs them.
//
// Owns: the floor plan ([App]), who listens to what (subscribers.go), how the
// database is reached ([Reach]) and what runs besides the requests (run.go).
// Tables: none. Raises: nothing. Calls: everybody.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/accounts"
	"souk/internal/apikeys"
	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/catalog"
	"souk/internal/checkout"
	"souk/internal/clock"
	"souk/internal/credit"
	"souk/internal/digital"
	"souk/internal/feeds"
	"souk/internal/idp"
	"souk/internal/importer"
	"souk/internal/inventory"
	"souk/internal/invoices"
	"souk/internal/ledger"
	"souk/internal/memberships"
	"souk/internal/mfa"
	"souk/internal/money"
	"souk/internal/notifications"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/cod"
	"souk/internal/payments/free"
	"souk/internal/payments/paypal"
	"souk/internal/payments/razorpay"
	"souk/internal/payments/stripe"
	"souk/internal/payments/testpay"
	"souk/internal/payments/transfer"
	"souk/internal/platform/blob"
	"souk/internal/platform/config"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/outbound"
	"souk/internal/platform/postgres"
	"souk/internal/platform/redis"
	"souk/internal/platform/settings"
	"souk/internal/platform/vault"
	"souk/internal/pricing"
	"souk/internal/privacy"
	"souk/internal/promotions"
	"souk/internal/reconcile"
	"souk/internal/reviews"
	"souk/internal/search"
	"souk/internal/shipping"
	"souk/internal/simulator"
	"souk/internal/storefront"
	"souk/internal/tax"
	"souk/internal/vendors"
	"souk/internal/wishlist"
)

// Parts are what the shop is built on.
type Parts struct {
	Config  *config.Config
	DB      postgres.DB   // what requests use: the pool, or a test's transaction
	Pool    *pgxpool.Pool // what followers and jobs use; nil builds a shop without them
	Aside   postgres.DB   // what is read while a transaction is open, see [postgres.Aside]; DB when nil
	Keys    config.Keys
	Blobs   blob.Store
	Redis   *redis.Client // nil shares nothing between nodes
	Clock   clock.Clock
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil measures nothing
	Version string
}

// App is the whole shop, module by module in floor order.
type App struct {
	Parts
	Unlisted bool // asks search engines to stay away, from every answer of Serve

	Bell        *events.Bell
	Hub         *events.Hub
	Relay       *events.Relay
	Router      *httpapi.Router
	Grants      *auth.Grants
	Vault       *vault.Vault
	Settings    *settings.Settings
	MFA         *mfa.Factors
	Accounts    *accounts.Users
	Logins      *idp.Providers
	Vendors     *vendors.Vendors
	APIKeys     *apikeys.Keys
	Catalog     *catalog.Catalog
	Stock       *inventory.Stock
	Tax         *tax.Zones
	Books       *ledger.Books
	Shipping    *shipping.Shipping
	Payments    *payments.Payments
	Prices      *pricing.Prices
	Promotions  *promotions.Promotions
	Credit      *credit.Balances
	Memberships *memberships.Memberships
	Orders      *orders.Orders
	Invoices    *invoices.Invoices
	Digital     *digital.Goods
	Reviews     *reviews.Reviews
	Wishlists   *wishlist.Wishlists
	Carts       *cart.Carts
	Checkout    *checkout.Checkout
	Reconciler  *reconcile.Reconciler
	Simulator   *simulator.Simulator
	Importer    *importer.Importer
	Search      *search.Search
	Feeds       *feeds.Feeds
	Privacy     *privacy.Privacy
	Pages       *storefront.Pages

	Notifications *notifications.Notifications
}

// Build makes the shop. It reads nothing and starts nothing.
func Build(p Parts) *App {
	a := &App{Parts: p}
	currency := money.Currency(p.Config.Currency)

	// Ground.
	a.Grants = &auth.Grants{}
	for _, declared := range [][]auth.Permission{
		accounts.Permissions(), idp.Permissions(), vendors.Permissions(), apikeys.Permissions(), catalog.Permissions(), inventory.Permissions(), tax.Permissions(), ledger.Permissions(),
		shipping.Permissions(), payments.Permissions(), pricing.Permissions(), promotions.Permissions(), credit.Permissions(), memberships.Permissions(), orders.Permissions(), invoices.Permissions(), reviews.Permissions(), privacy.Permissions(), notifications.Permissions(), importer.Permissions(), permissions(),
	} {
		a.Grants.Declare(declared...)
	}
	a.Vault = vault.New(p.Keys.All("vault")...)
	if p.Aside == nil {
		p.Aside = p.DB
	}
	a.Settings = &settings.Settings{DB: p.Aside}
	a.Settings.Declare(slices.Concat(
		accounts.Settings(), catalog.Settings(), transfer.Settings(), cod.Settings(), credit.Settings(), memberships.Settings(), checkout.Settings(), invoices.Settings(), digital.Settings(), reviews.Settings(), wishlist.Settings(), feeds.Settings(), search.Settings(), tax.Settings(),
	)...)
	a.Bell = &events.Bell{DB: p.Pool, Log: p.Log}
	a.Hub = &events.Hub{DB: p.DB, Bell: a.Bell, Log: p.Log}
	a.Relay = &events.Relay{DB: p.Pool, Log: p.Log, Workers: p.Config.Workers, Drain: p.Config.DrainTimeout}
	a.Router = a.router()

	// Nouns, left to right.
	a.MFA = &mfa.Factors{DB: p.DB, Clock: p.Clock, Vault: a.Vault, Origin: p.Config.PublicURL(), ShopName: shopName}
	a.Accounts = &accounts.Users{
		DB: p.DB, Clock: p.Clock, Settings: a.Settings, Grants: a.Grants, Blobs: p.Blobs, Vault: a.Vault, MFA: a.MFA, Languages: notifications.Languages(),
		Issuer: p.Config.PublicURL(), ShopName: shopName, MailKey: p.Keys.Key("mail tokens"),
	}
	a.MFA.Label = a.Accounts.Label // to mfa's right
	a.Logins = &idp.Providers{
		DB: p.DB, Clock: p.Clock, Users: a.Accounts, Vault: a.Vault, Outbound: idp.Impatient(p.Config.OutboundAllowPrivate), Log: p.Log,
		BaseURL: p.Config.PublicURL(), Origins: p.Config.CORSOrigins, HasPasskey: a.MFA.HasPasskey,
	}
	a.Accounts.DropIdentities = a.Logins.Forget // to accounts' right
	a.Vendors = &vendors.Vendors{DB: p.DB, Clock: p.Clock, Users: a.Accounts, MailKey: p.Keys.Key("invitations"), ShopName: shopName}
	a.APIKeys = &apikeys.Keys{DB: p.DB, Clock: p.Clock, Grants: a.Grants}
	locales := &catalog.Locales{Settings: a.Settings, Own: p.Config.Locale}
	a.Catalog = &catalog.Catalog{
		DB: p.DB, Vendors: a.Vendors, Settings: a.Settings, Locales: locales, Cursors: a.Router.Cursors, Blobs: p.Blobs, Outbound: outbound.New(p.Config.OutboundAllowPrivate),
	}
	a.Stock = &inventory.Stock{DB: p.DB, Clock: p.Clock, Cursors: a.Router.Cursors}
	a.Tax = &tax.Zones{DB: p.DB, Clock: p.Clock, Vault: a.Vault, Outbound: outbound.New(p.Config.OutboundAllowPrivate), Log: p.Log}
	a.Books = &ledger.Books{DB: p.DB}
	a.Shipping = &shipping.Shipping{DB: p.DB}
	accounts := &payments.Accounts{DB: p.Aside, Clock: p.Clock, Vault: a.Vault, Outbound: &outbound.Client{AllowPrivate: p.Config.OutboundAllowPrivate, Clock: p.Clock}}
	tests := &testpay.Provider{DB: p.DB, Clock: p.Clock, Accounts: accounts, BaseURL: p.Config.PublicURL()}
	cards := &stripe.Provider{Accounts: accounts, BaseURL: p.Config.PublicURL(), LinkKey: p.Keys.Key("payment links")}
	a.Payments = &payments.Payments{
		DB: p.DB, BaseURL: p.Config.PublicURL(), Accounts: accounts, Providers: []payments.Provider{
			cod.Provider{Settings: a.Settings, Currency: currency},
			cards, &razorpay.Provider{Accounts: accounts}, &paypal.Provider{Accounts: accounts},
			transfer.Provider{Settings: a.Settings},
			free.Provider{},
			tests,
		},
	}
	a.Prices = &pricing.Prices{DB: p.DB, Catalog: a.Catalog, Stock: a.Stock, Currency: currency}
	a.Catalog.SetOffers, a.Catalog.Offers, a.Catalog.SumBundles = a.Prices.SetOffers, a.Prices.Offers, a.Prices.SumBundles // to catalog's right: see catalog.Offer
	a.Catalog.ReplacePrices = a.Prices.ReplaceTags
	a.Promotions = &promotions.Promotions{DB: p.DB, CustomerKey: p.Keys.Key("customers"), Currency: currency}
	a.Credit = &credit.Balances{DB: p.DB, Clock: p.Clock, Settings: a.Settings, CodeKeys: p.Keys.All("gift cards")}
	a.Memberships = &memberships.Memberships{
		DB: p.DB, Settings: a.Settings, Users: a.Accounts, Vendors: a.Vendors, Catalog: a.Catalog, Prices: a.Prices, Promotions: a.Promotions,
	}
	a.Orders = &orders.Orders{DB: p.DB, Clock: p.Clock, Hub: a.Hub, Shipping: a.Shipping, Payments: a.Payments, InvoiceYears: p.Config.InvoiceYears}
	a.Invoices = &invoices.Invoices{
		DB: p.DB, Clock: p.Clock, Settings: a.Settings, Orders: a.Orders, BaseURL: p.Config.PublicURL(), LinkKey: p.Keys.Key("invoice links"),
	}
	a.Digital = &digital.Goods{
		DB: p.DB, Clock: p.Clock, Settings: a.Settings, Stock: a.Stock, Orders: a.Orders, Blobs: p.Blobs, Vault: a.Vault,
		BaseURL: p.Config.PublicURL(), LinkKey: p.Keys.Key("download links"), HashKey: p.Keys.Key("licence keys"),
	}
	a.Reviews = &reviews.Reviews{DB: p.DB, Settings: a.Settings, Users: a.Accounts, Catalog: a.Catalog, Orders: a.Orders, Blobs: p.Blobs}
	a.Wishlists = &wishlist.Wishlists{
		DB: p.DB, Clock: p.Clock, Settings: a.Settings, Locales: locales, Currency: currency, MailKey: p.Keys.Key("alerts"), Pool: p.Pool, Bell: a.Bell, Log: p.Log,
	}

	// Flows.
	a.Carts = &cart.Carts{DB: p.DB, Clock: p.Clock, Users: a.Accounts, Payments: a.Payments, Currency: currency, Promotions: a.Promotions, Tax: a.Tax, Wishlists: a.Wishlists, Locales: locales}
	a.Checkout = &checkout.Checkout{
		DB: p.DB, Carts: a.Carts, Orders: a.Orders, Payments: a.Payments, Promotions: a.Promotions, Stock: a.Stock, Shipping: a.Shipping, Digital: a.Digital, Credit: a.Credit,
		Memberships: a.Memberships, Prices: a.Prices, Settings: a.Settings,
		NumberPrefix: "S", Origins: append([]string{p.Config.PublicURL()}, p.Config.CORSOrigins...),
	}
	a.Reconciler = &reconcile.Reconciler{DB: p.DB, Clock: p.Clock, Payments: a.Payments, Checkout: a.Checkout}
	a.Simulator = &simulator.Simulator{Carts: a.Carts, Promotions: a.Promotions, Users: a.Accounts, Currency: currency}
	a.Importer = &importer.Importer{DB: p.DB, Catalog: a.Catalog, Stock: a.Stock, Prices: a.Prices, Currency: currency, Blobs: p.Blobs, BaseURL: p.Config.PublicURL(), House: "House"}

	// Echoes.
	a.Search = &search.Search{
		DB: p.DB, Settings: a.Settings, Currency: currency, Locales: locales, CacheBytes: searchCache, Dir: p.Config.DataDir, Version: p.Version, Key: p.Keys.Key("past queries"),
		Pool: p.Pool, Bell: a.Bell, Log: p.Log,
	}
	if p.Metrics != nil {
		p.Metrics.MustRegister(a.Search.Figures())
	}
	a.Feeds = &feeds.Feeds{DB: p.DB, Blobs: p.Blobs, Settings: a.Settings, Currency: currency, BaseURL: p.Config.PublicURL(), ShopName: shopName}
	a.Privacy = &privacy.Privacy{DB: p.DB, Clock: p.Clock, Blobs: p.Blobs, BaseURL: p.Config.PublicURL(), LinkKey: p.Keys.Key("export links")}

	// Faces.
	a.Pages = &storefront.Pages{ShopName: shopName, Payments: a.Payments, Tests: tests, Stripe: cards}

	a.Notifications = &notifications.Notifications{
		DB: p.DB, Clock: p.Clock, Log: p.Log, Users: a.Accounts, Vendors: a.Vendors, Orders: a.Orders, Memberships: a.Memberships, Shipping: a.Shipping, Credit: a.Credit, Reviews: a.Reviews, Wishlists: a.Wishlists, Locales: locales,
		Sender: a.sender(), ShopName: shopName, BaseURL: p.Config.PublicURL(), Locale: p.Config.Locale, Key: p.Keys.Key("unsubscribe"),
	}

	a.routes()
	a.subscribe()
	return a
}

// shopName is what the shop calls itself.
const shopName = "Souk"

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
		CursorKey: a.Keys.Key("cursor"), Redis: a.Redis, LimitsOff: !a.Config.Limited(), AccessLog: a.Config.AccessLog, Clock: a.Clock, Logger: a.Log, Metrics: a.Metrics,
		Title: "Souk", Version: a.Version, Authenticate: a.authenticate, Ready: a.Ready,
	})
}

// authenticate says who sent a request: an API key, or the token's user; and the
// vendor whose rows they may see.
func (a *App) authenticate(ctx context.Context, r *http.Request) (auth.Actor, error) {
	bearer := auth.Bearer(r.Header.Get("Authorization"))
	if bearer == "" {
		return auth.Actor{}, nil
	}
	if apikeys.IsKey(bearer) {
		actor, err := a.APIKeys.Authenticate(ctx, bearer)
		if err != nil {
			return auth.Actor{}, err
		}
		return vendors.IdentifyKey(ctx, a.DB, actor)
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
	return errors.Join(err, a.Search.Ready())
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
	var shared *redis.Client
	if c.RedisURL != "" {
		if shared, err = redis.Open(c.RedisURL, clock.System{}, log); err != nil {
			return nil, fmt.Errorf("--redis-url: %w", err)
		}
	}
	aside, err := postgres.Aside(context.Background(), pool) //nolint:forbidigo // it connects when it is needed
	if err != nil {
		return nil, err
	}
	return Build(Parts{
		Config: c, DB: pool, Pool: pool, Aside: aside, Keys: keys, Blobs: blobs, Redis: shared, Clock: clock.System{}, Log: log, Metrics: metrics, Version: version,
	}), nil
}
