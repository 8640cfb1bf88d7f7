package tax

import (
	"souk/internal/accounts"
	"souk/internal/platform/settings"
	"souk/internal/taxid"
)

// Where the shop itself is registered for tax: it counts for vendors who have
// said nothing of their own. Carts read it with the function tax_shop of the
// schema.
var (
	CountrySetting = settings.Value[string]{
		Key: "tax.country", Help: "Where the shop is registered for tax, as two letters; for vendors who have not said where they are.",
		Check: func(c string) bool { return c == "" || accounts.IsCountry(c) }, Rule: "Write the country as two letters of ISO 3166, as in DE.",
	}
	RegionSetting = settings.Value[string]{
		Key: "tax.region", Help: "The state or province of that registration, by its code or name, such as KA.",
		Check: func(r string) bool { return len(r) <= 100 }, Rule: "A code or name of at most 100 letters.",
	}
	PostalCodeSetting = settings.Value[string]{
		Key: "tax.postal_code", Help: "The postal code of that registration, which services that reckon tax ask for.",
		Check: func(c string) bool { return len(c) <= 20 }, Rule: "A postal code of at most 20 letters.",
	}
	TaxIDSetting = settings.Value[string]{
		Key: "tax.id", Help: "The shop's VAT id, GSTIN or other tax number.",
		Check: func(n string) bool { _, ok := taxid.Parse("", n); return ok },
		Rule:  "This is not a tax id: of a VAT id the length or check digit is wrong, of others 4 to 30 letters and digits are wanted.",
	}
)

// Settings lists what this module declares.
func Settings() []settings.Declared {
	return []settings.Declared{CountrySetting, RegionSetting, PostalCodeSetting, TaxIDSetting}
}
