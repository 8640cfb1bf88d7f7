package notifications_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"souk/internal/clock"
)

// sink is a real mail server that keeps what it takes.
type sink struct {
	Port int
	Mail chan received

	mu      sync.Mutex
	refuse  []*smtp.SMTPError // the next answers to a recipient
	refused int
}

// received is a mail as it came over the wire.
type received struct {
	From, To   string
	User       string // who logged in
	Encrypted  bool
	Header     mail.Header
	Subject    string
	HTML, Text string
	Files      []attached
}

// attached is a file that goes with a mail.
type attached struct{ Name, Type, Content string }

// Refuse makes the server say no to the next recipients.
func (s *sink) Refuse(answers ...*smtp.SMTPError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = append(s.refuse, answers...)
}

func (s *sink) nextAnswer() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refuse) == 0 {
		return nil
	}
	answer := s.refuse[0]
	s.refuse, s.refused = s.refuse[1:], s.refused+1
	return answer
}

func (s *sink) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// Next waits for a mail.
func (s *sink) Next(t *testing.T) received {
	t.Helper()
	select {
	case m := <-s.Mail:
		return m
	case <-time.After(time.Minute): // bounds a wait that would otherwise hang a broken build
		t.Fatal("no mail came")
	}
	panic("unreachable")
}

// WantNone fails the test when a mail has come.
func (s *sink) WantNone(t *testing.T) {
	t.Helper()
	select {
	case m := <-s.Mail:
		t.Errorf("a mail came to %s: %s", m.To, m.Subject)
	default:
	}
}

// A door is how a sink lets clients in.
type door struct {
	cert     *tls.Certificate // STARTTLS is offered
	implicit bool             // encrypted from the start
	password string           // asks for a login
}

func newSink(t *testing.T, d door) *sink {
	t.Helper()
	s := &sink{Mail: make(chan received, 100)}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{sink: s, conn: c, password: d.password}, nil
	}))
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "localhost", true, log.New(io.Discard, "", 0)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Port = ln.Addr().(*net.TCPAddr).Port
	if d.cert != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*d.cert}, MinVersion: tls.VersionTLS12}
		if d.implicit {
			ln = tls.NewListener(ln, server.TLSConfig)
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(ln) }()
	t.Cleanup(func() {
		_ = server.Close() // connections that are left are the clients' to lose
		if err := <-stopped; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Errorf("mail server: %v", err)
		}
	})
	return s
}

type session struct {
	*sink
	conn     *smtp.Conn
	password string
	now      received
}

func (s *session) AuthMechanisms() []string {
	if s.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != s.password {
			return smtp.ErrAuthFailed
		}
		s.now.User = user
		return nil
	}), nil
}

func (s *session) Reset()        { s.now = received{User: s.now.User} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.password != "" && s.now.User == "" {
		return smtp.ErrAuthRequired
	}
	s.now.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.now.To = to
	return s.nextAnswer()
}

func (s *session) Data(r io.Reader) error {
	_, s.now.Encrypted = s.conn.TLSConnectionState()
	if err := s.now.read(r); err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	s.sink.Mail <- s.now
	return nil
}

// read takes a mail apart as a mail program does.
func (m *received) read(r io.Reader) error {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	m.Header = msg.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return err
	}
	return m.readPart(textproto.MIMEHeader(msg.Header), msg.Body)
}

func (m *received) readPart(header textproto.MIMEHeader, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = m.readPart(part.Header, part)
			}
			if err != nil {
				return err
			}
		}
	}
	switch encoding := header.Get("Content-Transfer-Encoding"); encoding {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	default:
		return fmt.Errorf("%s is encoded as %q", kind, encoding)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	disposition, about, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	if err == nil && disposition == "attachment" {
		m.Files = append(m.Files, attached{about["filename"], header.Get("Content-Type"), string(content)})
		return nil
	}
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	if kind == "text/html" {
		m.HTML = text
	} else {
		m.Text = text
	}
	return nil
}

// authority signs a certificate for localhost and says whom to trust.
func authority(t *testing.T) (*tls.Certificate, *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := clock.System{}.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(signed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}
