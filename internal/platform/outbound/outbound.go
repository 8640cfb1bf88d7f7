// Package outbound is the one way to call an address that somebody gave us:
// a picture to fetch, a webhook to deliver, a provider's base URL.
//
// Owns: the client and its rules. Tables: none. Raises: nothing. Calls: nobody.
//
// Without rules such a call is a door into the private network of whoever runs
// the shop (server-side request forgery). The rules hold at the moment of
// dialling, on the address that the name resolved to, so that a name cannot
// change between the check and the call:
//
//   - https on port 443 or 8443, no user name or password in the URL
//   - public addresses only: see [Refused]
//   - no redirects, no proxies from the environment
//   - 5 s to connect, 15 s in all, and no more bytes than the caller wants
package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// ErrRefused says that an address may not be called.
var ErrRefused = errors.New("address refused")

// ErrTooLarge says that an answer has more bytes than wanted.
var ErrTooLarge = errors.New("answer too large")

const (
	connectTimeout = 5 * time.Second
	totalTimeout   = 15 * time.Second
)

// Client calls addresses under the rules. Make it with [New].
type Client struct {
	http         *http.Client
	allowPrivate bool
}

// New makes a client. With allowPrivate, which is for development and tests,
// private addresses, other ports and plain http may be called.
func New(allowPrivate bool) *Client {
	c := &Client{allowPrivate: allowPrivate}
	dialer := &net.Dialer{Timeout: connectTimeout, ControlContext: c.control}
	c.http = &http.Client{
		Timeout: totalTimeout,
		Transport: &http.Transport{
			Proxy:                 nil, // a proxy would resolve and dial for us
			DialContext:           dialer.DialContext,
			TLSHandshakeTimeout:   connectTimeout,
			ResponseHeaderTimeout: totalTimeout,
			MaxIdleConns:          20,
			IdleConnTimeout:       30 * time.Second,
			ForceAttemptHTTP2:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Get fetches at most limit bytes. A status other than 200 is an error that
// names it; contentType is what the other side claims.
func (c *Client) Get(ctx context.Context, address string, limit int64) (body []byte, contentType string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrRefused, err)
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("get %s: answered %s", req.URL.Redacted(), res.Status)
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("get %s: %w", req.URL.Redacted(), err)
	case int64(len(body)) > limit:
		return nil, "", fmt.Errorf("get %s: %w: more than %d bytes", req.URL.Redacted(), ErrTooLarge, limit)
	}
	return body, res.Header.Get("Content-Type"), nil
}

// Do sends req under the rules. The caller bounds what it reads of the answer
// and closes it; a redirect is an answer like any other.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if err := c.Allowed(req.URL); err != nil {
		return nil, err
	}
	return c.http.Do(req)
}

// Allowed checks what can be told from the URL alone, for a clear answer to
// whoever enters one. The address is checked when it is dialled.
func (c *Client) Allowed(u *url.URL) error {
	switch {
	case u.Host == "" || u.Opaque != "":
		return fmt.Errorf("%w: not an absolute URL", ErrRefused)
	case u.User != nil:
		return fmt.Errorf("%w: a user name or password in the URL", ErrRefused)
	case c.allowPrivate && (u.Scheme == "http" || u.Scheme == "https"):
		return nil
	case u.Scheme != "https":
		return fmt.Errorf("%w: only https is called", ErrRefused)
	case u.Port() != "" && u.Port() != "443" && u.Port() != "8443":
		return fmt.Errorf("%w: only ports 443 and 8443 are called", ErrRefused)
	}
	return nil
}

// control runs after the name is resolved and before the socket connects.
func (c *Client) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	if c.allowPrivate {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if at.Port() != 443 && at.Port() != 8443 {
		return fmt.Errorf("%w: only ports 443 and 8443 are called", ErrRefused)
	}
	if Refused(at.Addr()) {
		return fmt.Errorf("%w: %s is not a public address", ErrRefused, at.Addr())
	}
	return nil
}

// closed are the networks that no call from a shop should reach, beyond what
// netip can tell by itself (IANA special-purpose address registries).
var closed = func() []netip.Prefix {
	var all []netip.Prefix
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}()

// Refused reports whether an address is not a public one: loopback, private,
// link-local, carrier-grade NAT, multicast, translated or reserved, also when
// written as IPv6.
func Refused(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() ||
		a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsInterfaceLocalMulticast() {
		return true
	}
	for _, p := range closed {
		if p.Contains(a) {
			return true
		}
	}
	return a.Is6() && !netip.MustParsePrefix("2000::/3").Contains(a)
}
