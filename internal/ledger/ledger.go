// Package ledger is the books: who owes whom, in double entry.
//
// Owns: accounts and their chart, transactions, entries; trial balance,
// statements and reports; the closing of months.
// Tables: ledger_accounts, ledger_txns, ledger_entries, ledger_periods,
// ledger_period_balances, ledger_period_changes. Transactions and entries are
// append-only; a trigger accepts only entries that sum to zero for each
// transaction and currency, and none in a closed month.
// Raises: nothing; what is posted follows from somebody else's event.
// Calls: nobody.
//
// # Postings
//
// A debit is above zero, a credit below. Each fact is posted once: (ref_type,
// ref_id) is unique.
//
//	Fact, its reference                  Debit                   Credit
//	-----------------------------------  ----------------------  ------------------------------------------
//	money arrives for a vendor order,    psp_clearing(provider)  vendor_payable(vendor): items and shipping
//	payment_event (capture)              what was captured         without tax, less commission
//	                                                             commission_revenue: the marketplace's share
//	                                     promotion_expense: what   tax_payable: tax of the items and shipping
//	                                     the platform adds for
//	                                     discounts that it gives   fee_revenue: the part's share of what the
//	                                                             way to pay costs, without tax
//	the same, of what the marketplace    as above                sales_revenue instead of vendor_payable; the
//	sells itself (vendors.House)                                 others as above, without a commission
//	goods are given away at the          promotion_expense       vendor_payable, commission_revenue, as above
//	platform's expense, vendor_order
//	a gift card or store credit pays of  gift_card_liability or    customer_deposits
//	an order, payment_event (capture)    store_credit_liability
//	a part of it is earned, with the     customer_deposits: the    as above
//	posting above or vendor_order        part's share of it
//	it goes back, payment_event          customer_deposits         gift_card_liability or store_credit_liability
//	(refund)
//	a part of a promise is taken that    psp_clearing(provider)  customer_deposits: it is taken ahead
//	is not enough for a vendor order,
//	payment_event (capture)
//	the rest of it is taken, or it is    psp_clearing(provider)  as above
//	enough by now, payment_event         customer_deposits: what
//	(capture) or vendor_order              was taken ahead of it
//	what it was for is cancelled,        customer_deposits       buyer_payable
//	payment
//	a gift card is bought                as above                  gift_card_liability instead of sales_revenue
//	credit is given, gift_card_entry or  goodwill_expense          gift_card_liability or store_credit_liability
//	store_credit_entry; taken back: the
//	other way round
//	a sale is taken back, for staff      vendor_payable or         buyer_payable: what a provider is told to
//	refund it or it is cancelled,        sales_revenue (or           give back, or people are to send
//	refund                               gift_card_liability),     customer_deposits: what goes back at once
//	                                     commission_revenue,       store_credit_liability: what the buyer takes
//	                                     fee_revenue, tax_payable:   as that
//	                                     the shares of what is     promotion_expense: the platform's share
//	                                     given back
//	its money leaves by hand,            customer_deposits         psp_clearing(provider)
//	payment_event (refund)
//	a provider has given money back, or  buyer_payable             psp_clearing(provider)
//	people have sent it, payment_event
//	(refund)
//	it comes back, for that failed,      psp_clearing(provider)    buyer_payable
//	payment_event (refund_failed)
//	money arrives for an order that is   psp_clearing(provider)    buyer_payable: it is owed back, and goes
//	dead, or once more for one that is   what was captured           as above
//	paid, payment_event (capture)
//	a provider keeps a fee,              provider_fees             psp_clearing(provider)
//	payment_event (fee)
//	a buyer disputes a charge and the    disputes                  psp_clearing(provider)
//	provider holds the money back,
//	payment_event (chargeback)
//	the dispute is won, payment_event    psp_clearing(provider)    disputes
//	(chargeback_reversed)
//	the dispute is lost,                 dispute_losses            disputes
//	payment_dispute
//	a provider pays out to our bank,     bank: what arrives        psp_clearing(provider): what leaves
//	provider_payout; a payout comes      provider_fees: its fee
//	back: the other way round; money is
//	converted: one of each, in either
//	currency
//	a provider keeps a fee that belongs  provider_fees             psp_clearing(provider)
//	to no payment, provider_fee; gives
//	one back: the other way round
//	staff give back by hand or as store  buyer_payable             bank, or store_credit_liability
//	credit what a provider does not,
//	payment_exception
//
// These are for the payouts to vendors, which nothing posts yet: vendor_reserve is
// what is held back of vendor_payable and still owed; payouts_in_transit is what
// has left vendor_payable and not yet the bank. No line posts to shipping_revenue:
// shipping belongs to whoever ships, so it is vendor_payable or sales_revenue.
//
// Cash on delivery is captured one vendor order at a time, when its goods are
// handed over, so it makes one such transaction for each. A payment that is
// captured before anything ships makes one transaction that credits every
// vendor of the order; one of a part of a promise credits the vendors whose parts
// it is enough for. Cash in transit is psp_clearing of party cod. A parcel that
// comes back before it was paid posts nothing of a sale, for nothing was posted when
// it left: only what was paid ahead goes back.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// Kind is what an account stands for.
type Kind string

