package promotions

import (
	"time"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/pricing"
)

// A Proposal is a promotion as somebody describes it, to make it or to try it out.
type Proposal struct {
	Vendor        id.Vendor          `json:"vendor_id,omitzero" doc:"Whose goods alone it lowers; vendors leave it out"`
	Name          string             `json:"name" minLength:"1" maxLength:"100"`
	NeedsCode     bool               `json:"needs_code,omitempty"`
	Status        Status             `json:"status,omitempty" enum:"draft,active,paused" default:"draft"`
	Priority      int                `json:"priority,omitempty" minimum:"-1000000" maximum:"1000000"`
	Exclusive     bool               `json:"exclusive,omitempty"`
	StackingGroup string             `json:"stacking_group,omitempty" maxLength:"60"`
	PlatformPPM   *int64             `json:"platform_ppm,omitempty" minimum:"0" maximum:"1000000" doc:"The part that the platform pays: all of the shop's own promotions, nothing of a vendor's, unless told"`
	Conditions    pricing.Conditions `json:"conditions,omitzero"`
	Reward        pricing.Reward     `json:"reward"`
	StartsAt      time.Time          `json:"starts_at,omitzero"`
	EndsAt        *time.Time         `json:"ends_at,omitempty"`
	UsageLimit    *int               `json:"usage_limit,omitempty" minimum:"1" maximum:"2000000000"`
	CustomerLimit *int               `json:"customer_limit,omitempty" minimum:"1" maximum:"2000000000"`
	Budget        *money.Amount      `json:"budget,omitempty"`
}

// promotion is the one that is proposed; at a vendor's door it is the vendor's.
func (o Proposal) promotion(vendor id.Vendor) (Promotion, error) {
	p := Promotion{
		VendorID: o.Vendor, Name: o.Name, NeedsCode: o.NeedsCode, Status: o.Status, Priority: o.Priority, Exclusive: o.Exclusive,
		StackingGroup: o.StackingGroup, Conditions: o.Conditions, Reward: o.Reward, StartsAt: o.StartsAt, EndsAt: o.EndsAt,
		UsageLimit: o.UsageLimit, CustomerLimit: o.CustomerLimit, Budget: o.Budget,
	}
	if !vendor.IsZero() {
		if !o.Vendor.IsZero() {
			return Promotion{}, errs.Validation.Field("/vendor_id", "not_yours", "Leave the vendor out: it is yours.")
		}
		p.VendorID = vendor
	}
	switch {
	case o.PlatformPPM != nil:
		p.PlatformPPM = *o.PlatformPPM
	case p.VendorID.IsZero():
		p.PlatformPPM = million
	}
	return p, nil
}

// Trial is the promotion that is proposed, checked, to be tried out: it is in no
// table. Without a start it has always run.
func (o Proposal) Trial(vendor id.Vendor) (Promotion, error) {
	p, err := o.promotion(vendor)
	if err != nil {
		return Promotion{}, err
	}
	p.ID = id.New[id.Promotion]()
	return p, p.tidy()
}

// RunsAt reports whether a moment is in the window of a promotion.
func (p Promotion) RunsAt(at time.Time) bool {
	return !p.StartsAt.After(at) && (p.EndsAt == nil || p.EndsAt.After(at))
}
