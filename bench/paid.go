package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/payments/fakes"
	"souk/internal/payments/stripe/stripetest"
)

// bank is a Stripe on loopback, at which buyers pay at once and which tells the
// shop of it.
type bank struct {
	*stripetest.Server
	http  *httptest.Server
	staff http.Header // whoever looks what has become of payments
}

const staffPassword = "nine copper kettles sing"

// openBank starts it, and staff set up the shop's account there.
func (s *souk) openBank(ctx context.Context) (*bank, error) {
	b := &bank{Server: &stripetest.Server{Book: &fakes.Book{Clock: clock.System{}}, Faults: &fakes.Faults{}, Postman: &fakes.Postman{}}}
	b.http = httptest.NewServer(b.Handler())
	b.Postman.URL = s.url("/api/v1/webhooks/payments/stripe")
	admin := s.program(ctx, "user", "create-admin", "--email", "staff@demo.test", "--password-stdin")
	admin.Stdin = strings.NewReader(staffPassword)
	if out, err := admin.CombinedOutput(); err != nil {
		return b, fmt.Errorf("make a member of staff: %w\n%s", err, out)
	}
	var session struct {
		Token string `json:"access_token"`
	}
	login := map[string]string{"email": "staff@demo.test", "password": staffPassword}
	if err := s.call(ctx, http.MethodPost, "/api/v1/auth/login", nil, login, &session); err != nil {
		return b, err
	}
	b.staff = http.Header{"Authorization": {"Bearer " + session.Token}}
	account := map[string]any{"enabled": true, "base_url": b.http.URL, "fields": b.Fields()}
	return b, s.call(ctx, http.MethodPut, "/api/v1/admin/payment-providers/stripe", b.staff, account, nil)
}

// paidOrders is orders that are paid at a bank. The rate counts those that were
// confirmed, until the last of them was.
func (s *souk) paidOrders(ctx context.Context, b *bank, buyers int, d time.Duration) (sample, error) {
	s.bank = b
	defer func() { s.bank = nil }()
	began := time.Now()
	placed, err := s.orders(ctx, buyers, d)
	if err != nil {
		return sample{}, err
	}
	for time.Since(began) < 2*time.Minute {
		var waiting struct {
			Data []struct{} `json:"data"`
		}
		if err := s.call(ctx, http.MethodGet, "/api/v1/admin/payments?method=stripe&status=pending,processing,authorized&limit=1", b.staff, nil, &waiting); err != nil {
			return sample{}, err
		}
		if len(waiting.Data) == 0 {
			return sample{placed.perSecond * d.Seconds() / time.Since(began).Seconds(), placed.p99}, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return sample{}, errors.New("not all paid orders were confirmed in two minutes")
}

// placed is what a checkout answers, as far as it is to be paid.
type placed struct {
	Payment struct {
		ID id.Payment `json:"id"`
	} `json:"payment"`
}