// The kinds of account.
const (
	Clearing          Kind = "psp_clearing"       // money at a payment provider, or on its way with a courier
	VendorPayable     Kind = "vendor_payable"     // what the marketplace owes to a vendor
	CommissionRevenue Kind = "commission_revenue" // the marketplace's own
	ShippingRevenue   Kind = "shipping_revenue"   // shipping that the marketplace does itself
	FeeRevenue        Kind = "fee_revenue"        // what buyers pay for the way to pay
	TaxPayable        Kind = "tax_payable"        // owed to the state
	BuyerPayable      Kind = "buyer_payable"      // owed back to buyers
	PromotionExpense  Kind = "promotion_expense"  // discounts that the marketplace gives
	SalesRevenue      Kind = "sales_revenue"      // what the marketplace sells itself

	GiftCardLiability    Kind = "gift_card_liability"    // what is left on gift cards
	StoreCreditLiability Kind = "store_credit_liability" // what customers have
	CustomerDeposits     Kind = "customer_deposits"      // paid ahead, for parts of orders that are not earned yet
	GoodwillExpense      Kind = "goodwill_expense"       // credit that the marketplace gives away

	ProviderFees  Kind = "provider_fees"  // what payment providers keep
	Disputes      Kind = "disputes"       // money that a provider holds back while a buyer's dispute runs
	DisputeLosses Kind = "dispute_losses" // disputes that buyers have won
	Bank          Kind = "bank"           // what providers have paid out to the shop's bank

	VendorReserve    Kind = "vendor_reserve"     // held back from a vendor, and still owed to them
	PayoutsInTransit Kind = "payouts_in_transit" // on its way to a vendor, and not gone from the bank yet
)

// AccountKey names an account within a currency. Accounts come into being with
// their first entry.
type AccountKey struct {
	Kind   Kind
	Party  string    // the provider of a clearing account
	Vendor id.Vendor // of a vendor's payable, reserve and payouts, and of no other
}

// id is made from the key itself, so that nobody has to look it up.
func (a AccountKey) id(c money.Currency) id.LedgerAccount {
	key := fmt.Sprintf("%s\n%s\n%s\n%s", a.Kind, c, a.Party, a.Vendor)
	return id.LedgerAccount(uuid.NewSHA1(accounts, []byte(key)))
}

var accounts = uuid.MustParse("5f1d7a52-6c0e-4b57-9d0f-0a3c2f9be6d1") // any fixed value

// An Entry moves money on one account: a debit above zero, a credit below.
type Entry struct {
	Account AccountKey
	Amount  money.Amount
}

// Debit and Credit make entries from amounts that are not negative.
func Debit(a AccountKey, amount money.Amount) Entry { return Entry{a, amount} }

// Credit is the other side of Debit.
func Credit(a AccountKey, amount money.Amount) Entry {
	return Entry{a, money.Zero(amount.Currency).Minus(amount)}
}

// A Posting is one transaction of the books.
type Posting struct {
	RefType string // what kind of fact it follows from: "payment_event"
	RefID   [16]byte
	Memo    string
	At      time.Time // when it happened; now unless told
	Entries []Entry
}

var (
	// ErrUnbalanced says that debits and credits differ: a programming error.
	ErrUnbalanced = errors.New("posting does not balance")
	// ErrPosted says that the fact is in the books already.
	ErrPosted = errs.New(errs.Conflict, "already_posted", "This is in the books already.")
	// ErrNoAccount says that there is no such account.
	ErrNoAccount = errs.New(errs.NotFound, "not_found", "There is no such account.")
)

func init() {
	postgres.Name("ledger_txns_ref_key", ErrPosted)
	postgres.Name("ledger_period_closed", ErrPeriodClosed)
}

