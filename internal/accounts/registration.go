package accounts

import (
	"strings"

	"souk/internal/errs"
	"souk/internal/taxid"
)

// TaxRegistration is where a business is registered for tax. It may be empty.
type TaxRegistration struct {
	Country    string `db:"tax_country" json:"country" maxLength:"2" example:"DE"`
	Region     string `db:"tax_region" json:"region,omitempty" maxLength:"100" doc:"State or province, by code or name; kept as its code"`
	PostalCode string `db:"tax_postal_code" json:"postal_code,omitempty" maxLength:"20"`
	TaxID      string `db:"tax_id" json:"tax_id,omitempty" maxLength:"60" doc:"VAT id of the European Union, GSTIN, or what another country gives" example:"DE136695976"`
}

// Validate brings r into the form in which it is kept, as [PostalAddress.Validate]
// does, and lists what is wrong with it.
func (r *TaxRegistration) Validate(pointer string) []errs.Field {
	var bad errs.Fields
	r.Country, r.PostalCode = strings.ToUpper(strings.TrimSpace(r.Country)), strings.ToUpper(tidy(r.PostalCode))
	r.Region = tidy(r.Region)
	if *r == (TaxRegistration{}) {
		return nil
	}
	country, known := countries[r.Country]
	bad.Require(known, pointer+"/country", "unknown_country", "Write the country as two letters of ISO 3166, as in DE.")
	if !known {
		return bad
	}
	region, ok := country.regionOf(r.Region)
	ok = ok && letters(r.Region) <= 100 && OneLine(r.Region)
	bad.Require(ok && (region != "" || country.region != required), pointer+"/region", "invalid", "Say the state or province, as in its addresses.")
	r.Region = region
	bad.Require(r.PostalCode == "" || country.pattern != nil && country.pattern.MatchString(r.PostalCode), pointer+"/postal_code", "invalid", "This is not a postal code of that country.")
	number, ok := taxid.Parse(r.Country, r.TaxID)
	bad.Require(ok, pointer+"/tax_id", "invalid_tax_id", wrongTaxID(r.Country))
	if ok {
		r.TaxID = number
	}
	state := taxid.State(r.TaxID)
	bad.Require(state == "" || r.Country != "IN" || state == r.Region, pointer+"/tax_id", "other_state", "This GSTIN was given in another state than that of the registration.")
	return bad
}

// wrongTaxID says which number is wanted of a country.
func wrongTaxID(country string) string {
	switch {
	case taxid.InUnion(country):
		return "This is not a VAT id of the European Union, such as DE136695976: its length or check digit is wrong."
	case country == "IN":
		return "This is not a GSTIN, such as 29AAGCB7383J1Z4: its length, state or check digit is wrong."
	}
	return "A tax id has 4 to 30 letters and digits; a VAT id of the European Union must be well made."
}
