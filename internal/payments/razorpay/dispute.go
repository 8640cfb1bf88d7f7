package razorpay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"

	"souk/internal/payments"
)

// contest is what is said against a dispute: a summary, and documents by their
// names. https://razorpay.com/docs/api/disputes/contest/
type contest struct {
	Summary string   `json:"summary"` // a thousand letters at most
	Letter  []string `json:"explanation_letter"`
	Proof   []string `json:"shipping_proof,omitempty"`
	Action  string   `json:"action"` // draft or submit, which is for good
}

// Contest contests all of a dispute. Razorpay wants a document at least: a letter
// with all that the shop says. A letter that was uploaded and not submitted, as
// its answer was lost, is of no account.
func (p *Provider) Contest(ctx context.Context, r payments.Response) error {
	return p.answer(ctx, r, func(a payments.Account, path string) error {
		letter, err := pdf(r.Evidence.Letter())
		if err != nil {
			return err
		}
		document, err := p.upload(ctx, a, "letter.pdf", letter)
		if err != nil {
			return err
		}
		c := contest{Summary: r.Evidence.Explanation, Letter: []string{document}, Action: "submit"}
		if r.Evidence.Shipping() != "" {
			c.Proof = c.Letter
		}
		return p.call(ctx, a, call{method: http.MethodPatch, path: path + "/contest", body: c}, &dispute{})
	})
}

// Concede accepts a dispute, which loses it and cannot be undone.
// https://razorpay.com/docs/api/disputes/accept/
func (p *Provider) Concede(ctx context.Context, r payments.Response) error {
	return p.answer(ctx, r, func(a payments.Account, path string) error {
		return p.call(ctx, a, call{path: path + "/accept", body: struct{}{}}, &dispute{})
	})
}

// answer calls Razorpay about a dispute of the payment that still wants an answer:
// Razorpay keeps no key of it.
func (p *Provider) answer(ctx context.Context, r payments.Response, act func(a payments.Account, path string) error) error {
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return err
	}
	path := "/v1/disputes/" + url.PathEscape(r.Dispute)
	var d dispute
	err = p.call(ctx, a, call{path: path}, &d)
	switch {
	case err != nil:
	case !slices.Contains(r.Refs, d.Payment):
		err = payments.ErrMismatch
	case disputed(d.Status) == payments.NeedsResponse:
		err = act(a, path)
	}
	if err != nil {
		return fmt.Errorf("answer dispute %s at razorpay: %w", r.Dispute, err)
	}
	return nil
}

// upload keeps a document at Razorpay and says by which name.
// https://razorpay.com/docs/api/documents/create/
func (p *Provider) upload(ctx context.Context, a payments.Account, name string, content []byte) (string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename=%q`, name)}, "Content-Type": {"application/pdf"},
	})
	if err == nil {
		_, err = part.Write(content)
	}
	if err = errors.Join(err, form.WriteField("purpose", "dispute_evidence"), form.Close()); err != nil {
		return "", fmt.Errorf("write document: %w", err)
	}
	var kept struct {
		ID string `json:"id"`
	}
	err = p.call(ctx, a, call{path: "/v1/documents", form: body.Bytes(), kind: form.FormDataContentType()}, &kept)
	if err == nil && kept.ID == "" {
		err = errors.New("razorpay names no document")
	}
	return kept.ID, err
}
