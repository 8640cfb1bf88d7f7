package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"souk/internal/catalog"
	"souk/internal/demo"
	"souk/internal/notifications"
	"souk/internal/platform/config"
	"souk/web"
)

type demoCmd struct {
	Reset bool `help:"Erase the demo and fill it anew."`
	Show  bool `help:"Only print how to sign in."`
	Scale Size `help:"As many products more, such as 10k or 1m, to see what the shop is like with them."`
	IKnow bool `name:"i-know" help:"Show the demo on a public address; with --reset, erase whatever the database holds."`
}

func (cmd demoCmd) Run(ctx context.Context, c *config.Config) (err error) {
	if cmd.Show {
		return showDemo(ctx, c)
	}
	if !cmd.IKnow && !loopback(c.Listen) {
		return fmt.Errorf("%s is not an address of this machine alone, and everybody would have the run of the demo: use --listen 127.0.0.1:8080, or say --i-know", c.Listen)
	}
	ln, err := listen(c)
	if err != nil {
		return err
	}
	began := time.Now()
	tuneMemory()
	s, err := ownShop(ctx, c)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	ticked("PostgreSQL", s.db.Origin)
	if cmd.Reset {
		if err := cmd.reset(ctx, s); err != nil {
			return errors.Join(err, ln.Close())
		}
	}
	market, err := s.fillDemo(ctx)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	ticked("Demo data", described(market))
	if err := cmd.grow(ctx, s); err != nil {
		return errors.Join(err, ln.Close())
	}
	fmt.Printf("\n  Ready in %s.\n\n", time.Since(began).Round(100*time.Millisecond))
	printPanel(c, demo.Logins(s.Keys))
	s.Unlisted = true
	// Whatever the settings say: the people of the demo do not exist.
	s.Notifications.Sender, s.Notifications.Open = notifications.Database{}, true
	return s.serve(ctx, ln)
}

// fillDemo brings the schema up to date and the market in, unless they are.
func (s *shop) fillDemo(ctx context.Context) (demo.Market, error) {
	began := time.Now()
	applied, err := s.Prepare(ctx)
	if err != nil {
		return demo.Market{}, err
	}
	if len(applied) > 0 {
		ticked("Migrations", fmt.Sprintf("%d applied in %s", len(applied), time.Since(began).Round(100*time.Millisecond)))
	}
	pictures, err := fs.Sub(web.Dist(), "demo")
	if err != nil {
		return demo.Market{}, err
	}
	market, err := demo.Fill(ctx, s.App, demo.Options{Scale: demo.Full, Pictures: pictures, Progress: steps()})
	switch {
	case ctx.Err() != nil:
		return market, errors.New("stopped before the demo was full; the next start begins anew")
	case errors.Is(err, demo.ErrOtherShop):
		return market, fmt.Errorf("%w: choose another folder (--data-dir) or database (--database-url); `souk demo --reset --i-know` erases it", err)
	}
	return market, err
}

// grow adds products until there are as many as Scale wants, and lists them: those
// of a start that was stopped before it did so, too.
func (cmd demoCmd) grow(ctx context.Context, s *shop) error {
	if cmd.Scale == 0 {
		return nil
	}
	there, err := s.Catalog.Count(ctx, s.DB, catalog.Filter{})
	if err != nil {
		return err
	}
	progress := steps()
	if missing := int64(cmd.Scale) - there; missing > 0 {
		if err := demo.Crowd(ctx, s.App, int(missing), progress); err != nil {
			return err
		}
		there += missing
	}
	status, err := s.Search.Status(ctx)
	if err != nil || status.Listed >= status.Active {
		return err
	}
	_, err = s.Search.Rebuild(ctx, func(done int64) { progress("Listings", done, there) })
	return err
}

// Size is a number as people write great ones: 10k, 1m.
type Size int

