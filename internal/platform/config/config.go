// Package config is every setting of souk, and where each value came from.
//
// Owns: [Config]; the order flags > environment > souk.toml > default
// ([Sources]); the master key ([Keys]).
// Tables: none. Raises: nothing. Calls: nobody.
//
// Config is embedded in the command line, and Sources resolves it:
//
//	var cli struct {
//		config.Config
//		Serve serveCmd `cmd:"" help:"Serve the shop."`
//	}
//	var sources config.Sources
//	ctx := kong.Parse(&cli, kong.Resolvers(&sources))
//	sources.Settings(ctx) // each value and where it came from
package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Config is what an operator can set. A field tagged secret is masked when
// shown, and may be read from the file that VARIABLE_FILE names.
type Config struct {
	File string `name:"config" help:"Settings file; ./souk.toml when it is there." placeholder:"FILE" env:"SOUK_CONFIG"`

	Listen    string `help:"Address of the shop." default:"127.0.0.1:8080" env:"SOUK_LISTEN,PORT" group:"Network"`
	OpsListen string `help:"Address of health, metrics and profiles; empty turns them off." default:"127.0.0.1:9464" env:"SOUK_OPS_LISTEN" group:"Network"`
	BaseURL   string `name:"base-url" help:"Address at which the world sees the shop; http://LISTEN when empty." env:"SOUK_BASE_URL" group:"Network"`

	TrustedProxies []string      `help:"Addresses or networks whose X-Forwarded-For is believed." env:"SOUK_TRUSTED_PROXIES" group:"Network"`
	CORSOrigins    []string      `name:"cors-origins" help:"Origins whose scripts may call the API." env:"SOUK_CORS_ORIGINS" group:"Network"`
	RateLimits     string        `help:"Rate limits: on or off." enum:"on,off" default:"on" env:"SOUK_RATE_LIMITS" group:"Network"`
	DrainTimeout   time.Duration `help:"How long requests and jobs may take to finish when stopping." default:"25s" env:"SOUK_DRAIN_TIMEOUT" group:"Network"`

	SecurityContact string `help:"Where weaknesses of the shop are reported, such as mailto:security@shop.example; told at /.well-known/security.txt." env:"SOUK_SECURITY_CONTACT" group:"Network"`

	DataDir     string `help:"Folder of the private database, uploads and keys." default:"./souk-data" env:"SOUK_DATA_DIR" group:"Storage"`
	DatabaseURL string `name:"database-url" help:"PostgreSQL; a private one under DATA-DIR when empty." env:"DATABASE_URL" secret:"url" group:"Storage"`
	MaxConns    int    `help:"Connections to PostgreSQL." default:"16" env:"SOUK_MAX_CONNS" group:"Storage"`
	RedisURL    string `name:"redis-url" help:"Redis; nodes share rate limits in it when set." env:"REDIS_URL" secret:"url" group:"Storage"`
	Blob        Blob   `embed:"" prefix:"blob-" group:"Storage"`

	Worker       bool   `help:"Work jobs in this process." default:"true" negatable:"" env:"SOUK_WORKER" group:"Work"`
	Workers      int    `help:"Jobs at once." default:"4" env:"SOUK_WORKERS" group:"Work"`
	Currency     string `help:"Currency of the shop." default:"USD" env:"SOUK_CURRENCY" group:"Work"`
	InvoiceYears int    `help:"Years for which the law wants invoices kept, from the end of that of the order." default:"10" env:"SOUK_INVOICE_YEARS" group:"Work"`
	SecretKey    string `help:"Master key, 32 bytes or more in base64, and older ones behind it; made once and kept under DATA-DIR when empty." env:"SOUK_SECRET_KEY" secret:"" group:"Work"`

	OutboundAllowPrivate bool `help:"Development only: let outbound requests reach private addresses and plain http." env:"SOUK_OUTBOUND_ALLOW_PRIVATE" group:"Work"`

	SMTPURL     string `name:"smtp-url" help:"Server that takes mail, smtp://user:password@host:587; mail is kept in the database when empty." env:"SOUK_SMTP_URL" secret:"url" group:"Mail"`
	MailFrom    string `help:"Whom mail is from, such as Souk <shop@example.com>." env:"SOUK_MAIL_FROM" group:"Mail"`
	MailReplyTo string `help:"Where answers go, when not to MAIL-FROM." env:"SOUK_MAIL_REPLY_TO" group:"Mail"`
	Locale      string `help:"Language of those who have chosen none." default:"en" env:"SOUK_LOCALE" group:"Mail"`

	LogLevel     slog.Level `help:"debug, info, warn or error." default:"info" env:"SOUK_LOG_LEVEL" group:"Telemetry"`
	LogFormat    string     `help:"auto, json or text." enum:"auto,json,text" default:"auto" env:"SOUK_LOG_FORMAT" group:"Telemetry"`
	AccessLog    bool       `help:"Log a line for each request." env:"SOUK_ACCESS_LOG" group:"Telemetry"`
	OTLPEndpoint string     `name:"otlp-endpoint" help:"Where traces go over OTLP http; nowhere when empty." env:"OTEL_EXPORTER_OTLP_ENDPOINT" group:"Telemetry"`
}

