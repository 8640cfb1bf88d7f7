package stripetest

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"souk/internal/id"
	"souk/internal/payments/fakes"
)

// Pay does what a buyer does on the page of a payment.
func (s *Server) Pay(ctx context.Context, p id.Payment, o fakes.Outcome) error {
	s.mu.Lock()
	s.pass()
	x := s.pages[p]
	err := fmt.Errorf("stripe: there is no page for %s", p)
	if x != nil {
		err = s.visit(x, o)
	}
	letters := s.taken()
	s.mu.Unlock()
	s.post(ctx, letters)
	return err
}

func (s *Server) visit(x *session, o fakes.Outcome) error {
	if x.status != "open" {
		return fmt.Errorf("stripe: the page of %s is %s", x.reference, x.status)
	}
	if o == fakes.Abandons {
		return nil
	}
	if x.intent == nil {
		x.intent = s.newIntent(x.amount, x.currency, x.metadata)
		x.intent.manual, x.intent.save = x.manual, x.save
	}
	i := x.intent
	switch o {
	case fakes.Declined:
		s.decline(i, "card_declined", "insufficient_funds")
		return nil
	case fakes.PaysLater:
		s.attempt(i, "pending")
		i.status, x.status = "processing", "complete"
		s.tell("payment_intent.processing", s.viewIntent(i))
		s.tell("checkout.session.completed", s.viewSession(x))
		return nil
	case fakes.WrongAmount:
		i.amount--
	case fakes.WrongCurrency:
		i.currency = map[bool]string{true: "USD", false: "EUR"}[i.currency == "EUR"]
	case fakes.Pays, fakes.Abandons:
	}
	i.method = &method{id: named("pm"), created: s.now()}
	if x.save {
		i.method.customer = named("cus")
	}
	s.methods[i.method.id] = i.method
	s.succeed(i)
	x.status = "complete"
	if !i.manual {
		x.paid = "paid"
	}
	s.tell("checkout.session.completed", s.viewSession(x))
	return nil
}

// Late lets a payment succeed that was left pending.
func (s *Server) Late(ctx context.Context, p id.Payment) error {
	s.mu.Lock()
	s.pass()
	x := s.pages[p]
	err := fmt.Errorf("stripe: nothing is pending of %s", p)
	if x != nil && x.intent != nil && x.intent.status == "processing" {
		err = nil
		x.intent.manual = false // a bank that takes its time promises nothing
		s.succeed(x.intent)
		x.paid = "paid"
		s.tell("checkout.session.async_payment_succeeded", s.viewSession(x))
	}
	letters := s.taken()
	s.mu.Unlock()
	s.post(ctx, letters)
	return err
}

// Return is the query that Stripe sends the buyer back with.
func (s *Server) Return(p id.Payment) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x, ok := s.pages[p]; ok {
		return map[string]string{"session_id": x.id}
	}
	return nil
}

// tell writes an event, to be sent when the account is not locked any more.
func (s *Server) tell(kind string, o object) {
	shut(o)
	body := written(object{
		"id": named("evt"), "object": "event", "api_version": Version, "created": s.now(), "data": object{"object": o}, "livemode": s.Live,
		"pending_webhooks": 1, "request": object{"id": nil, "idempotency_key": nil}, "type": kind,
	})
	s.letters = append(s.letters, fakes.Letter{Body: body, Sign: s.sign})
}

func (s *Server) taken() []fakes.Letter {
	letters := s.letters
	s.letters = nil
	return letters
}

func (s *Server) post(ctx context.Context, letters []fakes.Letter) {
	for _, l := range letters {
		s.Postman.Send(ctx, l)
	}
}

var pageOf = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A fake of Stripe</title>
<h1>Pay {{.Sum}}</h1>
<p>This is not Stripe. Nobody is charged.</p>
<form method="post" action="/c/pay/{{.ID}}">{{range $choice, $target := .Choices}}
<button name="outcome" value="{{$choice}}" formtarget="{{$target}}">{{$choice}}</button>{{end}}
</form></html>`))

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, map[fakes.Outcome]string{fakes.Pays: "", fakes.Declined: "", fakes.PaysLater: "", fakes.Abandons: ""},
		func(x *session) bool { return x.secret == "" })
}

// show is a page on which somebody chooses, and the window in which what comes of
// it is shown.
func (s *Server) show(w http.ResponseWriter, r *http.Request, choices map[fakes.Outcome]string, admitted func(*session) bool) {
	s.mu.Lock()
	s.pass()
	x, ok := s.sessions[r.PathValue("id")]
	open := ok && x.status == "open" && admitted(x)
	s.mu.Unlock()
	if !open {
		http.Error(w, "This page has expired.", http.StatusGone)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	err := pageOf.Execute(w, map[string]any{"ID": x.id, "Sum": worth(x.amount, x.currency).String(), "Choices": choices})
	if err != nil {
		return // the browser has gone away
	}
}

func (s *Server) takePage(w http.ResponseWriter, r *http.Request) {
	outcome := fakes.Outcome(r.PostFormValue("outcome"))
	s.mu.Lock()
	s.pass()
	x, ok := s.sessions[r.PathValue("id")]
	var err error
	if ok {
		err = s.visit(x, outcome)
	}
	letters := s.taken()
	s.mu.Unlock()
	s.post(r.Context(), letters)
	switch {
	case !ok || err != nil:
		http.Error(w, "This page has expired.", http.StatusGone)
	case outcome == fakes.Declined: // to try again
		http.Redirect(w, r, x.again(), http.StatusSeeOther)
	case outcome == fakes.Abandons:
		http.Redirect(w, r, strings.ReplaceAll(x.cancel, "{CHECKOUT_SESSION_ID}", x.id), http.StatusSeeOther)
	default:
		http.Redirect(w, r, strings.ReplaceAll(x.success, "{CHECKOUT_SESSION_ID}", x.id), http.StatusSeeOther)
	}
}
