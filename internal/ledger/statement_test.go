package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
)

// A fact is a line of the posting table: what it debits and what it credits, in
// shares of one sum.
type fact struct {
	name, ref     string
	debit, credit []ledger.AccountKey
}

// facts are the posting table of the package.
func facts(provider string, vendor id.Vendor) []fact {
	of := func(kinds ...ledger.Kind) (list []ledger.AccountKey) {
		for _, k := range kinds {
			key := ledger.AccountKey{Kind: k}
			switch k {
			case ledger.Clearing:
				key.Party = provider
			case ledger.VendorPayable, ledger.VendorReserve, ledger.PayoutsInTransit:
				key.Vendor = vendor
			}
			list = append(list, key)
		}
		return list
	}
	clearing, deposits, cards := of(ledger.Clearing), of(ledger.CustomerDeposits), of(ledger.GiftCardLiability)
	shares := of(ledger.VendorPayable, ledger.CommissionRevenue, ledger.TaxPayable)
	return []fact{
		{"a vendor's sale is paid", "payment_event", of(ledger.Clearing, ledger.PromotionExpense), shares},
		{"a sale of the marketplace is paid", "payment_event", clearing, of(ledger.SalesRevenue, ledger.TaxPayable)},
		{"goods are given away", "vendor_order", of(ledger.PromotionExpense), of(ledger.VendorPayable, ledger.CommissionRevenue)},
		{"a gift card pays", "payment_event", cards, deposits},
		{"store credit pays", "payment_event", of(ledger.StoreCreditLiability), deposits},
		{"what was paid ahead is earned", "vendor_order", deposits, shares},
		{"what was paid ahead goes back", "payment_event", deposits, cards},
		{"a gift card is bought", "payment_event", clearing, cards},
		{"credit is given", "store_credit_entry", of(ledger.GoodwillExpense), of(ledger.StoreCreditLiability)},
		{"credit is taken back", "gift_card_entry", cards, of(ledger.GoodwillExpense)},
		{"a sale is taken back", "refund", shares, append(of(ledger.PromotionExpense, ledger.StoreCreditLiability, ledger.BuyerPayable), deposits...)},
		{"the money leaves by hand", "payment_event", deposits, clearing},
		{"a provider gives money back", "payment_event", of(ledger.BuyerPayable), clearing},
		{"it comes back, for that failed", "payment_event", clearing, of(ledger.BuyerPayable)},
		{"money arrives too late, or twice", "payment_event", clearing, of(ledger.BuyerPayable)},
		{"a provider keeps a fee", "payment_event", of(ledger.ProviderFees), clearing},
		{"a charge is disputed", "payment_event", of(ledger.Disputes), clearing},
		{"the dispute is won", "payment_event", clearing, of(ledger.Disputes)},
		{"the dispute is lost", "payment_dispute", of(ledger.DisputeLosses), of(ledger.Disputes)},
		{"a provider pays out", "provider_payout", of(ledger.Bank), clearing},
		{"something is held back from a vendor", "payout", of(ledger.VendorPayable), of(ledger.VendorReserve)},
		{"a vendor is paid", "payout", of(ledger.VendorPayable), of(ledger.PayoutsInTransit)},
		{"it has left the bank", "payout", of(ledger.PayoutsInTransit), of(ledger.Bank)},
		{"the marketplace ships", "payment_event", clearing, of(ledger.ShippingRevenue)},
		{"the way to pay costs a fee", "payment_event", clearing, of(ledger.FeeRevenue)},
	}
}

// The properties below need every kind of account.
func TestFactsTouchEveryKind(t *testing.T) {
	t.Parallel()
	seen := map[ledger.Kind]bool{}
	for _, f := range facts("cod", id.New[id.Vendor]()) {
		for _, key := range slices.Concat(f.debit, f.credit) {
			seen[key.Kind] = true
		}
	}
	for _, line := range ledger.Chart() {
		if !seen[line.Kind] {
			t.Errorf("no fact moves %s", line.Kind)
		}
	}
}

// A happening is what an account saw, as the test remembers it.
type happening struct {
	key    ledger.AccountKey
	at     time.Time
	amount money.Amount
}

