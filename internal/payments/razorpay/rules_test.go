package razorpay_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// purchase is a payment that has begun.
type purchase struct {
	*shop
	payments.Start
	begun payments.Begun
}

func (s *shop) start(when payments.CaptureWhen) *purchase {
	s.Helper()
	p := &purchase{shop: s, Start: payments.Start{
		Payment: id.New[id.Payment](), Number: "S-2026-00042", Email: "buyer@example.com", Phone: "+919000090000", Amount: money.Of(50_000, "INR"),
		Capture: when, ReturnURL: "https://shop.example/return?a=b", ExpiresAt: s.clock.Now().Add(30 * time.Minute),
	}}
	p.Key = p.Payment.String()
	p.again()
	return p
}

func (p *purchase) again() {
	p.Helper()
	var err error
	if p.begun, err = p.provider.Start(p.Context(), p.Start); err != nil {
		p.Fatal(err)
	}
}

func (p *purchase) pay(o fakes.Outcome) {
	p.Helper()
	if err := p.server.Pay(p.Context(), p.Payment, o); err != nil {
		p.Fatal(err)
	}
}

func (p *purchase) known() payments.Known {
	return payments.Known{Payment: p.Payment, Ref: p.begun.Ref, Amount: p.Amount}
}

func (p *purchase) look() payments.Report {
	p.Helper()
	r, err := p.provider.Look(p.Context(), p.known())
	if err != nil {
		p.Fatal(err)
	}
	return r
}

func (p *purchase) move(amount int64) payments.Move {
	return payments.Move{
		Payment: p.Payment, Ref: p.begun.Ref, Amount: money.Of(amount, "INR"), All: true, Taken: p.look().Refs[0], Cause: "a cause", Key: "key of " + p.Key,
	}
}

// told writes facts as "capture 500.00 INR", in their order.
func told(r payments.Report) string {
	var list []string
	for _, f := range r.Facts {
		list = append(list, string(f.Kind)+" "+f.Amount.Decimal())
	}
	return strings.Join(list, ", ")
}

func (p *purchase) want(facts string) payments.Report {
	p.Helper()
	r := p.look()
	if told(r) != facts {
		p.Errorf("Razorpay tells %q, want %q", told(r), facts)
	}
	return r
}

// late lets the bank of a buyer who pays later say yes after a while.
func (p *purchase) late(after time.Duration) {
	p.Helper()
	p.pay(fakes.PaysLater)
	p.clock.Advance(after)
	if err := p.server.Late(p.Context(), p.Payment); err != nil {
		p.Fatal(err)
	}
}

// What the browser is given is what the hosted page takes, and what the page gives
// the browser is what the return door takes.
func TestABrowserGoesThereAndBack(t *testing.T) {
	s := open(t)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post := func(address string, form url.Values) (*http.Response, string) {
		t.Helper()
		answer, err := browser.PostForm(address, form)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := answer.Write(&text); err != nil || answer.StatusCode >= 400 {
			t.Fatalf("%s answers %s, %v", address, text.String(), err)
		}
		return answer, text.String()
	}
	field := regexp.MustCompile(`name="([^"]+)" value="([^"]+)"`)
	for _, outcome := range []fakes.Outcome{fakes.Pays, fakes.Declined, fakes.PaysLater, fakes.Abandons} {
		p := s.start(payments.CaptureAutomatic)
		form := url.Values{}
		for name, value := range p.begun.Next.Fields {
			form.Set(name, value)
		}
		if _, page := post(p.begun.Next.URL, form); !strings.Contains(page, p.begun.Ref) {
			t.Errorf("the page is %s", page)
		}
		answer, page := post(s.url+"/v1/checkout/embedded/"+p.begun.Ref, url.Values{"outcome": {string(outcome)}})
		values := url.Values{}
		for _, match := range field.FindAllStringSubmatch(page, -1) {
			values.Set(match[1], strings.ReplaceAll(match[2], "&#34;", `"`))
		}
		if back := answer.Header.Get("Location"); back != "" {
			to, err := url.Parse(back)
			if err != nil || !strings.HasPrefix(back, "https://shop.example/return?") {
				t.Errorf("%s comes back to %s, %v", outcome, back, err)
			}
			values = to.Query()
		}
		if err := s.provider.Returned(t.Context(), p.known(), values); err != nil {
			t.Errorf("%s comes back with %v: %v", outcome, values, err)
		}
	}
}

