package app_test

import (
	"slices"

	"souk/internal/auth"
)

// A rule is the policy of one operation: who may call it, on whose things, and
// what a good call says. Names in braces are things of the side that the call
// is about (matrix_world_test.go). A parameter of the path names its thing by
// itself: {cart} a cart, {id} behind /orders/ an order.
type rule struct {
	op    string            // the operation's id
	query string            // after the path
	body  string            // JSON, unless mime says otherwise
	mime  string            // of the body
	with  map[string]string // which thing a parameter means, where the path does not say
	match string            // If-Match, where a GET of the same path does not tell it

	fresh    bool // asks who they are once more (httpapi.StepUp)
	harmless bool // open to who may only look (httpapi.Harmless)
	anyToken bool // overlooks a token that is not good: this is how one gets a good one

	past int // how the owner is answered whose thing is gone, 404 unless told

	// otherwise is what those get who may call it and whose things are not in
	// the state for it, such as removing an app that was never set up.
	otherwise int
	// elsewhere names the test that proves the good call, where it takes more
	// than a request: a browser's authenticator, another server.
	elsewhere string

	needs auth.Permission // "" lets everybody in
	whose owner
}

// An owner is whose things an operation is about.
type owner int

const (
	nobodys    owner = iota // open to all, or about no thing
	shops                   // all things are the staff's
	vendorsOwn              // of the vendor whom the caller works for
	users                   // of the user who calls
	buyers                  // of the user who calls, or of whoever knows the guest's secret
)

// policy is who may do what. An operation without a line here fails the build.
func policy() []rule {
	return slices.Concat(
		the("", nobodys, publicRules...),
		the("", nobodys, signInRules...),
		the("", buyers, buyerRules...),
		the(auth.AsCustomer, users, customerRules...),
		the(auth.AsCustomer, users, factorRules...),
		the(auth.AsCustomer, buyers, rule{op: "claim-cart", past: 409}),
		the(auth.AsCustomer, buyers, rule{op: "set-cart-store-credit", past: 409, body: `{"use": true}`, otherwise: 409}), // a guest's is nobody's
		the(auth.AsCustomer, nobodys, opinionRules...),
		wishPolicy(),
		vendorPolicy(), orderPolicy(), goodsPolicy(), peoplePolicy(), shopPolicy(),
	)
}

// the gives rules their who and whose.
func the(needs auth.Permission, whose owner, rules ...rule) []rule {
	rules = slices.Clone(rules)
	for i := range rules {
		rules[i].needs, rules[i].whose = needs, whose
	}
	return rules
}

// means says which thing the only odd parameter of a path means.
func means(parameter, thing string) map[string]string { return map[string]string{parameter: thing} }

// Bodies that several doors take.
const (
	parcel       = `{"courier": "DHL", "tracking_number": "42"}`
	letterhead   = `{"address": {"name": "Goods Ltd", "line1": "1 Quay", "city": "Kiel", "postal_code": "24103", "country": "DE"}}`
	counted      = `{"variant_id": "{variant}", "location_id": "{location}", "on_hand": 7, "expected_on_hand": {on hand}}`
	adjusted     = `{"variant_id": "{variant}", "location_id": "{location}", "delta": 1, "reason": "count"}`
	priced       = `{"prices": [{"price": {"amount": 1500, "currency": "USD"}}]}`
	listed       = `{"variants": [{"variant_id": "{variant}", "prices": [{"min_quantity": 10, "price": {"amount": 900, "currency": "USD"}}]}]}`
	listFile     = "variant_id,price,currency\n{variant},8.00,USD\n"
	tenOff       = `{"name": "Ten off", "reward": {"kind": "percent_off", "percent_ppm": 100000}}`
	aSupposition = `{"items": [{"variant_id": "{variant}", "quantity": 1}]}`
	address      = `{"name": "Someone", "line1": "2 Side St", "city": "Berlin", "postal_code": "10115", "country": "DE"}`
	account      = `"email": "new@example.com", "username": "newcomer", "password": "seven brass lanterns"`
	aLink        = `{"url": "https://example.com/a.png"}`
	aFile        = "Handle,Title,Variant Price\na,A,1\n"
	aMapping     = `{"mapping": {"What": "title"}}`
	allTime      = "from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"
	someKeys     = `{"keys": ["QQQQ-1111-RRRR", "QQQQ-2222-SSSS"]}`
)

var publicRules = []rule{
	{op: "jwks"},
	{op: "list-products"},
	{op: "get-product"},
	{op: "get-product-related"},
	{op: "list-collections"},
	{op: "get-collection"},
	{op: "get-search-suggest", query: "q=mug"},
	{op: "list-brands"},
	{op: "list-plans"},
	{op: "get-plan"},
	{op: "list-categories"},
	{op: "list-tags"},
	{op: "list-attributes"},
	{op: "list-product-types"},
	{op: "list-vendors"},
	{op: "get-vendor"},
	{op: "list-product-reviews", with: means("product", "reviewed product")},
	{op: "list-countries"},
	{op: "get-country"},
	{op: "auth-list-login-providers"},
	{op: "show-gift-card-balance", body: `{"code": "{gift card code}"}`, anyToken: true},
	{op: "create-cart", body: `{"items": [{"variant_id": "{variant}", "quantity": 1}]}`},
	{op: "take-payment-notice", body: `{}`, with: means("provider", "payment provider"), otherwise: 404, elsewhere: "TestR9HoweverItIsHeardItIsOnePaidOrder"},
	{op: "come-back-from-payment-by-link", with: means("payment", "payment of cash"), anyToken: true, otherwise: 404, elsewhere: "TestR9HoweverItIsHeardItIsOnePaidOrder"},
	{
		op: "come-back-from-payment-by-form", with: means("payment", "payment of cash"), body: "a=b", mime: "application/x-www-form-urlencoded",
		anyToken: true, otherwise: 404, elsewhere: "TestR9HoweverItIsHeardItIsOnePaidOrder",
	},
}