// year posts random facts of the first five months of 2026, closing months on the
// way, and remembers them.
func year(t *testing.T, pool *pgxpool.Pool, r *rand.Rand) (all []happening) {
	t.Helper()
	vendors := []id.Vendor{id.New[id.Vendor](), id.New[id.Vendor]()}
	open := 1 // the first month that is not closed
	for open <= 4 {
		var batch []ledger.Posting
		for range 40 {
			facts := facts([]string{"cod", "stripe", "paypal"}[r.IntN(3)], vendors[r.IntN(2)])
			f, currency := facts[r.IntN(len(facts))], []money.Currency{"USD", "JPY"}[r.IntN(2)]
			p := ledger.Posting{RefType: f.ref, RefID: id.New[id.PaymentEvent](), Memo: f.name}
			p.At = time.Date(2026, time.Month(open+r.IntN(6-open)), 1+r.IntN(28), r.IntN(24), r.IntN(60), 0, r.IntN(1000)*1000, time.UTC)
			switch {
			case all == nil:
				p.At = day(time.January, 1) // or another month would be the first to close
			case r.IntN(8) == 0:
				p.At = time.Date(2026, p.At.Month(), 1, 0, 0, 0, 0, time.UTC) // as it begins
			}
			whole := money.Of(1+r.Int64N(100_000), currency)
			for i, part := range whole.Split(weights(r, len(f.debit))) {
				p.Entries = append(p.Entries, ledger.Debit(f.debit[i], part))
			}
			for i, part := range whole.Split(weights(r, len(f.credit))) {
				p.Entries = append(p.Entries, ledger.Credit(f.credit[i], part))
			}
			for _, e := range p.Entries {
				all = append(all, happening{e.Account, p.At, e.Amount})
			}
			batch = append(batch, p)
		}
		mustPost(t, pool, batch...)
		if r.IntN(2) == 0 {
			mustShut(t, pool, ledger.Month(fmt.Sprintf("2026-%02d", open)))
			open++
		}
	}
	return all
}

func weights(r *rand.Rand, n int) (list []int64) {
	for range n {
		list = append(list, 1+r.Int64N(9))
	}
	return list
}

// moment is a random one around these months, often where one of them begins.
func moment(r *rand.Rand) time.Time {
	first := time.Date(2026, time.Month(r.IntN(8)), 1, 0, 0, 0, 0, time.UTC)
	switch r.IntN(3) {
	case 0:
		return first
	case 1:
		return first.Add(-time.Microsecond)
	}
	return first.AddDate(0, 0, r.IntN(28)).Add(time.Duration(r.IntN(24)) * time.Hour)
}

// An account of the test's own books.
type remembered struct {
	ledger.AccountKey
	money.Currency
}

// turnover is what was debited and credited.
type turnover struct{ debit, credit int64 }

func (t turnover) balance() int64 { return t.debit - t.credit }

// turnovers adds up what happened in a time, by account.
func turnovers(all []happening, from, to time.Time) map[remembered]turnover {
	sums := map[remembered]turnover{}
	for _, h := range all {
		if h.at.Before(from) || !h.at.Before(to) {
			continue
		}
		key := remembered{h.key, h.amount.Currency}
		sum := sums[key]
		sum.debit, sum.credit = sum.debit+max(h.amount.Minor, 0), sum.credit+max(-h.amount.Minor, 0)
		sums[key] = sum
	}
	return sums
}

// Whatever was posted and whenever months were closed on the way: every report says
// what the test remembers.
func TestReportsTellWhatHappened(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			pool, r := pgtest.DB(t), rand.New(rand.NewPCG(seed, 6)) //nolint:gosec // a test that can be run again
			all := year(t, pool, r)
			wantTrial(t, pool, all, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
			for range 12 {
				from, to := moment(r), moment(r)
				if !from.Before(to) {
					from, to = to, from.Add(time.Hour)
				}
				wantTrial(t, pool, all, to)
				wantStatements(t, pool, all, ledger.Span{From: from, To: to})
				wantReports(t, pool, all, ledger.Span{From: from, To: to})
			}
		})
	}
}

