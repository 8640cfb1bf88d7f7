package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"souk/bench/internal/measure"
	"souk/internal/payments/fakes"
)

// souk is the product under load: the real binary with a private PostgreSQL.
type souk struct {
	measure.Server
	plan     plan
	limits   string   // on or off
	slug     string   // of a product to look at
	variants []string // to buy
	sold     atomic.Int64
	bank     *bank // at which buyers pay; nil: at the door
}

func openSouk(ctx context.Context, p plan) (*souk, error) {
	s := &souk{plan: p, limits: "off", Server: measure.Server{
		Binary: p.souk, Args: []string{"serve"}, Base: "http://127.0.0.1:18080", Client: measure.NewClient(), Patient: time.Minute,
	}}
	if _, err := s.start(ctx); err != nil {
		return nil, err
	}
	file := filepath.Join(p.dir, "catalogue.csv")
	if err := writeCatalogue(file, p.products); err != nil {
		return nil, err
	}
	if out, err := s.command(ctx, "import", "products", file, "--publish", "--json"); err != nil {
		return nil, fmt.Errorf("fill the shop: %w\n%s", err, out)
	}
	return s, s.learn(ctx)
}

// start starts the server and says how long it took until it was ready.
func (s *souk) start(ctx context.Context) (time.Duration, error) {
	s.Env = s.env()
	return s.Start(ctx)
}

func (s *souk) env() []string {
	return []string{
		"SOUK_DATA_DIR=" + filepath.Join(s.plan.dir, "souk"), "SOUK_LISTEN=" + strings.TrimPrefix(s.Base, "http://"),
		"SOUK_OPS_LISTEN=", "SOUK_RATE_LIMITS=" + s.limits, "SOUK_TRUSTED_PROXIES=127.0.0.1", "SOUK_LOG_LEVEL=warn", "DATABASE_URL=", "SOUK_OUTBOUND_ALLOW_PRIVATE=true",
	}
}

func (s *souk) restart(ctx context.Context) (time.Duration, error) {
	s.Stop()
	return s.start(ctx)
}

// join starts a second node on the same database, which is up and migrated, and
// says how long it took until it was ready.
func (s *souk) join(ctx context.Context) (time.Duration, error) {
	node := s.Server
	node.Base = "http://127.0.0.1:18081"
	node.Env = append(s.env(), "SOUK_LISTEN="+strings.TrimPrefix(node.Base, "http://"),
		"DATABASE_URL=postgres:///souk?user=souk&host="+filepath.Join(s.plan.dir, "souk", "pg", "run"))
	took, err := node.Start(ctx)
	if err != nil {
		return 0, err
	}
	node.Stop()
	return took, nil
}

func (s *souk) command(ctx context.Context, args ...string) ([]byte, error) {
	return s.program(ctx, args...).CombinedOutput()
}

func (s *souk) program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.plan.souk, args...)
	cmd.Env = append(os.Environ(), s.env()...)
	return cmd
}

// verify fails unless every invariant holds after all the load.
func (s *souk) verify(ctx context.Context) error {
	if out, err := s.command(ctx, "verify"); err != nil {
		return fmt.Errorf("the shop is not sound after the load: %w\n%s", err, out)
	}
	return nil
}

func (s *souk) url(path string) string { return s.Base + path }

// learn waits for the listings and remembers a product and what can be bought.
func (s *souk) learn(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(50 * time.Millisecond) {
		var list struct {
			Total int `json:"total_count"`
			Data  []struct {
				Slug string `json:"slug"`
			} `json:"data"`
		}
		if err := s.call(ctx, "GET", "/api/v1/products?limit=100&include=total_count", nil, nil, &list); err != nil {
			return err
		}
		if list.Total < s.plan.products {
			continue
		}
		s.slug = list.Data[0].Slug
		for _, p := range list.Data {
			var product struct {
				Variants []struct {
					ID string `json:"id"`
				} `json:"variants"`
			}
			if err := s.call(ctx, "GET", "/api/v1/products/"+p.Slug, nil, nil, &product); err != nil {
				return err
			}
			for _, v := range product.Variants {
				s.variants = append(s.variants, v.ID)
			}
		}
		return nil
	}
	return fmt.Errorf("the products were not listed within a minute")
}

