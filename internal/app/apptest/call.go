package apptest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// drain is how long a shop may take to close; a test that leaves a request
// open finds out.
const drain = 10 * time.Second

// base is where the API is. A path that begins with "@" is from the root of
// the server: "@/healthz".
const base = "/api/v1"

// An Answer is what the shop said.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Call sends a request as somebody (see [App.Token]), "" for a guest, with
// further headers as name, value, name, value.
func (a *App) Call(t testing.TB, as, method, path, body string, headers ...string) Answer {
	t.Helper()
	response, err := a.Client.Do(a.Request(t, as, method, path, body, headers...))
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return Answer{response.StatusCode, response.Header, string(text)}
}

// Request is what Call sends.
func (a *App) Request(t testing.TB, as, method, path, body string, headers ...string) *http.Request {
	t.Helper()
	url, fromRoot := strings.CutPrefix(path, "@")
	if !fromRoot {
		url = base + url
	}
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, a.URL+url, reader)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+a.Token(t, as))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// Want fails the test unless the answer has a status and holds some texts.
func (w Answer) Want(t testing.TB, status int, contains ...string) Answer {
	t.Helper()
	if w.Status != status {
		t.Fatalf("answered %d, want %d: %s", w.Status, status, w.Body)
	}
	for _, c := range contains {
		if !strings.Contains(w.Body, c) {
			t.Fatalf("answer lacks %q: %s", c, w.Body)
		}
	}
	return w
}

// Code is what a problem is called, "" when the answer is none.
func (w Answer) Code() string {
	var problem struct{ Code string }
	if json.Unmarshal([]byte(w.Body), &problem) != nil || !w.IsProblem() {
		return ""
	}
	return problem.Code
}

// IsProblem reports whether the answer says no.
func (w Answer) IsProblem() bool {
	return strings.HasPrefix(w.Header.Get("Content-Type"), "application/problem+json")
}

// Read makes a T of an answer.
func Read[T any](t testing.TB, w Answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(w.Body), &v); err != nil {
		t.Fatalf("read answer: %v: %s", err, w.Body)
	}
	return v
}
