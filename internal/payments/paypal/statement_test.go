package paypal_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
)

// entries lets PayPal's transaction search find rows, some to a page, and keeps
// the windows that it was asked for.
func (b *bench) entries(windows *[]string, perPage int, rows ...string) {
	b.front.answer("/v1/reporting/transactions", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		page, _ := strconv.Atoi(query.Get("page"))
		*windows = append(*windows, query.Get("start_date")+" "+query.Get("end_date")+" "+query.Get("page"))
		found := rows[(page-1)*perPage : min(page*perPage, len(rows))]
		list := ""
		for i, row := range found {
			if i > 0 {
				list += ","
			}
			list += `{"transaction_info":{"transaction_initiation_date":"2026-10-05T08:00:0` + fmt.Sprint(9-i%10) + `+0200","transaction_status":"S",` + row + `}}`
		}
		fmt.Fprintf(w, `{"total_pages":%d,"transaction_details":[%s]}`, (len(rows)+perPage-1)/perPage, list)
	})
}

func TestWhatTheCodesOfAStatementMean(t *testing.T) {
	b := open(t)
	b.front.answer("/v1/customer/disputes", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("disputed_transaction_id") == "C1" {
			fmt.Fprint(w, `{"items":[{"dispute_id":"PP-D-2"},{"dispute_id":"PP-D-1"}]}`)
		} else {
			fmt.Fprint(w, `{"items":[]}`)
		}
	})
	usd := func(minor int64) money.Amount { return money.Of(minor, "USD") }
	for _, test := range []struct {
		code, value, fee, reference string
		want                        []payments.Movement
	}{
		{"T0006", "19.99", "-0.70", "O1", []payments.Movement{{Ref: "X", Payment: "X", Kind: payments.Capture, Amount: usd(1999), Fee: usd(70)}}},
		{"T0003", "5", "", "", []payments.Movement{{Ref: "X", Payment: "X", Kind: payments.Capture, Amount: usd(500), Fee: usd(0)}}},
		{"T1107", "-5.00", "", "C1", []payments.Movement{{Ref: "X", Payment: "C1", Kind: payments.Refund, Amount: usd(-500), Fee: usd(0)}}},
		{"T1107", "-5.00", "0.17", "C1", []payments.Movement{
			{Ref: "X", Payment: "C1", Kind: payments.Refund, Amount: usd(-500), Fee: usd(0)}, {Ref: "X", Kind: payments.Fee, Amount: usd(17), Fee: usd(0)},
		}},
		{"T1100", "5.00", "", "R1", []payments.Movement{{Ref: "R1", Payment: "R1", Kind: payments.RefundFailed, Amount: usd(500), Fee: usd(0)}}},
		{"T1110", "-15.00", "", "C1", []payments.Movement{{Ref: "PP-D-2", Payment: "C1", Kind: payments.Chargeback, Amount: usd(-1500), Fee: usd(0)}}},
		{"T1111", "15.00", "", "C1", []payments.Movement{{Ref: "PP-D-2", Payment: "C1", Kind: payments.ChargebackReversed, Amount: usd(1500), Fee: usd(0)}}},
		{"T1201", "-15.00", "", "C2", []payments.Movement{{Ref: "X", Payment: "C2", Kind: payments.Chargeback, Amount: usd(-1500), Fee: usd(0)}}},
		{"T0106", "-20.00", "", "X1", []payments.Movement{{Ref: "X", Kind: payments.Fee, Amount: usd(-2000), Fee: usd(0)}}},
		{"T0400", "-100.00", "", "", []payments.Movement{{Ref: "X", Kind: payments.Payout, Amount: usd(-10000), Fee: usd(0)}}},
		{"T0200", "-1.00", "", "", []payments.Movement{{Ref: "X", Kind: payments.Payout, Amount: usd(-100), Fee: usd(0)}}},
		{"T0001", "-1.00", "-0.02", "", []payments.Movement{{Ref: "X", Kind: payments.Payout, Amount: usd(-100), Fee: usd(2)}}},
		{"T1200", ".50", "", "", []payments.Movement{{Ref: "X", Kind: payments.Fee, Amount: usd(50), Fee: usd(0)}}},
	} {
		row := fmt.Sprintf(`"transaction_id":"X","transaction_event_code":%q,"transaction_amount":{"currency_code":"USD","value":%q},"paypal_reference_id":%q`,
			test.code, test.value, test.reference)
		if test.fee != "" {
			row += fmt.Sprintf(`,"fee_amount":{"currency_code":"USD","value":%q}`, test.fee)
		}
		var windows []string
		b.entries(&windows, 500, row)
		got, err := b.provider.Statement(t.Context(), time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC))
		for i := range test.want {
			test.want[i].At = time.Date(2026, 10, 5, 6, 0, 9, 0, time.UTC)
		}
		b.want([]any{test.code, got, err}, []any{test.code, test.want, nil})
	}
}