// Blob says where uploads are kept: in a folder, or in a bucket when one is named.
type Blob struct {
	Dir       string `help:"Folder of uploads; DATA-DIR/blobs when empty." env:"SOUK_BLOB_DIR"`
	Endpoint  string `name:"s3-endpoint" help:"S3 host, such as s3.eu-west-1.amazonaws.com." env:"SOUK_S3_ENDPOINT"`
	Bucket    string `name:"s3-bucket" help:"S3 bucket; uploads go to the folder when empty." env:"SOUK_S3_BUCKET"`
	Region    string `name:"s3-region" help:"S3 region." default:"us-east-1" env:"SOUK_S3_REGION"`
	AccessKey string `name:"s3-access-key" help:"S3 access key." env:"SOUK_S3_ACCESS_KEY"`
	SecretKey string `name:"s3-secret-key" help:"S3 secret key." env:"SOUK_S3_SECRET_KEY" secret:""`
	Insecure  bool   `name:"s3-insecure" help:"Plain http to the S3 host." env:"SOUK_S3_INSECURE"`
}

// Validate is called by kong when everything has been read.
func (c *Config) Validate() error {
	var bad []error
	if len(c.Currency) != 3 || strings.ToUpper(c.Currency) != c.Currency {
		bad = append(bad, fmt.Errorf("--currency: %q is not a code such as USD", c.Currency))
	}
	if c.BaseURL != "" {
		if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			bad = append(bad, fmt.Errorf("--base-url: %q is not an address such as https://shop.example", c.BaseURL))
		}
	}
	for _, origin := range c.CORSOrigins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			bad = append(bad, fmt.Errorf("--cors-origins: %q is not an origin such as https://app.example", origin))
		}
	}
	if _, err := c.Proxies(); err != nil {
		bad = append(bad, err)
	}
	if c.SecurityContact != "" && !isContact(c.SecurityContact) {
		bad = append(bad, fmt.Errorf("--security-contact: %q is not an address such as mailto:security@shop.example or https://shop.example/report", c.SecurityContact))
	}
	bad = append(bad, c.checkMail()...)
	if c.MaxConns < 4 {
		bad = append(bad, fmt.Errorf("--max-conns: %d is too few; the least is 4", c.MaxConns))
	}
	if c.Workers < 1 {
		bad = append(bad, fmt.Errorf("--workers: %d is too few; to work no jobs here say --no-worker", c.Workers))
	}
	if c.InvoiceYears < 1 || c.InvoiceYears > 100 {
		bad = append(bad, fmt.Errorf("--invoice-years: %d is not a number of years from 1 to 100", c.InvoiceYears))
	}
	if c.Blob.Bucket != "" && c.Blob.Endpoint == "" {
		bad = append(bad, errors.New("--blob-s3-bucket: say --blob-s3-endpoint too"))
	}
	return errors.Join(bad...)
}

// isContact reports whether text is a URI of the kinds that RFC 9116 has people
// reached by.
func isContact(text string) bool {
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, " \t\r\n") {
		return false
	}
	switch u.Scheme {
	case "https":
		return u.Host != ""
	case "mailto":
		return strings.Contains(u.Opaque, "@")
	case "tel":
		return u.Opaque != ""
	}
	return false
}

// Limited reports whether requests are rate limited.
func (c *Config) Limited() bool { return c.RateLimits == "on" }

// PublicURL is the address at which the world sees the shop, without a slash
// at its end. This machine alone is called localhost: browsers make passkeys for
// names, not for addresses.
func (c *Config) PublicURL() string {
	if c.BaseURL != "" {
		return strings.TrimRight(c.BaseURL, "/")
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "http://" + c.Listen
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && (ip.IsUnspecified() || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1})) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// BlobDir is the folder of uploads.
func (c *Config) BlobDir() string {
	return cmp.Or(c.Blob.Dir, filepath.Join(c.DataDir, "blobs"))
}

// Proxies is the networks whose X-Forwarded-For is believed.
func (c *Config) Proxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range c.TrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, fmt.Errorf("--trusted-proxies: %q is neither an address nor a network such as 10.0.0.0/8", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		list = append(list, prefix.Masked())
	}
	return list, nil
}
