// Package tax knows what a government takes of a sale, and where.
//
// Owns: zones with their rates, and presets that make them ([Zones.Apply]);
// which zone a place belongs to ([Zones.Match]); what a seller and a buyer make
// of its rates ([Zone.Levy]); the arithmetic of tax on top of a price and
// included in it ([Charge]); who is exempt; services that reckon tax for the
// shop ([Engine]) and what they have said.
// Tables: tax_zones, tax_rates, tax_exemptions, tax_engines, tax_answers.
// Raises: nothing; a quote reads the rates at the moment it is made.
// Calls: accounts (how registrations are written), and engines, never inside a
// transaction.
//
// A fresh shop has no zone, so it charges no tax.
package tax

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/outbound"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

// Zones is where taxes apply.
type Zones struct {
	DB       postgres.DB
	Clock    clock.Clock
	Vault    *vault.Vault
	Outbound *outbound.Client // to engines
	Log      *slog.Logger

	cursors httpapi.Cursors
	clients sync.Map // of engines, by how many milliseconds they wait
}

// CanRead and CanWrite are the rights of staff.
const (
	CanRead  auth.Permission = "tax.read"
	CanWrite auth.Permission = "tax.write"
)

// Permissions lists what this module asks for.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// Standard is the class of goods that no other class is given to, and that of
// shipping.
const Standard = "standard"

// Everywhere stands for all countries in Zone.Countries.
const Everywhere = "*"

// A Zone is a part of the world with rates of its own. Where several match a
// place, the most particular one decides alone: the longest postal prefix,
// then a region, then a country, then everywhere.
type Zone struct {
	ID             id.TaxZone `json:"id" db:"id"`
	Name           string     `json:"name" db:"name"`
	Countries      []string   `json:"countries" db:"countries" doc:"ISO 3166-1 alpha-2 codes, or * for everywhere"`
	Regions        []string   `json:"regions" db:"regions" doc:"Codes of regions as addresses give them; none for whole countries"`
	PostalPrefixes []string   `json:"postal_prefixes" db:"postal_prefixes"`
	Terms
	ReverseCharge bool   `json:"reverse_charge" db:"reverse_charge" doc:"Businesses of other members of the European Union owe the tax themselves"`
	Preset        string `json:"preset,omitempty" db:"preset" doc:"The preset that has made it" example:"eu-vat DE"`
	PresetVersion int64  `json:"-" db:"preset_version"` // at which the preset wrote it; at another one it was edited since
	Version       int64  `json:"version" db:"version"`
	Rates         []Rate `json:"rates" db:"-"`
}

// A Rate is one tax on one class of goods. 190,000 parts per million are 19 %.
type Rate struct {
	ID       id.TaxRate `json:"id,omitzero" db:"id"`
	ZoneID   id.TaxZone `json:"-" db:"zone_id"`
	Class    string     `json:"tax_class" db:"tax_class"`
	Name     string     `json:"name" db:"name"`
	PPM      int64      `json:"rate_ppm" db:"rate_ppm" doc:"Parts per million: 190000 is 19 %"`
	Shipping bool       `json:"shipping" db:"shipping" doc:"A rate of the standard class that taxes shipping, too"`
	Compound bool       `json:"compound" db:"compound" doc:"Taken of the amount with all rates on it that are not compound"`
	Applies  string     `json:"applies" db:"applies" enum:"always,same_region,other_region,other_country" doc:"By where the seller is registered for tax and where the goods go"`
}

// For is what a class of goods pays in z.
func (z Zone) For(class string) []Rate {
	var rates []Rate
	for _, r := range z.Rates {
		if r.Class == class {
			rates = append(rates, r)
		}
	}
	return rates
}

// ForShipping is what carrying goods pays in z: the rates of the standard class
// that say so, whatever is in the parcel.
func (z Zone) ForShipping() []Rate {
	return slices.DeleteFunc(z.For(Standard), func(r Rate) bool { return !r.Shipping })
}

// ErrZoneNotFound says that there is no such zone.
var ErrZoneNotFound = errs.New(errs.NotFound, "not_found", "There is no such tax zone.")

func init() {
	postgres.Name("tax_zones_name_key", errs.New(errs.Conflict, "name_taken", "Another tax zone has this name already."))
	postgres.Name("tax_rates_class_key", errs.New(errs.Conflict, "rate_taken", "Two rates of one class in one zone need different names."))
}

