package ledger

import (
	"context"
	"encoding/csv"
	"fmt"
	"time"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// A Span is the time from a moment until before another.
type Span struct {
	From time.Time `query:"from" json:"from" required:"true" doc:"What happened then or later"`
	To   time.Time `query:"to" json:"to" required:"true" doc:"What happened before"`
}

func (s Span) check() error {
	var bad errs.Fields
	bad.Require(s.From.Before(s.To), "to", "out_of_range", "This must be later than from.")
	return bad.Err()
}

// A Statement is an account in a time: with what it began, what was debited and
// credited, with what it ended. Balances are above zero when debits prevail.
type Statement struct {
	ID      id.LedgerAccount `db:"id" json:"account_id"`
	Kind    Kind             `db:"kind" json:"kind"`
	Class   Class            `db:"-" json:"class"`
	Normal  Side             `db:"-" json:"normal_side" doc:"On which its balance is as it should be"`
	Party   string           `db:"party" json:"party,omitempty"`
	Vendor  id.Vendor        `db:"vendor_id" json:"vendor_id,omitzero"`
	Opening money.Amount     `db:"opening" json:"opening_balance"`
	Debit   money.Amount     `db:"debit" json:"debit"`
	Credit  money.Amount     `db:"credit" json:"credit"`
	Closing money.Amount     `db:"closing" json:"closing_balance"`
}

// A StatementLine is an entry, with what the account held after it.
type StatementLine struct {
	Line
	Balance money.Amount `json:"balance"`
}

// place is where a statement stands: after an entry, with a balance.
type place struct {
	At      time.Time
	Seq     int64
	Balance int64
}

// StatementOf is an account in a time. It adds up from the last closed month on.
func StatementOf(ctx context.Context, db postgres.DB, account id.LedgerAccount, span Span) (Statement, error) {
	s, err := readStatement(ctx, db, account, span)
	if err != nil {
		return s, err
	}
	line := lineOf(s.Kind)
	s.Class, s.Normal = line.Class, line.Normal
	return s, nil
}

// lines continues a statement after a place, by at most so many entries.
func (s Statement) lines(ctx context.Context, db postgres.DB, span Span, after place, limit int) ([]StatementLine, error) {
	read, err := readLinesAfter(ctx, db, s.ID, span, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read statement of %s: %w", s.ID, err)
	}
	balance := money.Of(after.Balance, s.Opening.Currency)
	list := make([]StatementLine, len(read))
	for i, l := range read {
		balance = balance.Plus(l.Amount)
		list[i] = StatementLine{l, balance}
	}
	return list, nil
}

func (s Statement) begin(span Span) place { return place{At: span.From, Balance: s.Opening.Minor} }

func (l StatementLine) place() place { return place{l.At, l.Seq, l.Balance.Minor} }

// filePage is how many rows of a file are held at once.
const filePage = 5000

var statementColumns = []string{"time", "transaction", "ref_type", "ref_id", "memo", "debit", "credit", "balance", "currency"}

// writeCSV writes the whole statement: the opening balance, the entries, the
// balance after the last of them.
func (s Statement) writeCSV(ctx context.Context, db postgres.DB, span Span, out *csv.Writer) error {
	at, currency := s.begin(span), s.Opening.Currency
	balanceRow := func(when time.Time, memo string, minor int64) []string {
		return []string{stamp(when), "", "", "", memo, "", "", money.Of(minor, currency).Decimal(), string(currency)}
	}
	rows := [][]string{statementColumns, balanceRow(span.From, "opening balance", at.Balance)}
	for {
		page, err := s.lines(ctx, db, span, at, filePage)
		if err != nil {
			return err
		}
		for _, l := range page {
			debit, credit := sides(l.Amount)
			rows = append(rows, []string{
				stamp(l.At), l.Txn.String(), httpapi.Inert(l.RefType), l.RefID.String(), httpapi.Inert(l.Memo), debit, credit, l.Balance.Decimal(), string(currency),
			})
			at = l.place()
		}
		if len(page) < filePage {
			rows = append(rows, balanceRow(span.To, "closing balance", at.Balance))
		}
		if err := out.WriteAll(rows); err != nil || len(page) < filePage {
			return err
		}
		rows = rows[:0]
	}
}

// stamp is a moment as files tell it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// sides are the cells of an amount: a debit, or a credit.
func sides(a money.Amount) (debit, credit string) {
	if a.Minor < 0 {
		return "", money.Zero(a.Currency).Minus(a).Decimal()
	}
	return a.Decimal(), ""
}
