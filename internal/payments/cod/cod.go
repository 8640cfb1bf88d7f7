// Package cod is cash on delivery: the courier takes the money at the door.
//
// Owns: the rules of paying that way. Tables: none. Raises: nothing.
// Calls: nobody outside: the fact that cash changed hands is the delivery
// itself, so each method only says what has happened.
package cod

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/settings"
)

// Method is how orders and payments call it.
const Method = "cod"

// What staff decide about cash on delivery.
var (
	OffSetting  = settings.Value[bool]{Key: "payments.cod_off", Help: "Take no cash on delivery."}
	MostSetting = settings.Value[int]{
		Key: "payments.cod_most", Help: "The most that a courier takes for one order, in the smallest unit of the shop's currency, and orders in other currencies are not taken then; 0: any amount.",
		Check: func(n int) bool { return n >= 0 }, Rule: "Give 0 or more.",
	}
	CountriesSetting = settings.Value[string]{
		Key: "payments.cod_countries", Help: "Countries where couriers take cash, such as IN, DE; empty: everywhere.",
		Check: countries.MatchString, Rule: "Give countries as two letters, with commas between them.",
	}
	PostalSetting = settings.Value[string]{
		Key: "payments.cod_postal_codes", Help: "What postal codes begin with where couriers take cash, such as 110, 5600; empty: all.",
		Check: prefixes.MatchString, Rule: "Give letters and digits, with commas between them.",
	}
	FeeSetting = settings.Value[string]{
		Key: "payments.cod_fee", Help: "What cash on delivery costs the buyer of an order, in each currency, such as EUR 3.00, INR 49; nothing in others.",
		Complain: func(text string) string {
			if _, err := fees(text); err != nil {
				return "Give a currency and an amount, with commas between several, each currency once: EUR 3.00, INR 49."
			}
			return ""
		},
	}

	countries = regexp.MustCompile(`^$|^ *[A-Z]{2}( *, *[A-Z]{2})* *$`)
	prefixes  = regexp.MustCompile(`^$|^ *[A-Z0-9]{1,10}( *, *[A-Z0-9]{1,10})* *$`)
)

// Settings lists what this package declares.
func Settings() []settings.Declared {
	return []settings.Declared{OffSetting, MostSetting, CountriesSetting, PostalSetting, FeeSetting}
}

// Provider is cash on delivery.
type Provider struct {
	Settings *settings.Settings // nil: nothing is restricted
	Currency money.Currency     // of the shop
}

var _ payments.Provider = Provider{}

// Method is "cod".
func (Provider) Method() string { return Method }

// Settled is true: the promise to pay at the door is all there is to wait for.
func (Provider) Settled() bool { return true }

// ByHand is true: cash goes back from hand to hand.
func (Provider) ByHand() bool { return true }

// Offered refuses orders with files or licence keys, which nobody brings back,
// those of which nothing is brought to a door, and those that are not within what
// staff have decided.
func (p Provider) Offered(ctx context.Context, o payments.Offer) error {
	if o.Digital {
		return refuse("nothing_to_deliver", "Cash on delivery is for what is brought to a door, and not for digital goods.")
	}
	off, err := OffSetting.Get(ctx, p.Settings)
	if err != nil {
		return err
	}
	most, err := MostSetting.Get(ctx, p.Settings)
	if err != nil {
		return err
	}
	lands, err := CountriesSetting.Get(ctx, p.Settings)
	if err != nil {
		return err
	}
	codes, err := PostalSetting.Get(ctx, p.Settings)
	switch {
	case err != nil:
		return err
	case off:
		return refuse("unavailable", "The shop takes no cash on delivery.")
	case most > 0 && (o.Total.Currency != p.Currency || o.Total.Minor > int64(most)):
		return refuse("above_limit", "Couriers take up to "+money.Of(int64(most), p.Currency).String()+". Choose another way to pay.")
	case lands != "" && !slices.Contains(list(lands), o.Country), codes != "" && !within(list(codes), o.PostalCode):
		return refuse("not_there", "Couriers take no cash where this goes. Choose another way to pay.")
	}
	return nil
}

func refuse(code, why string) error { return payments.ErrMethod.Field("/payment_method", code, why) }

func list(text string) (words []string) {
	for word := range strings.SplitSeq(text, ",") {
		words = append(words, strings.TrimSpace(word))
	}
	return words
}

// within reports that a postal code, however it is spaced, begins with one of
// prefixes.
func within(prefixes []string, code string) bool {
	code = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(code, p) })
}

// Fee is what staff have decided.
func (p Provider) Fee(ctx context.Context, c money.Currency) (money.Amount, error) {
	text, err := FeeSetting.Get(ctx, p.Settings)
	if err != nil {
		return money.Zero(c), err
	}
	list, err := fees(text)
	for _, fee := range list {
		if fee.Currency == c {
			return fee, nil
		}
	}
	return money.Zero(c), err
}

// fees reads "EUR 3.00, INR 49": no currency twice, and none below nothing.
func fees(text string) (found []money.Amount, err error) {
	if text == "" {
		return nil, nil
	}
	for _, one := range list(text) {
		currency, number, _ := strings.Cut(one, " ")
		fee, err := money.Parse(number, money.Currency(currency))
		known := slices.ContainsFunc(found, func(f money.Amount) bool { return f.Currency == fee.Currency })
		switch {
		case err != nil:
			return nil, err
		case known, fee.Minor < 0, fee.Minor > maxFee, !fee.Currency.Valid():
			return nil, fmt.Errorf("read the fee %q", one)
		}
		found = append(found, fee)
	}
	return found, nil
}

// maxFee is a slip of the pen, whatever the currency.
const maxFee = 1_000_000_000

// Waits is no time.
func (Provider) Waits(context.Context) (time.Duration, error) { return 0, nil }

// Tells nothing: there is nothing to do.
func (Provider) Tells(context.Context, payments.Start) (*payments.Action, error) {
	return nil, nil //nolint:nilnil // nothing is to be done
}

// Start promises the whole amount. The payment was opened as authorised, so
// the fact is known already.
func (Provider) Start(_ context.Context, s payments.Start) (payments.Begun, error) {
	return payments.Begun{Fact: &payments.Fact{Payment: s.Payment, Kind: payments.Authorize, Amount: s.Amount, Cause: payments.Placed}}, nil
}

// Capture says that the courier took the cash.
func (Provider) Capture(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Capture, m), nil
}

// Void says that the cash will not be asked for.
func (Provider) Void(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Void, m), nil
}

// Refund says that the cash was handed back.
func (Provider) Refund(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Refund, m), nil
}

func fact(k payments.Kind, m payments.Move) payments.Fact {
	return payments.Fact{Payment: m.Payment, Kind: k, Amount: m.Amount, Cause: m.Cause}
}