const (
	maxPlaces = 1000
	maxRates  = 100
)

// tidy brings a zone into the form in which it is kept and matched, and says
// what is wrong with it.
func (z *Zone) tidy() error {
	var bad errs.Fields
	z.Name = strings.TrimSpace(z.Name)
	bad.Require(z.Name != "" && len(z.Name) <= 100, "/name", "invalid", "Give the zone a name of at most 100 letters.")
	z.Countries = tidyPlaces(z.Countries)
	bad.Require(len(z.Countries) > 0, "/countries", "required", "Name at least one country, or * for everywhere.")
	for _, c := range z.Countries {
		bad.Require(c == Everywhere || isCountry(c), "/countries", "invalid", "A country is two letters of ISO 3166-1, or * for everywhere.")
	}
	everywhere := slices.Contains(z.Countries, Everywhere)
	bad.Require(!everywhere || len(z.Countries) == 1, "/countries", "invalid", "Everywhere stands alone.")
	z.Regions, z.PostalPrefixes = tidyPlaces(z.Regions), tidyPlaces(z.PostalPrefixes)
	bad.Require(!everywhere || len(z.Regions)+len(z.PostalPrefixes) == 0, "/countries", "invalid", "Regions and postal prefixes need a country.")
	for pointer, places := range map[string][]string{"/countries": z.Countries, "/regions": z.Regions, "/postal_prefixes": z.PostalPrefixes} {
		bad.Require(len(places) <= maxPlaces, pointer, "too_many", "At most 1,000 places make a zone.")
		for _, p := range places {
			bad.Require(p != "" && len(p) <= 60, pointer, "invalid", "A place has 1 to 60 letters.")
		}
	}
	bad.Require(len(z.Rates) <= maxRates, "/rates", "too_many", "At most 100 rates.")
	sums, compound := map[string]int64{}, map[string]bool{}
	for i := range z.Rates {
		r := &z.Rates[i]
		if r.Class = strings.TrimSpace(r.Class); r.Class == "" {
			r.Class = Standard
		}
		r.Name = strings.TrimSpace(r.Name)
		bad.Require(r.Name != "" && len(r.Name) <= 60, "/rates", "invalid", "A rate needs a name, for example VAT 19 %.")
		bad.Require(r.PPM >= 0 && r.PPM <= million, "/rates", "invalid", "A rate is between 0 and 1,000,000 parts per million.")
		sums[r.Class] += r.PPM
		compound[r.Class] = compound[r.Class] || r.Compound
		bad.Require(!compound[r.Class] || sums[r.Class] <= million, "/rates", "invalid", "Rates of a class with a compound one come to 100 % at most.")
		bad.Require(len(r.Class) <= 40, "/rates", "invalid", "A tax class has at most 40 letters.")
		r.Applies = cmp.Or(r.Applies, Always)
		bad.Require(slices.Contains([]string{Always, SameRegion, OtherRegion, OtherCountry}, r.Applies), "/rates", "invalid",
			"A rate applies always, within the same_region, to an other_region or to an other_country.")
	}
	return bad.Err()
}

// Create makes a zone with its rates, which get ids of their own.
func (z *Zones) Create(ctx context.Context, tx pgx.Tx, zone Zone) (Zone, error) {
	zone.ID, zone.Version = id.New[id.TaxZone](), 1
	for i := range zone.Rates {
		zone.Rates[i].ID = id.New[id.TaxRate]()
	}
	if err := zone.tidy(); err != nil {
		return Zone{}, err
	}
	if err := insert(ctx, tx, zone); err != nil {
		return Zone{}, fmt.Errorf("make tax zone %s: %w", zone.Name, err)
	}
	return get(ctx, tx, zone.ID)
}

// tidyPlaces compares places as people write them: "sw1a 1" and "SW1A1" are one.
func tidyPlaces(places []string) []string {
	tidied := make([]string, 0, len(places))
	for _, p := range places {
		tidied = append(tidied, strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(p), " ", "")))
	}
	slices.Sort(tidied)
	return slices.Compact(tidied)
}

func isCountry(c string) bool {
	return len(c) == 2 && c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'A' && c[1] <= 'Z'
}
