package demo

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/app"
	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/invoices"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/tax"
	"souk/internal/vendors"
)

// story is the market while its past is made.
type story struct {
	*app.App // on the transaction, with the demo's clock
	plan     plan
	options  Options
	tx       pgx.Tx
	calendar *calendar
	agenda   agenda
	rng      *mathrand.Rand
	logins   map[string]string // passwords by e-mail

	admin     auth.Actor
	stalls    []stall // in the order of the plan's vendors
	shelf     []*ware
	customers []customer
	trading   int // vendors that are open
	placed    int // orders

	club club

	dice     *mathrand.Rand // of what people think
	opinions map[opinion]bool
	remarks  map[string]bool
	reviewed int
}

// A stall is a vendor that has come to the market.
type stall struct {
	vendor id.Vendor
	owner  auth.Actor
	open   bool
}

// customer is somebody who has signed up.
type customer struct {
	buyer
	actor auth.Actor
}

// open sets the calendar to the opening of the market and writes down who will
// come when.
func open(ctx context.Context, tx pgx.Tx, a *app.App, p plan, o Options) (*story, error) {
	calendar, err := openCalendar(ctx, tx, p.opening)
	if err != nil {
		return nil, err
	}
	parts := a.Parts
	parts.DB, parts.Aside, parts.Pool, parts.Metrics, parts.Clock = tx, tx, nil, nil, calendar.clock
	s := &story{
		App: app.Build(parts), plan: p, options: o, tx: tx, calendar: calendar,
		rng: mathrand.New(mathrand.NewPCG(o.Seed, 2)), logins: map[string]string{}, stalls: make([]stall, len(p.Vendors)),
		dice: mathrand.New(mathrand.NewPCG(o.Seed, 3)), opinions: map[opinion]bool{}, remarks: map[string]bool{},
	}
	for _, l := range Logins(a.Keys) {
		s.logins[l.Email] = l.Password
	}
	if err := s.found(ctx); err != nil {
		return nil, err
	}
	for i, v := range p.Vendors {
		s.on(p.day(v.Joined), auth.Actor{}, "apply as "+v.Slug, func(ctx context.Context) error { return s.apply(ctx, i) })
	}
	for i, b := range p.buyers {
		at := p.opening.Add(time.Duration(float64(i*i) / float64(len(p.buyers)*len(p.buyers)) * 0.8 * float64(p.present.Sub(p.opening))))
		s.on(at.Add(spread(s.rng, 10*time.Hour)), auth.Actor{}, "sign up", func(ctx context.Context) error { return s.signUp(ctx, i, b) })
	}
	for _, at := range p.orders {
		s.on(at, auth.Actor{}, "shop", s.shop)
	}
	s.scheduleStock()
	s.scheduleMembers()
	return s, nil
}

// found makes the administrator, the taxes and what is asked of some goods.
func (s *story) found(ctx context.Context) error {
	admin, err := s.Accounts.CreateAdmin(ctx, s.tx, AdminEmail, s.logins[AdminEmail])
	if err != nil {
		return err
	}
	s.admin = as(admin.ID, auth.RoleAdmin)
	vat := func(country, name string, ppm int64) tax.Zone {
		return tax.Zone{Name: name, Countries: []string{country}, Terms: tax.Terms{Included: true}, Rates: []tax.Rate{{Class: tax.Standard, Name: name, PPM: ppm, Shipping: true}}}
	}
	for _, zone := range []tax.Zone{
		vat("DE", "VAT 19 %", 190_000), vat("FR", "TVA 20 %", 200_000), vat("GB", "UK VAT 20 %", 200_000), vat("IN", "GST 18 %", 180_000), vat("AU", "GST 10 %", 100_000),
		{Name: "California", Countries: []string{"US"}, Regions: []string{"CA"}, Rates: []tax.Rate{{Class: tax.Standard, Name: "Sales tax 7.25 %", PPM: 72_500}}},
		{Name: "New York", Countries: []string{"US"}, Regions: []string{"NY"}, Rates: []tax.Rate{{Class: tax.Standard, Name: "Sales tax 8.875 %", PPM: 88_750}}},
	} {
		if _, err := s.Tax.Create(auth.With(ctx, s.admin), s.tx, zone); err != nil {
			return err
		}
	}
	for _, attribute := range s.plan.Attributes {
		if _, err := s.Catalog.Describe(auth.With(ctx, s.admin), s.tx, attribute); err != nil {
			return err
		}
	}
	for _, kind := range s.plan.Types {
		if _, err := s.Catalog.DescribeType(auth.With(ctx, s.admin), s.tx, kind); err != nil {
			return err
		}
	}
	return nil
}

