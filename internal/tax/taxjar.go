package tax

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"

	"souk/internal/money"
	"souk/internal/platform/outbound"
)

// taxJar asks TaxJar by its API of version 2, as published at
// developers.taxjar.com/api/reference: POST /v2/taxes with addresses, lines and
// shipping, in US dollars; the answer has the tax of each line and of the
// shipping in its breakdown.
type taxJar struct {
	client  *outbound.Client
	baseURL string
	key     string
	codes   map[string]string // TaxJar's product tax codes, by our tax classes
}

const (
	taxJarName   = "taxjar"
	taxJarURL    = "https://api.taxjar.com"
	taxJarAnswer = 1 << 20 // bytes, of 500 lines
)

// wrongAnswer is a failure that staff can read: it holds nothing secret.
type wrongAnswer string

func (w wrongAnswer) Error() string { return string(w) }

// reason is why an engine has failed, in words that an order may keep.
func reason(engine string, err error) string {
	var wrong wrongAnswer
	switch {
	case errors.As(err, &wrong):
		return engine + " " + string(wrong)
	case errors.Is(err, context.DeadlineExceeded):
		return engine + " did not answer in time"
	}
	return engine + " could not be reached"
}

type taxJarLine struct {
	ID        string      `json:"id"`
	Quantity  int64       `json:"quantity"`
	Code      string      `json:"product_tax_code,omitempty"`
	UnitPrice json.Number `json:"unit_price"`
	Discount  json.Number `json:"discount"`
}

type taxJarOrder struct {
	FromCountry string       `json:"from_country"`
	FromZip     string       `json:"from_zip"`
	FromState   string       `json:"from_state"`
	ToCountry   string       `json:"to_country"`
	ToZip       string       `json:"to_zip"`
	ToState     string       `json:"to_state"`
	ToCity      string       `json:"to_city"`
	ToStreet    string       `json:"to_street"`
	Amount      json.Number  `json:"amount"` // lines and shipping, without tax
	Shipping    json.Number  `json:"shipping"`
	Lines       []taxJarLine `json:"line_items"`
}

type taxJarShare struct {
	ID      string      `json:"id"`
	Tax     json.Number `json:"tax_collectable"`
	Rate    json.Number `json:"combined_tax_rate"`
	Taxable json.Number `json:"taxable_amount"`
}

type taxJarTax struct {
	Tax struct {
		ToCollect json.Number `json:"amount_to_collect"`
		Breakdown *struct {
			Lines    []taxJarShare `json:"line_items"`
			Shipping *taxJarShare  `json:"shipping"` // absent where shipping is not taxed
		} `json:"breakdown"` // absent where the seller has no nexus: nothing is to be collected
	} `json:"tax"`
}

// Tax asks TaxJar. What it says of each line is used as it is; that it comes to
// the sum that it says, and names each line once, is checked.
func (j taxJar) Tax(ctx context.Context, q Question) (Answer, error) {
	if q.Currency != "USD" {
		return Answer{}, wrongAnswer("reckons in US dollars only, and this order is in " + string(q.Currency))
	}
	body, err := json.Marshal(j.order(q))
	if err != nil {
		return Answer{}, fmt.Errorf("write question to taxjar: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(j.baseURL, "/")+"/v2/taxes", bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("ask taxjar: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+j.key)
	req.Header.Set("Content-Type", "application/json")
	got, err := j.client.Do(req, taxJarAnswer)
	if err != nil {
		return Answer{}, fmt.Errorf("ask taxjar: %w", err)
	}
	if got.Status != http.StatusOK {
		return Answer{}, wrongAnswer("answered " + strconv.Itoa(got.Status) + detail(got.Body))
	}
	var said taxJarTax
	if err := json.Unmarshal(got.Body, &said); err != nil {
		return Answer{}, wrongAnswer("answered what is no JSON")
	}
	return said.read(q)
}

// detail is the sentence of TaxJar's own errors: {"status": 406, "error": "Not
// Acceptable", "detail": "to_zip 90002 is not used within to_state NY"}.
func detail(body []byte) string {
	var problem struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
		return ""
	}
	return ": " + problem.Detail[:min(len(problem.Detail), 200)]
}

