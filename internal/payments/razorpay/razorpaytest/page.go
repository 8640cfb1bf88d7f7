package razorpaytest

import (
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"

	"souk/internal/payments/fakes"
)

// page is the hosted checkout: what the shop posts to it is checked, and the buyer
// chooses what is to happen.
// https://razorpay.com/docs/payments/payment-gateway/web-integration/hosted/integration-steps/
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var shown order
	err := s.do(r.Context(), func() error {
		o, err := s.asked(r)
		if err == nil {
			shown, s.visits[o.ID] = *o, r.PostForm
		}
		return err
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	show(w, choices, map[string]any{
		"Shop": r.PostForm.Get("name"), "Amount": shown.Amount, "Currency": shown.Currency, "Order": shown.ID, "Paid": shown.Status == "paid",
	})
}

// asked is the order that the form is about.
func (s *Server) asked(r *http.Request) (*order, error) {
	form := r.PostForm
	known := []string{
		"key_id", "order_id", "amount", "currency", "name", "description", "image", "method", "prefill[name]", "prefill[email]", "prefill[contact]",
		"callback_url", "cancel_url",
	}
	for name := range form {
		if !slices.Contains(known, name) {
			return nil, errors.New(name + " is not a field of the checkout")
		}
	}
	for _, name := range []string{"name", "amount", "currency", "order_id", "callback_url"} {
		if form.Get(name) == "" {
			return nil, errors.New(name + " is missing")
		}
	}
	at := slices.IndexFunc(s.orders, func(o *order) bool { return o.ID == form.Get("order_id") })
	switch {
	case form.Get("key_id") != s.KeyID:
		return nil, errors.New("the key is not known")
	case at < 0:
		return nil, errors.New("the order does not exist")
	case form.Get("amount") != strconv.FormatInt(s.orders[at].Amount, 10) || form.Get("currency") != string(s.orders[at].Currency):
		return nil, errors.New("the order is for another amount")
	}
	return s.orders[at], nil
}

// choose does what the buyer has chosen, and sends them back.
func (s *Server) choose(w http.ResponseWriter, r *http.Request) {
	var form, back map[string][]string
	outcome := fakes.Outcome(r.PostFormValue("outcome"))
	err := s.do(r.Context(), func() error {
		at := slices.IndexFunc(s.orders, func(o *order) bool { return o.ID == r.PathValue("order") })
		if at < 0 || s.visits[r.PathValue("order")] == nil {
			return errors.New("nobody was sent here for this order")
		}
		if err := s.pay(s.orders[at], outcome); err != nil {
			return err
		}
		form, back = s.visits[s.orders[at].ID], map[string][]string{}
		for name, value := range s.returns[s.orders[at].ID] {
			back[name] = []string{value}
		}
		return nil
	})
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case outcome == fakes.Abandons, outcome == fakes.PaysLater:
		http.Redirect(w, r, append(form["cancel_url"], form["callback_url"]...)[0], http.StatusSeeOther) //nolint:gosec // it is a fake
	default:
		show(w, goBack, map[string]any{"URL": template.URL(form["callback_url"][0]), "Fields": back}) //nolint:gosec // it is a fake
	}
}

func show(w http.ResponseWriter, t *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = t.Execute(w, data) // who has hung up does not want it
}

var choices = template.Must(template.New("choices").Parse(`<!doctype html>
<html lang="en"><meta name="viewport" content="width=device-width"><title>Razorpay, not really</title>
<body style="font-family:sans-serif;max-width:30rem;margin:3rem auto;padding:0 1rem">
<h1>{{.Shop}}</h1><p>{{.Amount}} minor units of {{.Currency}}, order {{.Order}}. No money moves here.</p>
{{if .Paid}}<p>It is paid.</p>{{else}}<form method="post" action="/v1/checkout/embedded/{{.Order}}">
<p><button name="outcome" value="pays">Pay</button> <button name="outcome" value="declined">Be declined</button>
<button name="outcome" value="pays_later">Pay later</button> <button name="outcome" value="abandons">Go away</button></p></form>{{end}}</body></html>`))

var goBack = template.Must(template.New("back").Parse(`<!doctype html>
<html lang="en"><title>Back to the shop</title><body onload="document.forms[0].submit()"><form method="post" action="{{.URL}}">
{{range $name, $values := .Fields}}<input type="hidden" name="{{$name}}" value="{{index $values 0}}">{{end}}<button>Back to the shop</button></form></body></html>`))