// signInRules let in whoever has the secret; a token that has run out is no
// hindrance.
var signInRules = []rule{
	{op: "auth-register", body: `{` + account + `}`, anyToken: true},
	{op: "auth-login", body: `{"email": "{email}", "password": "{password}"}`, anyToken: true},
	{op: "auth-refresh", body: `{"refresh_token": "{refresh token}"}`, anyToken: true},
	{op: "auth-token", body: "grant_type=password&username={email}&password={password}", mime: "application/x-www-form-urlencoded", anyToken: true},
	{op: "auth-link", body: `{"email": "{email}"}`, anyToken: true},
	{op: "auth-use-link", body: `{"token": "{sign-in token}"}`, anyToken: true},
	{op: "auth-forgot-password", body: `{"email": "{email}"}`, anyToken: true},
	{op: "auth-reset-password", body: `{"token": "{reset token}", "password": "seven brass lanterns"}`, anyToken: true},
	{op: "auth-verify-email", body: `{"token": "{verify token}"}`, anyToken: true},
	{op: "auth-confirm-email", body: `{"token": "{change token}"}`, anyToken: true},
	{op: "auth-start-passkey", anyToken: true},
	{op: "auth-finish-passkey", body: `{"session": "x", "credential": {}}`, anyToken: true, otherwise: 401, elsewhere: "TestPasskeys"},
	{op: "auth-start-oidc", with: means("provider", "provider slug"), anyToken: true},
	{op: "auth-finish-oidc", with: means("provider", "provider slug"), query: "state=x&code=y", anyToken: true},
	{op: "auth-finish-oidc-form", with: means("provider", "provider slug"), body: "state=x&code=y", mime: "application/x-www-form-urlencoded", anyToken: true},
	{op: "auth-finish-oidc-otp", body: `{"otp": "123456"}`, anyToken: true, otherwise: 400, elsewhere: "TestSecondFactor"},
	{op: "setup", body: `{"token": "x", ` + account + `}`, anyToken: true, otherwise: 410, elsewhere: "TestSetup"},
}

var buyerRules = []rule{
	{op: "get-cart"},
	{op: "list-cart-shipping-options"},
	{op: "list-cart-payment-methods"},
	{op: "create-cart-item", past: 409, body: `{"variant_id": "{variant}", "quantity": 1}`},
	{op: "update-cart-item", past: 409, body: `{"quantity": 2}`},
	{op: "delete-cart-item", past: 409},
	{op: "create-cart-coupon", past: 409, body: `{"code": "more"}`},
	{op: "delete-cart-coupon", past: 409, with: means("code", "cart code")},
	{op: "create-cart-gift-card", past: 409, body: `{"code": "{gift card code}"}`},
	{op: "delete-cart-gift-card", past: 409},
	{op: "set-cart-addresses", past: 409, body: `{"email": "new@example.com", "shipping": ` + address + `}`},
	{op: "set-cart-shipping", past: 409, body: `{"selections": [{"vendor_id": "{vendor}", "option_id": "{way}"}]}`},
	{op: "checkout", past: 409, body: `{"cart_id": "{cart}", "payment_method": "cod", "expected_total": {total}}`},
	{op: "get-order", query: "token={token}"},
	{op: "cancel-order", query: "token={token}"},
	{op: "stream-order-events", query: "token={token}"},
	{op: "pay-order", query: "token={token}", body: `{}`, past: 404, otherwise: 409, elsewhere: "TestTwoPaymentsOfOneOrderEndAsOne"},
	{op: "list-order-invoices", with: means("id", "billed order"), query: "token={billed token}"},
	{op: "get-order-invoice-pdf", with: means("id", "billed order"), query: "token={billed token}"},
	{op: "list-order-digital-goods", with: means("id", "digital order"), query: "token={digital token}"},
	{op: "download-order-digital-goods", with: map[string]string{"id": "digital order", "grant": "file grant"}, query: "token={digital token}", anyToken: true},
	{op: "reveal-order-licence-key", with: map[string]string{"id": "digital order", "grant": "key grant"}, query: "token={digital token}", anyToken: true},
}

