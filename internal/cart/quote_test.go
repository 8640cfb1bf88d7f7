package cart_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/tax"
)

func refusal(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestTaxAndShippingOfTwoVendors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		included   bool
		tax, grand int64
	}{
		// 2 × 60.00 at 20 %, 1 × 10.00 at 5 %; carriage free above 50.00, else 5.00 at 20 %
		"on top":   {false, 2400 + 50 + 100, 12000 + 1000 + 500 + 2550},
		"included": {true, 2000 + 48 + 83, 12000 + 1000 + 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.taxed(c.included, "standard", "VAT 20 %", 200_000)
			s.taxed(c.included, "reduced", "VAT 5 %", 50_000)
			v := s.fill(2, s.sell(goods{price: 6000}))
			path := "/carts/" + v.ID.String()
			s.call("", "POST", path+"/items", `{"variant_id": "`+s.sell(goods{class: "reduced"}).String()+`", "quantity": 1}`).want(200)
			s.call("", "PUT", path+"/addresses", home).want(200)
			v = s.call("", "PUT", path+"/shipping", s.standard(v.ID)).want(200).cart()
			if v.Totals.Tax != usd(c.tax) || v.Totals.GrandTotal != usd(c.grand) || v.Totals.Shipping != usd(500) || v.Totals.TaxIncluded != c.included {
				t.Errorf("totals %+v, want tax %d in %d", v.Totals, c.tax, c.grand)
			}
		})
	}
}

// An engine is told where goods come from that are not taxed themselves: their
// carriage may be.
func TestAnEngineKnowsWhereUntaxedGoodsComeFrom(t *testing.T) {
	t.Parallel()
	s := open(t)
	v := s.fill(1, s.sell(goods{}))
	s.exec(`UPDATE variants SET taxable = false`, nil)
	s.exec(`UPDATE vendors SET tax_country = 'AT', tax_region = '9', tax_postal_code = '1010'`, nil)
	s.exec(`INSERT INTO tax_engines (name, enabled, base_url, key_sealed, countries, on_failure, timeout_ms) VALUES ('taxjar', true, '', '', '{DE}', 'refuse', 1000)`, nil)
	path := "/carts/" + v.ID.String()
	s.call("", "PUT", path+"/addresses", home).want(200)
	s.call("", "PUT", path+"/shipping", s.standard(v.ID)).want(200)
	p, err := s.locked(v.ID)
	if err != nil || len(p.Quote.Unanswered) != 1 {
		t.Fatalf("%v: %+v", err, p.Quote.Unanswered)
	}
	if from := p.Quote.Unanswered[0].From; from != (tax.Place{Country: "AT", Region: "9", PostalCode: "1010"}) {
		t.Errorf("asked about carriage from %+v", from)
	}
}

// standard selects the first option of each parcel of a cart.
func (s *shop) standard(c id.Cart) string {
	s.t.Helper()
	p, err := s.locked(c)
	if err != nil {
		s.t.Fatal(err)
	}
	var list []string
	for _, parcel := range p.Parcels {
		if parcel.NeedsShipping {
			one := selections(parcel.Vendor, parcel.Options[0].Option.ID)
			list = append(list, strings.TrimSuffix(strings.TrimPrefix(one, `{"selections": [`), `]}`))
		}
	}
	return `{"selections": [` + strings.Join(list, ", ") + `]}`
}

func TestAFreshShopTaxesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	v := s.fill(1, s.sell(goods{}))
	if v.Totals.Tax != usd(0) || v.Totals.GrandTotal != usd(1000) {
		t.Errorf("totals %+v", v.Totals)
	}
}

func TestAnUnknownPlacePaysTheTaxOfEverywhereOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	args := pgx.NamedArgs{"zone": id.New[id.TaxZone](), "rate": id.New[id.TaxRate]()}
	s.exec(`INSERT INTO tax_zones (id, name, countries) VALUES (@zone, 'Germany', '{DE}')`, args)
	s.exec(`INSERT INTO tax_rates (id, zone_id, name, rate_ppm) VALUES (@rate, @zone, 'VAT 19 %', 190000)`, args)
	v := s.fill(1, s.sell(goods{}))
	if v.Totals.Tax != usd(0) {
		t.Errorf("nowhere: %+v", v.Totals)
	}
	v = s.call("", "PUT", "/carts/"+v.ID.String()+"/addresses", home).want(200).cart()
	if v.Totals.Tax != usd(190) {
		t.Errorf("in Germany: %+v", v.Totals)
	}
}

