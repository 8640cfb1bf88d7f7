package cart

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/shipping"
	"souk/internal/tax"
)

// A shop is what quotes ask of the whole shop, and not of one cart, as it was in
// one epoch: which of its features are in use, and what was read of its tax and
// shipping. Triggers end an epoch with every change that could make any of it
// untrue, and the statement that reads a cart brings the epoch along. So what is
// remembered is as good as if it was read with the cart, on every node, and a
// quote reads nothing that cannot be there.
type shop struct {
	epoch []int64
	about
	standing []standing
	zones    memory[taxPlace, tax.Zone]
	options  memory[shipTo, []shipping.Option]
	vendors  memory[id.Vendor, vendor]
	places   memory[id.Location, int]
}

// An about is the row of a shop.
type about struct {
	Epoch      []int64    `db:"epoch"`
	Features   []string   `db:"features"`    // tables that have ever held something
	Seller     tax.Seller `db:"seller"`      // of vendors who are registered nowhere themselves
	PriceLists bool       `db:"price_lists"` // some are open, or will be
	Engine     bool       `db:"engine"`      // reckons tax

	LimitedPromotions bool `db:"limited_promotions"` // some lower carts without a code, or will
	ByRegion          bool `db:"by_region"`          // tax depends on it
	ByPostalCode      bool `db:"by_postal_code"`     // likewise
}

// A taxPlace is a place as far as tax depends on it.
type taxPlace struct{ country, region, postalCode string }

// A shipTo is whose parcel goes where, in which currency it is paid.
type shipTo struct {
	vendor   id.Vendor
	country  string
	currency money.Currency
}

// noShop is the shop of a process that has read nothing yet.
var noShop = &shop{epoch: []int64{0}}

// known is the shop as it was read last.
func (c *Carts) known() *shop {
	if s := c.shop.Load(); s != nil {
		return s
	}
	return noShop
}

func (s *shop) uses(feature string) bool { return slices.Contains(s.Features, feature) }

// taxedAt is the place of a cart as far as its tax depends on it.
func (s *shop) taxedAt(c Cart) taxPlace {
	to := c.place()
	if to == nil {
		return taxPlace{}
	}
	return s.tells(taxPlace{to.Country, to.Region, to.PostalCode})
}

// tells leaves out of a place what no zone goes by: places that are taxed alike
// are kept once.
func (s *shop) tells(at taxPlace) taxPlace {
	if !s.ByRegion {
		at.region = ""
	}
	if !s.ByPostalCode {
		at.postalCode = ""
	}
	return at
}

// complete reads what a pipeline that went by the known shop has left out: all
// that is new where the shop has changed, and what only the cart itself could
// tell is wanted. It is usually nothing.
func (c *Carts) complete(ctx context.Context, db postgres.DB, r *reading, of basket) error {
	b := postgres.NewBatch()
	if !slices.Equal(r.cart.Epoch, r.shop.epoch) {
		var err error
		if r.shop, err = learn(ctx, db); err != nil {
			return fmt.Errorf("read the shop: %w", err)
		}
		c.shop.Store(r.shop)
		r.queueFeatures(b, of)
	}
	if !r.readsOffers() {
		r.offered = r.shop.running(r.cart.ReadAt)
	}
	r.queueZone(b)
	r.queueVendors(b)
	r.queuePlaces(b)
	r.queueOptions(b)
	r.queueComponents(b)
	return b.Send(ctx, db)
}

// learn reads the shop of now. Its epoch is read first: what is newer than it is
// read again by whoever sees the next one.
func learn(ctx context.Context, db postgres.DB) (*shop, error) {
	s := &shop{}
	b := postgres.NewBatch()
	postgres.ReadOne(b, &s.about, readShop, nil)
	postgres.ReadAll(b, &s.standing, readStanding, nil)
	err := b.Send(ctx, db)
	s.epoch, s.Seller = s.about.Epoch, registered(s.Seller)
	return s, err
}

// registered is where the shop is registered for tax in the form in which addresses
// and vendors' registrations are kept: settings are written one by one, and a state
// by its name or its code.
func registered(s tax.Seller) tax.Seller {
	r := accounts.TaxRegistration(s)
	r.Validate("")
	return tax.Seller(r)
}

// A standing is a promotion that lowers whatever cart meets its conditions, for
// as long as it runs.
type standing struct {
	offered
	StartsAt time.Time  `db:"starts_at"`
	EndsAt   *time.Time `db:"ends_at"` // nil: never
}

// running is the promotions that run at a moment.
func (s *shop) running(at time.Time) (run []offered) {
	for _, p := range s.standing {
		if !p.StartsAt.After(at) && (p.EndsAt == nil || p.EndsAt.After(at)) {
			run = append(run, p.offered)
		}
	}
	return run
}

func (r *reading) queueZone(b *postgres.Batch) {
	at, kept := r.shop.taxedAt(r.cart), false
	if r.zone, kept = r.shop.zones.get(at); kept {
		return
	}
	b.Read(tax.ReadZone, pgx.NamedArgs{"country": at.country, "region": at.region, "postal": at.postalCode}, func(rows pgx.Rows) (err error) {
		if r.zone, err = tax.Matched(rows); err == nil {
			r.shop.zones.put(at, r.zone)
		}
		return err
	})
}

