package ledger

import (
	"context"
	"encoding/csv"
	"fmt"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// A journalRow is an entry with its account.
type journalRow struct {
	Line
	Kind   Kind      `db:"kind"`
	Party  string    `db:"party"`
	Vendor id.Vendor `db:"vendor_id"`
}

var journalColumns = []string{"transaction", "time", "ref_type", "ref_id", "memo", "account", "class", "debit", "credit", "currency"}

// Journal writes every entry of a time, one a row, transactions in the order in
// which they happened, and says how many.
func Journal(ctx context.Context, db postgres.DB, span Span, out *csv.Writer) (entries int, err error) {
	if err := span.check(); err != nil {
		return 0, err
	}
	rows, after := [][]string{journalColumns}, journalRow{Line: Line{At: span.From}}
	for {
		page, err := readJournal(ctx, db, span, after, filePage)
		if err != nil {
			return entries, fmt.Errorf("read the journal: %w", err)
		}
		for _, r := range page {
			rows = append(rows, r.cells())
			after = r
		}
		if err := out.WriteAll(rows); err != nil {
			return entries, err
		}
		entries += len(page)
		if rows = rows[:0]; len(page) < filePage {
			return entries, nil
		}
	}
}

func (r journalRow) cells() []string {
	debit, credit := sides(r.Amount)
	return []string{
		r.Txn.String(), stamp(r.At), httpapi.Inert(r.RefType), r.RefID.String(), httpapi.Inert(r.Memo), r.account(), string(lineOf(r.Kind).Class),
		debit, credit, string(r.Amount.Currency),
	}
}

// account names it as other programs may: "psp_clearing:cod".
func (r journalRow) account() string {
	switch {
	case r.Party != "":
		return string(r.Kind) + ":" + r.Party
	case !r.Vendor.IsZero():
		return string(r.Kind) + ":" + r.Vendor.String()
	}
	return string(r.Kind)
}