// Row 48, and what becomes of a choice when the place changes.
func TestAChoiceThatIsNoLongerOfferedIsDropped(t *testing.T) {
	t.Parallel()
	s := open(t)
	v := s.fill(1, s.sell(goods{}))
	path := "/carts/" + v.ID.String()
	s.call("", "PUT", path+"/addresses", home).want(200)
	s.call("", "PUT", path+"/shipping", s.standard(v.ID)).want(200)

	args := pgx.NamedArgs{"zone": id.New[id.ShipZone](), "option": id.New[id.ShipOption]()}
	s.exec(`INSERT INTO shipping_zones (id, name, countries) VALUES (@zone, 'Austria', '{AT}')`, args)
	s.exec(`INSERT INTO shipping_options (id, zone_id, name, kind, rule, currency, price_minor, min_days, max_days)
	        VALUES (@option, @zone, 'Post', 'standard', 'flat', 'USD', 777, 1, 2)`, args)
	s.call("", "PUT", path+"/shipping", selections(v.Items[0].Vendor.ID, args["option"].(id.ShipOption))).want(422, "/selections/0/option_id")

	austria := strings.NewReplacer("DE", "AT", "10115", "1010", "Berlin", "Wien").Replace(home)
	v = s.call("", "PUT", path+"/addresses", austria).want(200).cart()
	if len(v.Shipping) != 0 || v.Totals.Shipping != usd(0) || !cmp.Equal(v.Missing, []string{"shipping"}) {
		t.Errorf("shipping %+v, missing %v", v.Shipping, v.Missing)
	}
	v = s.call("", "PUT", path+"/shipping", selections(v.Items[0].Vendor.ID, args["option"].(id.ShipOption))).want(200).cart()
	if v.Totals.Shipping != usd(777) {
		t.Errorf("totals %+v", v.Totals)
	}
}

func TestShippingIsPricedByTheParcel(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec(`DELETE FROM shipping_options`, nil)
	s.exec(`INSERT INTO shipping_options (id, zone_id, name, kind, rule, currency, tiers, min_days, max_days)
	        SELECT gen_random_uuid(), id, 'By weight', 'standard', 'by_weight', 'USD',
	               '[{"from": 0, "amount": 100}, {"from": 1000, "amount": 900}]', 1, 2 FROM shipping_zones`, nil)
	v := s.fill(3, s.sell(goods{weight: 333}))
	path := "/carts/" + v.ID.String()
	s.call("", "GET", path+"/shipping-options", "").want(200, `"price":{"amount":100,"currency":"USD"}`)
	s.call("", "POST", path+"/items", `{"variant_id": "`+v.Items[0].VariantID.String()+`", "quantity": 1}`).want(200)
	s.call("", "GET", path+"/shipping-options", "").want(200, `"price":{"amount":900,"currency":"USD"}`)
}

func TestWhatIsNotShippedNeedsNoShipping(t *testing.T) {
	t.Parallel()
	s := open(t)
	v := s.fill(1, s.sell(goods{digital: true}))
	path := "/carts/" + v.ID.String()
	v = s.call("", "PUT", path+"/addresses", home).want(200).cart()
	if len(v.Missing) != 0 {
		t.Errorf("missing %v", v.Missing)
	}
	s.call("", "GET", path+"/shipping-options", "").want(200, `{"data":[]}`)
	s.call("", "PUT", path+"/shipping", selections(v.Items[0].Vendor.ID, id.New[id.ShipOption]())).want(422, "not_in_cart")
}

func TestSavedAddressesAreTheOwnersOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada, bob := s.customer(), s.customer()
	address := id.New[id.Address]()
	s.exec(`INSERT INTO addresses (id, user_id, name, line1, city, postal_code, country) VALUES (@id, @user, 'Ada', '1 Main St', 'Berlin', '10115', 'DE')`,
		pgx.NamedArgs{"id": address, "user": ada})
	body := `{"email": "ada@example.com", "shipping_address_id": "` + address.String() + `"}`
	mine := s.call(ada.String(), "POST", "/carts", `{}`).want(201).cart()
	v := s.call(ada.String(), "PUT", "/carts/"+mine.ID.String()+"/addresses", body).want(200).cart()
	if v.Addresses.Shipping == nil || v.Addresses.Shipping.City != "Berlin" {
		t.Errorf("addresses %+v", v.Addresses)
	}
	theirs := s.call(bob.String(), "POST", "/carts", `{}`).want(201).cart()
	s.call(bob.String(), "PUT", "/carts/"+theirs.ID.String()+"/addresses", body).want(404, `"code":"not_found"`)
	both := strings.Replace(home, `{"email"`, `{"shipping_address_id": "`+address.String()+`", "email"`, 1)
	s.call(ada.String(), "PUT", "/carts/"+mine.ID.String()+"/addresses", both).want(422, "/shipping")
}