var customerRules = []rule{
	{op: "auth-logout", harmless: true},
	{op: "auth-step-up", body: `{"password": "{password}"}`, otherwise: 401},
	{op: "auth-change-password", body: `{"current_password": "{password}", "new_password": "seven brass lanterns"}`},
	{op: "auth-resend-verify-email"},
	{op: "email-my", body: `{"email": "new@example.com"}`, fresh: true},
	{op: "get-me"},
	{op: "update-me", body: `{"name": "Somebody Else"}`},
	{op: "delete-me", fresh: true, otherwise: 409},
	{op: "set-my-avatar", body: upload, mime: uploadType},
	{op: "delete-my-avatar"},
	{op: "list-my-payment-methods"},
	{op: "delete-my-payment-method", with: means("method", "payment provider"), otherwise: 404, elsewhere: "TestMembershipsAreRenewedByTheCardThatWasKept"},
	{op: "list-my-addresses"},
	{op: "create-my-address", body: address},
	{op: "get-my-address"},
	{op: "update-my-address", body: `{"city": "Bremen"}`},
	{op: "delete-my-address"},
	{op: "list-my-orders"},
	{op: "show-my-store-credit"},
	{op: "get-my-order", with: means("id", "own order")},
	{op: "list-my-sessions"},
	{op: "delete-my-session"},
	{op: "delete-my-sessions"},
	{op: "get-my-export", otherwise: 404},
	{op: "export-me", fresh: true, otherwise: 409},
	{op: "list-my-notification-preferences"},
	{op: "update-my-notification-preferences", body: `{"topics": [{"topic": "offers", "email": false}]}`},
	{op: "list-my-reviews"},
	{op: "get-my-review"},
	{op: "update-my-review", body: `{"rating": 2}`},
	{op: "delete-my-review"},
	{op: "create-my-review-photo", body: upload, mime: uploadType},
	{op: "delete-my-review-photo"},
	{op: "list-my-identities"},
	{op: "delete-my-identity", fresh: true},
	{op: "start-my-identity", with: means("provider", "provider slug"), body: `{}`, fresh: true},
	{op: "apply-as-vendor", body: `{"name": "A new stall"}`, otherwise: 409},
	{op: "accept-vendor-invitation", body: `{"token": "{invitation token}"}`},
}

// opinionRules are about what everybody sees; who may not is told by what they
// have bought, or written.
var opinionRules = []rule{
	{op: "create-product-review", with: means("product", "unreviewed product"), body: `{"rating": 5, "body": "Good."}`, otherwise: 403},
	{op: "set-product-review-vote", with: means("product", "reviewed product"), otherwise: 403},
	{op: "delete-product-review-vote", with: means("product", "reviewed product")},
	{op: "report-product-review", with: means("product", "reviewed product"), body: `{"reason": "spam"}`, otherwise: 403},
}

// wishPolicy is about lists: users' own, guests' whose id is the secret, shared
// ones whose token is.
func wishPolicy() []rule {
	wish, guests := means("item", "wish"), map[string]string{"wishlist": "guest wishlist", "item": "guest wish"}
	return slices.Concat(
		the("", nobodys, []rule{
			{op: "create-wishlist"},
			{op: "get-wishlist", with: guests},
			{op: "delete-wishlist", with: guests},
			{op: "create-wishlist-item", with: guests, body: `{"variant_id": "{variant}"}`},
			{op: "update-wishlist-item", with: guests, body: `{"quantity": 2}`},
			{op: "delete-wishlist-item", with: guests},
			{op: "get-shared-wishlist", with: means("token", "share")},
			{op: "notify-product", body: `{"variant_id": "{variant}", "email": "new@example.com", "kind": "price_drop"}`},
			{op: "confirm-product-alert", body: `{"token": "{alert token}"}`, anyToken: true},
		}...),
		the("", buyers, rule{op: "save-cart-item", body: `{}`, past: 409}),
		the("", nobodys, rule{op: "move-wishlist-item", with: guests, body: `{"cart_id": "{guest cart}"}`}),
		the(auth.AsCustomer, nobodys, []rule{
			{op: "claim-my-wishlist", body: `{"wishlist_id": "{guest wishlist}"}`},
			{op: "create-my-default-wishlist-item", body: `{"variant_id": "{variant}"}`},
		}...),
		the(auth.AsCustomer, users, []rule{
			{op: "get-my-default-wishlist"},
			{op: "update-my-default-wishlist-item", with: means("item", "default wish"), body: `{"quantity": 2}`},
			{op: "delete-my-default-wishlist-item", with: means("item", "default wish")},
			{op: "move-my-default-wishlist-item", with: means("item", "default wish"), body: `{"cart_id": "{cart}"}`},
			{op: "get-my-membership", otherwise: 404},
			{op: "list-my-membership-payment-methods", query: "plan={better plan}"},
			{op: "get-my-membership-upgrade", query: "plan={best plan}", otherwise: 404},
			{op: "join-my-membership", body: `{"plan_id": "{better plan}", "payment_method": "free", "billing": {"name": "Ada", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}}`},
			{op: "upgrade-my-membership", body: `{"plan_id": "{best plan}", "payment_method": "free", "billing": {"name": "Ada", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}}`, otherwise: 404},
			{op: "downgrade-my-membership", body: `{"plan_id": "{plan}"}`, otherwise: 404},
			{op: "pause-my-membership", otherwise: 404},
			{op: "resume-my-membership", otherwise: 404},
			{op: "cancel-my-membership", otherwise: 404},
			{op: "list-my-wishlists"},
			{op: "create-my-wishlist", body: `{"name": "Birthday"}`},
			{op: "get-my-wishlist"},
			{op: "update-my-wishlist", body: `{"name": "Birthday"}`},
			{op: "delete-my-wishlist"},
			{op: "create-my-wishlist-item", body: `{"variant_id": "{variant}"}`},
			{op: "update-my-wishlist-item", with: wish, body: `{"quantity": 2}`},
			{op: "delete-my-wishlist-item", with: wish},
			{op: "move-my-wishlist-item", with: wish, body: `{"cart_id": "{cart}"}`},
			{op: "share-my-wishlist", body: `{}`},
			{op: "delete-my-wishlist-share"},
		}...),
	)
}

