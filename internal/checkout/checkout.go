// Package checkout is where goods, money and promises change hands: the flows
// of an order from the cart to the door, each in one transaction.
//
// Owns: placing ([Checkout.Place]), asking for the money ([Checkout.Pay]), payment
// facts ([Checkout.Settle]), what providers know ([Checkout.Sync]) and are told
// ([Checkout.Carry]), unpaid orders that run out ([Checkout.Expire]), parcels that leave and arrive
// ([Checkout.Ship], [Checkout.Track]) or come back ([Checkout.TakeBack]), digital goods ([Checkout.HandOver]),
// memberships ([Checkout.Renew]), cancelling ([Checkout.Cancel]), giving money
// back ([Checkout.Refund]).
// Tables: none; it composes the nouns below and each writes its own.
// Raises: the steps of package orders, exactly one for each change; [HandOverDue].
// Calls: cart, inventory, orders, digital, payments, promotions, credit,
// memberships, shipping, ledger.
//
// Every flow takes its locks in the order of package postgres: the cart, the
// order, its payments, promotions, gift cards and store credit, and stock last. The order's lock decides every race on
// it: who has it acts on what is, who comes second finds what became of it.
//
//	Place ──► confirmed (cash on delivery: the promise is enough)
//	      └─► pending, stock held ──► Pay ──► Sync ──► Settle ──► confirmed
//	                              └─► Expire ──► cancelled; what is paid late goes back
//	confirmed ──► Ship ──► Track … delivered: the vendor's part is paid, the ledger posted
//	          │          └─► TakeBack: unpaid nobody owes anything for it, and paid it waits for a refund
//	          ├─► HandOver, once paid: files and licence keys are delivered at once
//	          ├─► Cancel: what has not shipped
//	          └─► Refund: what has been paid; above a sum when a second person approves
//
// What does not add up with a provider is settled by a [Fix] of staff, or by
// looking again ([Checkout.Reexamine]).
package checkout

import (
	"time"

	"souk/internal/cart"
	"souk/internal/crash"
	"souk/internal/credit"
	"souk/internal/digital"
	"souk/internal/errs"
	"souk/internal/inventory"
	"souk/internal/memberships"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
	"souk/internal/pricing"
	"souk/internal/promotions"
	"souk/internal/shipping"
)

// Checkout composes the flows of an order.
type Checkout struct {
	DB          postgres.DB
	Carts       *cart.Carts
	Stock       *inventory.Stock
	Orders      *orders.Orders
	Payments    *payments.Payments
	Promotions  *promotions.Promotions
	Shipping    *shipping.Shipping
	Digital     *digital.Goods
	Credit      *credit.Balances
	Memberships *memberships.Memberships
	Prices      *pricing.Prices // for limits in the currency of an order
	Settings    *settings.Settings

	NumberPrefix string        // of order numbers
	Origins      []string      // of the pages that buyers may come back to: the shop's, and those that may call the API
	HoldFor      time.Duration // how long an unpaid order keeps its stock; half an hour when 0
}

var (
	// ErrTotalChanged says that the order costs something else than the buyer
	// has agreed to; it carries the new total.
	ErrTotalChanged = errs.New(errs.Conflict, "total_changed", "The total has changed. Look at it again before you order.")
	// ErrNoShipment says that there is no such shipment, or that it is another's.
	ErrNoShipment = shipping.ErrShipmentNotFound
)

// The durable steps: within the transaction, and around its commit where it
// came by HTTP.
var (
	inPlace        = crash.At("checkout.place.before_writes")
	beforePlace    = crash.At("checkout.place.before_commit")
	afterPlace     = crash.At("checkout.place.after_commit")
	inSettle       = crash.At("checkout.settle.after_writes")
	inShip         = crash.At("checkout.ship.before_stock")
	beforeShip     = crash.At("checkout.ship.before_commit")
	afterShip      = crash.At("checkout.ship.after_commit")
	inHandOver     = crash.At("checkout.hand_over.before_grants")
	beforeHandOver = crash.At("checkout.hand_over.before_commit")
	afterHandOver  = crash.At("checkout.hand_over.after_commit")
	inCapture      = crash.At("checkout.capture.before_posting")
	inReturn       = crash.At("checkout.return.before_stock")
	beforeTrack    = crash.At("checkout.deliver.before_commit")
	afterTrack     = crash.At("checkout.deliver.after_commit")
	inCancel       = crash.At("checkout.cancel.before_stock")
	beforeCancel   = crash.At("checkout.cancel.before_commit")
	afterCancel    = crash.At("checkout.cancel.after_commit")
	beforeExpire   = crash.At("checkout.expire.before_commit")
	afterExpire    = crash.At("checkout.expire.after_commit")
	beforeRefund   = crash.At("checkout.refund.before_commit")
	afterRefund    = crash.At("checkout.refund.after_commit")
	beforeRenew    = crash.At("checkout.renew.before_commit")
	afterRenew     = crash.At("checkout.renew.after_commit")
	beforeStart    = crash.At("checkout.pay.before_start")
	afterStart     = crash.At("checkout.pay.after_start")
	afterPayCommit = crash.At("checkout.pay.after_commit")

	beforeCarry       = crash.At("checkout.carry.before_call")
	afterCarry        = crash.At("checkout.carry.after_call")
	beforeCarryCommit = crash.At("checkout.carry.before_commit")
	afterCarryCommit  = crash.At("checkout.carry.after_commit")
	beforeSync        = crash.At("checkout.sync.before_commit")
	afterSync         = crash.At("checkout.sync.after_commit")
	beforeFix         = crash.At("checkout.fix.before_commit")
	afterFix          = crash.At("checkout.fix.after_commit")
)

// Routes mounts what changes orders.
func (c *Checkout) Routes(r *httpapi.Router) {
	c.buyerRoutes(r)
	c.fulfilmentRoutes(r)
	c.refundRoutes(r)
	c.memberRoutes(r)
	c.captureRoutes(r)
	c.payRoutes(r)
	c.fixRoutes(r)
	c.disputeRoutes(r)
}