func TestAStatementIsReadInWindowsAndPages(t *testing.T) {
	b := open(t)
	var rows []string
	for i := range 5 {
		rows = append(rows, fmt.Sprintf(`"transaction_id":"X%d","transaction_event_code":"T0006","transaction_amount":{"currency_code":"USD","value":"1.00"}`, i))
	}
	rows = append(rows, `"transaction_id":"P","transaction_event_code":"T0006","transaction_amount":{"currency_code":"USD","value":"1.00"},"transaction_status":"P"`)
	var windows []string
	b.entries(&windows, 4, rows...)
	list, err := b.provider.Statement(t.Context(), time.Date(2026, 9, 1, 0, 0, 0, 500, time.UTC), time.Date(2026, 10, 11, 12, 0, 0, 700, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	b.want(windows, []string{
		"2026-09-01T00:00:00Z 2026-10-01T23:59:59Z 1", "2026-09-01T00:00:00Z 2026-10-01T23:59:59Z 2",
		"2026-10-02T00:00:00Z 2026-10-11T11:59:59Z 1", "2026-10-02T00:00:00Z 2026-10-11T11:59:59Z 2",
	})
	b.want(len(list), 10) // what is pending has not moved
	for i := range list[1:] {
		if list[i+1].At.Before(list[i].At) {
			t.Fatalf("not the oldest first: %+v", list)
		}
	}
}

// PayPal finds ten thousand movements at once, and no more.
func TestABusyTimeIsReadByHalves(t *testing.T) {
	b := open(t)
	var windows []string
	b.front.answer("/v1/reporting/transactions", func(w http.ResponseWriter, r *http.Request) {
		from, err := time.Parse(time.RFC3339, r.URL.Query().Get("start_date"))
		last, e := time.Parse(time.RFC3339, r.URL.Query().Get("end_date"))
		if err != nil || e != nil {
			t.Error(err, e)
		}
		if last.Sub(from) > 12*time.Hour {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"name":"RESULTSET_TOO_LARGE","message":"Result set size is greater than the maximum limit.","maximum_items":10000,"total_items":12000}`)
			return
		}
		windows = append(windows, r.URL.Query().Get("start_date")+" "+r.URL.Query().Get("end_date"))
		fmt.Fprintf(w, `{"total_pages":1,"transaction_details":[{"transaction_info":{"transaction_initiation_date":%q,"transaction_status":"S","transaction_id":"X%d",
			"transaction_event_code":"T0006","transaction_amount":{"currency_code":"USD","value":"1.00"}}}]}`, from.Format(time.RFC3339), len(windows))
	})
	list, err := b.provider.Statement(t.Context(), time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 9, 3, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	b.want(windows, []string{
		"2026-09-01T00:00:00Z 2026-09-01T11:59:59Z", "2026-09-01T12:00:00Z 2026-09-01T23:59:59Z",
		"2026-09-02T00:00:00Z 2026-09-02T11:59:59Z", "2026-09-02T12:00:00Z 2026-09-02T23:59:59Z",
	})
	b.want(len(list), 4)
}

// The fake is as strict as PayPal: no more than 31 days.
func TestALongStatement(t *testing.T) {
	b := open(t)
	if _, err := b.provider.Statement(t.Context(), b.clock.Now().Add(-100*24*time.Hour), b.clock.Now()); err != nil {
		t.Error(err)
	}
}
