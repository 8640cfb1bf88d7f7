package paypaltest

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"time"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// waiting is a case that the shop has to answer.
const waiting = "WAITING_FOR_SELLER_RESPONSE"

type dispute struct {
	id, status, outcome string
	transaction         string // the status of the disputed transaction
	hold                string // the name of the entry that keeps the money back
	order               *order
	capture             *capture
	amount              money.Amount
	createdAt, dueBy    time.Time
	said                []string // the evidence that was provided
}

func (s *Server) isDisputed(c *capture) bool {
	for _, d := range s.disputes {
		if d.capture == c && d.status != "RESOLVED" {
			return true
		}
	}
	return false
}

// Dispute opens a case and keeps the money back.
func (s *Server) Dispute(ctx context.Context, payment id.Payment) error {
	return s.with(ctx, payment, func(o *order) error {
		if len(o.captures) == 0 || o.captures[0].status == pending || s.left(o.captures[0]) == 0 {
			return errors.New("nothing to dispute")
		}
		c, now := o.captures[0], s.Clock.Now()
		d := &dispute{
			id: "PP-R-" + rand.Text()[:3] + "-" + rand.Text()[:8], order: o, capture: c, amount: money.Of(s.left(c), c.amount.Currency), status: waiting,
			transaction: "HELD", hold: name(), createdAt: now, dueBy: now.Add(10 * 24 * time.Hour),
		}
		s.disputes = append(s.disputes, d)
		taken := money.Of(-d.amount.Minor, d.amount.Currency)
		s.write(fakes.Entry{Kind: payments.Chargeback, Ref: d.id, Payment: o.ours(), Amount: taken}, "T1110", d.hold, c.id)
		s.tell("CUSTOMER.DISPUTE.CREATED", "dispute", s.disputeBody(d))
		return nil
	})
}

// Decide ends the case: the money is let go, or stays with the buyer.
func (s *Server) Decide(ctx context.Context, payment id.Payment, won bool) error {
	return s.with(ctx, payment, func(o *order) error {
		for _, d := range s.disputes {
			if d.order != o || d.status == "RESOLVED" {
				continue
			}
			outcome := "RESOLVED_BUYER_FAVOUR"
			if won {
				outcome = "RESOLVED_SELLER_FAVOUR"
			}
			s.resolve(d, outcome)
			return nil
		}
		return errors.New("no case is open")
	})
}

// resolve ends a case: the money is let go, or stays with the buyer.
func (s *Server) resolve(d *dispute, outcome string) {
	d.status, d.outcome, d.transaction = "RESOLVED", outcome, "REVERSED"
	if outcome == "RESOLVED_SELLER_FAVOUR" {
		d.transaction = completed
		s.write(fakes.Entry{Kind: payments.ChargebackReversed, Ref: d.id, Payment: d.order.ours(), Amount: d.amount}, "T1111", d.hold, d.capture.id)
	}
	s.tell("CUSTOMER.DISPUTE.RESOLVED", "dispute", s.disputeBody(d))
}

// Answers is the evidence that the shop has provided.
func (s *Server) Answers(payment id.Payment) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.disputes {
		if d.order == s.byOurs[payment] {
			list = append(list, d.said...)
		}
	}
	return list
}

// answers lets the shop answer a case, which PayPal keeps no key of.
func (s *Server) answers(act func(*http.Request, *dispute) *problem) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		p := s.checkHead(r)
		if p == nil {
			p = s.permitted("https://uri.paypal.com/services/disputes/update-seller")
		}
		at := slices.IndexFunc(s.disputes, func(d *dispute) bool { return d.id == r.PathValue("id") })
		switch {
		case p != nil:
		case at < 0:
			p = notFound()
		case s.disputes[at].status != waiting:
			p = unprocessable("ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE", "The requested action is not allowed in the current state of the dispute.")
		default:
			p = act(r, s.disputes[at])
		}
		letters := s.takeLetters()
		s.mu.Unlock()
		s.post(r.Context(), letters)
		if p != nil {
			p.write(w)
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{"links": []map[string]any{{"href": s.base + "/v1/customer/disputes/" + r.PathValue("id"), "rel": "self", "method": "GET"}}})
	}
}

var carrier = regexp.MustCompile(`^[0-9A-Z_]+$`)

