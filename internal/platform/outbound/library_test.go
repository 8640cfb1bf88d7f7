package outbound

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A library that is given the client is held to the same rules.
func TestLibrariesAreHeldToTheRules(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seen", r.Header.Get("X-Sent"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/inside", http.StatusFound) })
	mux.HandleFunc("/inside", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("a", 41)) })
	server := httptest.NewServer(mux)
	defer server.Close()
	client := New(true).HTTP(40)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/echo", strings.NewReader("0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Sent", "a")
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || string(body) != "0123456789" || answer.StatusCode != http.StatusTeapot || answer.Header.Get("X-Seen") != "a" {
		t.Errorf("answered %d %v %q, %v", answer.StatusCode, answer.Header, body, err)
	}
	if answer, err := client.Get(server.URL + "/redirect"); err != nil || answer.StatusCode != http.StatusFound || answer.Body.Close() != nil {
		t.Errorf("redirect: %v, %v", answer, err)
	}
	if _, err := client.Get(server.URL + "/large"); !errors.Is(err, ErrTooLarge) { //nolint:bodyclose // there is none
		t.Errorf("one byte too many: %v", err)
	}
	if _, err := New(false).HTTP(10).Get(server.URL + "/large"); !errors.Is(err, ErrRefused) { //nolint:bodyclose // there is none
		t.Errorf("an address of this machine: %v", err)
	}
}
