package ledger_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
)

// books are a shop with two sales in cash, of January and of February.
func books(t *testing.T) (a *apptest.App, cash string) {
	t.Helper()
	a = apptest.New(t, pgtest.DB(t))
	a.InTx(t, func(tx pgx.Tx) error {
		return ledger.Post(t.Context(), tx, saleAt(day(time.January, 5)), saleAt(day(time.February, 5)))
	})
	list := apptest.Read[httpapi.List[ledger.Account]](t, a.Call(t, apptest.Admin, "GET", "/admin/ledger?kind=psp_clearing", "").Want(t, 200))
	return a, list.Data[0].ID.String()
}

// file reads an answer that is a file.
func file(t *testing.T, w apptest.Answer) [][]string {
	t.Helper()
	w.Want(t, 200)
	if kind := w.Header.Get("Content-Type"); kind != "text/csv; charset=utf-8" {
		t.Errorf("it is %s", kind)
	}
	rows, err := csv.NewReader(strings.NewReader(w.Body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

const firstQuarter = "from=2026-01-01T00:00:00Z&to=2026-04-01T00:00:00Z"

func TestAStatementIsReadPageByPageOrAsAFile(t *testing.T) {
	t.Parallel()
	a, cash := books(t)
	at := "/admin/ledger/" + cash + "/statement?"
	type page struct {
		ledger.Statement
		httpapi.List[ledger.StatementLine]
	}
	first := apptest.Read[page](t, a.Call(t, apptest.Admin, "GET", at+firstQuarter+"&limit=1&include=total_count", "").
		Want(t, 200, `"kind":"psp_clearing","class":"asset","normal_side":"debit","party":"cod"`, `"from":"2026-01-01T00:00:00Z"`))
	if first.Opening != usd(0) || first.Debit != usd(200) || first.Closing != usd(200) || len(first.Data) != 1 || first.Data[0].Balance != usd(100) ||
		*first.TotalCount != 2 {
		t.Errorf("%+v", first)
	}
	second := apptest.Read[page](t, a.Call(t, apptest.Admin, "GET", at+firstQuarter+"&limit=1&after="+first.NextCursor, "").Want(t, 200))
	if len(second.Data) != 1 || second.Data[0].Balance != usd(200) || second.HasMore {
		t.Errorf("%+v", second)
	}
	rows := file(t, a.Call(t, apptest.Admin, "GET", at+"from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z&format=csv", ""))
	if len(rows) != 4 || rows[1][4] != "opening balance" || rows[1][7] != "1.00" || rows[2][5] != "1.00" || rows[3][4] != "closing balance" || rows[3][7] != "2.00" {
		t.Errorf("%q", rows)
	}
	a.Call(t, apptest.Admin, "GET", at+"from=2026-02-01T00:00:00Z", "").Want(t, 422, `"pointer":"to"`)
	a.Call(t, apptest.Admin, "GET", at+"from=2026-02-01T00:00:00Z&to=2026-02-01T00:00:00Z", "").Want(t, 422, "out_of_range")
	a.Call(t, apptest.Admin, "GET", "/admin/ledger/"+id.New[id.LedgerAccount]().String()+"/statement?"+firstQuarter, "").Want(t, 404)
	a.Call(t, apptest.Admin, "GET", "/admin/ledger/"+id.New[id.LedgerAccount]().String()+"/statement?format=csv&"+firstQuarter, "").Want(t, 404)
}

func TestReportsAreJSONOrFiles(t *testing.T) {
	t.Parallel()
	a, _ := books(t)
	reports := "/admin/ledger/reports/"
	trial := a.Call(t, apptest.Admin, "GET", reports+"trial-balance?at=2026-02-01T00:00:00Z&limit=2&include=total_count", "").
		Want(t, 200, `"totals":[{"currency":"USD","debit":{"amount":100,"currency":"USD"},"credit":{"amount":100,"currency":"USD"}}]`, `"has_more":true`, `"total_count":4`)
	next := apptest.Read[httpapi.List[ledger.TrialLine]](t, trial).NextCursor
	a.Call(t, apptest.Admin, "GET", reports+"trial-balance?at=2026-02-01T00:00:00Z&limit=2&after="+next, "").Want(t, 200, `"kind":"vendor_payable"`, `"has_more":false`)
	if rows := file(t, a.Call(t, apptest.Admin, "GET", reports+"trial-balance?format=csv", "")); len(rows) != 6 {
		t.Errorf("%q", rows) // a row of titles, cash, commission, tax and two vendors
	}
	a.Call(t, apptest.Admin, "GET", reports+"income?from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z", "").
		Want(t, 200, `"revenue":{"kinds":[{"kind":"commission_revenue","amount":{"amount":10,"currency":"USD"}}],"total":{"amount":10,"currency":"USD"}}`,
			`"expenses":{"kinds":[],"total":{"amount":0,"currency":"USD"}},"result":{"amount":10,"currency":"USD"}`)
	a.Call(t, apptest.Admin, "GET", reports+"balance?at=2026-03-01T00:00:00Z", "").
		Want(t, 200, `"assets":{"kinds":[{"kind":"psp_clearing","amount":{"amount":200,"currency":"USD"}}],"total":{"amount":200`, `"equity":{"amount":20,"currency":"USD"}`)
	a.Call(t, apptest.Admin, "GET", reports+"balance?at=2025-01-01T00:00:00Z", "").Want(t, 200, `"data":[]`)
	if rows := file(t, a.Call(t, apptest.Admin, "GET", reports+"income?format=csv&"+firstQuarter, "")); rows[1][1] != "commission_revenue" || rows[1][2] != "0.20" {
		t.Errorf("%q", rows)
	}
	if rows := file(t, a.Call(t, apptest.Admin, "GET", reports+"balance?format=csv", "")); rows[len(rows)-1][0] != "equity" || rows[len(rows)-1][2] != "0.20" {
		t.Errorf("%q", rows)
	}
}

// Bad input 108: a text that begins like a formula is none in a file.
func TestTheJournalIsAFileWithoutFormulas(t *testing.T) {
	t.Parallel()
	a, _ := books(t)
	odd := saleAt(day(time.March, 5))
	odd.Memo = `=HYPERLINK("http://example.com"),` + "\n"
	a.InTx(t, func(tx pgx.Tx) error { return ledger.Post(t.Context(), tx, odd) })
	rows := file(t, a.Call(t, apptest.Admin, "GET", "/admin/ledger/journal?"+firstQuarter, ""))
	if len(rows) != 1+3*4 {
		t.Fatalf("%q", rows)
	}
	debit, credit := 0, 0
	for _, row := range rows[1:] {
		for sum, cell := range map[*int]string{&debit: row[7], &credit: row[8]} {
			if cell != "" {
				amount, err := time.ParseDuration(strings.Replace(cell, ".", "s", 1) + "0ms")
				if err != nil {
					t.Fatal(err)
				}
				*sum += int(amount / (10 * time.Millisecond))
			}
		}
	}
	if debit != 300 || credit != 300 {
		t.Errorf("%d debited, %d credited", debit, credit)
	}
	if last := rows[len(rows)-1]; last[4] != "'"+odd.Memo || last[1] != "2026-03-05T12:00:00Z" || !strings.HasPrefix(last[3], "0") {
		t.Errorf("%q", last)
	}
}

func TestStaffCloseAMonthAndOpenItAgain(t *testing.T) {
	t.Parallel()
	a, _ := books(t)
	at := "/admin/ledger/periods"
	a.Call(t, apptest.Admin, "GET", at+"?limit=100", "").Want(t, 200, `{"period":"2026-01","status":"open","changes":[]}`, `"has_more":false`)
	a.Call(t, apptest.Admin, "POST", at+"/2026-02/close", "").Want(t, 409, "period_order", `"next":"2026-01"`)
	a.Call(t, apptest.Admin, "POST", at+"/2026-01/close", "").Want(t, 200, `"status":"closed"`)
	a.Call(t, apptest.Admin, "POST", at+"/2026-01/close", "").Want(t, 200, `"status":"closed"`)
	a.Call(t, apptest.Admin, "POST", at+"/2026-01/reopen", `{"reason": ""}`).Want(t, 422, "/reason")
	a.Call(t, apptest.Admin, "POST", at+"/2026-01/reopen", `{"reason": "an invoice was late"}`).Want(t, 200, `"status":"open"`)
	a.Call(t, apptest.Admin, "POST", at+"/2026-01/reopen", `{"reason": "again"}`).Want(t, 409, "period_open")
	a.Call(t, apptest.Admin, "GET", at+"?limit=100", "").Want(t, 200, `"change":"reopened","reason":"an invoice was late"`)
	first := apptest.Read[httpapi.List[ledger.AccountingPeriod]](t, a.Call(t, apptest.Admin, "GET", at+"?limit=1", "").Want(t, 200))
	a.Call(t, apptest.Admin, "GET", at+"?limit=1&after="+first.NextCursor, "").Want(t, 200, `"has_more":true`)
	for _, none := range []string{"2026-13", "2026-1", "x"} {
		a.Call(t, apptest.Admin, "POST", at+"/"+none+"/close", "").Want(t, 404, "not_found")
	}
}
