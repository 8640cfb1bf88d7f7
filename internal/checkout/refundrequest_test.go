package checkout_test

import (
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/platform/pgtest"
)

// limits sets from which sums on refunds want more.
func (s *shop) limits(stepUp, second string) {
	s.t.Helper()
	s.inTx(func(tx pgx.Tx) error {
		return s.flow.Settings.Set(s.t.Context(), tx, map[string]json.RawMessage{
			checkout.StepUpSetting.Key: json.RawMessage(stepUp), checkout.SecondSetting.Key: json.RawMessage(second),
		})
	})
}

func (s *shop) delivered() checkout.Placed {
	s.t.Helper()
	placed := s.buy("", 3, s.sell(goods{})) // 35.00
	s.deliver(s.ship(placed)...)
	return placed
}

func TestLargeRefundsWantAProofOfIdentity(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	placed := s.delivered()
	s.limits("1000", "0")
	path := "/admin/orders/" + placed.Order.ID.String() + "/refunds"
	ask := func(minor string, stale bool) answer {
		header := []string{"Idempotency-Key", id.New[id.Event]().String()}
		if stale {
			header = append(header, "X-Stale", "yes")
		}
		return s.call("staff", "POST", path, `{"amount": {"amount": `+minor+`, "currency": "USD"}, "reason": "broken"}`, header...)
	}
	ask("999", true).want(201)
	ask("1000", true).want(403, "step_up_required")
	ask("1000", false).want(201)
	s.limits("0", "0")
	ask("1501", true).want(201)
	s.sound()
}

// Above a sum two people give money back, and what they give is what was asked for.
// Who gives back several times is not within the limit for that: what another has
// approved is not theirs alone, nor what another has given back.
func TestALimitIsForAllThatOnePersonGivesBackOfAnOrder(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	placed := s.delivered()
	s.limits("0", "1000")
	path := "/admin/orders/" + placed.Order.ID.String() + "/refunds"
	other := id.New[id.User]().String()
	give := func(minor string, header ...string) answer {
		t.Helper()
		return s.call("staff", "POST", path, `{"amount": {"amount": `+minor+`, "currency": "USD"}, "reason": "broken"}`, append(header, "Idempotency-Key", id.New[id.Event]().String())...)
	}
	give("600").want(201)
	give("399").want(201)
	asked := decode[struct {
		Request orders.RefundRequest `json:"refund_request"`
	}](give("1").want(202)).Request
	decide := "/admin/refund-requests/" + asked.ID.String() + "/approve"
	s.call("staff", "POST", decide, "").want(409, "second_person_needed")
	s.call("staff", "POST", decide, "", "X-Staff-Other", other).want(200)
	give("999", "X-Staff-Other", other).want(201)
	give("1", "X-Staff-Other", other).want(202)
	s.sound()
}

func TestASecondPersonApprovesLargeRefunds(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	placed := s.delivered()
	s.limits("0", "1000")
	ask := func(body string) orders.RefundRequest {
		t.Helper()
		return decode[struct {
			Request orders.RefundRequest `json:"refund_request"`
		}](s.refund(placed, body).want(202)).Request
	}
	second := id.New[id.User]().String()
	decide := func(r orders.RefundRequest, what, body string, header ...string) answer {
		t.Helper()
		return s.call("staff", "POST", "/admin/refund-requests/"+r.ID.String()+"/"+what, body, header...)
	}

	s.refund(placed, `{"amount": {"amount": 999, "currency": "USD"}, "reason": "a"}`).want(201)
	first := ask(`{"amount": {"amount": 1000, "currency": "USD"}, "reason": "b"}`)
	rest := ask(`{"shipping": true, "lines": [{"order_line_id": "` + placed.Order.Items[0].ID.String() + `", "quantity": 3}], "reason": "c"}`)
	if first.State != "waiting" || first.Amount != usd(1000) || first.AskedBy == "" || len(s.show(placed).Refunds) != 1 {
		t.Errorf("%+v", first)
	}
	s.sound()
	decide(first, "approve", "").want(409, "second_person_needed")
	decide(first, "reject", `{"reason": "no"}`).want(409, "second_person_needed")
	s.exec(`UPDATE refund_requests SET asked_by = @second || ' as ' || asked_by WHERE id = @id`, pgx.NamedArgs{"second": second, "id": first.ID})
	decide(first, "approve", "", "X-Staff-Other", second).want(409, "second_person_needed") // looking through the other's eyes they asked themselves
	s.exec(`UPDATE refund_requests SET asked_by = @first WHERE id = @id`, pgx.NamedArgs{"first": first.AskedBy, "id": first.ID})
	decide(first, "approve", "", "X-Staff-Other", second, "X-Stale", "yes").want(403)
	approved := decode[orders.RefundRequest](decide(first, "approve", "", "X-Staff-Other", second).want(200))
	if o := s.show(placed); approved.State != "approved" || approved.DecidedBy == approved.AskedBy || len(o.Refunds) != 2 || o.Refunds[1].ID != approved.Refund {
		t.Errorf("%+v", approved)
	}
	s.sound()
	decide(first, "approve", "", "X-Staff-Other", second).want(409, "refund_request_decided")
	decide(rest, "approve", "", "X-Staff-Other", second).want(409, "refund_changed") // some of it went back meanwhile
	decide(rest, "reject", `{"reason": "ask again"}`, "X-Staff-Other", second).want(200, `"state":"rejected"`, "ask again")
	s.call("staff", "GET", "/admin/refund-requests?state=waiting", "").want(200, `"data":[]`)
	s.call("staff", "GET", "/admin/refund-requests?order="+placed.Order.ID.String(), "").want(200, first.ID.String(), rest.ID.String())
	s.call("", "GET", "/admin/refund-requests", "").want(401)
	s.sound()
}
