package privacy

import "strings"

// Fate is what becomes of a column when its user is erased.
type Fate string

// The fates.
const (
	Dropped Fate = "dropped" // emptied or deleted, at once or by the next sweep
	Kept    Fate = "kept"    // for the reason and the time that Why tells
	Nothing Fate = "nothing" // it tells of nobody: a state, a code, the id of a thing
)

// A Holding is what becomes of some columns of a table, and why.
type Holding struct {
	Table   string
	Columns string // separated by spaces
	Fate    Fate
	Why     string
}

// Inventory decides about every column that may tell of somebody. A test finds
// those that are missing: columns of tables that belong to users or orders,
// however far, and columns whose name sounds like it.
var Inventory = []Holding{
	{"users", "username email name phone locale currency avatar", Dropped, "at once; the user name becomes one that tells nothing"},
	{"credentials", "password_hash", Dropped, "at once"},
	{"user_roles", "role", Dropped, "at once"},
	{"sessions", "user_agent device address", Dropped, "at once, and every session ends"},
	{"sessions", "successor_key revoked_why method", Nothing, "keys of tokens that are gone, and how a session began and ended"},
	{"refresh_tokens", "hash", Dropped, "at once"},
	{"mail_tokens", "purpose email previous_email hash", Dropped, "at once"},
	{"mail_requests", "purpose name", Dropped, "seconds later, when it is answered"},
	{"totp_factors", "secret", Dropped, "minutes later"},
	{"recovery_codes", "hash", Dropped, "minutes later"},
	{"passkeys", "credential_id record name", Dropped, "minutes later"},
	{"audit_log", "address", Kept, "where a change of staff, vendors or credentials came from: proof of who did it, which nobody may edit"},
	{"audit_log", "action actor subject request_id before after", Nothing, "ids; whatever is secret or personal is masked before it is written"},
	{"audit_seals", "hash", Nothing, "hashes"},
	{"vendor_invitations", "email role hash", Dropped, "of who accepted or made it: minutes later; of others when it has expired and the next user is erased"},
	{"api_keys", "hash hint name scopes", Nothing, "of the shop or a vendor; who made it is dropped"},
	{"oidc_identities", "subject email", Dropped, "minutes later"},
	{"login_providers", "name slug preset issuer client_id secret_sealed extra_sealed scopes", Nothing, "of the shop"},
	{"messages", "recipient locale subject html text kind status error", Dropped, "minutes later; those to guests after 30 days"},
	{"notification_preferences", "topic channel", Dropped, "minutes later"},
	{"roles", "name label description", Nothing, "of the shop"},
	{"login_failures", "key", Nothing, "hashes, for two hours"},
	{"addresses", "label name line1 line2 city region postal_code country phone tax_id", Dropped, "at once"},
	{"data_exports", "file actor", Dropped, "with its file, minutes later"},
	{"imports", "state file format columns separator mapping suggested target failure actor", Nothing, "of goods, and the id of who sent a file; with the file, for 30 days"},
	{"import_findings", "field reason", Nothing, "of goods"},
	{"import_changes", "handle sku field before after", Nothing, "of goods"},
	{"import_rows", "cells", Nothing, "of goods"},
	{"product_exports", "format vendor state file failure actor", Nothing, "of goods, and the id of who asked for a file, for a day"},
	{"past_queries", "text", Nothing, "what at least three visitors have searched for and found, who nobody knows; a hash until then"},
	{"carts", "currency email customer phone shipping_address billing_address shipping", Dropped, "the whole cart, minutes later"},
	{"wishlists", "name", Dropped, "minutes later; those of guests after 90 days without a change"},
	{"wishlist_items", "note currency", Dropped, "with their list"},
	{"product_alerts", "kind email locale currency hash", Dropped, "minutes later, of a mailbox that the user has proven; of others when they run out, after 3 days without a proof or a year with one"},
	{"idempotency_keys", "principal operation key request_hash response", Dropped, "answers to the user, minutes later; answers to staff and vendors that tell of the user, within two days"},
	{"orders", "email phone shipping_address cancel_reason", Dropped, "when the order is finished: it cannot be delivered without; of the address, region and country stay, which the tax goes by"},
	{"orders", "billing_address", Kept, "an invoice names who it is for: 10 years from the end of the year, unless nothing was paid; the phone number goes when the order is finished"},
	{"orders", "number token_hash status payment_status fulfillment_status currency locale trace tax_source personal", Nothing, "numbers, states, and how the total and its tax came about"},
	{"invoices", "buyer", Kept, "whom a sale was billed to: as long as the billing address of its order"},
	{"invoices", "seller supplied_to locale number kind year reason currency", Kept, "what was billed by which seller, and why something was given back: the books"},
	{"invoice_lines", "kind title detail sku taxes", Kept, "as order_lines"},
	{"invoice_counters", "kind year", Nothing, "the last numbers of sellers"},
	{"letterheads", "address register email note prefix", Kept, "a business, as its invoices name it, as long as its shop stands"},
	{"order_notes", "author body", Dropped, "when the order is finished"},
	{"reviews", "author title body fingerprint reply", Dropped, "minutes later; the stars of what was published stay, as nobody's, and all else of it goes"},
	{"reviews", "status held_for reason", Dropped, "minutes later, with what was not published; of the rest they are states"},
	{"review_photos", "file", Dropped, "from the review minutes later, and with the file within about an hour"},
	{"review_reports", "reason", Dropped, "minutes later; so are votes"},
	{"tracking_events", "detail", Dropped, "when the order is finished"},
	{"tracking_events", "status actor", Nothing, "a state, and the id of who told of it"},
	{"shipments", "kind courier tracking_number status", Kept, "proof that the parcel was sent, with the order"},
	{"order_lines", "product_slug title told_title variant_title told_variant_title sku image currency", Kept, "what was bought, which the books need, with the order; it names nobody"},
	{"order_line_components", "sku title told_title", Kept, "as order_lines"},
	{"vendor_orders", "vendor_name vendor_slug number status currency shipping_option", Nothing, "of the vendor"},
	{"vendor_members", "role", Nothing, "ids and a role; the erased user has none of its rights"},
	{"adjustments", "kind label", Nothing, "names of taxes and discounts"},
	{"cart_items", "gift", Dropped, "with their cart"},
	{"order_lines", "gift", Dropped, "with the e-mail address of the order"},
	{"gift_cards", "email name message", Kept, "whom a gift card is for, until 90 days after it was sent: its code can be mailed again"},
	{"gift_cards", "code_hash hint currency status", Nothing, "of the card; whoever has its code has it"},
	{"gift_card_entries", "kind reason actor", Kept, "what moved a balance, why and by whose id: the books"},
	{"store_credits", "currency", Kept, "what the shop owes, by the id of who was erased: the books"},
	{"store_credit_entries", "currency kind reason actor", Kept, "what moved it, why and by whose id: the books"},
	{"refunds", "currency destination reason actor", Kept, "what was given back, why and by whose id: the books"},
	{"promotion_redemptions", "customer currency", Kept, "whose use of a promotion it was, as a keyed hash of the address, with the order: limits for each customer hold"},
	{"refund_requests", "currency body asked_by state decided_by reason", Kept, "refunds that a second person has decided on: amounts, why, and the ids of both, as in the trail"},
	{"payments", "provider provider_ref status currency return_url", Kept, "the books: how it was paid, with the order; the reference names nobody outside the provider"},
	{"payment_events", "kind currency cause actor", Nothing, "what moved, and the id of who moved it"},
	{"payment_refs", "provider ref", Kept, "further names of a payment at its provider, with the order"},
	{"payment_accounts", "provider base_url capture fields", Nothing, "the shop's own accounts; keys are sealed"},
	{"payment_instructions", "currency kind taken evidence reason state cause problem", Kept, "what a provider was told to do with the money of an order, and why: the books; evidence in a dispute names the buyer's address and parcels, as long as the books are kept, for the bank may ask again"},
	{"payment_disputes", "ref currency reason status", Kept, "how a complaint about a payment ended, in the provider's words: the books"},
	{"provider_movements", "provider kind ref currency", Nothing, "payouts and fees in the books of providers"},
	{"reconciliations", "provider source actor", Nothing, "when books were compared, and by whose id"},
	{"reconciliation_places", "provider", Nothing, "up to where books were compared"},
	{"payment_exceptions", "provider kind subject detail state resolution action resolved_by", Kept, "what did not add up, and how it was settled: amounts, the provider's names, the id of who settled it"},
	{"webhook_inbox", "provider event_id type ref state problem", Nothing, "what a notice was about, for 90 days"},
	{"quote_features", "name", Nothing, "what the shop uses of a list of this program"},
	{"saved_methods", "provider ref label", Dropped, "minutes later: a provider's name for a card, and its last digits"},
	{"dropped_methods", "provider ref", Dropped, "as soon as the provider has forgotten it too: its name for a card"},
	{"webhook_inbox", "body", Kept, "what a payment provider told, as it came, for 90 days: it may name who paid, and proves what was told"},
	{"test_payments", "number currency capture return_url", Nothing, "payments that move no money: an order's number, and the shop's own address"},
	{"test_payment_entries", "kind ref currency key note", Kept, "what became of them: names of our own, and what the shop has said in a dispute about no money"},
	{"reservations", "state", Nothing, "a state"},
	{"events", "name data actor", Nothing, "ids only: the log forgets nothing, so nothing that somebody wrote may stand in it"},
	{"river_job", "args", Nothing, "events on their way"},
	{"river_leader", "name", Nothing, "of this program"},
	{"river_queue", "name", Nothing, "of this program"},
	{"ledger_txns", "memo", Nothing, "a sentence of this program about a posting"},
	{"ledger_period_changes", "change reason actor", Nothing, "why a month of the books was opened again, by whose id"},
	{"price_history", "currency actor", Nothing, "the id of who set a price"},
	{"stock_movements", "reason actor note", Nothing, "of goods, by staff and vendors"},
	{"digital_files", "name content_type file state", Nothing, "of goods"},
	{"licence_keys", "digest sealed hint state", Nothing, "of goods; which order has one stands in digital_grants, which holds ids and times"},
	{"vendors", "name email status_reason tax_country tax_region tax_postal_code tax_id", Kept, "a business, as it is known to the public, as long as its shop stands"},
	{"feeds", "name", Nothing, "of goods"},
	{"brands", "name", Nothing, "of goods"},
	{"categories", "name", Nothing, "of goods"},
	{"tags", "name", Nothing, "of goods"},
	{"product_options", "name", Nothing, "of goods"},
	{"products", "status_reason", Nothing, "of goods"},
	{"product_changes", "reason", Nothing, "what staff answered about goods"},
	{"listed_products", "name", Nothing, "of goods"},
	{"listings", "name", Nothing, "of goods"},
	{"search_nodes", "host", Nothing, "of a machine of the shop"},
	{"customer_groups", "handle name description", Nothing, "of the shop; who is in one is dropped at once"},
	{"price_lists", "name", Nothing, "of the shop's and the vendors' prices"},
	{"promotions", "name", Nothing, "of the shop's and the vendors' offers"},
	{"memberships", "customer billing_address", Dropped, "minutes later: the membership ends with the account"},
	{"memberships", "status payment_method currency", Kept, "how somebody was a member, with the orders that paid for it"},
	{"membership_periods", "kind currency", Kept, "as memberships"},
	{"membership_upgrades", "currency text", Kept, "as memberships: what unused time paid of an order"},
	{"membership_events", "kind reason actor", Kept, "what happened to a membership; why staff ended or gave one, in their words"},
	{"plans", "name", Nothing, "of the shop's offers"},
	{"locations", "name", Nothing, "of goods"},
	{"shipping_options", "name", Nothing, "of the shop's settings"},
	{"shipping_zones", "name", Nothing, "of the shop's settings"},
	{"tax_rates", "name", Nothing, "of the shop's settings"},
	{"tax_zones", "name postal_prefixes preset", Nothing, "of the shop's settings"},
	{"tax_exemptions", "certificate countries regions decided_by", Kept, "why no tax was charged, which the books must prove: a number, where it holds, and the id of who decided it"},
	{"tax_engines", "name base_url key_sealed on_failure codes", Nothing, "of the shop's settings"},
	{"tax_answers", "question engine answer failure", Dropped, "with the cart: a hash, and amounts of tax"},
}

// FateOf is what becomes of a column, "" where nobody decided.
func FateOf(table, column string) Fate {
	for _, h := range Inventory {
		if h.Table == table && strings.Contains(" "+h.Columns+" ", " "+column+" ") {
			return h.Fate
		}
	}
	return ""
}
