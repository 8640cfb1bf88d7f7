package paypaltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"math/big"
	"net/http"
	"sync"
	"time"

	"souk/internal/payments/fakes"
)

const certificateName = "CERT-360caa42-fca2a594-a5cafa77"

// Signer signs notices with a certificate that leads to a root of its own.
type Signer struct {
	key          *rsa.PrivateKey
	chain, roots string // PEM
}

// sharedSigner is one for all servers of a process: a key takes its time.
var sharedSigner = sync.OnceValue(func() *Signer {
	return NewSigner("messageverificationcerts.sandbox.paypal.com", time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
})

// NewSigner makes a signer whose certificate is made out to a name, and ends. The
// operating system's generator does not fail, and nothing else can.
func NewSigner(name string, until time.Time) *Signer {
	rootKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "A root for tests"}, NotBefore: from, NotAfter: from.AddDate(100, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	rootPEM := encoded(must(x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)))
	leafPEM := encoded(must(x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)))
	return &Signer{key: key, chain: leafPEM + rootPEM, roots: rootPEM}
}

func encoded(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// tell writes a notice to be sent when the lock is free.
func (s *Server) tell(event, kind string, about map[string]any) {
	now := s.Clock.Now()
	body := must(json.Marshal(map[string]any{
		"id": "WH-" + name() + "-" + name(), "event_version": "1.0", "create_time": now.UTC().Format(time.RFC3339Nano), "resource_type": kind,
		"resource_version": "2.0", "event_type": event, "summary": event, "resource": about, "links": []any{},
	}))
	s.letters = append(s.letters, fakes.Letter{Body: body, Sign: func(body []byte, _ fakes.Manner) http.Header {
		return s.Sign(body, s.WebhookID, s.Clock.Now())
	}})
}

// Sign is the headers of a notice that is sent to a webhook at a moment.
func (s *Server) Sign(body []byte, webhook string, at time.Time) http.Header {
	s.mu.Lock()
	base := s.base
	s.mu.Unlock()
	transmission, when := rand.Text(), stamp(at)
	signed := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", transmission, when, webhook, crc32.ChecksumIEEE(body)))
	signature := must(rsa.SignPKCS1v15(rand.Reader, s.Signer.key, crypto.SHA256, signed[:]))
	header := http.Header{}
	header.Set("PAYPAL-TRANSMISSION-ID", transmission)
	header.Set("PAYPAL-TRANSMISSION-TIME", when)
	header.Set("PAYPAL-TRANSMISSION-SIG", base64.StdEncoding.EncodeToString(signature))
	header.Set("PAYPAL-CERT-URL", base+"/v1/notifications/certs/"+certificateName)
	header.Set("PAYPAL-AUTH-ALGO", "SHA256withRSA")
	header.Set("PAYPAL-AUTH-VERSION", "v2")
	return header
}

func (s *Server) showCertificate(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write([]byte(s.Signer.chain)) // who has hung up does not want it
}