// wantTrial compares the trial balance as of a moment, which sums to zero.
func wantTrial(t *testing.T, pool *pgxpool.Pool, all []happening, at time.Time) {
	t.Helper()
	lines, err := ledger.TrialLines(t.Context(), pool, at)
	if err != nil {
		t.Fatal(err)
	}
	want, got := turnovers(all, time.Time{}, at), map[remembered]turnover{}
	sums := map[money.Currency]int64{}
	for _, l := range lines {
		got[keyOf(l)] = turnover{l.Debit.Minor, l.Credit.Minor}
		sums[l.Balance.Currency] += l.Balance.Minor
		if l.Balance != l.Debit.Minus(l.Credit) {
			t.Errorf("%+v", l)
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(turnover{})); diff != "" {
		t.Errorf("the trial balance at %s: %s", at, diff)
	}
	for currency, sum := range sums {
		if sum != 0 {
			t.Errorf("%d %s are left over at %s", sum, currency, at)
		}
	}
}

func keyOf(l ledger.TrialLine) remembered {
	return remembered{ledger.AccountKey{Kind: l.Kind, Party: l.Party, Vendor: l.Vendor}, l.Balance.Currency}
}

// wantStatements compares the statement of every account: opening and movements
// make the closing balance, which is that of the trial balance.
func wantStatements(t *testing.T, pool *pgxpool.Pool, all []happening, span ledger.Span) {
	t.Helper()
	accounts, err := ledger.TrialLines(t.Context(), pool, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	before, in, after := turnovers(all, time.Time{}, span.From), turnovers(all, span.From, span.To), turnovers(all, time.Time{}, span.To)
	for _, account := range accounts {
		key := keyOf(account)
		s, lines, err := ledger.WholeStatement(t.Context(), pool, account.ID, span, 7)
		if err != nil {
			t.Fatal(err)
		}
		if s.Opening.Minor != before[key].balance() || s.Debit.Minor != in[key].debit || s.Credit.Minor != in[key].credit || s.Closing.Minor != after[key].balance() {
			t.Errorf("%v from %s to %s: %+v", key, span.From, span.To, s)
		}
		balance, last := s.Opening, span.From
		for _, l := range lines {
			if balance = balance.Plus(l.Amount); l.Balance != balance || l.At.Before(last) || !l.At.Before(span.To) {
				t.Errorf("%v: %+v after %s", key, l, last)
			}
			last = l.At
		}
		if balance != s.Closing {
			t.Errorf("%v ends with %s, its lines with %s", key, s.Closing, balance)
		}
	}
}

// wantReports compares the results: what a time earned is what the balance sheets
// around it differ by.
func wantReports(t *testing.T, pool *pgxpool.Pool, all []happening, span ledger.Span) {
	t.Helper()
	income, err := ledger.IncomeIn(t.Context(), pool, span)
	if err != nil {
		t.Fatal(err)
	}
	results, equity := map[money.Currency]int64{}, map[money.Currency]int64{}
	for _, i := range income {
		results[i.Currency] = i.Result.Minor
	}
	for at, sign := range map[time.Time]int64{span.From: -1, span.To: 1} {
		sheets, err := ledger.BalanceAt(t.Context(), pool, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range sheets {
			equity[b.Currency] += sign * b.Equity.Minor
		}
	}
	for _, currency := range []money.Currency{"USD", "JPY"} {
		want := int64(0)
		for key, moved := range turnovers(all, span.From, span.To) {
			if class := classOf(key.Kind); key.Currency == currency && (class == ledger.Revenue || class == ledger.Expense) {
				want -= moved.balance()
			}
		}
		if results[currency] != want || equity[currency] != want {
			t.Errorf("%s from %s to %s: the result is %d, the equity grew by %d, want %d", currency, span.From, span.To, results[currency], equity[currency], want)
		}
	}
}

func classOf(kind ledger.Kind) ledger.Class {
	at := slices.IndexFunc(ledger.Chart(), func(l ledger.ChartLine) bool { return l.Kind == kind })
	return ledger.Chart()[at].Class
}
