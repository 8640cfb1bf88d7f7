package promotions

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/pricing"
)

// Status is where a promotion is in its life.
type Status string

// The statuses. Whether an active promotion runs is told by its window.
const (
	Draft    Status = "draft"
	Active   Status = "active"
	Paused   Status = "paused"
	Archived Status = "archived" // for good
)

// A Promotion is what a shop or a vendor gives, to whom, and how often.
type Promotion struct {
	ID            id.Promotion       `json:"id" db:"id"`
	VendorID      id.Vendor          `json:"vendor_id,omitzero" db:"vendor_id" doc:"Whose goods alone it lowers; left out for the shop's own"`
	PlanID        id.Plan            `json:"plan_id,omitzero" db:"plan_id" doc:"Whose benefit it is; edited with the plan"`
	Name          string             `json:"name" db:"name" doc:"As buyers are told of it"`
	NeedsCode     bool               `json:"needs_code" db:"needs_code"`
	Status        Status             `json:"status" db:"status" enum:"draft,active,paused,archived"`
	Priority      int                `json:"priority" db:"priority" doc:"The higher is considered first"`
	Exclusive     bool               `json:"exclusive" db:"exclusive" doc:"Applies alone: it gives way to what is considered before it, and keeps out what comes after"`
	StackingGroup string             `json:"stacking_group" db:"stacking_group" doc:"Of those in one group the first that matches applies alone"`
	PlatformPPM   int64              `json:"platform_ppm" db:"platform_ppm" doc:"The part that the platform pays, in parts per million; the vendor of the goods pays the rest"`
	Conditions    pricing.Conditions `json:"conditions" db:"conditions"`
	Reward        pricing.Reward     `json:"reward" db:"reward"`
	StartsAt      time.Time          `json:"starts_at" db:"starts_at"`
	EndsAt        *time.Time         `json:"ends_at,omitempty" db:"ends_at"`
	UsageLimit    *int               `json:"usage_limit,omitempty" db:"usage_limit" doc:"On so many orders at most"`
	CustomerLimit *int               `json:"customer_limit,omitempty" db:"customer_limit" doc:"On so many orders of one customer at most"`
	Budget        *money.Amount      `json:"budget,omitempty" db:"budget" doc:"So much at most, in this currency alone"`
	Used          int                `json:"used" db:"used" doc:"On so many orders, cancelled ones apart"`
	Spent         []money.Amount     `json:"spent" db:"-" doc:"By currency, cancelled orders apart"`
	Coupons       int                `json:"coupons" db:"coupons" doc:"How many codes it has"`
	Version       int64              `json:"version" db:"version"`
	CreatedAt     time.Time          `json:"created_at" db:"created_at"`
	UpdatedAt     time.Time          `json:"updated_at" db:"updated_at"`
}

// ETag lets editors say which version they have seen.
func (p Promotion) ETag() string { return httpapi.VersionTag(p.Version) }

// limited reports whether uses must be counted while an order is placed.
func (p Promotion) limited() bool {
	return p.UsageLimit != nil || p.CustomerLimit != nil || p.Budget != nil
}

// tidy brings a promotion into the form in which it is kept and says what is
// wrong with it.
func (p *Promotion) tidy() error {
	var bad errs.Fields
	p.Name, p.StackingGroup = strings.TrimSpace(p.Name), strings.TrimSpace(p.StackingGroup)
	bad.Require(p.Name != "" && utf8.RuneCountInString(p.Name) <= 100, "/name", "required", "Give the promotion a name of at most 100 letters: buyers read it.")
	bad.Require(utf8.RuneCountInString(p.StackingGroup) <= 60, "/stacking_group", "too_long", "A group has a name of at most 60 letters.")
	bad.Require(p.EndsAt == nil || p.EndsAt.After(p.StartsAt), "/ends_at", "not_after", "It must end after it starts.")
	bad.Require(p.PlatformPPM >= 0 && p.PlatformPPM <= million, "/platform_ppm", "out_of_range", "A part is between 0 and 1,000,000 parts per million.")
	if !p.VendorID.IsZero() {
		bad.Require(p.PlatformPPM == 0, "/platform_ppm", "vendor_pays", "Vendors pay for their own promotions.")
		p.PlatformPPM = 0
	}
	bad.Require(p.UsageLimit == nil || *p.UsageLimit > 0, "/usage_limit", "out_of_range", "A limit is 1 or more; leave it out for none.")
	bad.Require(p.CustomerLimit == nil || *p.CustomerLimit > 0, "/customer_limit", "out_of_range", "A limit is 1 or more; leave it out for none.")
	if p.Budget != nil {
		bad.Require(p.Budget.Minor > 0 && p.Budget.Minor <= money.Max, "/budget/amount", "out_of_range", "A budget is above 0; leave it out for none.")
		bad.Require(p.Budget.Currency.Valid(), "/budget/currency", "unknown_currency", "This is not the ISO 4217 code of a currency.")
	}
	bad = append(bad, p.Conditions.Problems("/conditions")...)
	bad = append(bad, p.Reward.Problems("/reward")...)
	return bad.Err()
}

const million = 1_000_000

// Create makes a promotion, which starts now unless it says when.
func (m *Promotions) Create(ctx context.Context, tx pgx.Tx, p Promotion) (Promotion, error) {
	p.ID = id.New[id.Promotion]()
	if err := p.tidy(); err != nil {
		return Promotion{}, err
	}
	if err := accounts.HoldGroups(ctx, tx, "/conditions/customer_groups", p.Conditions.Groups); err != nil {
		return Promotion{}, err
	}
	if err := insert(ctx, tx, p); err != nil {
		return Promotion{}, fmt.Errorf("make promotion %s: %w", p.Name, err)
	}
	return m.Get(ctx, tx, p.VendorID, p.ID)
}