var factorRules = []rule{
	{op: "get-my-mfa"},
	{op: "list-my-mfa-passkeys"},
	{op: "start-my-mfa-passkeys", fresh: true},
	{op: "create-my-mfa-passkey", body: `{"session": "x", "name": "My phone", "credential": {}}`, fresh: true, otherwise: 422, elsewhere: "TestPasskeys"},
	{op: "update-my-mfa-passkey", body: `{"name": "Old phone"}`},
	{op: "delete-my-mfa-passkey", fresh: true},
	{op: "totp-my-mfa", fresh: true, otherwise: 409},
	{op: "confirm-my-mfa-totp", body: `{"code": "{code}"}`, fresh: true, otherwise: 404},
	{op: "create-my-mfa-recovery-code", fresh: true, otherwise: 404},
	{op: "delete-my-mfa-totp", fresh: true, otherwise: 404},
}

func vendorPolicy() []rule {
	download, downloadKey := means("variant", "download"), map[string]string{"variant": "download", "key": "licence key"}
	return slices.Concat(
		the(auth.AsVendor, vendorsOwn, []rule{
			{op: "vendor-get-profile"},
			{op: "vendor-get-team"},
			{op: "vendor-get-inventory"},
			{op: "vendor-list-inventory-movements", query: "variant_id={variant}"},
			{op: "vendor-list-locations"},
			{op: "vendor-list-orders"},
			{op: "vendor-get-order"},
			{op: "vendor-get-letterhead", otherwise: 404, elsewhere: "TestALinkOpensADocumentForAQuarterOfAnHour"},
			{op: "vendor-list-products"},
			{op: "vendor-get-product"},
			{op: "vendor-list-product-changes"},
			{op: "vendor-get-product-access"},
			{op: "vendor-list-variant-prices"},
			{op: "vendor-list-promotions"},
			{op: "vendor-get-promotion"},
			{op: "vendor-list-promotion-coupons"},
			{op: "vendor-get-promotion-coupons-file"},
			{op: "vendor-simulate-promotions", body: aSupposition},
			{op: "vendor-replay-promotions", body: `{"promotion_id": "{promotion}"}`},
			{op: "vendor-get-variant-prices-history"},
			{op: "vendor-list-price-lists"},
			{op: "vendor-get-price-list"},
			{op: "vendor-list-price-list-prices"},
			{op: "vendor-get-price-list-export"},
			{op: "vendor-list-variant-files", with: download},
			{op: "vendor-list-variant-licence-keys", with: download},
			{op: "vendor-list-reviews"},
			{op: "vendor-list-imports"},
			{op: "vendor-get-import"},
			{op: "vendor-list-import-problems"},
			{op: "vendor-list-import-changes"},
			{op: "vendor-get-import-refused"},
			{op: "vendor-list-exports"},
			{op: "vendor-get-export"},
			{op: "vendor-get-export-file", otherwise: 409, elsewhere: "TestAVendorExportsItsOwn"},
		}...),
		the(auth.VendorSettings, vendorsOwn, []rule{
			{op: "vendor-update-profile", body: `{"description": "Fine goods"}`},
			{op: "vendor-set-letterhead", body: letterhead},
			{op: "vendor-list-api-keys"},
			{op: "vendor-get-api-key"},
			{op: "vendor-delete-api-key"},
			{op: "vendor-create-api-key", body: `{"name": "Till", "scopes": ["vendor.use"]}`, fresh: true},
		}...),
		the(auth.VendorInventory, vendorsOwn, []rule{
			{op: "vendor-update-inventory", body: counted},
			{op: "vendor-create-inventory-adjustment", body: adjusted},
			{op: "vendor-create-location", body: `{"name": "Attic"}`},
			{op: "vendor-update-location", body: `{"name": "Cellar"}`},
		}...),
		the(auth.VendorFinance, vendorsOwn, rule{op: "vendor-list-invoices"}, rule{op: "vendor-get-invoice"}),
		the(auth.VendorOrders, vendorsOwn, []rule{
			{op: "vendor-create-order-shipment", body: parcel}, {op: "vendor-create-shipment-event", body: `{"status": "in_transit"}`},
		}...),
		the(auth.VendorTeam, vendorsOwn, []rule{
			{op: "vendor-list-team-invitations"},
			{op: "vendor-create-team-invitation", body: `{"email": "new@example.com", "role": "viewer"}`, fresh: true},
			{op: "vendor-delete-team-invitation"},
			{op: "vendor-delete-team-member", with: means("user", "member")},
			{op: "vendor-update-team-member", with: means("user", "member"), body: `{"role": "orders"}`, fresh: true},
		}...),
		the(auth.VendorCatalog, vendorsOwn, []rule{
			{op: "vendor-create-product", body: `{"title": "A bowl"}`},
			{op: "vendor-update-product", body: `{"title": "A bowl"}`},
			{op: "vendor-delete-product"},
			{op: "vendor-bulk-products", body: `{"products": ["{product}"], "edit": {"kind": "Bowl"}}`},
			{op: "vendor-duplicate-product"},
			{op: "vendor-submit-product", with: means("id", "draft")},
			{op: "vendor-hide-product"},
			{op: "vendor-restore-product", with: means("id", "archived")},
			{op: "vendor-create-product-variant", body: `{"sku": "NEW", "options": ["green"]}`},
			{op: "vendor-update-product-variant", body: `{"sku": "NEWER"}`, match: `"v1"`},
			{op: "vendor-delete-product-variant"},
			{op: "vendor-media-product", body: upload, mime: uploadType},
			{op: "vendor-create-product-media-link", body: aLink},
			{op: "vendor-update-product-media", body: `{"alt": "A bowl"}`},
			{op: "vendor-delete-product-media"},
			{op: "vendor-retry-product-media"},
			{op: "vendor-create-variant-file", with: download, query: "name=a.txt", body: "Good to read", mime: "text/plain"},
			{op: "vendor-delete-variant-file", with: download},
			{op: "vendor-create-variant-licence-key", with: download, body: someKeys},
			{op: "vendor-delete-variant-licence-key", with: downloadKey},
			{op: "vendor-set-variant-prices", body: priced},
			{op: "vendor-set-product-access", body: `{"access": "everyone"}`},
			{op: "vendor-create-price-list", body: `{"name": "Trade"}`},
			{op: "vendor-update-price-list", body: `{"priority": 5}`},
			{op: "vendor-set-price-list-prices", body: listed, match: `"v1"`},
			{op: "vendor-import-price-list", body: listFile, mime: "text/csv"},
			{op: "vendor-create-promotion", body: tenOff},
			{op: "vendor-update-promotion", body: `{"status": "active"}`},
			{op: "vendor-create-promotion-coupon", body: `{"codes": ["autumn"]}`},
			{op: "vendor-update-promotion-coupon", body: `{"disabled": true}`},
			{op: "vendor-delete-product-change", with: means("id", "change")},
			{op: "vendor-set-review-reply", with: means("review", "sold review"), body: `{"body": "Thank you"}`},
			{op: "vendor-delete-review-reply", with: means("review", "sold review")},
			{op: "vendor-create-export", body: `{"format": "souk"}`},
			{op: "vendor-create-import", body: aFile, mime: "text/csv"},
			{op: "vendor-set-import-mapping", with: means("import", "unmapped"), body: aMapping},
			{op: "vendor-cancel-import"},
		}...),
	)
}

