package apptest

import (
	"strings"
	"testing"
)

// A Scenario is one request and what must come of it.
type Scenario struct {
	Name   string
	As     string // see [App.Token]; "" is a guest
	Method string // GET where it is empty
	URL    string // under /api/v1, or from the root with "@"
	Header map[string]string
	Body   string

	Status   int
	Code     string   // of the problem, where it is one
	Contains []string // what the body holds
	Lacks    []string // and what it must not
	Changes  bool     // a write is expected; without it every table must stay as it is
}

// Play runs scenarios in their order, each as a subtest. One that was not to
// change anything fails when any table has changed, and a problem fails when it
// repeats what was sent.
func (a *App) Play(t *testing.T, scenarios []Scenario) {
	t.Helper()
	before := a.State(t)
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			a.play(t, s)
			after := a.State(t)
			if changed := before.Changed(after); len(changed) > 0 && !s.Changes {
				t.Errorf("changed %s", strings.Join(changed, ", "))
			}
			before = after
		})
	}
}

func (a *App) play(t *testing.T, s Scenario) {
	method := s.Method
	if method == "" {
		method = "GET"
	}
	var headers []string
	for name, value := range s.Header {
		headers = append(headers, name, value)
	}
	got := a.Call(t, s.As, method, s.URL, s.Body, headers...)
	got.check(t, s)
	if got.IsProblem() {
		got.LacksEcho(t, s.URL, s.Body)
	}
}

func (w Answer) check(t *testing.T, s Scenario) {
	t.Helper()
	if w.Status != s.Status {
		t.Errorf("answered %d, want %d", w.Status, s.Status)
	}
	if s.Code != "" && w.Code() != s.Code {
		t.Errorf("the problem is %q, want %q", w.Code(), s.Code)
	}
	if w.Status >= 400 && !w.IsProblem() {
		t.Errorf("the refusal is %s, not a problem", w.Header.Get("Content-Type"))
	}
	for _, text := range s.Contains {
		if !strings.Contains(w.Body, text) {
			t.Errorf("the answer lacks %q", text)
		}
	}
	for _, text := range s.Lacks {
		if strings.Contains(w.Body, text) {
			t.Errorf("the answer holds %q", text)
		}
	}
	if t.Failed() {
		t.Logf("answer: %.2000s", w.Body)
	}
}