// provideEvidence takes a form with a part "input". Files may come with it; the
// shop sends none.
func (s *Server) provideEvidence(r *http.Request, d *dispute) *problem {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "multipart/form-data" {
		return &problem{http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_MEDIA_TYPE", kind}
	}
	if err := r.ParseMultipartForm(1 << 20); err != nil || len(r.MultipartForm.Value) != 1 || len(r.MultipartForm.File) != 0 {
		return invalid("MALFORMED_REQUEST", "a part input is expected")
	}
	input := r.FormValue("input")
	var in struct {
		Evidences []struct {
			Type  string `json:"evidence_type"`
			Notes string `json:"notes"`
			Info  struct {
				Tracking []struct {
					Carrier string `json:"carrier_name"`
					Other   string `json:"carrier_name_other"`
					Number  string `json:"tracking_number"`
				} `json:"tracking_info"`
			} `json:"evidence_info"`
		} `json:"evidences"`
	}
	if p := strict([]byte(input), &in); p != nil {
		return p
	}
	for _, e := range in.Evidences {
		if len([]rune(e.Notes)) > 2000 || !slices.Contains([]string{"PROOF_OF_FULFILLMENT", "ITEM_DESCRIPTION", "RETURN_POLICY", "OTHER"}, e.Type) {
			return invalid("INVALID_PARAMETER_VALUE", "evidences")
		}
		if e.Type == "PROOF_OF_FULFILLMENT" && len(e.Info.Tracking) == 0 {
			return invalid("MISSING_TRACKING_INFO", "For PROOF_OF_FULFILLMENT, the tracking number and carrier name are required but they are missing.")
		}
		for _, t := range e.Info.Tracking {
			if !carrier.MatchString(t.Carrier) || t.Number == "" || (t.Carrier == "OTHER") != (t.Other != "") {
				return invalid("MISSING_TRACKING_INFO", "evidences/evidence_info/tracking_info")
			}
		}
	}
	if len(in.Evidences) == 0 {
		return invalid("MISSING_REQUIRED_PARAMETER", "evidences")
	}
	d.said, d.status = append(d.said, input), "UNDER_REVIEW"
	s.tell("CUSTOMER.DISPUTE.UPDATED", "dispute", s.disputeBody(d))
	return nil
}

// acceptClaim gives the buyer all of the money.
func (s *Server) acceptClaim(r *http.Request, d *dispute) *problem {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Type") != "application/json" {
		return &problem{http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_MEDIA_TYPE", r.Header.Get("Content-Type")}
	}
	var in struct {
		Note string `json:"note"`
	}
	if p := strict(body, &in); p != nil {
		return p
	}
	s.resolve(d, "ACCEPTED")
	return nil
}

func (s *Server) listDisputes(r *http.Request) (any, *problem) {
	if p := s.permitted("https://uri.paypal.com/services/disputes/read-seller"); p != nil {
		return nil, p
	}
	if p := known(r, []string{"disputed_transaction_id"}, []string{"page_size", "dispute_state"}); p != nil {
		return nil, p
	}
	size, p := upTo(r, "page_size", 50, 10)
	if p != nil {
		return nil, p
	}
	items := []any{}
	for i := len(s.disputes) - 1; i >= 0 && len(items) < size; i-- { // the latest first
		if d := s.disputes[i]; d.capture.id == r.URL.Query().Get("disputed_transaction_id") {
			body := s.disputeBody(d)
			for _, detail := range []string{"disputed_transactions", "dispute_outcome", "money_movements"} {
				delete(body, detail)
			}
			items = append(items, body)
		}
	}
	return map[string]any{"items": items, "links": []map[string]any{{"href": s.base + r.URL.String(), "rel": "self", "method": "GET"}}}, nil
}

func (s *Server) showDispute(r *http.Request) (any, *problem) {
	if p := s.permitted("https://uri.paypal.com/services/disputes/read-seller"); p != nil {
		return nil, p
	}
	for _, d := range s.disputes {
		if d.id == r.PathValue("id") {
			return s.disputeBody(d), nil
		}
	}
	return nil, notFound()
}

func (s *Server) disputeBody(d *dispute) map[string]any {
	body := map[string]any{
		"dispute_id": d.id, "create_time": stamp(d.createdAt), "update_time": stamp(s.Clock.Now()), "status": d.status,
		"reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "dispute_amount": show(d.amount), "dispute_life_cycle_stage": "CHARGEBACK",
		"dispute_channel": "INTERNAL", "seller_response_due_date": stamp(d.dueBy),
		"disputed_transactions": []map[string]any{{
			"seller_transaction_id": d.capture.id, "transaction_status": d.transaction, "gross_amount": show(d.capture.amount), "custom": d.order.custom,
		}},
		"links": []map[string]any{{"href": s.base + "/v1/customer/disputes/" + d.id, "rel": "self", "method": "GET"}},
	}
	if d.outcome != "" {
		body["dispute_outcome"] = map[string]any{"outcome_code": d.outcome}
	}
	if d.outcome == "RESOLVED_BUYER_FAVOUR" {
		body["money_movements"] = []map[string]any{
			{"affected_party": "SELLER", "type": "DEBIT", "reason": "DISPUTE_SETTLEMENT", "amount": show(d.amount), "initiated_time": stamp(s.Clock.Now())},
			{"affected_party": "BUYER", "type": "CREDIT", "reason": "DISPUTE_SETTLEMENT", "amount": show(d.amount), "initiated_time": stamp(s.Clock.Now())},
		}
	}
	return body
}