// Bad input 59: who has paid one order of ours cannot show that for another.
func TestTheSignatureOfAnotherOrderIsRefused(t *testing.T) {
	s := open(t)
	mine, other := s.start(payments.CaptureAutomatic), s.start(payments.CaptureAutomatic)
	mine.pay(fakes.Pays)
	other.pay(fakes.Pays)
	values := func(p *purchase) url.Values {
		all := url.Values{}
		for name, value := range s.server.Return(p.Payment) {
			all.Set(name, value)
		}
		return all
	}
	genuine := values(other)
	renamed := values(other)
	renamed.Set("razorpay_order_id", mine.begun.Ref)
	cut := values(mine)
	cut.Set("razorpay_signature", cut.Get("razorpay_signature")[:32])
	bold := values(other)
	bold.Set("razorpay_cancelled", "1")
	for name, bad := range map[string]url.Values{"genuine": genuine, "renamed": renamed, "cut": cut, "with a flag": bold} {
		if err := s.provider.Returned(t.Context(), mine.known(), bad); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("%s: %v, want ErrNotice", name, err)
		}
	}
	s.rotate() // whoever was on the page then has a signature of the key before
	if err := s.provider.Returned(t.Context(), mine.known(), values(mine)); err != nil {
		t.Errorf("with the key replaced: %v", err)
	}
}

// What the bank says when it is too late is not captured by itself: the shop may,
// while Razorpay waits, and nothing has moved when it does not.
func TestALateAuthorisationIsGivenBackUntaken(t *testing.T) {
	s := open(t)
	p := s.start(payments.CaptureAutomatic)
	p.late(2 * time.Hour)
	if r := p.want("authorize 500.00"); !r.Approved || r.Open {
		t.Errorf("a late yes is %+v", r)
	}
	void, err := s.provider.Void(t.Context(), p.move(50_000))
	if err != nil || void.Kind != payments.Void || void.Amount != p.Amount {
		t.Fatalf("gave up %+v, %v", void, err)
	}
	s.clock.Advance(5 * 24 * time.Hour)
	r := p.want("authorize 500.00, void 500.00")
	if r.Approved || r.Facts[1].Cause != void.Cause {
		t.Errorf("given up as %s, then it is %+v", void.Cause, r)
	}
	if booked := s.server.Book.Of(p.Payment); len(booked) != 0 {
		t.Errorf("the shop had %+v", booked)
	}
	if list := s.statement(); len(list) != 0 {
		t.Errorf("the statement has %+v", list)
	}
}

// What is authorised in time Razorpay takes by itself; on shipment, never.
func TestTheOrderSaysWhoCaptures(t *testing.T) {
	s := open(t)
	p := s.start(payments.CaptureAutomatic)
	p.late(9 * time.Minute)
	p.want("authorize 500.00, capture 500.00, fee 11.80")
	p = s.start(payments.CaptureOnShipment)
	p.pay(fakes.Pays)
	p.want("authorize 500.00")
	s.clock.Advance(4 * 24 * time.Hour)
	if f, err := s.provider.Capture(t.Context(), p.move(50_000)); err != nil || f.Amount != p.Amount {
		t.Errorf("captured %+v, %v", f, err)
	}
}

// Two tabs: the second yes promises the shop nothing more, whichever of them is
// captured, and the other goes back.
func TestASecondAttemptPromisesNothingMore(t *testing.T) {
	s := open(t)
	p := s.start(payments.CaptureOnShipment)
	p.pay(fakes.Declined)
	p.pay(fakes.Pays)
	s.clock.Advance(time.Second)
	p.pay(fakes.Pays)
	first := p.want("fail 0.00, authorize 500.00")
	s.call("/v1/payments/"+first.Refs[2]+"/capture", `{"amount":50000,"currency":"INR"}`)
	s.clock.Advance(5 * 24 * time.Hour)
	last := p.want("fail 0.00, authorize 500.00, capture 500.00, fee 11.80")
	if first.Facts[1] != last.Facts[1] || last.Facts[2].Cause != first.Refs[2] {
		t.Errorf("promised as %+v and as %+v", first.Facts, last.Facts)
	}
	s.wantBalance()
}

