package cart

import "souk/internal/tax"

// Remembered is the statements of which a process keeps the answers for an epoch.
var Remembered = map[string]string{
	"readShop": readShop, "readStanding": readStanding, "readVendors": readVendors, "readPlaces": readPlaces, "readOptions": readOptions, "tax.ReadZone": tax.ReadZone,
}

// Kept is a place as a process keeps its tax zone, where some zones are told by
// their region, and some by their postal code.
func Kept(country, region, postalCode string, byRegion, byPostalCode bool) (string, string, string) {
	s := &shop{about: about{ByRegion: byRegion, ByPostalCode: byPostalCode}}
	at := s.tells(taxPlace{country, region, postalCode})
	return at.country, at.region, at.postalCode
}
