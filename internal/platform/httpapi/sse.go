package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	heartbeat   = 15 * time.Second // so that proxies keep the connection
	sseDeadline = 10 * time.Second // for one write: a client that reads nothing is cut off
	eventStream = "text/event-stream; charset=utf-8"
)

// SSE is one open stream of server-sent events. It may be used by several
// goroutines at once.
type SSE struct {
	// LastEventID is what the client has already seen, "" at first.
	LastEventID string

	ex     *exchange
	cancel context.CancelFunc
	mu     sync.Mutex
	beat   *time.Timer
	open   bool
	closed bool
	buf    bytes.Buffer
}

// Open begins the answer. Call it once the caller is known to be allowed: until
// then an error still becomes a problem. Send opens by itself.
func (s *SSE) Open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(nil)
}

// Send writes one event; id may be "" and name may be "" (message).
// An error means that the client has left.
func (s *SSE) Send(id, name string, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("marshal event %s: %w", name, err)
	}
	if strings.ContainsAny(id+name, "\r\n\x00") {
		return errors.New("an event's id or name holds a line break")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf.Reset()
	if id != "" {
		fmt.Fprintf(&s.buf, "id: %s\n", id)
	}
	if name != "" {
		fmt.Fprintf(&s.buf, "event: %s\n", name)
	}
	fmt.Fprintf(&s.buf, "data: %s\n\n", body) // JSON holds no line break
	return s.write(s.buf.Bytes())
}

// write needs the mutex. What it is given reaches the client at once.
func (s *SSE) write(b []byte) error {
	if s.closed {
		return errClientLeft
	}
	control := http.NewResponseController(s.ex)
	_ = control.SetWriteDeadline(machine.Now().Add(sseDeadline)) // a recorder in a test has no deadlines
	if !s.open {
		s.open = true
		h := s.ex.Header()
		h.Set("Content-Type", eventStream)
		h.Set("X-Accel-Buffering", "no") // nginx would hold events back
		s.ex.WriteHeader(http.StatusOK)
	}
	_, err := s.ex.Write(b)
	if err == nil {
		err = control.Flush()
	}
	if err != nil {
		s.closed = true
		s.cancel()
		return errClientLeft
	}
	s.beat.Reset(heartbeat)
	return nil
}

func (s *SSE) comment() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.write([]byte(": here\n\n")) // a client that left ends the stream's context
}

// stream runs a handler of events until it returns, the client leaves or the
// server drains.
func (ex *exchange) stream(ctx context.Context, run func(context.Context, *SSE) error) error {
	if ex.r.Method == http.MethodHead { // nobody would read the events
		ex.Header().Set("Content-Type", eventStream)
		ex.WriteHeader(http.StatusOK)
		return nil
	}
	drain := draining(ctx)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(drain, cancel)()

	s := &SSE{LastEventID: ex.r.Header.Get("Last-Event-ID"), ex: ex, cancel: cancel}
	// A timer and not a goroutine: thousands of streams are open at once.
	s.mu.Lock()
	s.beat = time.AfterFunc(heartbeat, s.comment)
	s.mu.Unlock()
	err := run(ctx, s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beat.Stop()
	if !s.open && drain.Err() != nil {
		_ = s.write(nil) // 200 and an end, so that EventSource comes again, to another server
	}
	s.closed = true // a heartbeat that is on its way finds nobody
	switch {
	case s.open && (ctx.Err() != nil || errors.Is(err, errClientLeft)):
		return nil
	case err == nil && !s.open:
		ex.WriteHeader(http.StatusNoContent) // tells EventSource not to come again
	}
	return err
}