// A call that was lost and is carried out after all makes a second order. Whoever
// asks again is told of the first, and not of one whose receipt only contains ours.
func TestASecondOrderIsNotShown(t *testing.T) {
	s := open(t)
	p := s.start(payments.CaptureAutomatic)
	ref := p.begun.Ref
	for _, receipt := range []string{p.Payment.String(), p.Payment.String() + "-2"} {
		s.clock.Advance(time.Second)
		s.call("/v1/orders", fmt.Sprintf(`{"amount":50000,"currency":"INR","receipt":%q}`, receipt))
	}
	if p.again(); p.begun.Ref != ref {
		t.Errorf("begun as %s and as %s", ref, p.begun.Ref)
	}
	p.Amount.Minor++
	if _, err := s.provider.Start(t.Context(), p.Start); !errors.Is(err, payments.ErrMismatch) {
		t.Errorf("the same payment of another amount: %v, want ErrMismatch", err)
	}
	p.Payment = id.New[id.Payment]()
	s.call("/v1/orders", fmt.Sprintf(`{"amount":50000,"currency":"INR","receipt":"%s-2"}`, p.Payment))
	if p.again(); p.look().Open != true {
		t.Error("an order with another receipt is taken for ours")
	}
}

// call is one that the shop itself does not make: its staff do, or nobody.
func (s *shop) call(path, body string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.SetBasicAuth(s.server.KeyID, s.server.KeySecret)
	r.Header.Set("Content-Type", "application/json")
	if answer, err := http.DefaultClient.Do(r); err != nil || answer.StatusCode != http.StatusOK || answer.Body.Close() != nil {
		s.Fatalf("%s: %+v, %v", path, answer, err)
	}
}

// Razorpay takes all or nothing, and is not asked for less.
func TestAPartIsNotAskedFor(t *testing.T) {
	s := open(t)
	p := s.start(payments.CaptureOnShipment)
	p.pay(fakes.Pays)
	s.server.Faults.Plan("capture", fakes.Down)
	_, err := s.provider.Capture(t.Context(), p.move(20_000))
	var no *errs.Error
	if !errors.As(err, &no) || no.Extra["reason"] != "partial_capture" {
		t.Errorf("%v, want a refusal", err)
	}
}

func TestNoMoreDecimalsAreGivenBackThanRazorpayTakes(t *testing.T) {
	s := open(t)
	_, err := s.provider.Refund(t.Context(), payments.Move{Payment: id.New[id.Payment](), Taken: "pay_1", Amount: money.Of(1_005, "KWD"), Key: "a"})
	var no *errs.Error
	if !errors.As(err, &no) || no.Extra["reason"] != "amount_unsupported" {
		t.Errorf("%v, want a refusal", err)
	}
}

// How long Razorpay remembers a key nobody says: the refund has our name, too.
func TestARefundThatIsAskedForDaysLaterIsTheSame(t *testing.T) {
	s := open(t)
	p := s.start(payments.CaptureAutomatic)
	p.pay(fakes.Pays)
	move := p.move(20_000)
	first, err := s.provider.Refund(t.Context(), move)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(72 * time.Hour)
	if again, err := s.provider.Refund(t.Context(), move); err != nil || again != first {
		t.Errorf("given back as %+v and as %+v, %v", first, again, err)
	}
}

// Money is taken for a dispute when it begins or when it is lost, as the account
// has it.
func TestDisputesTakeMoneyWhenTheySay(t *testing.T) {
	const paid = "authorize 500.00, capture 500.00, fee 11.80"
	for name, test := range map[string]struct {
		whenLost, won bool
		begun, ended  string
	}{
		"at once, and won":  {false, true, ", chargeback 500.00", ", chargeback 500.00, chargeback_reversed 500.00"},
		"at once, and lost": {false, false, ", chargeback 500.00", ", chargeback 500.00"},
		"never, as it won":  {true, true, "", ""},
		"when it was lost":  {true, false, "", ", chargeback 500.00"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.server.DeductWhenLost = test.whenLost
			p := s.start(payments.CaptureAutomatic)
			p.pay(fakes.Pays)
			if err := s.server.Dispute(t.Context(), p.Payment); err != nil {
				t.Fatal(err)
			}
			r := p.want(paid + test.begun)
			if len(r.Disputes) != 1 || r.Disputes[0].DueBy == nil {
				t.Errorf("disputes: %+v", r.Disputes)
			}
			if err := s.server.Decide(t.Context(), p.Payment, test.won); err != nil {
				t.Fatal(err)
			}
			p.want(paid + test.ended)
			s.wantBalance()
		})
	}
}

