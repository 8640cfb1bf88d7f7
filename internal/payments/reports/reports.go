// Package reports reads the files in which providers report what has moved on
// their books, for shops that compare them by hand or that lack the right to ask.
//
// Owns: the columns of those files, and what their words mean. Tables: none.
// Raises: [ErrReport]. Calls: nobody.
//
// Each file gives the movements that the provider's Statement gives of the same
// days, as far as it says: see the function of each for what it does not.
package reports

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"souk/internal/errs"
	"souk/internal/money"
	"souk/internal/payments"
)

// ErrReport says that a file is not what it should be; its fields say where.
var ErrReport = errs.New(errs.Invalid, "report_unreadable", "This file is not a report that can be read. Export it as CSV, with all columns.")

// Read reads a report of a provider, the oldest movement first. It answers with
// ErrReport when the file is another, and reads nothing of one that is in part.
func Read(provider string, file io.Reader) ([]payments.Movement, error) {
	readers := map[string]func(*table) ([]payments.Movement, error){"stripe": stripe, "razorpay": razorpay, "paypal": paypalCSV}
	read, ok := readers[provider]
	if !ok {
		return nil, ErrReport.Field("/provider", "unknown", "There are reports of stripe, razorpay and paypal.")
	}
	rows := csv.NewReader(file)
	rows.FieldsPerRecord = -1 // PayPal's sections differ in width
	rows.LazyQuotes = true    // and so does what buyers write
	list, err := read(&table{rows: rows})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b payments.Movement) int { return a.At.Compare(b.At) })
	return list, nil
}

// OfSettlements says that a provider's report lists what was paid out, and not what
// has moved: what is of the same days and not in it may be paid out later.
func OfSettlements(provider string) bool { return provider == "razorpay" }

// Whose says by the beginning of a report which provider wrote it; "" when none of
// them does.
func Whose(beginning []byte) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(string(beginning), "\ufeff"), "\n")
	switch line = strings.ToLower(line); {
	case strings.Contains(line, "balance_transaction_id"):
		return "stripe"
	case strings.Contains(line, "transaction_entity"):
		return "razorpay"
	case strings.HasPrefix(strings.Trim(line, `"`), "rh"): // PayPal's report header
		return "paypal"
	}
	return ""
}

// table is a file that is being read: a row at a time, its values by the names of
// its columns.
type table struct {
	rows    *csv.Reader
	columns map[string]int
	row     []string
	line    int
	err     error
}

// next reads a row, and reports false at the end.
func (t *table) next() bool {
	if t.err != nil {
		return false
	}
	row, err := t.rows.Read()
	if errors.Is(err, io.EOF) {
		return false
	}
	if err != nil {
		t.err = fmt.Errorf("%w (%w)", ErrReport, err)
		return false
	}
	t.row = row
	t.line, _ = t.rows.FieldPos(0)
	return true
}

// first reads the names of the columns where they stand in the first row.
func (t *table) first(needed ...string) {
	if t.next() {
		t.head(needed...)
	} else {
		t.fail("", "empty", "There is nothing in it.")
	}
}

// head takes the row as the names of the columns, and makes sure that some are
// there.
func (t *table) head(needed ...string) {
	t.columns = map[string]int{}
	for i, name := range t.row {
		t.columns[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	for _, name := range needed {
		if _, ok := t.columns[name]; !ok {
			t.fail(name, "missing", "There is no column "+name+".")
		}
	}
}

// get is the value of a column, "" when it is not there.
func (t *table) get(column string) string {
	if i, ok := t.columns[column]; ok && i < len(t.row) {
		return strings.TrimSpace(t.row[i])
	}
	return ""
}

// fail keeps the first thing that is wrong.
func (t *table) fail(column, code, says string) {
	if t.err == nil {
		t.err = ErrReport.Field(fmt.Sprintf("/%d/%s", t.line, column), code, says)
	}
}

// amount reads a decimal in a currency; nothing is zero.
func (t *table) amount(column string, c money.Currency) money.Amount {
	text := t.get(column)
	if text == "" {
		return money.Zero(c)
	}
	a, err := money.Parse(text, c)
	if err != nil || !c.Valid() {
		t.fail(column, "invalid", fmt.Sprintf("%q is not an amount in %s.", text, c))
		return money.Zero(c)
	}
	return a
}

// at reads a time as one of some layouts write it.
func (t *table) at(column string, zone *time.Location, layouts ...string) time.Time {
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, t.get(column), zone); err == nil {
			return at.UTC()
		}
	}
	t.fail(column, "invalid", fmt.Sprintf("%q is not a time.", t.get(column)))
	return time.Time{}
}

func (t *table) currency(column string) money.Currency {
	return money.Currency(strings.ToUpper(t.get(column)))
}
