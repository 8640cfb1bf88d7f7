package fakes

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Postman brings notices to the shop, as badly as told.
type Postman struct {
	URL string // of the shop's door for them; "": nobody is told

	mu      sync.Mutex
	manners []Manner
	held    []Letter
}

// Letter is a notice and how it is signed.
type Letter struct {
	Body []byte
	Sign func(body []byte, m Manner) http.Header // honours OldSecret
}

// Manner is how a letter is brought.
type Manner string

// The manners.
const (
	Straight     Manner = ""
	Twice        Manner = "twice"
	Held         Manner = "held" // until Flush: late, or after those that came later
	Lost         Manner = "lost"
	Truncated    Manner = "truncated"    // cut short on the way, then whole
	Reserialised Manner = "reserialised" // other whitespace than was signed, then whole
	OldSecret    Manner = "old_secret"   // signed with the secret before this one
)

// Plan says how the next letters are brought, one after the other; the plan before
// it is dropped.
func (p *Postman) Plan(manners ...Manner) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.manners = manners
}

// Send brings a letter. What the shop does not take is held, and brought again
// with the next Flush.
func (p *Postman) Send(ctx context.Context, l Letter) {
	p.mu.Lock()
	manner := Straight
	if len(p.manners) > 0 {
		manner, p.manners = p.manners[0], p.manners[1:]
	}
	p.mu.Unlock()
	switch manner {
	case Lost:
		return
	case Held:
		p.hold(l)
		return
	case Truncated:
		_ = p.bring(ctx, l.Body[:len(l.Body)/2], l.Sign(l.Body, manner)) // the shop is to refuse it
	case Reserialised:
		_ = p.bring(ctx, respaced(l.Body), l.Sign(l.Body, manner))
	case Twice:
		if p.bring(ctx, l.Body, l.Sign(l.Body, manner)) != nil {
			p.hold(l)
		}
	case Straight, OldSecret:
	}
	if p.bring(ctx, l.Body, l.Sign(l.Body, manner)) != nil {
		p.hold(l)
	}
}

// Flush brings what was held, the last first, and says what the shop still does
// not take.
func (p *Postman) Flush(ctx context.Context) error {
	p.mu.Lock()
	held := p.held
	p.held = nil
	p.mu.Unlock()
	var refused error
	for i := len(held) - 1; i >= 0; i-- {
		if err := p.bring(ctx, held[i].Body, held[i].Sign(held[i].Body, Straight)); err != nil {
			p.hold(held[i])
			refused = err
		}
	}
	return refused
}

func (p *Postman) hold(l Letter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = append(p.held, l)
}

func (p *Postman) bring(ctx context.Context, body []byte, header http.Header) error {
	if p.URL == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	said, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it has been read
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("the shop says %d %s", answer.StatusCode, said)
	}
	return err
}

// respaced is the same JSON with other whitespace.
func respaced(body []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "   ") != nil {
		return append([]byte(" "), body...)
	}
	return out.Bytes()
}
