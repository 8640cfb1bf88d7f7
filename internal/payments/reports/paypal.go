package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/paypal"
)

// paypalCSV reads PayPal's settlement report (STL) or transaction detail report
// (TRR). Its rows say in their first column what they are: CH names the columns
// of the SB that follow. Amounts are whole numbers of the smallest unit, without a
// sign. The files do not name disputes: a chargeback is known by the transaction,
// where Statement says the dispute's name.
// https://developer.paypal.com/reports/transaction-detail
func paypalCSV(t *table) ([]payments.Movement, error) {
	var list []payments.Movement
	for t.next() {
		switch strings.TrimPrefix(t.row[0], "\ufeff") {
		case "CH":
			t.head("transaction id", "paypal reference id", "transaction event code", "transaction initiation date",
				"transaction debit or credit", "gross transaction amount", "gross transaction currency", "fee debit or credit", "fee amount", "fee currency")
		case "SB":
			if t.columns == nil {
				t.fail("", "missing", "There is a transaction before the names of the columns.")
				break
			}
			list = append(list, paypalRow(t)...)
		}
	}
	if t.err == nil && t.columns == nil {
		t.fail("", "missing", "There is no row CH with the names of the columns.")
	}
	return list, t.err
}

func paypalRow(t *table) []payments.Movement {
	code, status := t.get("transaction event code"), t.get("transactional status")
	if status == "D" || status == "P" || strings.HasPrefix(code, "T13") { // denied, pending, an authorisation: nothing has moved
		return nil
	}
	amount := t.signed("gross transaction amount", "gross transaction currency", "transaction debit or credit")
	m := payments.Movement{
		Ref: t.get("transaction id"), Kind: paypal.KindOf(code, amount.Minor > 0), Amount: amount, Fee: money.Zero(amount.Currency),
		At: t.at("transaction initiation date", time.UTC, "2006/01/02 15:04:05 -0700"),
	}
	reference := t.get("paypal reference id")
	switch m.Kind {
	case payments.Capture:
		m.Payment = m.Ref
	case payments.RefundFailed:
		m.Payment, m.Ref = reference, reference
	case payments.Refund, payments.Chargeback, payments.ChargebackReversed:
		m.Payment = reference
	case payments.Authorize, payments.Void, payments.Fail, payments.Fee, payments.Payout: // of no payment
	}
	if t.get("fee amount") != "" {
		fee := t.signed("fee amount", "fee currency", "fee debit or credit")
		if fee.Currency != amount.Currency {
			t.fail("fee currency", "invalid", "A fee is in the currency of what it is of.")
			return nil
		}
		m.Fee = money.Of(-fee.Minor, fee.Currency)
	}
	return payments.WithReturns([]payments.Movement{m})
}

// withoutDecimals is what PayPal writes in whole units: its reports as its API.
var withoutDecimals = []money.Currency{"HUF", "JPY", "TWD"}

// signed reads a whole number of the smallest unit, below zero when it is a debit.
func (t *table) signed(amount, currency, direction string) money.Amount {
	c := t.currency(currency)
	n, err := strconv.ParseInt(t.get(amount), 10, 64)
	side := t.get(direction)
	if err != nil || n < 0 || n > money.Max || !c.Valid() || side != "CR" && side != "DR" && n != 0 {
		t.fail(amount, "invalid", fmt.Sprintf("%q %s %s is not an amount.", t.get(amount), c, side))
		return money.Zero(c)
	}
	if slices.Contains(withoutDecimals, c) && c.Decimals() == 2 {
		n *= 100
	}
	if side == "DR" {
		n = -n
	}
	return money.Of(n, c)
}