// UnmarshalText reads 500, 10k or 1m.
func (n *Size) UnmarshalText(text []byte) error {
	digits, times := strings.ToLower(string(text)), 1
	switch {
	case strings.HasSuffix(digits, "k"):
		digits, times = digits[:len(digits)-1], 1000
	case strings.HasSuffix(digits, "m"):
		digits, times = digits[:len(digits)-1], 1_000_000
	}
	v, err := strconv.Atoi(digits)
	if err != nil || v < 0 || v > 10_000_000/times {
		return fmt.Errorf("%q is not a number such as 500, 10k or 1m, up to 10m", text)
	}
	*n = Size(v * times)
	return nil
}

// reset erases the demo, or with --i-know whatever is there.
func (cmd demoCmd) reset(ctx context.Context, s *shop) error {
	empty, err := demo.Empty(ctx, s.DB)
	if err != nil || empty {
		return err
	}
	_, there, err := demo.Find(ctx, s.DB)
	switch {
	case err != nil:
		return err
	case !cmd.IKnow && !s.db.Private():
		return errors.New("--reset would erase all tables of the database at DATABASE_URL: say --i-know if that is what you want")
	case !cmd.IKnow && !there:
		return fmt.Errorf("--reset would erase a shop that is not a demo (PostgreSQL %s): say --i-know if that is what you want", s.db.Origin)
	}
	if err := demo.Erase(ctx, s.App); err != nil {
		return err
	}
	ticked("Reset", "everything was erased")
	return nil
}

func showDemo(ctx context.Context, c *config.Config) error {
	if _, err := os.Stat(filepath.Join(c.DataDir, "secret.key")); err != nil && c.SecretKey == "" {
		return fmt.Errorf("there is no demo in %s yet: run `souk demo`", c.DataDir)
	}
	return withShop(ctx, c, func(s *shop) error {
		if _, there, err := demo.Find(ctx, s.DB); err != nil || !there {
			return errors.Join(err, errors.New("this shop is not a demo: run `souk demo`"))
		}
		printPanel(c, demo.Logins(s.Keys))
		return nil
	})
}

// loopback reports whether only this machine can reach an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// steps shows how far a fill has come: a bar on a terminal, else a line when a
// step has ended.
func steps() func(step string, done, total int64) {
	bars := map[string]*progressbar.ProgressBar{}
	tty := term.IsTerminal(int(os.Stderr.Fd()))
	return func(step string, done, total int64) {
		switch {
		case !tty:
			if done == total {
				ticked(step, thousands(total)+" made")
			}
			return
		case bars[step] == nil:
			bars[step] = progressbar.NewOptions64(total, progressbar.OptionSetDescription(fmt.Sprintf("    %-13s", step)),
				progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetWidth(30), progressbar.OptionShowCount(),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		}
		_ = bars[step].Set64(done) // a bar that cannot be drawn is no reason to stop
	}
}

func ticked(what, detail string) { fmt.Printf("  ✓ %-13s %s\n", what, detail) }

func described(m demo.Market) string {
	return fmt.Sprintf("%d vendors · %s products · %s variants · %s orders (%d months) · %s reviews", m.Vendors,
		thousands(int64(m.Products)), thousands(int64(m.Variants)), thousands(int64(m.Orders)), m.Months, thousands(int64(m.Reviews)))
}

// thousands writes 1150 as 1,150.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func printPanel(c *config.Config, logins []demo.Login) {
	at := c.PublicURL()
	fmt.Printf(`  Front page     %s/
  API docs       %s/docs      OpenAPI /openapi.json   Postman /postman.json
  Mail           %s/dev/mail  nothing leaves this machine
  Products       curl '%s/api/v1/products?q=lantern&facets=true'
  Sign in        curl %s/api/v1/auth/login -H 'Content-Type: application/json' \
                   -d '{"email": "%s", "password": "%s"}'
                 then send each request with -H 'Authorization: Bearer ACCESS_TOKEN'

`, at, at, at, at, at, logins[0].Email, logins[0].Password)
	for _, l := range logins {
		fmt.Printf("  %-34s %-30s %s\n", l.Who, l.Email, l.Password)
	}
	fmt.Print("\n  Stop: Ctrl-C   Reset: souk demo --reset   Logins again: souk demo --show   Go live: souk serve\n\n")
}