func (j taxJar) order(q Question) taxJarOrder {
	o := taxJarOrder{
		FromCountry: q.From.Country, FromZip: q.From.PostalCode, FromState: q.From.Region,
		ToCountry: q.To.Country, ToZip: q.To.PostalCode, ToState: q.To.Region, ToCity: q.To.City, ToStreet: q.To.Line1,
		Shipping: number(q.Shipping), Lines: make([]taxJarLine, len(q.Lines)),
	}
	sum := q.Shipping
	for i, l := range q.Lines {
		o.Lines[i] = taxJarLine{ID: strconv.Itoa(i + 1), Quantity: l.Quantity, Code: j.codes[l.Class], UnitPrice: number(l.UnitPrice), Discount: number(l.Discount)}
		sum = sum.Plus(l.Amount())
	}
	o.Amount = number(sum)
	return o
}

func number(a money.Amount) json.Number { return json.Number(a.Decimal()) }

// read makes an answer of what TaxJar says.
func (t taxJarTax) read(q Question) (Answer, error) {
	a := Answer{Lines: make([][]Share, len(q.Lines))}
	sum, ok := dollars(t.Tax.ToCollect)
	if !ok {
		return Answer{}, wrongAnswer("does not say what is to be collected")
	}
	if t.Tax.Breakdown == nil {
		if !sum.IsZero() {
			return Answer{}, wrongAnswer("does not say what the tax of each line is")
		}
		return a, nil
	}
	for _, line := range t.Tax.Breakdown.Lines {
		at, err := strconv.Atoi(line.ID)
		if err != nil || at < 1 || at > len(q.Lines) || a.Lines[at-1] != nil {
			return Answer{}, wrongAnswer("names a line that was not asked, or one twice")
		}
		if a.Lines[at-1], ok = line.shares(q.Lines[at-1].Amount()); !ok {
			return Answer{}, wrongAnswer("says a tax of a line that it cannot have")
		}
	}
	if shipping := t.Tax.Breakdown.Shipping; shipping != nil {
		if a.Shipping, ok = shipping.shares(q.Shipping); !ok {
			return Answer{}, wrongAnswer("says a tax of shipping that it cannot have")
		}
	}
	if got := a.total(q.Currency); got != sum {
		return Answer{}, wrongAnswer("says " + sum.String() + " in all, and " + got.String() + " line by line")
	}
	return a, nil
}

// shares is the tax of a line as one share; none, and not nil, where it pays
// nothing.
func (s taxJarShare) shares(of money.Amount) ([]Share, bool) {
	amount, ok := dollars(s.Tax)
	rate, known := scaled(s.Rate, million)
	switch {
	case !ok || amount.Minor < 0 || amount.Minor > of.Minor:
		return nil, false
	case amount.IsZero():
		return []Share{}, true
	case !known || rate <= 0 || rate > million:
		return nil, false
	}
	return []Share{{Label: "Sales tax", PPM: rate, Amount: amount}}, true
}

// dollars reads a number of dollars that are whole cents.
func dollars(n json.Number) (money.Amount, bool) {
	cents, ok := new(big.Rat).SetString(string(n))
	if !ok || len(n) > 20 {
		return money.Amount{}, false
	}
	cents.Mul(cents, big.NewRat(100, 1))
	return money.Of(cents.Num().Int64(), "USD"), cents.IsInt() && cents.Num().IsInt64() && cents.Num().Int64() <= money.Max
}

// scaled is a number times by, rounded down.
func scaled(n json.Number, by int64) (int64, bool) {
	if len(n) > 20 {
		return 0, false
	}
	x, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return 0, false
	}
	x.Mul(x, big.NewRat(by, 1))
	whole := new(big.Int).Quo(x.Num(), x.Denom())
	return whole.Int64(), whole.IsInt64()
}
