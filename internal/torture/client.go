package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// client speaks to the shop as its buyers and its staff do.
type client struct {
	base            string
	http            *http.Client
	requests        atomic.Int64
	email, password string

	mu    sync.Mutex
	token string // of the member of staff
}

// newClient refuses servers elsewhere: torture is for one's own.
func newClient(base string) (*client, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s is not on this machine: only a server on localhost may be tortured", base)
	}
	dial := &net.Dialer{Timeout: 5 * time.Second}
	return &client{base: strings.TrimRight(base, "/"), http: &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			DialContext: dial.DialContext, MaxIdleConnsPerHost: 512, DisableCompression: true, IdleConnTimeout: time.Minute,
		},
	}}, nil
}

// request is what is asked.
type request struct {
	method, path string
	key          string // Idempotency-Key
	body         any    // marshalled, unless nil
	staff        bool
}

// answer is what came back, or that nothing did.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error // the connection was lost
}

func (a answer) lost() bool { return a.err != nil }

// code is that of a problem document; "" when it is none.
func (a answer) code() string {
	var problem struct {
		Status int    `json:"status"`
		Code   string `json:"code"`
	}
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if kind != "application/problem+json" || json.Unmarshal(a.body, &problem) != nil || problem.Status != a.status {
		return ""
	}
	return problem.Code
}

// again reports whether the shop says to come back: the same call with the
// same key may be made again.
func (a answer) again() bool {
	return a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" || a.status == http.StatusConflict && a.code() == "idempotency_in_progress"
}

func (a answer) String() string {
	if a.lost() {
		return a.err.Error()
	}
	body := a.body
	if len(body) > 300 {
		body = body[:300]
	}
	return fmt.Sprintf("%d %s", a.status, body)
}

func (a answer) read(into any) error {
	if a.lost() {
		return a.err
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("read %s: %w", a, err)
	}
	return nil
}

func (c *client) call(ctx context.Context, r request) answer {
	a := c.send(ctx, r)
	if r.staff && a.status == http.StatusUnauthorized { // the token of a long run has expired
		if err := c.login(ctx); err != nil {
			return answer{err: err}
		}
		a = c.send(ctx, r)
	}
	return a
}

func (c *client) send(ctx context.Context, r request) answer {
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return answer{err: err}
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, body)
	if err != nil {
		return answer{err: err}
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
		req.GetBody = nil // what is repeated is repeated by us, and counted
	}
	if r.staff {
		c.mu.Lock()
		req.Header.Set("Authorization", "Bearer "+c.token)
		c.mu.Unlock()
	}
	c.requests.Add(1)
	res, err := c.http.Do(req)
	if err != nil {
		return answer{err: err}
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err := errors.Join(err, res.Body.Close()); err != nil { // cut off half-way
		return answer{err: err}
	}
	return answer{status: res.StatusCode, header: res.Header, body: raw}
}

// patience is how long a server may be down before that is an error.
const patience = 90 * time.Second

// insist makes a call until the shop has done it: connections are lost and the
// server is restarted here all the time. A refusal is an error.
func (c *client) insist(ctx context.Context, r request, into any) (answer, error) {
	deadline := time.Now().Add(patience)
	for {
		a := c.call(ctx, r)
		switch {
		case ctx.Err() != nil:
			return a, context.Cause(ctx)
		case a.status/100 == 2 && into != nil:
			return a, a.read(into)
		case a.status/100 == 2:
			return a, nil
		case !a.lost() && !a.again() || time.Now().After(deadline):
			return a, fmt.Errorf("%s %s: %s", r.method, r.path, a)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return a, err
		}
	}
}

func (c *client) login(ctx context.Context) error {
	var in struct {
		Token string `json:"access_token"`
	}
	_, err := c.insist(ctx, request{
		method: "POST", path: "/api/v1/auth/login", body: map[string]string{"email": c.email, "password": c.password},
	}, &in)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = in.Token
	return nil
}
