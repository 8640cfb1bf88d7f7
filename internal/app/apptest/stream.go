package apptest

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must come; nothing that is right
// takes nearly as long.
const patience = 20 * time.Second

// An Event is one server-sent event.
type Event struct{ ID, Name, Data string }

// A Stream is an open stream of events.
type Stream struct {
	events chan Event
	close  context.CancelFunc
}

// Follow opens a stream, after the event lastID unless that is "". It needs a
// shop on a socket.
func (a *App) Follow(t testing.TB, as, path, lastID string) *Stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := a.Request(t, as, "GET", path, "").WithContext(ctx)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	response, err := a.Client.Do(r) //nolint:bodyclose // read and closed below
	if err != nil {
		cancel()
		t.Fatalf("follow %s: %v", path, err)
	}
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/event-stream") {
		cancel()
		t.Fatalf("follow %s: answered %d %s", path, response.StatusCode, got)
	}
	s := &Stream{events: make(chan Event, 100), close: cancel}
	done := make(chan struct{})
	go func() { defer close(done); s.read(response.Body) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

func (s *Stream) read(body io.ReadCloser) {
	defer func() { _ = body.Close() }()
	defer close(s.events)
	var e Event
	for lines := bufio.NewScanner(body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			e.ID = value
		case "event":
			e.Name = value
		case "data":
			e.Data = value
		case "":
			if e != (Event{}) && lines.Text() == "" {
				s.events <- e
			}
			e = Event{}
		}
	}
}

// Next waits for the next event.
func (s *Stream) Next(t testing.TB) Event {
	t.Helper()
	select {
	case e, open := <-s.events:
		if !open {
			t.Fatal("the stream has ended")
		}
		return e
	case <-time.After(patience):
		t.Fatal("no event came")
	}
	return Event{}
}

// Close leaves the stream.
func (s *Stream) Close() { s.close() }

// Await asks again until what is asked for is so: for what follows an event
// without telling anybody.
func Await(t testing.TB, what string, so func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !so() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
