package tax

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"souk/internal/money"
	"souk/internal/platform/outbound"
	"souk/internal/platform/vault"
)

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

// question is the example of TaxJar's reference, in two lines.
func question() Question {
	return Question{
		Engine: taxJarName, Currency: "USD", From: Place{Country: "US", Region: "NJ", PostalCode: "07001"},
		To:    Place{Country: "US", Region: "NJ", PostalCode: "07446", City: "Ramsey", Line1: "63 W Main St"},
		Lines: []Asked{{Class: "clothing", Quantity: 2, UnitPrice: usd(750), Discount: usd(0)}, {Class: Standard, Quantity: 1, UnitPrice: usd(1000), Discount: usd(100)}}, Shipping: usd(150),
	}
}

// published is the answer that TaxJar's reference shows, for these lines.
const published = `{"tax": {"order_total_amount": 25.5, "shipping": 1.5, "taxable_amount": 25.5, "amount_to_collect": 1.76, "rate": 0.06625, "has_nexus": true,
	"freight_taxable": true, "tax_source": "destination", "breakdown": {"taxable_amount": 25.5, "tax_collectable": 1.76, "combined_tax_rate": 0.06625,
	"state_taxable_amount": 25.5, "state_tax_rate": 0.06625, "state_tax_collectable": 1.76,
	"shipping": {"taxable_amount": 1.5, "tax_collectable": 0.1, "combined_tax_rate": 0.06625, "state_taxable_amount": 1.5, "state_sales_tax_rate": 0.06625, "state_amount": 0.1},
	"line_items": [
		{"id": "2", "taxable_amount": 9.0, "tax_collectable": 0.6, "combined_tax_rate": 0.06625, "state_amount": 0.6},
		{"id": "1", "taxable_amount": 15.0, "tax_collectable": 1.06, "combined_tax_rate": 0.06625, "state_amount": 1.06}]}}}`

