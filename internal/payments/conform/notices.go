package conform

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// Bad inputs 63 to 67.
func notices(t *testing.T, b Bench) {
	if b.Silent {
		if _, err := b.Provider.Hear(t.Context(), nil, []byte("{}")); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("who tells nothing is heard: %v", err)
		}
		return
	}
	d := listen(t, b)
	v := paid(t, b)
	letters := d.all()
	if len(letters) == 0 {
		t.Fatal("a payment was made, and nobody told of it")
	}
	names := append(v.look().Refs, v.ref)
	seen := map[string]bool{}
	for _, l := range letters {
		n, err := b.Provider.Hear(t.Context(), l.header, l.body)
		if err != nil || n.ID == "" || n.Type == "" || n.At.IsZero() || n.Foreign != "" {
			t.Errorf("heard %+v, %v of %s", n, err, l.body)
			continue
		}
		if n.Ref != "" && !slices.Contains(names, n.Ref) {
			t.Errorf("%s is about %s, which is none of %v", n.Type, n.Ref, names)
		}
		seen[n.ID] = true
	}
	if len(seen) != len(letters) {
		t.Errorf("%d notices have %d names", len(letters), len(seen))
	}
	l := letters[len(letters)-1]
	bare, twice := l.header.Clone(), l.header.Clone()
	for name := range l.header {
		if name != "Content-Type" {
			bare.Del(name)
			twice.Add(name, twice.Get(name))
		}
	}
	for name, header := range map[string]http.Header{"no signature": bare, "two signatures": twice} {
		if _, err := b.Provider.Hear(t.Context(), header, l.body); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("%s: %v, want ErrNotice", name, err)
		}
	}
	for name, body := range map[string][]byte{
		"a space more": append(slices.Clone(l.body), ' '), "cut short": l.body[:len(l.body)-1], "another amount": bytes.Replace(l.body, []byte("1"), []byte("9"), 1),
	} {
		if _, err := b.Provider.Hear(t.Context(), l.header, body); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("%s: %v, want ErrNotice", name, err)
		}
	}
	if b.Stale {
		b.Clock.Advance(301 * time.Second)
		if _, err := b.Provider.Hear(t.Context(), l.header, l.body); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("301 s later: %v, want ErrNotice", err)
		}
		b.Clock.Advance(-602 * time.Second)
		if _, err := b.Provider.Hear(t.Context(), l.header, l.body); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("301 s ahead: %v, want ErrNotice", err)
		}
	}
	if b.Foreign != nil {
		r := b.Foreign()
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Provider.Hear(t.Context(), r.Header, body.Bytes()); err != nil || n.Foreign == "" {
			t.Errorf("a notice of another account is %+v, %v", n, err)
		}
	}
}

func rotated(t *testing.T, b Bench) {
	if b.Rotate == nil {
		return
	}
	d := listen(t, b)
	b.Rotate()
	b.Clock.Advance(2 * time.Second)
	b.Postman.Plan(slices.Repeat([]fakes.Manner{fakes.OldSecret}, 20)...)
	paid(t, b)
	letters := d.all()
	if len(letters) == 0 {
		t.Fatal("nobody told")
	}
	l := letters[0]
	if _, err := b.Provider.Hear(t.Context(), l.header, l.body); err != nil {
		t.Errorf("the old secret, just replaced: %v", err)
	}
	b.Clock.Advance(25 * time.Hour)
	paid(t, b)
	letters = d.all()
	l = letters[len(letters)-1]
	if _, err := b.Provider.Hear(t.Context(), l.header, l.body); !errors.Is(err, payments.ErrNotice) {
		t.Errorf("the old secret a day later: %v, want ErrNotice", err)
	}
}
