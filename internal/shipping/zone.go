package shipping

import (
	"slices"
	"strings"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Everywhere stands for all countries in Zone.Countries.
const Everywhere = "*"

// A Zone is the countries that a set of options serves. Where a zone names a
// country, those that are everywhere do not count there.
type Zone struct {
	ID        id.ShipZone `json:"id" db:"id"`
	Name      string      `json:"name" db:"name"`
	Countries []string    `json:"countries" db:"countries" doc:"ISO 3166-1 alpha-2 codes, or * for everywhere"`
	Version   int64       `json:"version" db:"version"`
}

// ETag lets editors say which version they have seen.
func (z Zone) ETag() string { return httpapi.VersionTag(z.Version) }

var (
	// ErrZoneNotFound says that there is no such zone.
	ErrZoneNotFound = errs.New(errs.NotFound, "not_found", "There is no such shipping zone.")
	// ErrZoneInUse keeps a zone that has options.
	ErrZoneInUse = errs.New(errs.Conflict, "zone_in_use", "The zone has options. Remove them first.")
	// ErrOptionPlace says that an option stands in no zone, or is for no vendor.
	ErrOptionPlace = errs.Validation.Field("/zone_id", "not_found", "There is no such zone, or no such vendor.")
)

func init() {
	postgres.Name("shipping_zones_name_key", errs.New(errs.Conflict, "name_taken", "Another shipping zone has this name already."))
	postgres.Name("shipping_options_zone_id_fkey", ErrOptionPlace)
	postgres.Name("shipping_options_vendor_id_fkey", ErrOptionPlace)
}

// tidy brings a zone into the form in which it is kept, and says what is wrong
// with it.
func (z *Zone) tidy() error {
	var bad errs.Fields
	z.Name = strings.TrimSpace(z.Name)
	bad.Require(z.Name != "" && len(z.Name) <= 100, "/name", "invalid", "Give the zone a name of at most 100 letters.")
	countries := make([]string, 0, len(z.Countries))
	for _, c := range z.Countries {
		c = strings.ToUpper(strings.TrimSpace(c))
		bad.Require(c == Everywhere || isCountry(c), "/countries", "invalid", "A country is two letters of ISO 3166-1, or * for everywhere.")
		countries = append(countries, c)
	}
	slices.Sort(countries)
	z.Countries = slices.Compact(countries)
	bad.Require(len(z.Countries) > 0, "/countries", "required", "Name at least one country, or * for everywhere.")
	bad.Require(len(z.Countries) == 1 || !slices.Contains(z.Countries, Everywhere), "/countries", "invalid", "Everywhere stands alone.")
	return bad.Err()
}

func isCountry(c string) bool {
	return len(c) == 2 && c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'A' && c[1] <= 'Z'
}