// asked serves one answer, and tells what was asked.
func asked(t *testing.T, status int, answer string) (j taxJar, order *taxJarOrder, head *http.Header) {
	t.Helper()
	order, head = &taxJarOrder{}, &http.Header{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*head = r.Header
		if r.Method != http.MethodPost || r.URL.Path != "/v2/taxes" {
			t.Errorf("asked %s %s", r.Method, r.URL.Path)
		}
		if err := json.NewDecoder(r.Body).Decode(order); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return taxJar{client: outbound.New(true), baseURL: server.URL, key: "secret", codes: map[string]string{"clothing": "20010"}}, order, head
}

func TestTaxJarIsAskedByItsPublishedProtocol(t *testing.T) {
	t.Parallel()
	j, order, head := asked(t, 200, published)
	got, err := j.Tax(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	share := func(minor int64) []Share { return []Share{{"Sales tax", 66_250, usd(minor)}} }
	if diff := cmp.Diff(Answer{Lines: [][]Share{share(106), share(60)}, Shipping: share(10)}, got); diff != "" {
		t.Error(diff)
	}
	want := taxJarOrder{
		FromCountry: "US", FromZip: "07001", FromState: "NJ", ToCountry: "US", ToZip: "07446", ToState: "NJ", ToCity: "Ramsey", ToStreet: "63 W Main St",
		Amount: "25.50", Shipping: "1.50", Lines: []taxJarLine{{"1", 2, "20010", "7.50", "0.00"}, {"2", 1, "", "10.00", "1.00"}},
	}
	if diff := cmp.Diff(want, *order); diff != "" {
		t.Error(diff)
	}
	if head.Get("Authorization") != "Bearer secret" || head.Get("Content-Type") != "application/json" {
		t.Errorf("%v", head)
	}
}

func TestWhereTheSellerHasNoNexusNothingIsCollected(t *testing.T) {
	t.Parallel()
	j, _, _ := asked(t, 200, `{"tax": {"order_total_amount": 25.5, "shipping": 1.5, "taxable_amount": 0, "amount_to_collect": 0, "rate": 0, "has_nexus": false, "freight_taxable": false, "tax_source": null}}`)
	if got, err := j.Tax(t.Context(), question()); err != nil || !got.total("USD").IsZero() || len(got.Lines) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

// What is not to be believed is a failure, with a sentence that an order may
// keep: no answer is used in part.
func TestAnAnswerThatIsNotToBeBelieved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		answer string
		why    string
	}{
		"a wrong key":            {401, `{"status": 401, "error": "Unauthorized", "detail": "Not authorized for route 'POST /v2/taxes'"}`, "answered 401: Not authorized"},
		"a wrong place":          {400, `{"status": 400, "error": "Bad Request", "detail": "to_zip 90002 is not used within to_state NY"}`, "answered 400: to_zip 90002"},
		"too many requests":      {429, `Slow down`, "answered 429"},
		"it is broken":           {500, `<html>`, "answered 500"},
		"no JSON":                {200, `<html>`, "no JSON"},
		"half of it":             {200, published[:300], "no JSON"},
		"something else":         {200, `{}`, "what is to be collected"},
		"a wrong sum":            {200, strings.Replace(published, `"amount_to_collect": 1.76`, `"amount_to_collect": 1.77`, 1), "says 1.77 USD in all, and 1.76 USD line by line"},
		"parts of a cent":        {200, strings.Replace(published, `"amount_to_collect": 1.76`, `"amount_to_collect": 1.765`, 1), "what is to be collected"},
		"a line twice":           {200, strings.Replace(published, `"id": "2"`, `"id": "1"`, 1), "one twice"},
		"a line of nobody":       {200, strings.Replace(published, `"id": "2"`, `"id": "3"`, 1), "was not asked"},
		"a negative tax":         {200, strings.Replace(published, `"tax_collectable": 0.6,`, `"tax_collectable": -0.6,`, 1), "it cannot have"},
		"more tax than the line": {200, strings.Replace(published, `"tax_collectable": 0.6,`, `"tax_collectable": 9.01,`, 1), "it cannot have"},
		"a tax without a rate":   {200, strings.Replace(published, `"tax_collectable": 0.6, "combined_tax_rate": 0.06625`, `"tax_collectable": 0.6, "combined_tax_rate": 0`, 1), "it cannot have"},
		"no tax line by line":    {200, `{"tax": {"amount_to_collect": 1.76}}`, "of each line"},
		"a huge number":          {200, `{"tax": {"amount_to_collect": 1e999999999}}`, ""},
	} {
		j, _, _ := asked(t, c.status, c.answer)
		got, err := j.Tax(t.Context(), question())
		if err == nil || !strings.Contains(reason(taxJarName, err), c.why) || got.Lines != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestTaxJarReckonsInDollarsOnly(t *testing.T) {
	t.Parallel()
	j, order, _ := asked(t, 200, published)
	q := question()
	q.Currency = "EUR"
	if _, err := j.Tax(t.Context(), q); err == nil || reason(taxJarName, err) != "taxjar reckons in US dollars only, and this order is in EUR" || order.ToCountry != "" {
		t.Errorf("%v, asked %+v", err, order)
	}
}

func TestAnEngineThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(func() { close(hang); server.Close() })
	j := taxJar{client: &outbound.Client{AllowPrivate: true, Timeout: 100 * time.Millisecond}, baseURL: server.URL}
	_, err := j.Tax(t.Context(), question())
	if got := reason(taxJarName, err); got != "taxjar did not answer in time" {
		t.Errorf("%s: %v", got, err)
	}
	j.baseURL = "http://127.0.0.1:1"
	if _, err := j.Tax(t.Context(), question()); reason(taxJarName, err) != "taxjar could not be reached" || errors.Is(err, outbound.ErrRefused) {
		t.Errorf("%v", err)
	}
}

// Each cart has its engine made anew; that it hangs is known all the same.
func TestAnEngineThatHangsIsKnownToAllCarts(t *testing.T) {
	t.Parallel()
	hang, asked := make(chan struct{}), atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1); <-hang }))
	t.Cleanup(func() { close(hang); server.Close() })
	z := &Zones{Vault: vault.New(make([]byte, 32)), Outbound: outbound.New(true)}
	s := Setup{Name: taxJarName, BaseURL: server.URL, TimeoutMS: 100}
	s.Sealed = z.Vault.Seal(s.sealedFor(), []byte("secret"))
	for range 5 {
		engine, err := z.engine(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := engine.Tax(t.Context(), question()); err == nil {
			t.Fatal("it answers")
		}
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("it was asked %d times", n)
	}
}

// Whatever is asked otherwise is another question: its answer does not hold.
func TestAKeyIsOfExactlyWhatIsAsked(t *testing.T) {
	t.Parallel()
	keys := map[Key]string{question().Key(): "the question"}
	for name, change := range map[string]func(q *Question){
		"engine": func(q *Question) { q.Engine = "x" }, "version": func(q *Question) { q.Version++ }, "currency": func(q *Question) { q.Currency = "EUR" },
		"from": func(q *Question) { q.From.PostalCode = "07002" }, "to": func(q *Question) { q.To.Line1 = "64 W Main St" }, "shipping": func(q *Question) { q.Shipping = usd(151) },
		"class": func(q *Question) { q.Lines[0].Class = "food" }, "quantity": func(q *Question) { q.Lines[0].Quantity++ }, "price": func(q *Question) { q.Lines[0].UnitPrice = usd(751) },
		"discount": func(q *Question) { q.Lines[0].Discount = usd(1) }, "fewer": func(q *Question) { q.Lines = q.Lines[:1] }, "variant": func(q *Question) { q.Lines[0].Variant[0] = 1 },
	} {
		q := question()
		change(&q)
		if twin, taken := keys[q.Key()]; taken {
			t.Errorf("another %s has the key of %s", name, twin)
		}
		keys[q.Key()] = name
	}
	if again := question(); again.Key() != question().Key() {
		t.Error("the same question has two keys")
	}
}

func TestDollarsAreReadToTheCent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cents := usd(rapid.Int64Range(0, money.Max).Draw(t, "cents"))
		if got, ok := dollars(number(cents)); !ok || got != cents {
			t.Fatalf("%s is read as %s", cents, got)
		}
	})
}
