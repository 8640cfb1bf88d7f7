package storefront

import (
	"bytes"
	"fmt"
	"net/http"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/payments/testpay"
	"souk/internal/platform/httpapi"
)

func (p *Pages) testPayRoutes(r *httpapi.Router) {
	hidden, limit := httpapi.Hidden("a page for people"), httpapi.Limit(httpapi.LimitCheckout)
	httpapi.Raw(r, http.MethodGet, testpay.Path, p.showTestPayment, httpapi.Public("a page for people who were sent there"), hidden, limit,
		httpapi.ID("page-test-payment"), httpapi.QueryParam("card", "what was chosen"))
	httpapi.Raw(r, http.MethodPost, testpay.Path, p.chooseCard, httpapi.Public("no money moves"), hidden, limit,
		httpapi.ID("page-test-payment-card"), httpapi.Consumes("application/x-www-form-urlencoded"), httpapi.NeverStored())
}

// testPayment is what the page of a test payment shows.
type testPayment struct {
	Title, Shop, Assets, Script string

	testpay.Visit
	Chosen string // the card that was chosen last
}

func (p *Pages) showTestPayment(w http.ResponseWriter, r *http.Request) error {
	payment, err := id.Parse[id.Payment](r.PathValue("payment"))
	if err != nil {
		return payments.ErrNoPayment
	}
	v, err := p.Tests.Visit(r.Context(), payment)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	err = p.testPay.ExecuteTemplate(&page, "layout.html", testPayment{
		Title: "Pay " + v.Amount.String(), Shop: p.ShopName, Assets: "/assets/" + p.version, Visit: v,
		Chosen: r.URL.Query().Get("card"),
	})
	if err != nil {
		return fmt.Errorf("show test payment %s: %w", payment, err)
	}
	head(w.Header())
	_, err = w.Write(page.Bytes())
	return err
}

// chooseCard does what comes of a card and shows the page again, so that loading
// it anew chooses nothing. In a tab that was left open it may be too late for any.
func (p *Pages) chooseCard(w http.ResponseWriter, r *http.Request) error {
	payment, err := id.Parse[id.Payment](r.PathValue("payment"))
	if err != nil {
		return payments.ErrNoPayment
	}
	card := r.PostFormValue("card")
	if card != testpay.Challenge { // then the page asks
		err = p.Tests.Choose(r.Context(), payment, card)
		if err != nil && errs.KindOf(err) != errs.Conflict {
			return err
		}
	}
	http.Redirect(w, r, testpay.Page(payment)+"?card="+card, http.StatusSeeOther)
	return nil
}