// apply makes a vendor with its owner, and writes down what becomes of it.
func (s *story) apply(ctx context.Context, i int) error {
	v := s.plan.Vendors[i]
	email := v.Slug + mailHost
	owner, err := s.Accounts.Create(ctx, s.tx, accounts.Registration{Username: v.Slug, Email: email, Password: s.logins[email], Name: v.Name})
	if err != nil {
		return err
	}
	actor := as(owner.ID, auth.RoleVendor)
	applied, err := s.Vendors.Apply(auth.With(ctx, actor), s.tx, owner.ID, vendors.Profile{
		Name: &v.Name, Slug: &v.Slug, Description: &v.Description, Email: &email,
	})
	if err != nil || v.Joined < 0 {
		return err
	}
	actor.Vendor = applied.ID
	s.stalls[i] = stall{vendor: applied.ID, owner: actor}
	approved := s.calendar.clock.Now().Add(spread(s.rng, 6*time.Hour))
	s.on(approved, s.admin, "approve "+v.Slug, func(ctx context.Context) error { return s.approve(ctx, i) })
	if v.Suspended > 0 {
		s.on(s.plan.day(v.Suspended), s.admin, "suspend "+v.Slug, func(ctx context.Context) error {
			s.stalls[i].open = false
			s.trading--
			_, err := s.Vendors.Suspend(ctx, s.tx, s.stalls[i].vendor, v.Reason)
			return err
		})
	}
	return nil
}

func (s *story) approve(ctx context.Context, i int) error {
	approved, err := s.Vendors.Approve(ctx, s.tx, s.stalls[i].vendor)
	if err != nil {
		return err
	}
	commission := s.plan.Vendors[i].Commission
	registered := s.plan.Vendors[i].Registered
	if _, err := s.Vendors.Edit(ctx, s.tx, approved.ID, approved.Version, vendors.Profile{CommissionBPS: &commission, Tax: registered}); err != nil {
		return err
	}
	if head := s.plan.Vendors[i].Letterhead; head != nil {
		if _, err := invoices.SetLetterhead(ctx, s.tx, approved.ID, *head); err != nil {
			return err
		}
	}
	s.stalls[i].open = true
	s.trading++
	s.scheduleDrops(i)
	return nil
}

func (s *story) signUp(ctx context.Context, i int, b buyer) error {
	password := rand.Text()
	if i == 0 {
		b.email, password = ShopperEmail, s.logins[ShopperEmail]
	}
	user, err := s.Accounts.Create(ctx, s.tx, accounts.Registration{
		Username: "customer-" + itoa(i+1), Email: b.email, Password: password, Name: b.name,
	})
	if err != nil {
		return err
	}
	c := customer{b, as(user.ID, auth.RoleCustomer)}
	if _, err := s.Accounts.AddAddress(auth.With(ctx, c.actor), s.tx, user.ID, accounts.Address{Label: "Home", PostalAddress: b.address}); err != nil {
		return err
	}
	s.customers = append(s.customers, c)
	return nil
}

func (s *story) currency() money.Currency { return money.Currency(s.Config.Currency) }

// close gives everybody their own time back and makes what is derived.
func (s *story) close(ctx context.Context) error {
	s.options.Progress("Orders", int64(len(s.plan.orders)), int64(len(s.plan.orders)))
	if err := s.calendar.turn(ctx, s.plan.present); err != nil {
		return err
	}
	// The books balance at commit; said now, it does not fall into the moment of the commit itself.
	if _, err := postgres.Exec(ctx, s.tx, `SET CONSTRAINTS ALL IMMEDIATE`, nil); err != nil {
		return err
	}
	if err := s.calendar.close(ctx); err != nil {
		return err
	}
	listings := int64(len(s.plan.articles))
	s.options.Progress("Listings", 0, listings)
	if _, err := s.Search.Rebuild(ctx, nil); err != nil {
		return err
	}
	_, err := postgres.Exec(ctx, s.tx, `ANALYZE`, nil)
	s.options.Progress("Listings", listings, listings)
	return err
}
