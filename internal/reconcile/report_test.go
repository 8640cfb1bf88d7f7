package reconcile_test

import (
	"bytes"
	"errors"
	"mime/multipart"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
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

	// A month of another time zone is of 32 days here.
	month := strings.Replace(report, "txn_2,2026-09-15", "txn_2,2026-08-14", 1)
	if run := apptest.Read[reconcile.Run](t, send("", month, "text/csv").Want(t, 200)); run.Until.Sub(run.From) != 33*24*time.Hour || run.Found != 1 {
		t.Errorf("a long report: %+v", run)
	}
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

// took records that a provider has taken 10.00, and kept 0.30 of it, by some names
// at some times.
func took(t *testing.T, shop *apptest.App, provider string, at map[string]time.Time) {
	t.Helper()
	placed := shop.PlacedOrder(t, "ann", 1, shop.Variant(t, apptest.Stock(5)))
	amount, fee, clearing := money.Of(1000, "USD"), money.Of(30, "USD"), ledger.AccountKey{Kind: ledger.Clearing, Party: provider}
	shop.InTx(t, func(tx pgx.Tx) error {
		for name, moment := range at {
			b, payment := postgres.NewBatch(), id.New[id.Payment]()
			payments.QueueOpen(t.Context(), b, payments.Opening{ID: payment, Order: placed.Order.ID, Provider: provider, Amount: amount, AuthorizedNow: true})
			if err := errors.Join(b.Send(t.Context(), tx), payments.Started(t.Context(), tx, payment, name)); err != nil {
				return err
			}
			for kind, entries := range map[payments.Kind][]ledger.Entry{
				payments.Capture: {ledger.Debit(clearing, amount), ledger.Credit(ledger.AccountKey{Kind: ledger.CustomerDeposits}, amount)},
				payments.Fee:     {ledger.Debit(ledger.AccountKey{Kind: ledger.ProviderFees}, fee), ledger.Credit(clearing, fee)},
			} {
				event := id.New[id.PaymentEvent]()
				_, err := postgres.Exec(t.Context(), tx, `
					INSERT INTO payment_events (id, payment_id, kind, amount_minor, currency, cause, actor, at)
					VALUES (@id, @payment, @kind, @amount, @currency, @cause, 'payments', @at)`,
					pgx.NamedArgs{
						"id": event, "payment": payment, "kind": string(kind), "amount": entries[0].Amount.Minor, "currency": "USD", "cause": name, "at": moment,
					})
				if err == nil {
					err = ledger.Post(t.Context(), tx, ledger.Posting{RefType: "payment_event", RefID: event, Memo: name, Entries: entries})
				}
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// What a report lacks is missing there only where it has to have it: between its
// first payment and its last, unless its days are told. What it says nothing of
// stays as it was found.
func TestAReportProvesAbsenceOnlyOfWhatItCovers(t *testing.T) {
	shop := apptest.New(t, pgtest.DB(t))
	shop.User(t, "ann")
	hour := func(h int) time.Time { return time.Date(2026, 9, 14, h, 0, 0, 0, time.UTC) }
	took(t, shop, "stripe", map[string]time.Time{"ch_early": hour(7), "ch_first": hour(10), "ch_lost": hour(12), "ch_last": hour(15), "ch_late": hour(20)})
	took(t, shop, "razorpay", map[string]time.Time{"pay_first": hour(7), "pay_waits": hour(9), "pay_last": hour(11)})

	const head = "balance_transaction_id,created_utc,currency,gross,fee,reporting_category,source_id\n"
	row := func(name, at string) string {
		return "txn_" + name + ",2026-09-" + at + ":00:00,usd,10.00,0.30,charge," + name + "\n"
	}
	const payout = "txn_1,2026-09-15 01:00:00,usd,-19.40,0.00,payout,po_1\n"
	partial := head + row("ch_first", "14 10") + row("ch_last", "14 15") + payout
	whole := partial + row("ch_early", "14 07") + row("ch_lost", "14 12") + row("ch_late", "14 20")
	const recon = "transaction_entity,entity_id,amount,currency,debit,credit,entity_created_at,settlement_id,settled_at\n" +
		"payment,pay_first,10.00,USD,0,9.70,2026-09-14T12:30:00,setl_1,2026-09-16T11:00:00\n" +
		"payment,pay_last,10.00,USD,0,9.70,2026-09-14T16:30:00,setl_1,2026-09-16T11:00:00\n"
	for i, tc := range []struct {
		query, file string
		resolved    int
		missing     []string
	}{
		{"", partial, 0, []string{"capture ch_lost"}},
		{"?from=2026-09-14&until=2026-09-14", partial, 0, []string{"capture ch_early", "capture ch_late", "capture ch_lost"}},
		{"", partial, 0, []string{"capture ch_lost"}},
		{"", head + payout, 0, nil},
		{"", whole, 3, nil},
		{"", recon, 0, nil}, // pay_waits is settled another day
		{"?from=2026-09-14&until=2026-09-16", recon, 0, nil},
	} {
		run := apptest.Read[reconcile.Run](t, shop.Call(t, apptest.Admin, "POST", "/admin/reconciliation/reports"+tc.query, tc.file, "Content-Type", "text/csv").Want(t, 200))
		var missing []string
		for _, e := range run.Exceptions {
			if e.Kind == payments.ExceptionExtra {
				missing = append(missing, e.Subject)
			}
		}
		slices.Sort(missing)
		if !slices.Equal(missing, tc.missing) || run.Found != len(missing) || run.Resolved != tc.resolved {
			t.Errorf("%d: %v are missing, %d resolved, want %v and %d: %+v", i, missing, run.Resolved, tc.missing, tc.resolved, run.Exceptions)
		}
	}
}
