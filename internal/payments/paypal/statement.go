package paypal

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
)

// entry is a row of PayPal's transaction search.
type entry struct {
	Info struct {
		ID        string   `json:"transaction_id"`
		Reference string   `json:"paypal_reference_id"` // the transaction that it belongs to
		Code      string   `json:"transaction_event_code"`
		At        wireTime `json:"transaction_initiation_date"`
		Amount    sum      `json:"transaction_amount"`
		Fee       *sum     `json:"fee_amount"` // below zero when PayPal keeps it
		Status    string   `json:"transaction_status"`
	} `json:"transaction_info"`
}

// wireTime is a time that PayPal writes with or without a colon in its zone.
type wireTime struct{ time.Time }

// UnmarshalJSON reads 2026-11-26T12:00:00+0000 and 2026-11-26T12:00:00Z.
func (t *wireTime) UnmarshalJSON(b []byte) error {
	var text string
	err := json.Unmarshal(b, &text)
	if err != nil {
		return err
	}
	if t.Time, err = time.Parse("2006-01-02T15:04:05Z0700", text); err != nil {
		t.Time, err = time.Parse(time.RFC3339, text)
	}
	t.Time = t.Time.UTC()
	return err
}

const (
	window   = 31 * 24 * time.Hour // the longest that PayPal searches at once
	pageSize = 500
)

// Statement reads what has changed the balance. It takes up to three hours until
// PayPal shows a transaction, and three years until it does not any more.
func (p *Provider) Statement(ctx context.Context, from, until time.Time) ([]payments.Movement, error) {
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return nil, err
	}
	var list []payments.Movement
	until = until.Truncate(time.Second) // PayPal counts in seconds, and both ends belong to its window
	for start := from.Truncate(time.Second); start.Before(until); start = start.Add(window) {
		end := start.Add(window)
		if until.Before(end) {
			end = until
		}
		if list, err = p.search(ctx, account, start, end.Add(-time.Second), list); err != nil {
			return nil, fmt.Errorf("read statement from %s: %w", start, err)
		}
	}
	slices.SortStableFunc(list, func(a, b payments.Movement) int { return a.At.Compare(b.At) })
	return list, nil
}

// search adds what has moved from a second until another to a list. PayPal finds
// 10,000 transactions at most at once: of more it says so, and is asked by halves.
func (p *Provider) search(ctx context.Context, a payments.Account, from, last time.Time, list []payments.Movement) ([]payments.Movement, error) {
	found, err := p.found(ctx, a, from, last, list)
	if !refusedFor(err, "RESULTSET_TOO_LARGE") || last.Sub(from) < time.Minute {
		return found, err
	}
	half := from.Add(last.Sub(from) / 2).Truncate(time.Second)
	if list, err = p.search(ctx, a, from, half, list); err != nil {
		return nil, err
	}
	return p.search(ctx, a, half.Add(time.Second), last, list)
}

// found reads the pages of one search.
func (p *Provider) found(ctx context.Context, a payments.Account, from, last time.Time, list []payments.Movement) ([]payments.Movement, error) {
	for page, pages := 1, 1; page <= pages; page++ {
		query := url.Values{
			"start_date": {from.UTC().Format(time.RFC3339)}, "end_date": {last.UTC().Format(time.RFC3339)}, "fields": {"transaction_info"},
			"balance_affecting_records_only": {"Y"}, "page_size": {strconv.Itoa(pageSize)}, "page": {strconv.Itoa(page)},
		}
		var found struct {
			Entries []entry `json:"transaction_details"`
			Pages   int     `json:"total_pages"`
		}
		err := p.call(ctx, a, call{method: http.MethodGet, path: "/v1/reporting/transactions?" + query.Encode(), into: &found})
		if err != nil {
			return nil, err
		}
		pages = found.Pages
		for _, e := range found.Entries {
			if e.Info.Status == "D" || e.Info.Status == "P" { // denied, pending: nothing has moved
				continue
			}
			moved, err := p.movements(ctx, a, e)
			if err != nil {
				return nil, err
			}
			list = append(list, moved...)
		}
	}
	return list, nil
}

// movements is what an entry says.
func (p *Provider) movements(ctx context.Context, a payments.Account, e entry) ([]payments.Movement, error) {
	i := e.Info
	m := payments.Movement{
		Ref: i.ID, Kind: KindOf(i.Code, i.Amount.Minor > 0), Amount: i.Amount.Amount, Fee: money.Zero(i.Amount.Currency), At: i.At.Time,
	}
	switch m.Kind {
	case payments.Capture:
		m.Payment = i.ID
	case payments.Refund:
		m.Payment = i.Reference
	case payments.RefundFailed: // the fact is known by the refund
		m.Payment, m.Ref = i.Reference, i.Reference
	case payments.Chargeback, payments.ChargebackReversed: // the facts are known by the dispute
		m.Payment = i.Reference
		ids, err := p.disputesOf(ctx, a, i.Reference)
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			m.Ref = ids[len(ids)-1]
		}
	case payments.Authorize, payments.Void, payments.Fail, payments.Fee, payments.Payout: // of no payment
	}
	if i.Fee != nil {
		m.Fee = money.Of(-i.Fee.Minor, i.Fee.Currency)
	}
	return payments.WithReturns([]payments.Movement{m}), nil
}

// KindOf is what PayPal's code for an entry of its books means. Money comes in for
// the shop, or it leaves.
// https://developer.paypal.com/reports/reference/t-codes
func KindOf(code string, in bool) payments.Kind {
	switch {
	case strings.HasPrefix(code, "T00") && in:
		return payments.Capture
	case code == "T1107":
		return payments.Refund
	case code == "T1100" && in: // a refund that did not arrive
		return payments.RefundFailed
	case slices.Contains(takenBack, code) && in:
		return payments.ChargebackReversed
	case slices.Contains(takenBack, code):
		return payments.Chargeback
	case slices.ContainsFunc(ownMoney, func(group string) bool { return strings.HasPrefix(code, group) }):
		return payments.Payout
	}
	return payments.Fee
}

var (
	// takenBack is reversals by PayPal, holds for disputes and their ends, and
	// chargebacks and theirs.
	takenBack = []string{"T1106", "T1110", "T1111", "T1201", "T1202", "T1205", "T1207", "T1208"}

	// ownMoney is payments to others, conversions, deposits from and withdrawals to
	// the shop's bank, holds and reserves, transfers: money that stays the shop's, or
	// that it has sent itself.
	ownMoney = []string{"T00", "T02", "T03", "T04", "T05", "T06", "T07", "T1105", "T15", "T17", "T20", "T21", "T22", "T50"}
)