// A vendor is who sells a line.
type vendor struct {
	ID            id.Vendor  `db:"id"`
	Name          string     `db:"name"`
	Slug          string     `db:"slug"`
	Status        string     `db:"status"`
	House         bool       `db:"house"`
	CommissionBPS int        `db:"commission_bps"`
	Seller        tax.Seller `db:"seller"` // without a country: as the shop
}

func (r *reading) queueVendors(b *postgres.Batch) {
	ids := make([]id.Vendor, len(r.lines))
	for i, l := range r.lines {
		ids[i] = l.VendorID
	}
	known, unknown := r.shop.vendors.all(ids)
	if r.vendors = known; len(unknown) == 0 {
		return
	}
	b.Read(readVendors, pgx.NamedArgs{"vendors": unknown}, func(rows pgx.Rows) error {
		found, err := postgres.Rows[vendor](rows)
		for _, v := range found {
			r.vendors[v.ID] = v
			r.shop.vendors.put(v.ID, v)
		}
		return err
	})
}

// A turn is when a location is picked from.
type turn struct {
	Location id.Location `db:"id"`
	Priority int         `db:"priority"`
}

// queuePlaces asks whose turn it is only where there is a choice.
func (r *reading) queuePlaces(b *postgres.Batch) {
	var ids []id.Location
	for _, l := range r.lines {
		if len(l.Locations) > 1 {
			ids = append(ids, l.Locations...)
		}
	}
	known, unknown := r.shop.places.all(ids)
	if r.places = known; len(unknown) == 0 {
		return
	}
	b.Read(readPlaces, pgx.NamedArgs{"locations": unknown}, func(rows pgx.Rows) error {
		found, err := postgres.Rows[turn](rows)
		for _, f := range found {
			r.places[f.Location] = f.Priority
			r.shop.places.put(f.Location, f.Priority)
		}
		return err
	})
}

// queueOptions reads the ways for the parcels of those vendors of whom they are
// not known yet.
func (r *reading) queueOptions(b *postgres.Batch) {
	r.options = map[id.Vendor][]shipping.Option{}
	var unknown []id.Vendor
	for _, l := range r.lines {
		if _, seen := r.options[l.VendorID]; seen || !l.RequiresShipping {
			continue
		}
		kept := false
		if r.options[l.VendorID], kept = r.shop.options.get(r.shipTo(l.VendorID)); !kept {
			unknown = append(unknown, l.VendorID)
		}
	}
	if len(unknown) == 0 {
		return
	}
	to := r.shipTo(id.Vendor{})
	b.Read(readOptions, pgx.NamedArgs{"country": to.country, "currency": to.currency, "vendors": unknown}, func(rows pgx.Rows) error {
		found, err := postgres.Rows[shipping.Option](rows)
		if err != nil {
			return err
		}
		for _, v := range unknown {
			theirs := slices.DeleteFunc(slices.Clone(found), func(o shipping.Option) bool { return !o.VendorID.IsZero() && o.VendorID != v })
			r.options[v] = theirs
			r.shop.options.put(r.shipTo(v), theirs)
		}
		return nil
	})
}

func (r *reading) shipTo(vendor id.Vendor) shipTo {
	to := shipTo{vendor: vendor, currency: r.cart.Currency}
	if r.cart.ShippingAddress != nil {
		to.country = r.cart.ShippingAddress.Country
	}
	return to
}

// A bundle is what one unit of a variant is made of.
type bundle struct {
	Variant    id.Variant `db:"bundle_id"`
	Components []Part     `db:"components"`
}

// A toldBundle is one whose components, in their order, are told in a language
// besides the shop's own.
type toldBundle struct {
	bundle
	Words []catalog.Words `db:"words"`
}

func (r *reading) queueComponents(b *postgres.Batch) {
	lines := map[id.Variant]*Line{}
	for i := range r.lines {
		if l := &r.lines[i]; l.Bundle {
			lines[l.VariantID] = l
		}
	}
	if len(lines) == 0 {
		return
	}
	args := pgx.NamedArgs{"bundles": slices.Collect(maps.Keys(lines)), "currency": r.cart.Currency, "locale": r.locale}
	if r.locale == "" {
		b.Read(readComponents, args, func(rows pgx.Rows) error {
			found, err := postgres.Rows[bundle](rows)
			for _, f := range found {
				lines[f.Variant].Components = f.Components
			}
			return err
		})
		return
	}
	b.Read(readToldComponents, args, func(rows pgx.Rows) error {
		found, err := postgres.Rows[toldBundle](rows)
		for _, f := range found {
			for i, words := range f.Words {
				f.Components[i].told = words.Told().Line()
			}
			lines[f.Variant].Components = f.Components
		}
		return err
	})
}

// mostRemembered bounds a memory: whoever sends ever new postal codes makes it
// forget, not grow.
const mostRemembered = 4096

// A memory keeps what was read. What it gives is shared: nobody changes it.
type memory[K comparable, V any] struct {
	mu   sync.Mutex
	kept map[K]V
}

func (m *memory[K, V]) get(key K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.kept[key]
	return v, ok
}

// all gives what is kept of keys, and those of which nothing is.
func (m *memory[K, V]) all(keys []K) (known map[K]V, unknown []K) {
	known = make(map[K]V, len(keys))
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		if v, ok := m.kept[key]; ok {
			known[key] = v
		} else if !slices.Contains(unknown, key) {
			unknown = append(unknown, key)
		}
	}
	return known, unknown
}

func (m *memory[K, V]) put(key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || len(m.kept) >= mostRemembered {
		m.kept = map[K]V{}
	}
	m.kept[key] = v
}
