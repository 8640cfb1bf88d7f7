package paypaltest

import (
	"html/template"
	"net/http"
	"net/url"

	"souk/internal/payments/fakes"
)

// page is where buyers are sent, so that a person can try a shop out.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>PayPal, for tests</title>
<h1>Pay {{.Amount}}</h1>
<p>This is not PayPal. No money moves.</p>
<form method="post"><input type="hidden" name="token" value="{{.Token}}">
{{range .Outcomes}}<p><button name="outcome" value="{{.}}">{{.}}</button></p>{{end}}
</form></html>
`))

var outcomes = []fakes.Outcome{fakes.Pays, fakes.PaysLater, fakes.Declined, fakes.Abandons}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	o, ok := s.orders[r.FormValue("token")]
	open := ok && o.open(s.Clock.Now()) == nil
	s.mu.Unlock()
	if !open {
		http.Error(w, "This payment is over.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, map[string]any{"Amount": o.asked, "Token": o.id, "Outcomes": outcomes}) // who has left does not want it
}

func (s *Server) leavePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	o, ok := s.orders[r.FormValue("token")]
	s.mu.Unlock()
	outcome := fakes.Outcome(r.FormValue("outcome"))
	if !ok || s.Pay(r.Context(), o.ours(), outcome) != nil {
		http.Error(w, "This payment is over.", http.StatusNotFound)
		return
	}
	back, brought := o.returnURL, url.Values{"token": {o.id}}
	if outcome == fakes.Declined || outcome == fakes.Abandons {
		back = o.cancelURL
	} else {
		brought.Set("PayerID", "QYR5Z8XDVJNXQ")
	}
	to, err := url.Parse(back)
	if err != nil {
		http.Error(w, "The shop has no way back.", http.StatusBadGateway)
		return
	}
	query := to.Query()
	for name, values := range brought {
		query[name] = values
	}
	to.RawQuery = query.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther) // this page sends buyers wherever the shop says, as PayPal does
}