func orderPolicy() []rule {
	return slices.Concat(
		the("orders.read", shops, rule{op: "admin-list-order-digital-goods", with: means("id", "digital order")}, rule{op: "admin-list-orders"}, rule{op: "admin-get-order"}, rule{op: "admin-list-order-notes"}),
		the("orders.write", shops, []rule{
			{op: "admin-cancel-order", body: `{"reason": "Asked by phone"}`},
			{op: "admin-revoke-order-digital-goods", with: map[string]string{"id": "digital order", "grant": "file grant"}},
			{op: "admin-create-order-note", body: `{"body": "Call first"}`},
			{op: "admin-create-order-shipment", body: parcel},
			{op: "admin-create-shipment-event", body: `{"status": "in_transit"}`},
		}...),
		the("orders.refund", shops, rule{op: "refund-order", body: `{"shipping": true, "reason": "late"}`, otherwise: 409, elsewhere: "TestR20MoneyBackWithoutAReturn"},
			rule{op: "admin-answer-dispute", body: `{"explanation": "It was delivered."}`, otherwise: 409, elsewhere: "TestStaffAnswerADispute"},
			rule{op: "admin-accept-dispute", otherwise: 409, elsewhere: "TestADisputeThatIsGivenUpIsLost"},
			rule{op: "admin-approve-refund-request", fresh: true, otherwise: 409, elsewhere: "TestASecondPersonApprovesLargeRefunds"},
			rule{op: "admin-reject-refund-request", body: `{"reason": "no"}`, fresh: true}),
		the("orders.read", shops, rule{op: "admin-list-refund-requests"}),
		the("invoices.read", shops, rule{op: "admin-list-invoices"}, rule{op: "admin-get-invoice"},
			rule{op: "admin-get-vendor-letterhead", otherwise: 404, elsewhere: "TestALinkOpensADocumentForAQuarterOfAnHour"}),
		the("invoices.write", shops, rule{op: "admin-issue-order-invoices"}, rule{op: "admin-set-vendor-letterhead", body: letterhead}),
		the("orders.forget", shops, rule{op: "admin-forget-order", fresh: true, otherwise: 409, elsewhere: "TestForget"}),
		the("reviews.read", shops, rule{op: "admin-list-reviews"}, rule{op: "admin-get-review"}),
		the("reviews.moderate", shops, []rule{
			{op: "admin-approve-review", with: means("review", "doubted review")},
			{op: "admin-reject-review", body: `{"reason": "It is about another shop."}`},
		}...),
		the("payments.read", shops, []rule{
			{op: "admin-list-payments"},
			{op: "admin-get-payment"},
			{op: "admin-list-disputes"},
			{op: "admin-get-dispute"},
			{op: "admin-list-payment-notices"},
			{op: "admin-list-payment-exceptions"},
			{op: "admin-get-payment-exception"},
			{op: "admin-list-reconciliation-runs"},
			{op: "admin-list-payment-providers"},
			{op: "admin-get-payment-provider", with: means("provider", "payment provider")},
		}...),
		the("payments.write", shops, []rule{
			{op: "admin-capture-payment", otherwise: 409, elsewhere: "TestAShopWithoutCardsSellsPlansByTransfer"},
			{op: "admin-sync-payment", otherwise: 422, elsewhere: "TestR9HoweverItIsHeardItIsOnePaidOrder"},
			{op: "admin-replay-payment-notice"},
			{op: "admin-fix-payment-exception", body: `{"action": "dismiss", "reason": "seen at the bank"}`, fresh: true},
			{op: "admin-run-reconciliation", body: `{"provider": "stripe"}`, otherwise: 409, elsewhere: "TestBooksThatAgreeHaveNothingToShow"},
			{op: "admin-send-settlement-report", body: "balance_transaction_id,created_utc,currency,gross,fee,reporting_category,source_id\n", mime: "text/csv"},
		}...),
		the("payments.providers", shops, []rule{
			{op: "admin-set-payment-provider", with: means("provider", "payment provider"), body: `{"live": false}`, fresh: true},
			{op: "admin-test-payment-provider", with: means("provider", "payment provider"), otherwise: 409, elsewhere: "TestPaymentAccounts"},
		}...),
		the("memberships.read", shops, rule{op: "admin-list-plans"}, rule{op: "admin-get-plan"}, rule{op: "admin-list-memberships"}, rule{op: "admin-get-membership"}),
		the("memberships.write", shops, []rule{
			{op: "admin-create-plan", body: `{"name": "Bronze", "interval": {"unit": "month", "count": 1}, "prices": [{"amount": 100, "currency": "USD"}]}`},
			{op: "admin-update-plan", body: `{"description": "For friends"}`},
			{op: "admin-archive-plan"},
			{op: "admin-create-membership", body: `{"user_id": "{newcomer}", "plan_id": "{plan}", "until": "{soon}", "reason": "A prize"}`},
			{op: "admin-cancel-membership", body: `{"reason": "Asked by phone"}`},
		}...),
		the("ledger.read", shops, []rule{
			{op: "admin-list-ledger-accounts"},
			{op: "admin-get-trial-balance"},
			{op: "admin-list-ledger-entries"},
			{op: "admin-list-ledger-periods"},
			{op: "admin-get-ledger-statement", query: allTime},
			{op: "admin-get-ledger-trial-balance"},
			{op: "admin-get-ledger-balance"},
			{op: "admin-get-ledger-income", query: allTime},
			{op: "admin-export-ledger-journal", query: allTime},
		}...),
		the("ledger.close", shops, []rule{
			{op: "admin-close-ledger-period", otherwise: 409, elsewhere: "TestStaffCloseAMonthAndOpenItAgain"},
			{op: "admin-reopen-ledger-period", fresh: true, body: `{"reason": "An invoice was late"}`, otherwise: 409, elsewhere: "TestStaffCloseAMonthAndOpenItAgain"},
		}...),
	)
}