// orders lets buyers order as fast as they can: five calls an order.
func (s *souk) orders(ctx context.Context, buyers int, d time.Duration) (sample, error) {
	var (
		wait   sync.WaitGroup
		mu     sync.Mutex
		took   []time.Duration
		broken atomic.Pointer[error]
		until  = time.Now().Add(d)
	)
	for range buyers {
		wait.Go(func() {
			for time.Now().Before(until) && broken.Load() == nil {
				began := time.Now()
				if err := s.order(ctx, s.sold.Add(1)); err != nil {
					broken.Store(&err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if err := broken.Load(); err != nil {
		return sample{}, *err
	}
	return sample{float64(len(took)) / d.Seconds(), measure.Percentile(took, 99)}, nil
}

// order is what a guest does: cart, address, ways of shipping, one of them, order.
func (s *souk) order(ctx context.Context, n int64) error {
	type money struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	}
	var cart struct {
		ID     string `json:"id"`
		Totals struct {
			Grand money `json:"grand_total"`
		} `json:"totals"`
	}
	var options struct {
		Data []struct {
			Vendor  string `json:"vendor_id"`
			Options []struct {
				ID string `json:"id"`
			} `json:"options"`
		} `json:"data"`
	}
	from := http.Header{"X-Forwarded-For": {address(10, n)}}
	item := map[string]any{"variant_id": s.variants[int(n)%len(s.variants)], "quantity": 1}
	if err := s.call(ctx, "POST", "/api/v1/carts", from, map[string]any{"items": []any{item}}, &cart); err != nil {
		return err
	}
	path := "/api/v1/carts/" + cart.ID
	if err := s.call(ctx, "PUT", path+"/addresses", from, map[string]any{
		"email": fmt.Sprintf("buyer%d@demo.test", n),
		"shipping": map[string]any{
			"name": "A Buyer", "line1": "1 Market Way", "city": "Springfield", "region": "IL", "postal_code": "62701", "country": "US",
		},
	}, nil); err != nil {
		return err
	}
	if err := s.call(ctx, "GET", path+"/shipping-options", from, nil, &options); err != nil {
		return err
	}
	chosen := map[string]any{"vendor_id": options.Data[0].Vendor, "option_id": options.Data[0].Options[0].ID}
	if err := s.call(ctx, "PUT", path+"/shipping", from, map[string]any{"selections": []any{chosen}}, &cart); err != nil {
		return err
	}
	from.Set("Idempotency-Key", cart.ID)
	method, bank := "cod", s.bank
	if bank != nil {
		method = bank.Method()
	}
	var order placed
	err := s.call(ctx, "POST", "/api/v1/checkout", from, map[string]any{
		"cart_id": cart.ID, "payment_method": method, "expected_total": cart.Totals.Grand,
	}, &order)
	if err != nil || bank == nil {
		return err
	}
	return bank.Pay(ctx, order.Payment.ID, fakes.Pays)
}

func (s *souk) call(ctx context.Context, method, path string, header http.Header, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url(path), body)
	if err != nil {
		return err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := s.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s\n%s", method, path, answer.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// writeCatalogue makes products in the classic columns that shops export.
func writeCatalogue(file string, products int) error {
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	rows := [][]string{{
		"Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name", "Option1 Value",
		"Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Price",
	}}
	adjectives := []string{"Quiet", "Bright", "Sturdy", "Little", "Golden", "Simple", "Woven", "Smoked", "Northern", "Hollow"}
	nouns := []string{"Lamp", "Mug", "Chair", "Blanket", "Kettle", "Basket", "Notebook", "Backpack", "Candle", "Bowl"}
	for i := range products {
		title := fmt.Sprintf("%s %s %d", adjectives[i%10], nouns[i/10%10], i)
		for v, size := range []string{"S", "M", "L"} {
			row := make([]string, len(rows[0]))
			if v == 0 {
				copy(row, []string{
					"", title, "<p>" + strings.Repeat("Made to be used every day. ", 12) + "</p>", fmt.Sprintf("Vendor %d", i%6),
					"Home > " + nouns[i/10%10], nouns[i/10%10], "new, " + adjectives[i%10], "TRUE", "Size",
				})
			}
			row[0], row[9], row[10], row[11] = fmt.Sprintf("product-%d", i), size, fmt.Sprintf("SKU-%d-%s", i, size), "250"
			row[12], row[13], row[14] = "shopify", "1000000", fmt.Sprintf("%d.%02d", 5+i%200, i%100)
			rows = append(rows, row)
		}
	}
	if err := out.WriteAll(rows); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
}
