package outbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"souk/internal/clock"
)

// far is a network of hosts, each of which answers or hangs as a test says. Who asks
// one that hangs is told at once that they have waited.
type far struct {
	client *Client
	clock  *clock.Manual
	hangs  map[string]bool
	asked  map[string]int
	during func() // while somebody is asked
}

func openFar() *far {
	f := &far{clock: clock.At(clock.System{}.Now()), hangs: map[string]bool{}, asked: map[string]int{}}
	f.client = &Client{Clock: f.clock}
	f.client.once.Do(func() {}) // it does not dial
	f.client.http = &http.Client{Transport: f}
	return f
}

func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	f.asked[r.URL.Host]++
	if f.during != nil {
		f.during()
	}
	switch {
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	case f.hangs[r.URL.Host]:
		return nil, context.DeadlineExceeded
	}
	return &http.Response{StatusCode: 500, Body: io.NopCloser(strings.NewReader("sorry"))}, nil
}

// call says whether a host was asked.
func (f *far) call(t *testing.T, host string) bool {
	t.Helper()
	before := f.asked[host]
	_, err := f.client.Get(t.Context(), "https://"+host+"/", Usual)
	asked := f.asked[host] > before
	if asked == errors.Is(err, ErrSilent) || f.hangs[host] == (err == nil) && asked {
		t.Errorf("asked %t, and %v", asked, err)
	}
	return asked
}

func (f *far) want(t *testing.T, what, host string, asked bool) {
	t.Helper()
	if got := f.call(t, host); got != asked {
		t.Errorf("%s: %s was asked: %t, want %t", what, host, got, asked)
	}
}

// Who hangs is left alone for a while, then asked by one for all, and asked again by
// everybody when that was answered, whatever the answer is.
func TestAHostThatHangsIsLeftAlone(t *testing.T) {
	t.Parallel()
	f := openFar()
	const slow, good = "slow.example", "good.example:8443"
	f.hangs[slow] = true
	f.want(t, "the first time", slow, true)
	f.want(t, "the second", slow, true)
	f.hangs[slow] = false
	f.want(t, "it answers", slow, true)
	f.hangs[slow] = true
	for range silences {
		f.want(t, "not so often in a row", slow, true)
	}
	f.want(t, "so often in a row", slow, false)
	f.want(t, "another host", good, true)
	f.clock.Advance(pause - time.Microsecond)
	f.want(t, "within the pause", slow, false)
	f.clock.Advance(time.Microsecond)
	f.during = func() {
		f.during = nil
		f.want(t, "while it is tried", slow, false)
	}
	f.want(t, "after the pause", slow, true)
	f.want(t, "it was tried in vain", slow, false)

	f.clock.Advance(pause)
	ctx, cancel := context.WithCancel(t.Context())
	f.during = cancel // who tries it hangs up
	if _, err := f.client.Get(ctx, "https://"+slow+"/", Usual); !errors.Is(err, context.Canceled) {
		t.Errorf("who hung up: %v", err)
	}
	f.during = nil
	f.hangs[slow] = false
	f.want(t, "somebody else tries", slow, true)
	f.hangs[slow] = true
	f.want(t, "it was heard", slow, true)
	f.want(t, "and counts from the beginning", slow, true)
}

// What others make the shop call does not fill its memory.
func TestSoManySilentHostsAreRemembered(t *testing.T) {
	t.Parallel()
	b := breaker{}
	now := clock.System{}.Now()
	for i := range 3 * hosts {
		b.timedOut(string(rune('a'+i)), now)
		if len(b.silent) > hosts {
			t.Fatalf("%d are remembered", len(b.silent))
		}
	}
}