func goodsPolicy() []rule {
	download, downloadKey := means("variant", "download"), map[string]string{"variant": "download", "key": "licence key"}
	return slices.Concat(
		the("inventory.read", shops, []rule{
			{op: "admin-get-inventory"}, {op: "admin-list-locations"}, {op: "admin-list-inventory-movements", query: "variant_id={variant}"},
		}...),
		the("inventory.write", shops, []rule{
			{op: "admin-update-inventory", body: counted},
			{op: "admin-create-inventory-adjustment", body: adjusted},
			{op: "admin-create-location", body: `{"name": "Attic", "vendor_id": "{vendor}"}`},
			{op: "admin-update-location", body: `{"name": "Cellar"}`},
		}...),
		the("products.read", shops, []rule{
			{op: "admin-list-products"},
			{op: "admin-get-product"},
			{op: "admin-get-product-access"},
			{op: "admin-list-categories"},
			{op: "admin-get-category"},
			{op: "admin-list-tags"},
			{op: "admin-list-attributes"},
			{op: "admin-list-product-types"},
			{op: "admin-get-product-type", with: means("key", "product type")},
			{op: "admin-list-product-changes"},
			{op: "admin-get-product-change", with: means("id", "change")},
			{op: "admin-list-variant-files", with: download},
			{op: "admin-list-variant-licence-keys", with: download},
			{op: "admin-list-collections"},
			{op: "admin-get-collection"},
		}...),
		the("products.write", shops, []rule{
			{op: "admin-create-product", body: `{"title": "A bowl", "vendor_id": "{vendor}"}`},
			{op: "admin-update-product", body: `{"title": "A bowl"}`},
			{op: "admin-delete-product"},
			{op: "admin-set-product-access", body: `{"access": "everyone"}`},
			{op: "admin-bulk-products", body: `{"products": ["{product}"], "edit": {"kind": "Bowl"}}`},
			{op: "admin-duplicate-product"},
			{op: "admin-create-collection", body: `{"title": "New finds"}`},
			{op: "admin-preview-collections", body: `{"match": "all", "rules": [], "pinned": [], "excluded": []}`},
			{op: "admin-update-collection", body: `{"title": "More finds"}`},
			{op: "admin-delete-collection"},
			{op: "admin-submit-product", with: means("id", "draft")},
			{op: "admin-hide-product"},
			{op: "admin-restore-product", with: means("id", "archived")},
			{op: "admin-approve-product", with: means("id", "pending")},
			{op: "admin-reject-product", with: means("id", "pending"), body: `{"reason": "Blurred"}`},
			{op: "admin-create-product-variant", body: `{"sku": "NEW", "options": ["green"]}`},
			{op: "admin-update-product-variant", body: `{"sku": "NEWER"}`, match: `"v1"`},
			{op: "admin-delete-product-variant"},
			{op: "admin-media-product", body: upload, mime: uploadType},
			{op: "admin-create-product-media-link", body: aLink},
			{op: "admin-update-product-media", body: `{"alt": "A bowl"}`},
			{op: "admin-delete-product-media"},
			{op: "admin-retry-product-media"},
			{op: "admin-create-variant-file", with: download, query: "name=a.txt", body: "Good to read", mime: "text/plain"},
			{op: "admin-delete-variant-file", with: download},
			{op: "admin-create-variant-licence-key", with: download, body: someKeys},
			{op: "admin-delete-variant-licence-key", with: downloadKey},
			{op: "admin-create-category", body: `{"name": "Garden"}`},
			{op: "admin-update-category", body: `{"name": "Yard"}`},
			{op: "admin-delete-category"},
			{op: "admin-create-tag", body: `{"name": "rare"}`},
			{op: "admin-update-tag", body: `{"name": "common"}`},
			{op: "admin-delete-tag"},
			{op: "admin-create-attribute", body: `{"key": "power", "label": "Power", "kind": "number", "unit": "W"}`},
			{op: "admin-update-attribute", with: means("key", "attribute"), body: `{"label": "Fabric"}`, match: `"v1"`},
			{op: "admin-delete-attribute", with: means("key", "attribute")},
			{op: "admin-create-product-type", body: `{"key": "Lamp", "label": "Lamp", "attributes": [{"key": "power", "required": true}]}`},
			{op: "admin-update-product-type", with: means("key", "product type"), body: `{"label": "Tin"}`, match: `"v1"`},
			{op: "admin-delete-product-type", with: means("key", "product type")},
			{op: "admin-approve-product-change", with: means("id", "change")},
			{op: "admin-reject-product-change", with: means("id", "change"), body: `{"reason": "Shouting"}`},
		}...),
		the("imports.read", shops, []rule{
			{op: "admin-list-imports"},
			{op: "admin-get-import"},
			{op: "admin-list-import-problems"},
			{op: "admin-list-import-changes"},
			{op: "admin-get-import-refused"},
		}...),
		the("imports.write", shops, []rule{
			{op: "admin-create-import", body: aFile, mime: "text/csv"},
			{op: "admin-set-import-mapping", with: means("import", "unmapped"), body: aMapping},
			{op: "admin-cancel-import"},
		}...),
		the("exports.read", shops, []rule{
			{op: "admin-list-exports"}, {op: "admin-get-export"}, {op: "admin-get-export-file", otherwise: 409, elsewhere: "TestExports"},
		}...),
		the("exports.write", shops, rule{op: "admin-create-export", body: `{"format": "souk"}`}),
		the("prices.read", shops, []rule{
			{op: "admin-list-variant-prices"},
			{op: "admin-get-variant-prices-history"},
			{op: "admin-list-price-lists"},
			{op: "admin-get-price-list"},
			{op: "admin-list-price-list-prices"},
			{op: "admin-get-price-list-export"},
			{op: "admin-list-currencies"},
			{op: "admin-get-currency"},
		}...),
		the("prices.write", shops, []rule{
			{op: "admin-set-variant-prices", body: priced},
			{op: "admin-create-price-list", body: `{"name": "Trade", "customer_groups": ["trade"]}`},
			{op: "admin-update-price-list", body: `{"priority": 5}`},
			{op: "admin-set-price-list-prices", body: listed, match: `"v1"`},
			{op: "admin-import-price-list", body: listFile, mime: "text/csv"},
			{op: "admin-set-currency", body: `{"rate_ppb": 918273000, "round_to_minor": 100, "ending_minor": 99}`},
		}...),
		the("promotions.read", shops, rule{op: "admin-list-promotions"}, rule{op: "admin-get-promotion"}, rule{op: "admin-list-promotion-coupons"}, rule{op: "admin-get-promotions-lint"},
			rule{op: "admin-get-promotion-coupons-file"}, rule{op: "admin-simulate-promotions", body: aSupposition}, rule{op: "admin-replay-promotions", body: `{"promotion_id": "{promotion}"}`}),
		the("credit.read", shops, rule{op: "admin-list-gift-cards"}, rule{op: "admin-get-gift-card"}, rule{op: "admin-show-store-credit"}),
		the("credit.write", shops, []rule{
			{op: "give-gift-card", body: `{"amount": {"amount": 500, "currency": "USD"}, "gift": {"email": "new@example.com"}, "reason": "sorry"}`},
			{op: "admin-disable-gift-card"},
			{op: "admin-enable-gift-card"},
			{op: "admin-adjust-gift-card", body: `{"amount": {"amount": -100, "currency": "USD"}, "reason": "mistake"}`},
			{op: "admin-send-gift-card"},
			{op: "admin-grant-store-credit", body: `{"amount": {"amount": 500, "currency": "USD"}, "reason": "sorry"}`},
			{op: "admin-withdraw-store-credit", body: `{"amount": {"amount": 1, "currency": "USD"}, "reason": "mistake"}`},
		}...),
		the("promotions.write", shops, []rule{
			{op: "admin-create-promotion", body: tenOff},
			{op: "admin-update-promotion", body: `{"status": "active"}`},
			{op: "admin-create-promotion-coupon", body: `{"generate": 3, "prefix": "autumn"}`},
			{op: "admin-update-promotion-coupon", body: `{"disabled": true}`},
		}...),
	)
}

