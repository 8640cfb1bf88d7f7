package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/bench/internal/measure"
	"souk/internal/platform/postgres"
)

// shop is the demo under load.
type shop struct {
	measure.Server
	scale string
	dir   string // SOUK_DATA_DIR
	ops   string // http://host:port of its metrics
	asked int64  // requests that no answer was kept for: no two are the same
}

// costs are what a catalogue of this size takes beside time for answers.
type costs struct {
	first filled

	build, restart   time.Duration // start until ready: building the index, reading the saved one
	idleMB, loadedMB float64       // resident, the server alone
	documents        float64       // in the index
	savedMB          float64       // the saved index
	databaseMB       float64
	folderMB         float64 // with PostgreSQL's log of changes, pictures and the saved index
}

// filled is how long the first start took; it is kept beside the shop.
type filled struct {
	Scale    string        `json:"scale"`
	Market   time.Duration `json:"market"` // database, schema, 400 products and a year of trade
	Products time.Duration `json:"products"`
	Listings time.Duration `json:"listings"`
	Ready    time.Duration `json:"ready"` // all of it
}

func openShop(p plan) (*shop, error) {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(p.dir, 0o755); err != nil { // PostgreSQL runs as somebody else
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	ops, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(p.dir, "souk")
	return &shop{scale: p.scale, dir: dir, ops: "http://" + ops, Server: measure.Server{
		Binary: p.souk, Args: []string{"demo", "--scale", p.scale}, Base: "http://" + address, Client: measure.NewClient(), Patient: time.Hour,
		Env: []string{
			"SOUK_DATA_DIR=" + dir, "SOUK_LISTEN=" + address, "SOUK_OPS_LISTEN=" + ops,
			"SOUK_RATE_LIMITS=off", "SOUK_LOG_LEVEL=warn", "DATABASE_URL=",
		},
	}}, nil
}

// freeAddress is one that nobody listens on now.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// measure fills the shop unless it is, starts it twice more, and leaves it running.
func (c *costs) measure(ctx context.Context, s *shop) (err error) {
	if err := c.fill(ctx, s); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(s.dir, "search.index")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	measure.Say("Starting twice, without and with a saved index")
	if c.build, err = s.Start(ctx); err != nil {
		return err
	}
	s.Stop()
	if c.restart, err = s.Start(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	return c.size(ctx, s)
}

// fill starts the shop for the first time, and tells apart what that is made of.
func (c *costs) fill(ctx context.Context, s *shop) error {
	kept := filepath.Join(filepath.Dir(s.dir), "fill.json")
	text, err := os.ReadFile(kept)
	if err == nil {
		if err := json.Unmarshal(text, &c.first); err != nil {
			return fmt.Errorf("read %s: %w", kept, err)
		}
		if c.first.Scale != s.scale {
			return fmt.Errorf("%s was filled with %s products", s.dir, c.first.Scale)
		}
		return nil
	}
	if _, err := os.Stat(s.dir); err == nil {
		return fmt.Errorf("%s was filled by nobody who took the time: remove it", s.dir)
	}
	measure.Say("Filling a shop with %s products", s.scale)
	c.first.Scale = s.scale
	read, write := io.Pipe()
	s.Out = write
	steps := c.first.watch(read)
	c.first.Ready, err = s.Start(ctx)
	if err != nil {
		return errors.Join(err, write.Close())
	}
	s.Stop()
	if err := write.Close(); err != nil {
		return err
	}
	<-steps
	s.Out = nil
	if text, err = json.Marshal(c.first); err != nil {
		return err
	}
	return os.WriteFile(kept, text, 0o644)
}

var step = regexp.MustCompile(`✓ (Demo data|Products|Listings) `)

// watch notes when the steps end that souk demo tells of. Those of the market
// are told before it, and count as part of it.
func (f *filled) watch(out io.Reader) (ended chan struct{}) {
	ended = make(chan struct{})
	began := time.Now()
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			found := step.FindStringSubmatch(lines.Text())
			if found == nil {
				continue
			}
			since := time.Since(began)
			switch {
			case found[1] == "Demo data":
				f.Market = since
			case found[1] == "Products":
				f.Products = since - f.Market
			case f.Market > 0:
				f.Listings = since - f.Market - f.Products
			}
		}
	}()
	return ended
}

func (c *costs) size(ctx context.Context, s *shop) (err error) {
	c.idleMB = s.Memory()
	if c.documents, err = s.metric(ctx, "souk_search_documents"); err != nil {
		return err
	}
	saved, err := os.Stat(filepath.Join(s.dir, "search.index"))
	if err != nil {
		return err
	}
	c.savedMB = float64(saved.Size()) / 1e6
	err = s.database(ctx, func(db *pgx.Conn) error {
		return db.QueryRow(ctx, `SELECT pg_database_size('souk') / 1e6`).Scan(&c.databaseMB)
	})
	if err != nil {
		return err
	}
	return filepath.WalkDir(s.dir, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // PostgreSQL removes what it does not need
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			c.folderMB += float64(info.Size()) / 1e6
		}
		return err
	})
}

// metric is one of the figures that the shop tells Prometheus.
func (s *shop) metric(ctx context.Context, name string) (float64, error) {
	text, err := s.get(ctx, s.ops+"/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("the shop does not tell %s", name)
}

// database lets fn ask the private PostgreSQL.
func (s *shop) database(ctx context.Context, fn func(db *pgx.Conn) error) (err error) {
	url, running := postgres.Running(filepath.Join(s.dir, "pg"))
	if !running {
		return errors.New("the private PostgreSQL does not run")
	}
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(ctx)) }()
	return fn(db)
}

// get is the body of an answer, which must be 200.
func (s *shop) get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s\n%s", url, answer.Status, text)
	}
	return text, err
}

// read decodes the answer to a path of the API.
func (s *shop) read(ctx context.Context, path string, into any) error {
	text, err := s.get(ctx, s.Base+path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