// Post writes postings into the books, in three statements however many they
// are. Entries of nothing are left out; what is left of each must be two entries
// or more that sum to zero in each currency.
func Post(ctx context.Context, tx pgx.Tx, postings ...Posting) error {
	postings, err := checked(postings)
	if err != nil {
		return err
	}
	if len(postings) == 0 {
		return nil
	}
	b := postgres.NewBatch()
	queue(b, postings)
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("post %d transactions from %s %q on: %w", len(postings), postings[0].RefType, postings[0].Memo, err)
	}
	return nil
}

// Queue is Post at the end of a pipeline; it refuses what does not balance at
// once.
func Queue(b *postgres.Batch, postings ...Posting) error {
	postings, err := checked(postings)
	if err == nil && len(postings) > 0 {
		queue(b, postings)
	}
	return err
}

// checked leaves out entries of nothing and refuses what does not balance.
func checked(postings []Posting) ([]Posting, error) {
	postings = slices.Clone(postings)
	for i := range postings {
		p := &postings[i]
		p.Entries = slices.DeleteFunc(slices.Clone(p.Entries), func(e Entry) bool { return e.Amount.IsZero() })
		if err := balanced(p.Entries); err != nil {
			return nil, fmt.Errorf("post %s %q: %w", p.RefType, p.Memo, err)
		}
	}
	return postings, nil
}

func balanced(entries []Entry) error {
	sums := map[money.Currency]money.Amount{}
	for _, e := range entries {
		sum, ok := sums[e.Amount.Currency]
		if !ok {
			sum = money.Zero(e.Amount.Currency)
		}
		sums[e.Amount.Currency] = sum.Plus(e.Amount)
	}
	for _, sum := range sums {
		if !sum.IsZero() {
			return fmt.Errorf("%w: %s is left over", ErrUnbalanced, sum)
		}
	}
	if len(entries) < 2 {
		return fmt.Errorf("%w: %d entries", ErrUnbalanced, len(entries))
	}
	return nil
}

// An Account with its balance: above zero when debits prevail.
type Account struct {
	ID      id.LedgerAccount `db:"id" json:"id"`
	Kind    Kind             `db:"kind" json:"kind"`
	Party   string           `db:"party" json:"party,omitempty"`
	Vendor  id.Vendor        `db:"vendor_id" json:"vendor_id,omitzero"`
	Balance money.Amount     `db:"balance" json:"balance"`
}

// A Line is one entry as an account shows it.
type Line struct {
	Seq     int64        `db:"seq" json:"-"`
	Txn     id.LedgerTxn `db:"txn_id" json:"transaction_id"`
	RefType string       `db:"ref_type" json:"ref_type"`
	RefID   uuid.UUID    `db:"ref_id" json:"ref_id"`
	Memo    string       `db:"memo" json:"memo"`
	Amount  money.Amount `db:"amount" json:"amount"`
	At      time.Time    `db:"at" json:"at"`
}

// A Trial is the sum of all debits and all credits in one currency. They are
// equal, or the books are wrong.
type Trial struct {
	Currency money.Currency `db:"currency" json:"currency"`
	Debit    money.Amount   `db:"debit" json:"debit"`
	Credit   money.Amount   `db:"credit" json:"credit"`
}

// TrialBalance adds up the whole books.
func TrialBalance(ctx context.Context, db postgres.DB) ([]Trial, error) {
	return trialAt(ctx, db, time.Time{})
}

func trialAt(ctx context.Context, db postgres.DB, at time.Time) ([]Trial, error) {
	trials, err := readTrials(ctx, db, at)
	if err != nil {
		return nil, fmt.Errorf("read trial balance: %w", err)
	}
	return trials, nil
}

// Moved is what one fact has moved on an account.
type Moved struct {
	Ref    [16]byte     `db:"ref_id"` // the Posting's RefID
	Amount money.Amount `db:"amount"`
}

// MovedBy is what facts of providers have moved on an account, whatever its currency: one row
// for each fact that has.
func MovedBy(ctx context.Context, db postgres.DB, a AccountKey, refs [][16]byte) ([]Moved, error) {
	list, err := readMoved(ctx, db, a, refs)
	if err != nil {
		return nil, fmt.Errorf("read what %d facts moved on %s: %w", len(refs), a.Kind, err)
	}
	return list, nil
}

// Balance is what stands on one account; nothing when it does not exist yet.
func Balance(ctx context.Context, db postgres.DB, a AccountKey, c money.Currency) (money.Amount, error) {
	minor, err := readBalance(ctx, db, a.id(c))
	if err != nil {
		return money.Amount{}, fmt.Errorf("read balance of %s: %w", a.Kind, err)
	}
	return money.Of(minor, c), nil
}
