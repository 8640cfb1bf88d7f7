package razorpaytest

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// dispute as the API shows it.
type dispute struct {
	ID             string         `json:"id"`
	Entity         string         `json:"entity"`
	PaymentID      string         `json:"payment_id"`
	Amount         int64          `json:"amount"`
	Currency       money.Currency `json:"currency"`
	AmountDeducted int64          `json:"amount_deducted"`
	ReasonCode     string         `json:"reason_code"`
	RespondBy      int64          `json:"respond_by"`
	Status         string         `json:"status"`
	Phase          string         `json:"phase"`
	CreatedAt      int64          `json:"created_at"`

	of   *payment
	said []string // the evidence that was submitted
}

// Dispute is a complaint about all of it.
func (s *Server) Dispute(ctx context.Context, p id.Payment) error {
	return s.do(ctx, func() error {
		t, err := s.captured(p)
		if err != nil {
			return err
		}
		d := &dispute{
			ID: newID("disp"), Entity: "dispute", PaymentID: t.ID, Amount: t.Amount, Currency: t.Currency, ReasonCode: "goods_or_services_not_received",
			RespondBy: s.now() + 3*24*3600, Status: "open", Phase: "chargeback", CreatedAt: s.now(), of: t,
		}
		s.disputes = append(s.disputes, d)
		if !s.DeductWhenLost {
			s.deduct(d)
		}
		s.tell("payment.dispute.created", map[string]any{"payment": t, "dispute": d})
		return nil
	})
}

func (s *Server) deduct(d *dispute) {
	d.AmountDeducted = d.Amount
	s.Book.Write(fakes.Entry{Kind: payments.Chargeback, Ref: d.ID, Payment: d.of.of.payment(), Amount: money.Of(-d.Amount, d.Currency)})
}

// Decide is the bank's word.
func (s *Server) Decide(ctx context.Context, p id.Payment, won bool) error {
	return s.do(ctx, func() error {
		for _, d := range s.disputes {
			if d.of.of.payment() == p && (d.Status == "open" || d.Status == "under_review") {
				s.decide(d, won)
				return nil
			}
		}
		return errors.New("no dispute of it is open")
	})
}

func (s *Server) decide(d *dispute, won bool) {
	d.Status = "lost"
	if won {
		d.Status = "won"
	}
	switch {
	case won && d.AmountDeducted > 0:
		s.Book.Write(fakes.Entry{
			Kind: payments.ChargebackReversed, Ref: d.ID, Payment: d.of.of.payment(), Amount: money.Of(d.Amount, d.Currency),
		})
	case !won && d.AmountDeducted == 0:
		s.deduct(d)
	}
	s.tell("payment.dispute."+d.Status, map[string]any{"payment": d.of, "dispute": d})
}

func (s *Server) listDisputes(r *http.Request) (any, *problem) {
	return part(r, s.disputes, func(d *dispute) int64 { return d.CreatedAt })
}

func (s *Server) findDispute(r *http.Request) (*dispute, *problem) {
	at := slices.IndexFunc(s.disputes, func(d *dispute) bool { return d.ID == r.PathValue("id") })
	if at < 0 {
		return nil, bad("The id provided does not exist")
	}
	return s.disputes[at], nil
}

func (s *Server) fetchDispute(r *http.Request) (any, *problem) {
	d, no := s.findDispute(r)
	return d, no
}

// contestDispute follows https://razorpay.com/docs/api/disputes/contest/
func (s *Server) contestDispute(r *http.Request) (any, *problem) {
	var in struct {
		Summary string   `json:"summary"`
		Letter  []string `json:"explanation_letter"`
		Proof   []string `json:"shipping_proof"`
		Action  string   `json:"action"`
	}
	if no := read(r, &in); no != nil {
		return nil, no
	}
	d, no := s.findDispute(r)
	papers := slices.Concat(in.Letter, in.Proof)
	switch {
	case no != nil:
		return nil, no
	case d.Status != "open":
		return nil, bad("The dispute is not in open status.")
	case len([]rune(in.Summary)) > 1000:
		return nil, bad("The summary may not be greater than 1000 characters.")
	case in.Action != "submit" && in.Action != "draft":
		return nil, bad("The selected action is invalid.")
	case len(papers) == 0:
		return nil, bad("Atleast one document is required to contest a dispute.")
	}
	said := in.Summary
	for _, name := range papers {
		paper, ok := s.papers[name]
		if !ok {
			return nil, bad(name + " is not a valid id")
		}
		said += "\n" + paper
	}
	if in.Action == "submit" {
		d.said, d.Status = append(d.said, said), "under_review"
		s.tell("payment.dispute.under_review", map[string]any{"payment": d.of, "dispute": d})
	}
	return d, nil
}

// acceptDispute follows https://razorpay.com/docs/api/disputes/accept/
func (s *Server) acceptDispute(r *http.Request) (any, *problem) {
	d, no := s.findDispute(r)
	switch {
	case no != nil:
		return nil, no
	case d.Status != "open":
		return nil, bad("The dispute is not in open status.")
	}
	s.decide(d, false)
	return d, nil
}

// createDocument follows https://razorpay.com/docs/api/documents/create/
func (s *Server) createDocument(r *http.Request) (any, *problem) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || r.FormValue("purpose") != "dispute_evidence" {
		return nil, bad("The purpose field is required.")
	}
	file, head, err := r.FormFile("file")
	if err != nil {
		return nil, bad("The file field is required.")
	}
	content, err := io.ReadAll(file)
	mimeType := head.Header.Get("Content-Type")
	if err != nil || mimeType != "application/pdf" || !strings.HasPrefix(string(content), "%PDF-") {
		return nil, bad("The file must be a file of type: jpg, jpeg, png, pdf.")
	}
	name := newID("doc")
	s.papers[name] = string(content)
	return map[string]any{
		"id": name, "entity": "document", "purpose": "dispute_evidence", "name": head.Filename, "mime_type": mimeType, "size": len(content), "created_at": s.now(),
	}, nil
}

// Answers is the evidence that the shop has submitted.
func (s *Server) Answers(p id.Payment) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.disputes {
		if d.of.of.payment() == p {
			list = append(list, d.said...)
		}
	}
	return list
}
