package razorpay

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/outbound"
)

// limit is how many bytes of an answer are read: a hundred payments are some
// hundred thousand.
const limit = 1 << 20

// errKeys says that Razorpay does not know our keys. It decides nothing about a
// payment: what was asked for is repeated until the keys are mended.
var errKeys = errors.New("razorpay does not know the key")

// call is one request.
type call struct {
	method string // "" is a POST of what has something to say, else a GET
	path   string // with its query
	body   any    // nil: nothing, or the form
	form   []byte // with a file
	kind   string // of the form
	key    string // under which a refund is made once
}

// call sends c and reads the answer into out. What Razorpay says no to is an
// errs.Error; whatever else goes wrong leaves the outcome unknown.
func (p *Provider) call(ctx context.Context, a payments.Account, c call, out any) error {
	request, err := c.request(ctx, a)
	if err != nil {
		return err
	}
	answer, err := p.Accounts.Outbound.Do(request, limit)
	if errors.Is(err, outbound.ErrTooLarge) {
		return errors.New("ask razorpay: " + err.Error()) // it may have been done: this is not its no
	}
	if err != nil {
		return fmt.Errorf("ask razorpay: %w", err)
	}
	if answer.Status < 200 || answer.Status > 299 {
		return fmt.Errorf("ask razorpay for %s: %w", request.URL.Path, problem(answer.Status, answer.Body))
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("read razorpay's answer to %s: %w", request.URL.Path, err)
	}
	return nil
}

func (c call) request(ctx context.Context, a payments.Account) (*http.Request, error) {
	body, kind := c.form, c.kind
	if c.body != nil {
		var err error
		if body, err = json.Marshal(c.body); err != nil {
			return nil, fmt.Errorf("write to razorpay: %w", err)
		}
		kind = "application/json"
	}
	method := cmp.Or(c.method, http.MethodGet)
	if c.method == "" && body != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, base(a)+c.path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("write to razorpay: %w", err)
	}
	r.SetBasicAuth(a.Get("key_id"), a.Secret("key_secret"))
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	if c.key != "" {
		r.Header.Set("X-Refund-Idempotency", c.key)
	}
	return r, nil
}

func base(a payments.Account) string { return strings.TrimSuffix(cmp.Or(a.BaseURL, address), "/") }

// problem reads an answer that is not a success. The no is what carries Razorpay's
// BAD_REQUEST_ERROR: a gateway's error, a limit (429) and a key that is still at
// work (409) are not. https://razorpay.com/docs/errors/
func problem(status int, body []byte) error {
	var said struct {
		Error struct{ Code, Description, Reason string }
	}
	unreadable := json.Unmarshal(body, &said) != nil
	e := said.Error
	switch {
	case status == http.StatusUnauthorized:
		return errKeys
	case unreadable, status >= 500, status == http.StatusTooManyRequests, status == http.StatusConflict, e.Code != "BAD_REQUEST_ERROR":
		return fmt.Errorf("it answers %d %s", status, e.Code)
	case strings.Contains(e.Description, "does not exist"), strings.Contains(e.Description, "not a valid id"):
		return errNone
	}
	reason := e.Reason
	if reason == "" || reason == "NA" {
		reason = e.Code
	}
	return refusal(reason, "Razorpay refuses: "+e.Description)
}

// errNone says that Razorpay has nothing by a name.
var errNone = payments.ErrMismatch.With("reason", "unknown_id")

// collection is how Razorpay lists things.
type collection[T any] struct{ Items []T }

// page is how many things Razorpay lists at most, and pages how many are read
// before something must be wrong.
const page, pages = 100, 1000

// list reads all that a query finds, the newest first.
func list[T any](ctx context.Context, p *Provider, a payments.Account, path string, query url.Values) ([]T, error) {
	query.Set("count", strconv.Itoa(page))
	var all []T
	for n := range pages {
		query.Set("skip", strconv.Itoa(n*page))
		var some collection[T]
		if err := p.call(ctx, a, call{path: path + "?" + query.Encode()}, &some); err != nil {
			return nil, err
		}
		all = append(all, some.Items...)
		if len(some.Items) < page {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s has more than %d entries", path, page*pages)
}

// since and between ask for what was made in a time; Razorpay counts seconds, and
// both ends are in.
func since(t time.Time) url.Values { return url.Values{"from": {strconv.FormatInt(t.Unix(), 10)}} }

func between(from, until time.Time) url.Values {
	query := since(from)
	query.Set("to", strconv.FormatInt(until.Unix(), 10))
	return query
}

// order is what a payment of ours is at Razorpay.
type order struct {
	ID        string         `json:"id"`
	Receipt   string         `json:"receipt"` // our payment's id
	Amount    int64          `json:"amount"`
	Currency  money.Currency `json:"currency"`
	Status    string         `json:"status"` // created, attempted, paid
	CreatedAt int64          `json:"created_at"`
}

// attempt is a payment of Razorpay's.
type attempt struct {
	ID           string         `json:"id"`
	Order        string         `json:"order_id"`
	Amount       int64          `json:"amount"`
	Currency     money.Currency `json:"currency"`
	BaseCurrency money.Currency `json:"base_currency"` // of fees and settlements, where it is another
	Status       string         `json:"status"`        // created, authorized, captured, refunded, failed
	Captured     bool           `json:"captured"`
	Fee          int64          `json:"fee"` // with the tax on it
	CreatedAt    int64          `json:"created_at"`
}

func (a attempt) amount() money.Amount { return money.Of(a.Amount, a.Currency) }

// fee is what Razorpay keeps of a capture; nothing where it keeps another currency
// than the buyer has paid, which only its settlements tell.
func (a attempt) fee() money.Amount {
	if a.BaseCurrency != "" && a.BaseCurrency != a.Currency {
		return money.Zero(a.Currency)
	}
	return money.Of(a.Fee, a.Currency)
}

// refund is money on its way back to the buyer.
type refund struct {
	ID        string         `json:"id"`
	Payment   string         `json:"payment_id"`
	Amount    int64          `json:"amount"`
	Currency  money.Currency `json:"currency"`
	Receipt   string         `json:"receipt"`
	Status    string         `json:"status"` // pending, processed, failed
	CreatedAt int64          `json:"created_at"`
}

func (r refund) amount() money.Amount { return money.Of(r.Amount, r.Currency) }

// dispute is a buyer's complaint to the bank.
type dispute struct {
	ID        string         `json:"id"`
	Payment   string         `json:"payment_id"`
	Amount    int64          `json:"amount"`
	Currency  money.Currency `json:"currency"`
	Deducted  int64          `json:"amount_deducted"` // what was taken from the shop
	Reason    string         `json:"reason_code"`
	RespondBy int64          `json:"respond_by"`
	Status    string         `json:"status"` // open, under_review, won, lost, closed
	CreatedAt int64          `json:"created_at"`
}

func (d dispute) deducted() money.Amount { return money.Of(d.Deducted, d.Currency) }

// settlement is money on its way to the shop's bank.
type settlement struct {
	ID        string `json:"id"`
	Amount    int64  `json:"amount"`
	Status    string `json:"status"` // created, processed, failed
	CreatedAt int64  `json:"created_at"`
}
