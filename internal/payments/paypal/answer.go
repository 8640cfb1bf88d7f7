package paypal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"souk/internal/payments"
)

// evidence is a part of what is said against a dispute.
// https://developer.paypal.com/docs/api/customer-disputes/v1/#definition-evidence
type evidence struct {
	Type  string        `json:"evidence_type"`
	Info  *evidenceInfo `json:"evidence_info,omitempty"`
	Notes string        `json:"notes,omitempty"` // 2000 letters at most
}

type evidenceInfo struct {
	Tracking []tracking `json:"tracking_info"`
}

type tracking struct {
	Carrier string `json:"carrier_name"`
	Other   string `json:"carrier_name_other,omitempty"` // whose name PayPal does not know
	Number  string `json:"tracking_number"`
}

// Contest provides evidence. PayPal takes it once the buyer has made a claim of
// the dispute, and reviews it then.
// https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_provide-evidence
func (p *Provider) Contest(ctx context.Context, r payments.Response) error {
	return p.answer(ctx, r, call{
		path: "/provide-evidence", asForm: true,
		send: map[string]any{"evidences": evidences(r.Evidence)},
	})
}

// Concede accepts a claim: PayPal gives the buyer all of the money.
// https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_accept-claim
func (p *Provider) Concede(ctx context.Context, r payments.Response) error {
	return p.answer(ctx, r, call{path: "/accept-claim", send: map[string]any{"note": "The shop accepts the claim."}})
}

// answer calls PayPal about a dispute of the payment that still wants an answer:
// PayPal keeps no key of it.
func (p *Provider) answer(ctx context.Context, r payments.Response, c call) error {
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return err
	}
	path := "/v1/customer/disputes/" + url.PathEscape(r.Dispute)
	var d dispute
	if err := p.call(ctx, a, call{method: http.MethodGet, path: path, into: &d}); err != nil {
		return fmt.Errorf("answer dispute: %w", err)
	}
	switch {
	case !slices.ContainsFunc(d.Transactions, func(t transaction) bool { return slices.Contains(r.Refs, t.Seller) }):
		return payments.ErrMismatch
	case d.status() != payments.NeedsResponse:
		return nil
	}
	c.method, c.path = http.MethodPost, path+c.path
	if err := p.call(ctx, a, c); err != nil {
		return fmt.Errorf("answer dispute: %w", err)
	}
	return nil
}

// room is how many letters PayPal takes as notes.
const room = 2000

// evidences sorts what the shop says by PayPal's kinds of evidence.
func evidences(e payments.Evidence) (list []evidence) {
	shipped := evidence{Type: "PROOF_OF_FULFILLMENT", Info: &evidenceInfo{}, Notes: payments.Cut(e.Shipping(), room)}
	for _, parcel := range e.Parcels {
		if parcel.Tracking != "" {
			shipped.Info.Tracking = append(shipped.Info.Tracking, tracked(parcel))
		}
	}
	if shipped.Info.Tracking == nil { // it proves nothing, then
		shipped = evidence{Type: other, Notes: shipped.Notes}
	}
	who := strings.TrimSpace("Order " + e.Number + " of " + e.Email)
	for _, part := range []evidence{
		shipped,
		{Type: other, Notes: payments.Cut(e.Explanation+"\n\n"+who, room)},
		{Type: "ITEM_DESCRIPTION", Notes: payments.Cut(e.Product, room)},
		{Type: other, Notes: payments.Cut(e.Communication, room)},
		{Type: "RETURN_POLICY", Notes: payments.Cut(e.Policy, room)},
	} {
		if part.Notes != "" {
			list = append(list, part)
		}
	}
	return list
}

// other is evidence of no particular kind, and a carrier that PayPal does not know.
const other = "OTHER"

// carriers are PayPal's names of those that it knows.
var carriers = map[string]string{
	"ups": "UPS", "usps": "USPS", "fedex": "FEDEX", "dhl": "DHL", "tnt": "TNT", "royal mail": "ROYAL_MAIL", "hermes": "DE_HERMES", "gls": "DE_GLS",
	"dpd": "DE_DPD", "india post": "IN_INDIAPOST", "delhivery": "IND_DELHIVERY", "blue dart": "IND_BLUEDART", "bluedart": "IND_BLUEDART",
	"dtdc": "IND_DTDC", "ekart": "EKART", "xpressbees": "IND_XPRESSBEES",
}

func tracked(p payments.Parcel) tracking {
	if known, ok := carriers[strings.ToLower(p.Carrier)]; ok {
		return tracking{Carrier: known, Number: p.Tracking}
	}
	name := p.Carrier
	if name == "" {
		name = "the shop's own"
	}
	return tracking{Carrier: other, Other: name, Number: p.Tracking}
}
