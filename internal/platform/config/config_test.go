package config_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"souk/internal/platform/config"
)

type cli struct {
	config.Config
	Serve struct{} `cmd:""`
}

// load reads a command line in an empty folder with nothing in the environment
// but env.
func load(t *testing.T, env map[string]string, file string, args ...string) (*cli, map[string]config.Setting, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, "SOUK_") || name == "PORT" || name == "DATABASE_URL" || name == "REDIS_URL" || strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, value) // put back when the test ends
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	if file != "" {
		if err := os.WriteFile("souk.toml", []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, sources := &cli{}, &config.Sources{}
	parser, err := kong.New(c, kong.Resolvers(sources), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(append(args, "serve"))
	if err != nil {
		return nil, nil, err
	}
	shown := map[string]config.Setting{}
	for _, s := range sources.Settings(ctx) {
		shown[s.Name] = s
	}
	return c, shown, nil
}

func TestDefaults(t *testing.T) {
	c, shown, err := load(t, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Listen, c.DataDir, c.Currency, c.Limited(), c.Worker, c.DrainTimeout, c.MaxConns, c.PublicURL(), c.BlobDir(), c.Blob.Region}
	want := []any{"127.0.0.1:8080", "./souk-data", "USD", true, true, 25 * time.Second, 16, "http://localhost:8080", "souk-data/blobs", "us-east-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, s := range shown {
		if s.Origin != "default" {
			t.Errorf("%s comes from %s", name, s.Origin)
		}
	}
}

func TestOrder(t *testing.T) {
	for _, test := range []struct {
		name, file    string
		env           map[string]string
		args          []string
		value, origin string
	}{
		{name: "default", value: "127.0.0.1:8080", origin: "default"},
		{name: "file", file: `listen = "f:1"`, value: "f:1", origin: "file souk.toml"},
		{name: "env over file", file: `listen = "f:1"`, env: map[string]string{"SOUK_LISTEN": "e:2"}, value: "e:2", origin: "env SOUK_LISTEN"},
		{name: "flag over env", env: map[string]string{"SOUK_LISTEN": "e:2"}, args: []string{"--listen=g:3"}, value: "g:3", origin: "flag"},
		{name: "port", env: map[string]string{"PORT": "5000"}, value: ":5000", origin: "env PORT"},
		{name: "own variable over port", env: map[string]string{"PORT": "5000", "SOUK_LISTEN": "e:2"}, value: "e:2", origin: "env SOUK_LISTEN"},
		{name: "empty variable is none", env: map[string]string{"SOUK_LISTEN": ""}, value: "127.0.0.1:8080", origin: "default"},
		{name: "file under empty variable", file: `listen = "f:1"`, env: map[string]string{"SOUK_LISTEN": ""}, value: "f:1", origin: "file souk.toml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, shown, err := load(t, test.env, test.file, test.args...)
			if err != nil {
				t.Fatal(err)
			}
			if c.Listen != test.value {
				t.Errorf("listens at %s, want %s", c.Listen, test.value)
			}
			want := config.Setting{Name: "listen", Value: test.value, Origin: test.origin}
			if diff := cmp.Diff(want, shown["listen"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFile(t *testing.T) {
	c, shown, err := load(t, map[string]string{"SOUK_WORKERS": ""}, `
		worker = false
		max_conns = 32
		drain-timeout = "3s"
		log_level = "debug"
		cors_origins = ["https://a.example", "https://b.example"]
		[blob]
		dir = "/srv/blobs"
		s3_region = "eu-west-1"
	`)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Worker, c.MaxConns, c.DrainTimeout, c.LogLevel.String(), c.CORSOrigins, c.BlobDir(), c.Blob.Region, c.Workers}
	want := []any{false, 32, 3 * time.Second, "DEBUG", []string{"https://a.example", "https://b.example"}, "/srv/blobs", "eu-west-1", 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := shown["cors-origins"].Value; got != "https://a.example,https://b.example" {
		t.Errorf("shown as %s", got)
	}
}

func TestRefused(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for _, test := range []struct {
		name, file string
		env        map[string]string
		args       []string
		want       string // in the error
	}{
		{"misspelt key", `lisen = "x:1"`, nil, nil, `there is no setting "lisen"; did you mean "listen"?`},
		{"misspelt key in a table", "[blob]\ns3_bukket = \"x\"", nil, nil, `there is no setting "blob.s3_bukket"; did you mean "blob_s3_bucket"?`},
		{"a key like none", `colour = "red"`, nil, nil, `there is no setting "colour"`},
		{"set twice", "blob_dir = \"x\"\n[blob]\ndir = \"y\"", nil, nil, "is set twice"},
		{"not TOML", "listen = ", nil, nil, "souk.toml: line 1"},
		{"not a duration", "", map[string]string{"SOUK_DRAIN_TIMEOUT": "soon"}, nil, "env SOUK_DRAIN_TIMEOUT"},
		{"not a number in the file", `max_conns = "many"`, nil, nil, "file souk.toml"},
		{"neither on nor off", "", map[string]string{"SOUK_RATE_LIMITS": "maybe"}, nil, "rate-limits"},
		{"no such file", "", nil, []string{"--config=nowhere.toml"}, "nowhere.toml"},
		{"secret twice", "", map[string]string{"SOUK_SECRET_KEY": long, "SOUK_SECRET_KEY_FILE": "/dev/null"}, nil, "not both"},
		{"no secret file", "", map[string]string{"DATABASE_URL_FILE": "nowhere"}, nil, "DATABASE_URL_FILE"},
		{"currency", "", map[string]string{"SOUK_CURRENCY": "dollars"}, nil, "--currency"},
		{"base url", "", map[string]string{"SOUK_BASE_URL": "shop.example"}, nil, "--base-url"},
		{"origin with a path", "", map[string]string{"SOUK_CORS_ORIGINS": "https://a.example/x"}, nil, "--cors-origins"},
		{"proxy", "", map[string]string{"SOUK_TRUSTED_PROXIES": "nginx"}, nil, "--trusted-proxies"},
		{"a bare mailbox to report to", "", map[string]string{"SOUK_SECURITY_CONTACT": "security@shop.example"}, nil, "--security-contact"},
		{"a page without TLS to report to", "", map[string]string{"SOUK_SECURITY_CONTACT": "http://shop.example/report"}, nil, "--security-contact"},
		{"two lines to report to", `security-contact = "mailto:a@shop.example\nContact:"`, nil, nil, "--security-contact"},
		{"bucket without a host", "", map[string]string{"SOUK_S3_BUCKET": "b"}, nil, "--blob-s3-endpoint"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := load(t, test.env, test.file, test.args...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("said %v, want %s", err, test.want)
			}
		})
	}
}

func TestSecretsAreMasked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s3")
	if err := os.WriteFile(file, []byte("canary-s3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("canary"), 8))
	c, shown, err := load(t, map[string]string{
		"SOUK_SECRET_KEY": key, "SOUK_S3_SECRET_KEY_FILE": file,
		"DATABASE_URL": "postgres://shop:canary-db@db.example/souk?sslmode=require&password=canary-query", "REDIS_URL": "canary-redis",
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Blob.SecretKey != "canary-s3" || c.SecretKey != key || !strings.Contains(c.DatabaseURL, "canary-db") {
		t.Errorf("secrets were not read: %+v", c.Config)
	}
	for name, s := range shown {
		if strings.Contains(s.Value, "canary") || strings.Contains(s.Value, key) {
			t.Errorf("%s shows %s", name, s.Value)
		}
	}
	if got := shown["database-url"].Value; got != "postgres://shop:xxxxx@db.example/souk" {
		t.Errorf("database-url shown as %s", got)
	}
	if got := shown["blob-s3-secret-key"]; got.Value != "(hidden)" || got.Origin != "env SOUK_S3_SECRET_KEY" {
		t.Errorf("s3 key shown as %+v", got)
	}
}

func TestPublicURL(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "http://localhost:8080", ":8080": "http://localhost:8080",
		"0.0.0.0:80": "http://localhost:80", "[::]:80": "http://localhost:80", "shop.example:1": "http://shop.example:1",
	} {
		c := config.Config{Listen: listen}
		if got := c.PublicURL(); got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
	}
	c := config.Config{BaseURL: "https://shop.example/"}
	if got := c.PublicURL(); got != "https://shop.example" {
		t.Errorf("got %s", got)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	c := config.Config{DataDir: filepath.Join(t.TempDir(), "new", "data")}
	var all [8]config.Keys
	var group sync.WaitGroup
	for i := range all { // processes that start at once agree on one
		group.Go(func() {
			var err error
			if all[i], err = c.Keys(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, k := range all {
		if !bytes.Equal(k.Key("cursor"), all[0].Key("cursor")) {
			t.Error("two master keys were made")
		}
	}
	if bytes.Equal(all[0].Key("cursor"), all[0].Key("token")) || len(all[0].Key("cursor")) != 32 {
		t.Error("purposes share a key")
	}
	path := filepath.Join(c.DataDir, "secret.key")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if entries, err := os.ReadDir(c.DataDir); err != nil || len(entries) != 1 {
		t.Errorf("left behind %v, %v", entries, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Keys(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read was used: %v", err)
	}
}

func TestKeysFromSettings(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte{0xfb, 0xff, 1}, 12)
	c := config.Config{SecretKey: base64.StdEncoding.EncodeToString(raw), DataDir: filepath.Join(t.TempDir(), "unused")}
	a, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	c.SecretKey = base64.RawURLEncoding.EncodeToString(raw)
	b, err := c.Keys()
	if err != nil || !bytes.Equal(a.Key("x"), b.Key("x")) {
		t.Errorf("the same key in another spelling differs: %v", err)
	}
	if _, err := os.Stat(c.DataDir); err == nil {
		t.Error("a key was written that nobody needs")
	}
	for _, short := range []string{"c2hvcnQ=", "not base64 at all!"} {
		c.SecretKey = short
		if _, err := c.Keys(); err == nil || strings.Contains(err.Error(), short) {
			t.Errorf("%q: %v", short, err)
		}
	}
}

// A new master key stands before the old one, which goes on opening what it
// sealed until it is dropped.
func TestMasterKeysRotate(t *testing.T) {
	t.Parallel()
	c := config.Config{DataDir: t.TempDir()}
	before, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddKey(); err != nil {
		t.Fatal(err)
	}
	both, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	if all := both.All("vault"); len(all) != 2 || !bytes.Equal(all[1], before.Key("vault")) || bytes.Equal(all[0], all[1]) || !bytes.Equal(all[0], both.Key("vault")) {
		t.Errorf("the keys are not the new one and the old one: %d", len(all))
	}
	for want := range 2 {
		if n, err := c.DropOldKeys(); err != nil || n != 1-want {
			t.Errorf("dropped %d, %v", n, err)
		}
	}
	after, err := c.Keys()
	if err != nil || len(after.All("vault")) != 1 || !bytes.Equal(after.Key("vault"), both.Key("vault")) {
		t.Errorf("the newest key is not the one that is left: %v", err)
	}
	if info, err := os.Stat(filepath.Join(c.DataDir, "secret.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	given := config.Config{SecretKey: strings.Repeat("A", 43) + " " + strings.Repeat("B", 43)}
	if keys, err := given.Keys(); err != nil || len(keys.All("vault")) != 2 {
		t.Errorf("two keys in the setting: %v", err)
	}
	if err := given.AddKey(); !errors.Is(err, config.ErrKeysElsewhere) {
		t.Errorf("a key was added to a setting: %v", err)
	}
}
