package paypal

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	"souk/internal/payments"
)

// certificates is the signing certificates of PayPal that were proven, by their
// addresses.
type certificates struct {
	mu      sync.Mutex
	proven  map[string]proven
	fetched []time.Time // lately
}

type proven struct {
	key   *rsa.PublicKey
	until time.Time
}

const (
	certificateLife = 24 * time.Hour // after which it is proven anew
	certificatesMax = 16             // PayPal uses one or two at a time
	certificateSize = 64 << 10

	// perMinute is how many certificates are fetched in a minute, so that a stranger
	// who makes up addresses does not make the shop a nuisance to PayPal.
	perMinute = 10
)

var certificatePath = regexp.MustCompile(`^/v1/notifications/certs/[A-Za-z0-9-]{1,100}$`)

// signer is the key of the certificate at an address that a notice names. The
// address is a stranger's until the notice is proven: nothing is fetched unless
// it is one of PayPal's own.
func (p *Provider) signer(ctx context.Context, a payments.Account, address string) (*rsa.PublicKey, error) {
	if !p.servesCertificates(a, address) {
		return nil, payments.ErrNotice
	}
	now := p.Accounts.Clock.Now()
	name := address + " " + a.Get(fieldRoots)
	p.certs.mu.Lock()
	known, ok := p.certs.proven[name]
	may := ok || p.certs.mayFetch(now)
	p.certs.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.key, nil
	}
	if !may {
		return nil, errors.New("too many certificates of PayPal were asked for in this minute")
	}
	answer, err := p.Accounts.Outbound.Get(ctx, address, certificateSize)
	switch {
	case err != nil:
		return nil, fmt.Errorf("fetch certificate: %w", err)
	case answer.Status >= http.StatusInternalServerError || answer.Status == http.StatusTooManyRequests:
		return nil, fmt.Errorf("fetch certificate: PayPal says %d", answer.Status)
	case answer.Status != http.StatusOK: // no redirect either
		return nil, payments.ErrNotice
	}
	known, err = prove(answer.Body, a, now)
	if err != nil {
		return nil, err
	}
	p.certs.mu.Lock()
	defer p.certs.mu.Unlock()
	if len(p.certs.proven) >= certificatesMax || p.certs.proven == nil {
		p.certs.proven = map[string]proven{}
	}
	p.certs.proven[name] = known
	return known.key, nil
}

// mayFetch counts what is fetched. The caller holds the lock.
func (c *certificates) mayFetch(now time.Time) bool {
	c.fetched = slices.DeleteFunc(c.fetched, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	if len(c.fetched) >= perMinute {
		return false
	}
	c.fetched = append(c.fetched, now)
	return true
}

// servesCertificates reports whether an address is one at which PayPal shows its
// certificates. Where private addresses may be called, for tests, so may the one
// of the account.
func (p *Provider) servesCertificates(a payments.Account, address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || !certificatePath.MatchString(u.EscapedPath()) {
		return false
	}
	hosts := []string{"api.sandbox.paypal.com", "api-m.sandbox.paypal.com"}
	if a.Live {
		hosts = []string{"api.paypal.com", "api-m.paypal.com"}
	}
	if u.Scheme == "https" && slices.Contains(hosts, u.Host) {
		return true
	}
	own, err := url.Parse(base(a))
	return err == nil && p.Accounts.Outbound.AllowPrivate && u.Scheme == own.Scheme && u.Host == own.Host
}

// prove makes sure that the first certificate of a PEM text is PayPal's, is valid
// now, and leads to a root that is trusted.
func prove(text []byte, a payments.Account, now time.Time) (proven, error) {
	chain, err := certificatesOf(text)
	if err != nil || len(chain) == 0 {
		return proven{}, payments.ErrNotice
	}
	leaf, between := chain[0], x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	options := x509.VerifyOptions{Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if roots := a.Get(fieldRoots); roots != "" { // nil: those of the machine
		options.Roots = x509.NewCertPool()
		if !options.Roots.AppendCertsFromPEM([]byte(roots)) {
			return proven{}, errors.New("the field certificate_roots of PayPal's account has no certificate in it")
		}
	}
	key, isRSA := leaf.PublicKey.(*rsa.PublicKey)
	if _, err := leaf.Verify(options); err != nil || !isRSA || !signs(leaf, a.Live) {
		return proven{}, payments.ErrNotice
	}
	until := now.Add(certificateLife)
	if leaf.NotAfter.Before(until) {
		until = leaf.NotAfter
	}
	return proven{key, until}, nil
}

// signs reports whether a certificate is made out to who signs PayPal's notices,
// as PayPal's own libraries check it.
func signs(c *x509.Certificate, live bool) bool {
	names := []string{"messageverificationcerts.paypal.com"}
	if !live {
		names = append(names, "messageverificationcerts.sandbox.paypal.com")
	}
	return slices.ContainsFunc(names, func(name string) bool { return c.Subject.CommonName == name || c.VerifyHostname(name) == nil })
}

func certificatesOf(text []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}
