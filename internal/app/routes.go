package app

// routes mounts every module. The map of all URLs is api/routes.txt.
func (a *App) routes() {
	a.MFA.Routes(a.Router)
	a.Accounts.Routes(a.Router)
	a.Logins.Routes(a.Router)
	a.Vendors.Routes(a.Router)
	a.APIKeys.Routes(a.Router)
	a.Catalog.Routes(a.Router)
	a.Stock.Routes(a.Router)
	a.Tax.Routes(a.Router)
	a.Books.Routes(a.Router)
	a.Shipping.Routes(a.Router)
	a.Payments.Routes(a.Router)
	a.Prices.Routes(a.Router)
	a.Orders.Routes(a.Router)
	a.Carts.Routes(a.Router)
	a.Checkout.Routes(a.Router)
	a.Importer.Routes(a.Router)
	a.Search.Routes(a.Router)
	a.Feeds.Routes(a.Router)
	a.Privacy.Routes(a.Router)
	a.Notifications.Routes(a.Router)
	a.staffRoutes()
	a.settingsRoutes()
	a.auditRoutes()
	a.Pages.Routes(a.Router)
}
