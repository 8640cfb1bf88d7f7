package accounts

import (
	"regexp"
	"strings"
)

// countries is ISO 3166-1 alpha-2, and XK, which posts use for Kosovo.
const countries = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ" +
	" CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR" +
	" GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP" +
	" KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ" +
	" NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW" +
	" SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ" +
	" UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW "

// IsCountry reports whether code is a country in two capital letters.
func IsCountry(code string) bool {
	return len(code) == 2 && strings.IndexByte(code, ' ') < 0 && strings.Contains(countries, " "+code+" ")
}

// postal is how postal codes look where we know it; elsewhere only their length
// is checked, and some countries have none.
var postal = map[string]*regexp.Regexp{
	"AT": regexp.MustCompile(`^[1-9]\d{3}$`),
	"AU": regexp.MustCompile(`^\d{4}$`),
	"BE": regexp.MustCompile(`^[1-9]\d{3}$`),
	"BR": regexp.MustCompile(`^\d{5}-?\d{3}$`),
	"CA": regexp.MustCompile(`^[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] ?\d[ABCEGHJ-NPRSTV-Z]\d$`),
	"CH": regexp.MustCompile(`^[1-9]\d{3}$`),
	"CN": regexp.MustCompile(`^\d{6}$`),
	"DE": regexp.MustCompile(`^\d{5}$`),
	"DK": regexp.MustCompile(`^\d{4}$`),
	"ES": regexp.MustCompile(`^\d{5}$`),
	"FI": regexp.MustCompile(`^\d{5}$`),
	"FR": regexp.MustCompile(`^\d{5}$`),
	"GB": regexp.MustCompile(`^(GIR ?0AA|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})$`),
	"IN": regexp.MustCompile(`^[1-9]\d{2} ?\d{3}$`),
	"IT": regexp.MustCompile(`^\d{5}$`),
	"JP": regexp.MustCompile(`^\d{3}-?\d{4}$`),
	"KR": regexp.MustCompile(`^\d{5}$`),
	"MX": regexp.MustCompile(`^\d{5}$`),
	"NL": regexp.MustCompile(`^[1-9]\d{3} ?[A-Z]{2}$`),
	"NO": regexp.MustCompile(`^\d{4}$`),
	"PL": regexp.MustCompile(`^\d{2}-\d{3}$`),
	"PT": regexp.MustCompile(`^\d{4}-\d{3}$`),
	"SE": regexp.MustCompile(`^\d{3} ?\d{2}$`),
	"SG": regexp.MustCompile(`^\d{6}$`),
	"US": regexp.MustCompile(`^\d{5}(-\d{4})?$`),
}

// regionList names the states of countries whose taxes or posts go by them, as
// code and name. Elsewhere a region is free text.
var regionList = map[string]string{
	"US": "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|DC District of Columbia|" +
		"FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|" +
		"MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|" +
		"NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|" +
		"SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|" +
		"WY Wyoming|AS American Samoa|GU Guam|MP Northern Mariana Islands|PR Puerto Rico|VI U.S. Virgin Islands|" +
		"AA Armed Forces Americas|AE Armed Forces Europe|AP Armed Forces Pacific",
	"CA": "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NS Nova Scotia|NT Northwest Territories|" +
		"NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|QC Québec|SK Saskatchewan|YT Yukon",
	"AU": "ACT Australian Capital Territory|NSW New South Wales|NT Northern Territory|QLD Queensland|SA South Australia|TAS Tasmania|" +
		"VIC Victoria|WA Western Australia",
	"IN": "AN Andaman and Nicobar Islands|AP Andhra Pradesh|AR Arunachal Pradesh|AS Assam|BR Bihar|CH Chandigarh|CG Chhattisgarh|" +
		"DH Dadra and Nagar Haveli and Daman and Diu|DL Delhi|GA Goa|GJ Gujarat|HR Haryana|HP Himachal Pradesh|JK Jammu and Kashmir|" +
		"JH Jharkhand|KA Karnataka|KL Kerala|LA Ladakh|LD Lakshadweep|MP Madhya Pradesh|MH Maharashtra|MN Manipur|ML Meghalaya|MZ Mizoram|" +
		"NL Nagaland|OD Odisha|PY Puducherry|PB Punjab|RJ Rajasthan|SK Sikkim|TN Tamil Nadu|TS Telangana|TR Tripura|UP Uttar Pradesh|" +
		"UK Uttarakhand|WB West Bengal|CG CT|OD OR|TS TG|UK UT", // the codes before 2023, too
}

// regions maps country and lower-case code or name to the code.
var regions = func() map[string]map[string]string {
	all := map[string]map[string]string{}
	for country, list := range regionList {
		all[country] = map[string]string{}
		for entry := range strings.SplitSeq(list, "|") {
			code, name, _ := strings.Cut(entry, " ")
			all[country][strings.ToLower(code)] = code
			all[country][strings.ToLower(name)] = code
		}
	}
	return all
}()

// regionOf is the code of a state given by code or name, or s as it is in
// countries whose regions are free text.
func regionOf(country, s string) (region string, ok bool) {
	known := regions[country]
	if known == nil || s == "" {
		return s, true
	}
	region, ok = known[strings.ToLower(s)]
	return region, ok
}