// A fee that Razorpay counts in rupees is not a fact of a payment in dollars.
func TestAFeeInAnotherCurrencyIsLeftToTheSettlement(t *testing.T) {
	s := open(t)
	p := s.start(payments.CaptureAutomatic)
	p.Payment, p.Amount = id.New[id.Payment](), money.Of(2_000, "USD")
	p.again()
	p.pay(fakes.Pays)
	p.want("authorize 20.00, capture 20.00")
}

func (s *shop) statement() []payments.Movement {
	s.Helper()
	list, err := s.provider.Statement(s.Context(), s.clock.Now().Add(-30*24*time.Hour), s.clock.Now().Add(time.Minute))
	if err != nil {
		s.Fatal(err)
	}
	return list
}

func (s *shop) wantBalance() {
	s.Helper()
	sum := money.Zero("INR")
	list := s.statement()
	for _, m := range list {
		sum = sum.Plus(m.Amount).Minus(m.Fee)
	}
	if want := s.server.Book.Balance("INR"); sum != want {
		s.Errorf("the statement comes to %s, and the books to %s: %+v", sum, want, list)
	}
}

func TestTheStatementHasEveryMovementOnce(t *testing.T) {
	s := open(t)
	p := s.start(payments.CaptureAutomatic)
	p.pay(fakes.Pays)
	if _, err := s.provider.Refund(t.Context(), p.move(20_000)); err != nil {
		t.Fatal(err)
	}
	if err := s.server.FailRefunds(t.Context(), p.Payment); err != nil {
		t.Fatal(err)
	}
	if err := s.server.RefundHere(t.Context(), p.Payment, money.Of(100, "INR")); err != nil {
		t.Fatal(err)
	}
	for range 101 { // more than one page
		p := s.start(payments.CaptureAutomatic)
		p.pay(fakes.Pays)
	}
	s.clock.Advance(time.Hour)
	if err := s.server.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.wantBalance()
	counts := map[payments.Kind]int{}
	list := s.statement()
	for _, m := range list {
		counts[m.Kind]++
	}
	want := map[payments.Kind]int{payments.Capture: 102, payments.Refund: 2, payments.RefundFailed: 1, payments.Payout: 1}
	if fmt.Sprint(counts) != fmt.Sprint(want) || !slices.IsSortedFunc(list, func(a, b payments.Movement) int { return a.At.Compare(b.At) }) {
		t.Errorf("the statement has %v, want %v, in the order of time", counts, want)
	}
}

// A notice that comes days later is as good as new: it only says whom to look for.
func TestNoticesOfAnyAgeAreHeardAndNoOthers(t *testing.T) {
	s := open(t)
	header, body := s.server.Notice(s.server.AccountID)
	signed := func(secret string, body []byte) http.Header {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		h := header.Clone()
		h.Set("X-Razorpay-Signature", hex.EncodeToString(mac.Sum(nil)))
		return h
	}
	s.clock.Advance(72 * time.Hour)
	if n, err := s.provider.Hear(t.Context(), header, body); err != nil || !strings.HasPrefix(n.Ref, "order_") || n.Foreign != "" {
		t.Errorf("three days later: %+v, %v", n, err)
	}
	nameless := header.Clone()
	nameless.Del("X-Razorpay-Event-Id")
	secret := s.server.Fields()["webhook_secret"]
	for name, bad := range map[string]struct {
		header http.Header
		body   []byte
	}{
		"with the secret of the key": {signed(s.server.KeySecret, body), body},
		"with no secret":             {signed("", body), body},
		"without a name":             {nameless, body},
		"of nothing":                 {signed(secret, nil), nil},
		"not an event":               {signed(secret, []byte(`{"entity":"payment"}`)), []byte(`{"entity":"payment"}`)},
	} {
		if _, err := s.provider.Hear(t.Context(), bad.header, bad.body); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("%s: %v, want ErrNotice", name, err)
		}
	}
	settled := []byte(`{"entity":"event","account_id":"` + s.server.AccountID + `","event":"settlement.processed","payload":{},"created_at":1763021990}`)
	if n, err := s.provider.Hear(t.Context(), signed(secret, settled), settled); err != nil || n.Ref != "" {
		t.Errorf("a settlement: %+v, %v", n, err)
	}
}

