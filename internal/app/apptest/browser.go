package apptest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// browserPatience is how long one thing in a browser may take on a busy machine.
const browserPatience = time.Minute

// Browser is a real one, with nothing in it but the shop.
type Browser struct {
	t    testing.TB
	ctx  context.Context
	home string

	broken *atomic.Bool // by the test: what a page complains about fails nothing
}

// Browser opens a browser on a shop that runs. What a page writes to its
// console as an error fails the test: a broken script, a breach of the policy.
func (a *App) Browser(t testing.TB) *Browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // tests may run as root
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, _ := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, _ := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil { // the first call starts it, and its context is the browser's life
		t.Fatalf("start a browser (make need-chromium installs one): %v", err)
	}
	broken, complaints := &atomic.Bool{}, make(chan struct{})
	console := chromedp.Console(ctx)
	go func() {
		defer close(complaints)
		for m, err := range console {
			if err != nil {
				return // the browser has closed
			}
			if isComplaint(m) && !broken.Load() {
				t.Errorf("the page complained: %s (%s)", m, m.URL)
			}
		}
	}()
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("close the browser: %v", err)
		}
		<-complaints
	})
	return &Browser{t, ctx, a.Config.PublicURL(), broken}
}

// MayComplain lets pages complain from now on: the test is out to break them.
func (b *Browser) MayComplain() { b.broken.Store(true) }

// isComplaint leaves out answers of the API that say no: pages deal with them.
func isComplaint(m chromedp.ConsoleMessage) bool {
	return m.IsException() || m.Type == "error" && !strings.Contains(m.Text, "the server responded with a status of 4")
}

// do does things in the browser, and fails the test when one cannot be done.
func (b *Browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, browserPatience)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail(err)
	}
}

func (b *Browser) fail(err error) {
	b.t.Helper()
	page, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	b.t.Fatalf("in the browser: %v\n%s", err, page)
}

// Open goes to a page of the shop.
func (b *Browser) Open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(b.home+path)) // another fragment alone would load nothing
}

// Type writes text into a field, in place of what was there.
func (b *Browser) Type(field, text string) {
	b.t.Helper()
	empty := fmt.Sprintf(`document.querySelector(%q).value = ""`, field)
	b.do(chromedp.WaitVisible(chromedp.CSS(field)), chromedp.Evaluate[chromedp.Void](empty), chromedp.SendKeys(chromedp.CSS(field), text))
}

// Click presses what it sees.
func (b *Browser) Click(what string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(what)), chromedp.Click(chromedp.CSS(what)))
}

// Press presses keys one after the other, wherever the focus is.
func (b *Browser) Press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// Sees waits until an element that is shown holds a text.
func (b *Browser) Sees(what, text string) {
	b.t.Helper()
	b.until(`([what, text]) => [...document.querySelectorAll(what)].some((e) => e.checkVisibility() && e.textContent.includes(text))`, []string{what, text})
}

// At waits until the browser is at a page of the shop.
func (b *Browser) At(path string) {
	b.t.Helper()
	b.until(`(path) => location.pathname === path && document.readyState === "complete"`, path)
}

// Read is what a script of the test finds out in the page.
func (b *Browser) Read(script string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		b.fail(err)
	}
	return text
}

// until waits for a condition in whatever page comes: one wait ends with the
// page that it began in.
func (b *Browser) until(condition string, argument any) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, browserPatience)
	defer stop()
	for {
		_, err := chromedp.Run(ctx, chromedp.PollFunction[bool](condition, chromedp.WithPollingArgs(argument), chromedp.WithPollingInterval(20*time.Millisecond)))
		switch {
		case err == nil:
			return
		case ctx.Err() != nil:
			b.fail(err)
		}
	}
}

// Authenticator plugs a security key in that verifies its user by itself.
func (b *Browser) Authenticator() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		b.fail(err)
	}
	_, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		b.fail(err)
	}
}

// Picture keeps what the browser shows, on a phone and on a desk, light and dark,
// in the folder that SOUK_TEST_PICTURES names, for people to look at; without one
// it does nothing.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	folder := os.Getenv("SOUK_TEST_PICTURES")
	if folder == "" {
		return
	}
	for _, width := range []int64{390, 1440} {
		for _, theme := range []string{"light", "dark"} {
			png, err := b.shoot(width, theme)
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s-%d.png", name, theme, width)), png, 0o600)
			}
			if err != nil {
				b.fail(err)
			}
		}
	}
	if _, err := chromedp.Call(b.ctx, emulation.ClearDeviceMetricsOverride, cdp.Empty{}); err != nil {
		b.fail(err)
	}
}

func (b *Browser) shoot(width int64, theme string) ([]byte, error) {
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
	if err != nil {
		return nil, err
	}
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
	})
	if err != nil {
		return nil, err
	}
	return chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
}