func peoplePolicy() []rule {
	applicant := means("vendor", "applicant")
	return slices.Concat(
		the("users.read", shops, []rule{
			{op: "admin-list-users"}, {op: "admin-get-user"}, {op: "admin-list-customer-groups"}, {op: "admin-get-customer-group"}, {op: "admin-list-customer-group-members"},
		}...),
		the("users.write", shops, []rule{
			{op: "admin-create-customer-group", body: `{"handle": "staff", "name": "Staff"}`},
			{op: "admin-update-customer-group", body: `{"name": "Trade and more"}`},
			{op: "admin-delete-customer-group"},
			{op: "admin-set-customer-group-member"},
			{op: "admin-delete-customer-group-member", with: means("user", "grouped")},
			{op: "admin-disable-user"},
			{op: "admin-enable-user"},
			{op: "admin-delete-user-sessions"},
			{op: "admin-set-user-roles", body: `{"roles": ["customer"]}`, fresh: true},
			{op: "admin-delete-user-mfa", fresh: true},
		}...),
		the("users.erase", shops, rule{op: "admin-delete-user", fresh: true}),
		the("users.impersonate", shops, rule{op: "admin-impersonate-user", body: `{"reason": "ticket 7"}`, fresh: true}),
		the("privacy.export", shops, rule{op: "admin-get-user-export", fresh: true}, rule{op: "admin-export-user", fresh: true, with: means("user", "newcomer")}),
		the("roles.read", shops, rule{op: "admin-list-roles"}, rule{op: "admin-get-role"}),
		the("roles.write", shops, []rule{
			{op: "admin-create-role", body: `{"name": "clerk", "label": "Clerk", "permissions": ["roles.write"]}`, fresh: true},
			{op: "admin-update-role", body: `{"label": "Clerk"}`, fresh: true},
			{op: "admin-delete-role", fresh: true},
		}...),
		the("vendors.read", shops, rule{op: "admin-list-vendors"}, rule{op: "admin-get-vendor"}),
		the("vendors.write", shops, []rule{
			{op: "admin-create-vendor", body: `{"name": "A new stall"}`},
			{op: "admin-update-vendor", body: `{"description": "Fine goods"}`},
			{op: "admin-approve-vendor", with: applicant},
			{op: "admin-reject-vendor", with: applicant, body: `{"reason": "No papers"}`},
			{op: "admin-suspend-vendor", body: `{"reason": "Fraud"}`},
		}...),
	)
}