// While a shop has no secret for notices, nothing is proven, not even with an empty
// one.
func TestNothingIsProvenWithoutASecret(t *testing.T) {
	s := open(t)
	header, body := s.server.Notice(s.server.AccountID)
	mac := hmac.New(sha256.New, nil)
	mac.Write(body)
	header.Set("X-Razorpay-Signature", hex.EncodeToString(mac.Sum(nil)))
	s.keep(map[string]string{"key_id": s.server.KeyID}, nil)
	if _, err := s.provider.Hear(t.Context(), header, body); !errors.Is(err, payments.ErrNotice) {
		t.Errorf("%v, want ErrNotice", err)
	}
}

// Only Razorpay's no is a no: whatever else it answers leaves open what it did.
func TestOnlyANoIsANo(t *testing.T) {
	s := open(t)
	says := func(code, description string) string {
		text, err := json.Marshal(map[string]any{"error": map[string]string{"code": code, "description": description, "reason": "a_reason"}})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, test := range []struct {
		name   string
		status int
		body   string
		no     bool
	}{
		{"a bad request", 400, says("BAD_REQUEST_ERROR", "Amount exceeds maximum amount allowed."), true},
		{"a gateway", 400, says("GATEWAY_ERROR", "The gateway has a bad day."), false},
		{"a limit", 429, says("BAD_REQUEST_ERROR", "Too many requests"), false},
		{"a key at work", 409, says("BAD_REQUEST_ERROR", "Another request with the same idempotency key is still in progress."), false},
		{"a wrong key", 401, says("BAD_REQUEST_ERROR", "Authentication failed"), false},
		{"a failure", 500, says("SERVER_ERROR", "We are facing some trouble."), false},
		{"a page of a proxy", 403, "<html>", false},
		{"a redirect", 302, "", false},
		{"nothing", 200, "", false},
		{"an order without an id", 200, "{}", false},
		{"too much", 200, `{"id":"` + strings.Repeat("x", 1<<20) + `"}`, false},
	} {
		stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			_, _ = w.Write([]byte(test.body))
		}))
		s.exec(`UPDATE payment_accounts SET base_url = @url`, pgx.NamedArgs{"url": stub.URL})
		_, err := s.provider.Start(t.Context(), payments.Start{Payment: id.New[id.Payment](), Amount: money.Of(50_000, "INR"), ReturnURL: "https://shop.example/"})
		var no *errs.Error
		if errors.As(err, &no) != test.no || err == nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if no != nil && (no.Code != "provider_refused" || no.Extra["reason"] != "a_reason") {
			t.Errorf("%s: %+v", test.name, no)
		}
		stub.Close()
	}
}

func TestAnAccountIsProbed(t *testing.T) {
	s := open(t)
	if name, err := s.provider.Probe(t.Context()); err != nil || name != s.server.AccountID+" "+s.server.KeyID {
		t.Errorf("the account is %q, %v", name, err)
	}
	reason := func() any {
		_, err := s.provider.Probe(t.Context())
		var no *errs.Error
		if !errors.As(err, &no) {
			t.Fatalf("%v, want a refusal", err)
		}
		return no.Extra["reason"]
	}
	s.exec(`UPDATE payment_accounts SET live = true`, nil)
	if got := reason(); got != "wrong_mode" {
		t.Errorf("a key of test mode in a live account: %v", got)
	}
	s.exec(`UPDATE payment_accounts SET live = false`, nil)
	fields := s.server.Fields()
	fields["key_secret"] = "another"
	s.keep(fields, nil)
	if got := reason(); got != "authentication_failed" {
		t.Errorf("a wrong secret: %v", got)
	}
}

func TestOfferedToWhoCanPayThisWay(t *testing.T) {
	s := open(t)
	for amount, offered := range map[money.Amount]bool{
		money.Of(100, "INR"): true, money.Of(99, "INR"): false, money.Of(1_000, "AFN"): false, money.Of(1, "USD"): true, money.Zero("INR"): false,
	} {
		if err := s.provider.Offered(t.Context(), payments.Offer{Total: amount}); (err == nil) != offered || err != nil && !errors.Is(err, payments.ErrMethod) {
			t.Errorf("%s: %v", amount, err)
		}
	}
}

// Razorpay is not asked for money while the buyer is away.
func TestNothingIsPaidWhileTheBuyerIsAway(t *testing.T) {
	s := open(t)
	_, err := s.provider.Start(t.Context(), payments.Start{Payment: id.New[id.Payment](), Amount: money.Of(50_000, "INR"), With: "token_1"})
	if no := errs.KindOf(err); no != errs.Conflict {
		t.Errorf("%v, want a refusal", err)
	}
}
