package invoices_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/invoices"
	"souk/internal/platform/pgtest"
)

// register says where a vendor is registered for tax.
func register(t *testing.T, shop *apptest.App, vendor, where string) {
	t.Helper()
	mine := shop.Call(t, vendor, "GET", "/vendor/profile", "").Want(t, 200)
	shop.Call(t, vendor, "PATCH", "/vendor/profile", `{"tax_registration": `+where+`}`, "If-Match", mine.Header.Get("ETag")).Want(t, 200)
}

// bought has a business buy something and is its invoice, as a page.
func bought(t *testing.T, shop *apptest.App, addresses string, of ...apptest.Of) (invoices.Shown, apptest.Answer) {
	t.Helper()
	c := shop.Basket(t, "", 2, shop.Variant(t, of...))
	shop.Call(t, "", "PUT", c.Path("/addresses"), addresses).Want(t, 200)
	p := apptest.Read[checkout.Placed](t, shop.Place(t, "", shop.Ship(t, "", c)).Want(t, 201))
	shop.Send(t, p.Order.ID, p.Order.Parts[0], 0)
	i := only(t, shop, p)
	at := func(link string) string { return "@" + strings.TrimPrefix(link, shop.Invoices.BaseURL) }
	if folder := os.Getenv("SOUK_TEST_PICTURES"); folder != "" {
		file := shop.Call(t, "", "GET", at(i.PDF), "").Want(t, 200)
		if err := os.WriteFile(filepath.Join(folder, i.Number+".pdf"), []byte(file.Body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return i, shop.Call(t, "", "GET", at(i.Page), "").Want(t, 200)
}

// only is the one document of an order.
func only(t *testing.T, shop *apptest.App, p checkout.Placed) invoices.Shown {
	t.Helper()
	list := of(t, shop, p)
	if len(list) != 1 {
		t.Fatalf("there are %v", told(list))
	}
	return list[0]
}

// Rule 46 of the CGST Rules, 2017: a tax invoice names both registrations, the state
// of supply, each tax with its rate and amount, and whether the charge is reversed.
func TestAnIndianTaxInvoice(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Call(t, apptest.Admin, "POST", "/admin/tax/presets/india-gst", `{"included": false}`).Want(t, 200)
	vendor := shop.Owner(t, "kavya")
	register(t, shop, "kavya", `{"country": "IN", "region": "KA", "postal_code": "560001", "tax_id": "29AAGCB7383J1Z4"}`)
	shop.Call(t, "kavya", "PUT", "/vendor/letterhead", `{"number_prefix": "KV", "address": {"name": "Kaveri Handlooms Private Limited", "line1": "14 Mill Road", "city": "Bengaluru", "region": "Karnataka", "postal_code": "560058", "country": "IN"}}`).Want(t, 200)
	i, page := bought(t, shop, `{"email": "books@asha.example", "tax_id": "29AAGCB7383J1Z4",
		"shipping": {"name": "Asha Traders", "line1": "2 Lake View", "city": "Mysuru", "region": "KA", "postal_code": "570001", "country": "IN"}}`, apptest.By(vendor), apptest.Price(1_249_905))
	for _, text := range []string{
		"Tax invoice", i.Number, "Kaveri Handlooms Private Limited", "Asha Traders", "Karnataka, India", "CGST", "SGST", "9 %", "Tax payable on reverse charge: no.",
	} {
		if !strings.Contains(page.Body, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
	if n := strings.Count(page.Body, "Tax id 29AAGCB7383J1Z4"); n != 2 {
		t.Errorf("of two registrations there are %d", n)
	}
	if len(i.Taxes) != 2 || i.Taxes[0].Tax.Minor == 0 || i.Taxes[0].Net != i.Taxes[1].Net {
		t.Errorf("taxes are %+v", i.Taxes)
	}
}

// Article 226 of Directive 2006/112/EC: where the buyer owes the tax, the invoice has
// the VAT id of both, and says so.
func TestAReverseChargeIsTold(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Call(t, apptest.Admin, "POST", "/admin/tax/presets/eu-vat", "").Want(t, 200)
	vendor := shop.Owner(t, "fleur")
	register(t, shop, "fleur", `{"country": "FR", "tax_id": "FR40303265045"}`)
	i, page := bought(t, shop, strings.Replace(apptest.Home, `{"email"`, `{"tax_id": "DE136695976", "email"`, 1), apptest.By(vendor), apptest.Price(11_900))
	for _, text := range []string{"FR40303265045", "DE136695976", "Reverse charge: the buyer owes the tax.", "Total without tax", "0.00"} {
		if !strings.Contains(page.Body, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
	if !i.Tax.IsZero() || i.Net != i.Total {
		t.Errorf("the invoice is %+v", i.Invoice)
	}
}
