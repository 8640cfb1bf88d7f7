package ledger

import (
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"time"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// A TrialLine is an account of the trial balance: all that was ever debited and
// credited to it, and what is left, above zero when debits prevail.
type TrialLine struct {
	ID      id.LedgerAccount `db:"id" json:"account_id"`
	Kind    Kind             `db:"kind" json:"kind"`
	Class   Class            `db:"-" json:"class"`
	Normal  Side             `db:"-" json:"normal_side"`
	Party   string           `db:"party" json:"party,omitempty"`
	Vendor  id.Vendor        `db:"vendor_id" json:"vendor_id,omitzero"`
	Debit   money.Amount     `db:"debit" json:"debit"`
	Credit  money.Amount     `db:"credit" json:"credit"`
	Balance money.Amount     `db:"balance" json:"balance"`
}

// trialPlace is where a trial balance stands: after an account.
type trialPlace struct {
	Kind     Kind
	Currency money.Currency
	ID       id.LedgerAccount
}

func (l TrialLine) place() trialPlace { return trialPlace{l.Kind, l.Balance.Currency, l.ID} }

// trialLines is the trial balance as of a moment, by account.
func trialLines(ctx context.Context, db postgres.DB, at time.Time, after trialPlace, limit int) ([]TrialLine, error) {
	list, err := readTrialLines(ctx, db, at, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read trial balance: %w", err)
	}
	for i := range list {
		line := lineOf(list[i].Kind)
		list[i].Class, list[i].Normal = line.Class, line.Normal
	}
	return list, nil
}

func writeTrial(ctx context.Context, db postgres.DB, at time.Time, out *csv.Writer) error {
	rows := [][]string{{"account_id", "kind", "class", "party", "vendor_id", "debit", "credit", "balance", "currency"}}
	var after trialPlace
	for {
		page, err := trialLines(ctx, db, at, after, filePage)
		if err != nil {
			return err
		}
		for _, l := range page {
			vendor := ""
			if !l.Vendor.IsZero() {
				vendor = l.Vendor.String()
			}
			rows = append(rows, []string{
				l.ID.String(), string(l.Kind), string(l.Class), httpapi.Inert(l.Party), vendor,
				l.Debit.Decimal(), l.Credit.Decimal(), l.Balance.Decimal(), string(l.Balance.Currency),
			})
			after = l.place()
		}
		if err := out.WriteAll(rows); err != nil || len(page) < filePage {
			return err
		}
		rows = rows[:0]
	}
}

// A KindSum is what all accounts of a kind hold, above zero where it is more of
// what their class is: more revenue, more debt.
type KindSum struct {
	Kind   Kind         `json:"kind"`
	Amount money.Amount `json:"amount"`
}

// A Section is a class in a report.
type Section struct {
	Kinds []KindSum    `json:"kinds"`
	Total money.Amount `json:"total"`
}

// An Income says what was earned and spent in a time, in one currency.
type Income struct {
	Currency money.Currency `json:"currency"`
	Revenue  Section        `json:"revenue"`
	Expenses Section        `json:"expenses"`
	Result   money.Amount   `json:"result" doc:"Revenue less expenses"`
}

// A BalanceSheet says what there is and what is owed at a moment, in one currency.
type BalanceSheet struct {
	Currency    money.Currency `json:"currency"`
	Assets      Section        `json:"assets"`
	Liabilities Section        `json:"liabilities"`
	Equity      money.Amount   `json:"equity" doc:"Assets less liabilities: all results so far"`
}

// kindBalance is what a kind moved by, above zero when debits prevail.
type kindBalance struct {
	Kind    Kind         `db:"kind"`
	Balance money.Amount `db:"balance"`
}

// IncomeIn is the income statement of a time, by currency.
func IncomeIn(ctx context.Context, db postgres.DB, span Span) ([]Income, error) {
	moved, err := readKinds(ctx, db, span)
	if err != nil {
		return nil, fmt.Errorf("read income: %w", err)
	}
	list := []Income{}
	for _, c := range currenciesOf(moved) {
		i := Income{Currency: c, Revenue: section(moved, Revenue, c), Expenses: section(moved, Expense, c)}
		i.Result = i.Revenue.Total.Minus(i.Expenses.Total)
		list = append(list, i)
	}
	return list, nil
}

// BalanceAt is the balance sheet as of a moment, now when it is zero, by currency.
func BalanceAt(ctx context.Context, db postgres.DB, at time.Time) ([]BalanceSheet, error) {
	held, err := readKinds(ctx, db, Span{To: at})
	if err != nil {
		return nil, fmt.Errorf("read balance sheet: %w", err)
	}
	list := []BalanceSheet{}
	for _, c := range currenciesOf(held) {
		b := BalanceSheet{Currency: c, Assets: section(held, Asset, c), Liabilities: section(held, Liability, c)}
		b.Equity = b.Assets.Total.Minus(b.Liabilities.Total)
		list = append(list, b)
	}
	return list, nil
}

func currenciesOf(sums []kindBalance) (list []money.Currency) {
	for _, s := range sums {
		list = append(list, s.Balance.Currency)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// section is the kinds of a class that moved, in the order of the chart.
func section(sums []kindBalance, class Class, c money.Currency) Section {
	s := Section{Kinds: []KindSum{}, Total: money.Zero(c)}
	for _, line := range chart {
		at := slices.IndexFunc(sums, func(k kindBalance) bool { return k.Kind == line.Kind && k.Balance.Currency == c })
		if line.Class != class || at < 0 {
			continue
		}
		amount := class.told(sums[at].Balance)
		s.Kinds = append(s.Kinds, KindSum{line.Kind, amount})
		s.Total = s.Total.Plus(amount)
	}
	return s
}

// cells are the rows of a section in a file.
func (s Section) cells(class Class) (rows [][]string) {
	for _, k := range s.Kinds {
		rows = append(rows, []string{string(class), string(k.Kind), k.Amount.Decimal(), string(k.Amount.Currency)})
	}
	return append(rows, []string{string(class), "total", s.Total.Decimal(), string(s.Total.Currency)})
}

var reportColumns = []string{"class", "kind", "amount", "currency"}

func writeIncome(list []Income, out *csv.Writer) error {
	rows := [][]string{reportColumns}
	for _, i := range list {
		rows = append(append(append(rows, i.Revenue.cells(Revenue)...), i.Expenses.cells(Expense)...), []string{"result", "", i.Result.Decimal(), string(i.Currency)})
	}
	return out.WriteAll(rows)
}

func writeBalance(list []BalanceSheet, out *csv.Writer) error {
	rows := [][]string{reportColumns}
	for _, b := range list {
		rows = append(append(append(rows, b.Assets.cells(Asset)...), b.Liabilities.cells(Liability)...), []string{"equity", "", b.Equity.Decimal(), string(b.Currency)})
	}
	return out.WriteAll(rows)
}
