package cod_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/cod"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

// Bad input 54: what couriers do not take cash for is refused, and says why.
func TestWhatCouriersTakeCashFor(t *testing.T) {
	parcel := payments.Offer{Total: money.Of(5000, "USD"), Country: "IN", PostalCode: "110 001"}
	with := func(change func(*payments.Offer)) payments.Offer {
		o := parcel
		change(&o)
		return o
	}
	for name, tc := range map[string]struct {
		set  string // settings as JSON
		o    payments.Offer
		code string // of the refusal; "": it is offered
	}{
		"nothing is decided":                     {`{}`, parcel, ""},
		"a download":                             {`{}`, with(func(o *payments.Offer) { o.Digital = true }), "nothing_to_deliver"},
		"no cash":                                {`{"payments.cod_off": true}`, parcel, "unavailable"},
		"as much as they take":                   {`{"payments.cod_most": 5000}`, parcel, ""},
		"a cent more":                            {`{"payments.cod_most": 4999}`, parcel, "above_limit"},
		"another currency, with a limit":         {`{"payments.cod_most": 500000}`, with(func(o *payments.Offer) { o.Total.Currency = "EUR" }), "above_limit"},
		"there":                                  {`{"payments.cod_countries": "DE, IN"}`, parcel, ""},
		"elsewhere":                              {`{"payments.cod_countries": "DE, AT"}`, parcel, "not_there"},
		"a postal code of theirs":                {`{"payments.cod_postal_codes": "4000, 1100"}`, parcel, ""},
		"one that is not":                        {`{"payments.cod_postal_codes": "4000, 111"}`, parcel, "not_there"},
		"one that is written in small letters":   {`{"payments.cod_postal_codes": "SW1"}`, with(func(o *payments.Offer) { o.PostalCode = "sw1a 1aa" }), ""},
		"no address yet, where they go all over": {`{}`, with(func(o *payments.Offer) { o.Country, o.PostalCode = "", "" }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			tx := pgtest.Tx(t)
			set := &settings.Settings{DB: tx}
			set.Declare(cod.Settings()...)
			values := map[string]json.RawMessage{}
			if err := json.Unmarshal([]byte(tc.set), &values); err != nil {
				t.Fatal(err)
			}
			err := postgres.InTx(t.Context(), tx, func(tx pgx.Tx) error { return set.Set(t.Context(), tx, values) })
			if err != nil {
				t.Fatal(err)
			}
			err = cod.Provider{Settings: set, Currency: "USD"}.Offered(t.Context(), tc.o)
			if (err == nil) != (tc.code == "") || err != nil && !errors.Is(err, payments.ErrMethod) {
				t.Fatalf("err = %v, want %q", err, tc.code)
			}
			var refusal *errs.Error
			if errors.As(err, &refusal) && refusal.Fields[0].Code != tc.code {
				t.Errorf("refused for %q, want %q", refusal.Fields[0].Code, tc.code)
			}
		})
	}
	if err := (cod.Provider{}).Offered(t.Context(), parcel); err != nil {
		t.Errorf("without settings: %v", err)
	}
}

// What it costs is told for each currency, and nothing is kept that nobody could
// read.
func TestWhatCouriersCost(t *testing.T) {
	tx := pgtest.Tx(t)
	set := &settings.Settings{DB: tx}
	set.Declare(cod.Settings()...)
	p := cod.Provider{Settings: set, Currency: "USD"}
	fee := func(c money.Currency) money.Amount {
		t.Helper()
		found, err := p.Fee(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := fee("USD"); !got.IsZero() {
		t.Errorf("where nothing is decided it costs %s", got)
	}
	for text, good := range map[string]bool{
		"": true, "USD 3.00": true, "EUR 2.50 , JPY 300": true, "USD 0": true,
		"3.00": false, "USD": false, "USD 3.001": false, "USD -1": false, "usd 3": false, "XYZ 3": false, "USD 3, USD 4": false, "USD 3,": false, "USD 99999999999": false,
	} {
		if problem := cod.FeeSetting.Complain(text); (problem == "") != good {
			t.Errorf("%q: %q", text, problem)
		}
	}
	if err := set.Set(t.Context(), tx, map[string]json.RawMessage{"payments.cod_fee": json.RawMessage(`"EUR 2.50, JPY 300"`)}); err != nil {
		t.Fatal(err)
	}
	if fee("EUR") != money.Of(250, "EUR") || fee("JPY") != money.Of(300, "JPY") || !fee("USD").IsZero() {
		t.Errorf("it costs %s, %s and %s", fee("EUR"), fee("JPY"), fee("USD"))
	}
}
