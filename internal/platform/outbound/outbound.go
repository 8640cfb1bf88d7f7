// Package outbound is the one way to an address that somebody else chose:
// images by URL, webhooks, providers.
//
// Owns: [Client], which cannot be talked into reaching the inside (SSRF).
// Tables: none. Raises: [ErrRefused], [ErrTooLarge], [ErrSilent]. Calls: nobody.
//
// The address is checked when the connection is made, after names have been
// resolved, at every dial: a name that was harmless when the shop looked and
// points inside a second later gets nowhere.
package outbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"souk/internal/clock"
	"souk/internal/errs"
)

var (
	// ErrRefused says that an address is not one that the shop calls.
	ErrRefused = errs.New(errs.Invalid, "url_refused", "Give a public https address with port 443 or 8443.")
	// ErrTooLarge says that an answer is larger than wanted.
	ErrTooLarge = errs.New(errs.Invalid, "answer_too_large", "What is at that address is too large.")
)

// Usual is how many bytes of an answer are wanted from those who only have to
// acknowledge.
const Usual = 64 << 10

// Client calls public addresses over https. It follows no redirect, knows no
// proxy and keeps no cookies. A host that hangs is left alone for a while. The zero
// value is ready.
type Client struct {
	// AllowPrivate is for development: any address and port, and plain http.
	AllowPrivate bool
	Timeout      time.Duration // of a whole call; 15 s when 0
	Clock        clock.Clock   // the system's when nil

	breaker  breaker
	once     sync.Once
	http     *http.Client
	resolver *net.Resolver // of a test
}

// New makes a client; allowPrivate is for development.
func New(allowPrivate bool) *Client { return &Client{AllowPrivate: allowPrivate} }

// Answer is what came back, whatever its status; a redirect is an answer too.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get fetches address. A body of more than limit bytes is ErrTooLarge.
func (c *Client) Get(ctx context.Context, address string, limit int64) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Answer{}, fmt.Errorf("%w (%w)", ErrRefused, err)
	}
	return c.Do(req, limit)
}

// Do sends req and reads at most limit bytes of the answer; with ErrTooLarge it
// returns as much. ErrSilent says at once what waiting would have said before.
func (c *Client) Do(req *http.Request, limit int64) (Answer, error) {
	if err := c.check(req.URL); err != nil {
		return Answer{}, err
	}
	host := req.URL.Host
	if err := c.breaker.admit(host, c.now()); err != nil {
		return Answer{}, fmt.Errorf("call %s: %w", req.URL.Hostname(), err)
	}
	answer, err := c.call(req, limit)
	var late net.Error
	switch {
	case err != nil && req.Context().Err() != nil:
		c.breaker.gaveUp(host)
	case errors.As(err, &late) && late.Timeout():
		c.breaker.timedOut(host, c.now())
	default:
		c.breaker.answered(host)
	}
	return answer, err
}

func (c *Client) now() time.Time {
	if c.Clock == nil {
		return clock.System{}.Now()
	}
	return c.Clock.Now()
}

func (c *Client) call(req *http.Request, limit int64) (Answer, error) {
	ctx, cancel := context.WithTimeout(req.Context(), cmp.Or(c.Timeout, 15*time.Second))
	defer cancel()
	c.once.Do(c.open)
	resp, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return Answer{}, fmt.Errorf("call %s: %w", req.URL.Hostname(), err)
	}
	defer func() { _ = resp.Body.Close() }() // it has been read, or is not wanted
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	answer := Answer{resp.StatusCode, resp.Header, body[:min(int64(len(body)), limit)]}
	switch {
	case err != nil:
		return answer, fmt.Errorf("read answer of %s: %w", req.URL.Hostname(), err)
	case int64(len(body)) > limit:
		return answer, fmt.Errorf("read answer of %s: %w", req.URL.Hostname(), ErrTooLarge)
	}
	return answer, nil
}

// Check refuses an address as far as its text tells, so that a form can say so
// at once. What its name points to is found out when it is called.
func (c *Client) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrRefused, err)
	}
	return c.check(u)
}

func (c *Client) check(u *url.URL) error {
	switch {
	case u.Opaque != "" || u.Hostname() == "":
		return refuse("an address without a host")
	case u.User != nil:
		return refuse("a name or password in the address")
	case c.AllowPrivate && (u.Scheme == "http" || u.Scheme == "https"):
		return nil
	case u.Scheme != "https":
		return refuse("not https")
	case u.Port() != "" && u.Port() != "443" && u.Port() != "8443":
		return refuse("port " + u.Port())
	}
	ip, err := netip.ParseAddr(u.Hostname())
	switch {
	case err == nil:
		return checkAddr(ip)
	case numeric(u.Hostname()):
		return refuse("an IP address in disguise") // 0x7f.1, 2130706433: some resolvers read them
	}
	return nil
}

func refuse(why string) error { return fmt.Errorf("%w (%s)", ErrRefused, why) }

// numeric reports whether a host that is no IP address ends in a number.
func numeric(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last == "" || strings.HasPrefix(last, "0x") || strings.Trim(last, "0123456789") == ""
}

func (c *Client) open() {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: c.control, Resolver: c.resolver}
	c.http = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // whatever the environment says
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // the limit is of what is read, so nothing may swell
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns:           16,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
		},
	}
}

// control sees the address that is about to be connected to.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	if c.AllowPrivate {
		return nil
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrRefused, err)
	}
	if to.Port() != 443 && to.Port() != 8443 {
		return refuse(fmt.Sprint("port ", to.Port()))
	}
	if err := checkAddr(to.Addr()); err != nil {
		return err
	}
	return checkNotOwn(to.Addr())
}

// checkNotOwn refuses the addresses of this machine, public ones too.
func checkNotOwn(ip netip.Addr) error {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return errors.Join(refuse("the machine's own addresses are not known"), err)
	}
	for _, addr := range own {
		if prefix, err := netip.ParsePrefix(addr.String()); err == nil && prefix.Addr().Unmap() == ip {
			return refuse("an address of this machine")
		}
	}
	return nil
}
