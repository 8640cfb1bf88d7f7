package money

import "strings"

// A Currency is an ISO 4217 code in capitals, for example "USD".
type Currency string

// Decimals is how many digits stand after the point: 2 for USD, 0 for JPY, 3
// for KWD. It is 2 for a code that Valid refuses.
func (c Currency) Decimals() int {
	if d, ok := decimals[c]; ok {
		return d
	}
	return 2
}

// Valid reports whether c is an active ISO 4217 currency of everyday use.
func (c Currency) Valid() bool {
	_, ok := decimals[c]
	return ok
}

// decimals holds the minor-unit exponents of ISO 4217, list one (2026).
var decimals = func() map[Currency]int {
	all := map[Currency]int{}
	for d, codes := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
		2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP
			BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP
			GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW
			KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR
			MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
			SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS
			UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG`,
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF",
	} {
		for _, c := range strings.Fields(codes) {
			all[Currency(c)] = d
		}
	}
	return all
}()