func shopPolicy() []rule {
	option, zone := means("option", "shipping option"), means("zone", "shipping zone")
	taxZone := means("zone", "tax zone")
	return slices.Concat(
		the("shipping.read", shops, []rule{
			{op: "admin-list-shipping-options"},
			{op: "admin-get-shipping-option", with: option},
			{op: "admin-list-shipping-zones"},
			{op: "admin-get-shipping-zone", with: zone},
		}...),
		the("shipping.write", shops, []rule{
			{op: "admin-create-shipping-option", body: `{"name": "Bike", "kind": "standard", "zone_id": "{shipping zone}", "min_days": 1, "max_days": 2, "price": {"amount": 500, "currency": "USD"}}`},
			{op: "admin-update-shipping-option", with: option, body: `{"name": "Cart"}`},
			{op: "admin-delete-shipping-option", with: option},
			{op: "admin-create-shipping-zone", body: `{"name": "North", "countries": ["NO"]}`},
			{op: "admin-update-shipping-zone", with: zone, body: `{"name": "South"}`},
			{op: "admin-delete-shipping-zone", with: means("zone", "empty zone")},
		}...),
		the("tax.read", shops, rule{op: "admin-list-tax-zones"}, rule{op: "admin-get-tax-zone", with: taxZone}, rule{op: "admin-get-tax-engine"},
			rule{op: "admin-list-user-tax-exemptions"}),
		the("tax.write", shops, []rule{
			{op: "admin-create-tax-zone", body: `{"name": "North", "countries": ["NO"], "rates": [{"name": "VAT", "rate_ppm": 250000}]}`},
			{op: "admin-update-tax-zone", with: taxZone, body: `{"name": "South"}`},
			{op: "admin-delete-tax-zone", with: taxZone},
			{op: "admin-apply-tax-preset", with: means("preset", "preset"), body: `{"dry_run": true}`},
			{op: "admin-set-tax-engine", body: `{"engine": "table"}`},
			{op: "admin-create-user-tax-exemption", body: `{"certificate": "C-1", "countries": ["NO"]}`},
			{op: "admin-delete-user-tax-exemption", with: means("exemption", "exemption")},
		}...),
		the("shop.verify", shops, rule{op: "admin-get-verify", otherwise: 503, elsewhere: "TestVerify"}),
		the("roles.read", shops, rule{op: "admin-list-permissions"}),
		the("audit.read", shops, rule{op: "admin-get-audit-log"}, rule{op: "admin-verify-audit-log"}),
		the("settings.read", shops, rule{op: "admin-list-settings"}),
		the("settings.write", shops, rule{op: "admin-update-settings", body: `{"settings": {"accounts.verify_email": false}}`, fresh: true}),
		the("notifications.read", shops, rule{op: "admin-list-notifications-messages"}),
		the("notifications.write", shops, rule{op: "admin-retry-notifications-message"}),
		the("api_keys.read", shops, rule{op: "admin-list-api-keys"}, rule{op: "admin-get-api-key"}),
		the("api_keys.write", shops, []rule{
			{op: "admin-create-api-key", body: `{"name": "Till", "scopes": ["orders.read"]}`, fresh: true}, {op: "admin-delete-api-key"},
		}...),
		the("login_providers.read", shops, rule{op: "admin-list-login-providers"}, rule{op: "admin-get-login-provider"}),
		the("login_providers.write", shops, []rule{
			{op: "admin-create-login-provider", body: `{"slug": "hub", "preset": "github", "client_id": "hub", "client_secret": "s"}`, fresh: true},
			{op: "admin-update-login-provider", body: `{"name": "Hub"}`, fresh: true},
			{op: "admin-delete-login-provider", fresh: true},
			{op: "admin-test-login-provider", otherwise: 200, elsewhere: "TestProviderTest"},
		}...),
	)
}
