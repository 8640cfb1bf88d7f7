package ledger

import (
	"context"
	"fmt"
	"math"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// CanRead is the right to see the books. Nobody may write them by hand; who has
// CanClose may close months and open them again.
const (
	CanRead  auth.Permission = "ledger.read"
	CanClose auth.Permission = "ledger.close"
)

// Permissions lists what this module can permit.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanClose} }

// Books shows the ledger to staff; posting needs no module, only [Post].
type Books struct {
	DB      postgres.DB
	cursors httpapi.Cursors
}

// Routes mounts what staff see of the books.
func (b *Books) Routes(r *httpapi.Router) {
	b.cursors = r.Cursors
	httpapi.Get(r, "/api/v1/admin/ledger", b.list, httpapi.Needs(CanRead), httpapi.ID("admin-list-ledger-accounts"),
		httpapi.Summary("List the accounts of the ledger with their balances"),
		httpapi.Describe("A balance is above zero when debits prevail, so what is owed to a vendor is below zero."))
	httpapi.Get(r, "/api/v1/admin/ledger/{account}/entries", b.entries, httpapi.Needs(CanRead), httpapi.ID("admin-list-ledger-entries"),
		httpapi.Summary("List the entries of an account, the newest first"))
	httpapi.Get(r, "/api/v1/admin/ledger/trial-balance", b.trial, httpapi.Needs(CanRead), httpapi.ID("admin-get-trial-balance"),
		httpapi.Summary("Add up all debits and credits"))
	b.reportRoutes(r)
	b.periodRoutes(r)
}

type accountFilter struct {
	httpapi.Page
	Kinds  []string  `query:"kind" enum:"psp_clearing,vendor_payable,commission_revenue,shipping_revenue,fee_revenue,tax_payable,buyer_payable,promotion_expense,sales_revenue,gift_card_liability,store_credit_liability,customer_deposits,goodwill_expense,provider_fees,disputes,dispute_losses,bank,vendor_reserve,payouts_in_transit"`
	Vendor id.Vendor `query:"vendor"`
}

func (b *Books) list(ctx context.Context, in *accountFilter) (httpapi.List[Account], error) {
	var after id.LedgerAccount
	if err := b.cursors.Open(httpapi.Scope(ctx), in.After, &after); err != nil {
		return httpapi.List[Account]{}, err
	}
	rows, err := readAccounts(ctx, b.DB, *in, after)
	if err != nil {
		return httpapi.List[Account]{}, fmt.Errorf("list ledger accounts: %w", err)
	}
	page := httpapi.ListOf(b.cursors, httpapi.Scope(ctx), rows, in.Limit, func(a Account) any { return a.ID })
	if in.WantsTotal() {
		total, err := countAccounts(ctx, b.DB, *in)
		if err != nil {
			return page, fmt.Errorf("count ledger accounts: %w", err)
		}
		page.TotalCount = &total
	}
	return page, nil
}

type entriesInput struct {
	Account id.LedgerAccount `path:"account"`
	httpapi.Page
}

func (b *Books) entries(ctx context.Context, in *entriesInput) (httpapi.List[Line], error) {
	before := int64(math.MaxInt64)
	if err := b.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return httpapi.List[Line]{}, err
	}
	known, err := accountExists(ctx, b.DB, in.Account)
	if err != nil {
		return httpapi.List[Line]{}, fmt.Errorf("find ledger account %s: %w", in.Account, err)
	}
	if !known {
		return httpapi.List[Line]{}, ErrNoAccount
	}
	rows, err := readLines(ctx, b.DB, in.Account, before, in.Limit+1)
	if err != nil {
		return httpapi.List[Line]{}, fmt.Errorf("list entries of %s: %w", in.Account, err)
	}
	page := httpapi.ListOf(b.cursors, httpapi.Scope(ctx), rows, in.Limit, func(l Line) any { return l.Seq })
	if in.WantsTotal() {
		total, err := countLines(ctx, b.DB, in.Account)
		if err != nil {
			return page, fmt.Errorf("count entries of %s: %w", in.Account, err)
		}
		page.TotalCount = &total
	}
	return page, nil
}

func (b *Books) trial(ctx context.Context, _ *struct{}) (httpapi.List[Trial], error) {
	trials, err := TrialBalance(ctx, b.DB)
	return httpapi.List[Trial]{Data: trials}, err
}
