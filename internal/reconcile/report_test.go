package reconcile_test

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
	"souk/internal/reconcile"
)

const report = "balance_transaction_id,created_utc,currency,gross,fee,reporting_category,source_id,charge_id,payment_intent_id\n" +
	"txn_1,2026-09-14 10:02:11,usd,60.00,1.74,charge,ch_1,ch_1,pi_1\n" +
	"txn_2,2026-09-15 00:00:00,usd,-2.00,0.00,fee,fee_1,,\n" +
	"txn_3,2026-09-15 01:00:00,usd,-50.00,0.00,payout,po_1,,\n"

// What a report says beside payments is posted once, however often and in
// whichever way it is sent, and what does not add up is shown once.
func TestASettlementReportIsSent(t *testing.T) {
	shop := apptest.New(t, pgtest.DB(t))
	form := func(provider string) (string, string) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		if err := w.WriteField("provider", provider); err != nil {
			t.Fatal(err)
		}
		file, err := w.CreateFormFile("file", "balance.csv")
		if err == nil {
			_, err = file.Write([]byte(report))
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return body.String(), w.FormDataContentType()
	}
	send := func(query, body, mime string) apptest.Answer {
		return shop.Call(t, apptest.Admin, "POST", "/admin/reconciliation/reports"+query, body, "Content-Type", mime)
	}
	filled, boundary := form("stripe")
	for i, answer := range []apptest.Answer{
		send("", report, "text/csv"), send("?provider=stripe&from=2026-09-14&until=2026-09-16", report, "text/csv"), send("", filled, boundary),
	} {
		run := apptest.Read[reconcile.Run](t, answer.Want(t, 200))
		if run.Provider != "stripe" || run.Source != reconcile.File || run.Movements != 3 || run.Found != 1 || run.Posted != map[bool]int{true: 2}[i == 0] {
			t.Errorf("sent %d times: %+v", i+1, run)
		}
		if len(run.Exceptions) != 1 || run.Exceptions[0].Kind != payments.ExceptionUnknown || run.Exceptions[0].Subject != "capture ch_1" {
			t.Errorf("sent %d times: %+v", i+1, run.Exceptions)
		}
	}
	shop.WantRows(t, "payment_exceptions", 1)
	shop.WantRows(t, "ledger_txns", 2)

	send("", "", "text/csv").Want(t, 422, "report_unreadable")
	send("", "a,b\n1,2\n", "text/csv").Want(t, 422, "report_unreadable")
	send("?provider=test", report, "text/csv").Want(t, 422, "report_unreadable")
	send("?provider=paypal", report, "text/csv").Want(t, 422, "report_unreadable")
	send("?from=2026-01-01&until=2026-09-16", report, "text/csv").Want(t, 422, "too_long")
	send("", strings.Replace(report, "60.00", "a lot", 1), "text/csv").Want(t, 422, "report_unreadable", "/2/gross")
	shop.Call(t, "", "POST", "/admin/reconciliation/reports", report, "Content-Type", "text/csv").Want(t, 401)
	shop.WantRows(t, "ledger_txns", 2)
}
