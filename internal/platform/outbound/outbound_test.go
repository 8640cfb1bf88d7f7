package outbound_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"souk/internal/platform/outbound"
)

func TestRefusedAddresses(t *testing.T) {
	for _, tc := range []struct {
		address string
		refused bool
	}{
		{"127.0.0.1", true},
		{"127.255.255.254", true},
		{"0.0.0.0", true},
		{"10.1.2.3", true},
		{"172.16.0.1", true},
		{"172.32.0.1", false},
		{"192.168.1.1", true},
		{"169.254.169.254", true}, // where clouds keep their keys
		{"100.64.0.1", true},
		{"100.128.0.1", false},
		{"192.0.0.8", true},
		{"198.18.0.1", true},
		{"224.0.0.1", true},
		{"255.255.255.255", true},
		{"8.8.8.8", false},
		{"::", true},
		{"::1", true},
		{"::ffff:10.0.0.1", true},
		{"::ffff:8.8.8.8", false},
		{"64:ff9b::a00:1", true},
		{"fe80::1%eth0", true},
		{"fc00::1", true},
		{"fd12::1", true},
		{"ff02::1", true},
		{"2002:7f00:1::", true},
		{"2001:db8::1", true},
		{"2606:4700:4700::1111", false},
	} {
		if got := outbound.Refused(netip.MustParseAddr(tc.address)); got != tc.refused {
			t.Errorf("Refused(%s) = %t, want %t", tc.address, got, tc.refused)
		}
	}
}

// Row 110 of the bad inputs: what a picture's URL must not reach.
func TestGetRefuses(t *testing.T) {
	client := outbound.New(false)
	for _, address := range []string{
		"https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest",
		"https://0x7f.1/", "https://2130706433/", "https://0/", "https://127.0.0.1:22/", "http://example.com/", "https://user:secret@example.com/",
		"file:///etc/passwd", "gopher://example.com/", "//example.com/x", "https:example.com", "javascript:alert(1)", "", "https://example.com:22/",
	} {
		_, _, err := client.Get(t.Context(), address, 1<<10)
		if err == nil {
			t.Errorf("Get(%q) was answered", address)
			continue
		}
		// Names that this machine's resolver does not know fail before the rule is asked.
		if !errors.Is(err, outbound.ErrRefused) && !strings.Contains(err.Error(), "lookup") {
			t.Errorf("Get(%q): %v, want a refusal", address, err)
		}
	}
}

func TestGet(t *testing.T) {
	redirected := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/picture":
			w.Header().Set("Content-Type", "image/png")
			_, _ = fmt.Fprint(w, "0123456789")
		case "/redirect":
			http.Redirect(w, r, "/secret", http.StatusFound)
		case "/secret":
			redirected = true
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	client := outbound.New(true)

	body, contentType, err := client.Get(t.Context(), server.URL+"/picture", 10)
	if err != nil || string(body) != "0123456789" || contentType != "image/png" {
		t.Errorf("Get = %q, %q, %v", body, contentType, err)
	}
	if _, _, err := client.Get(t.Context(), server.URL+"/picture", 9); !errors.Is(err, outbound.ErrTooLarge) {
		t.Errorf("a larger answer: %v, want ErrTooLarge", err)
	}
	if _, _, err := client.Get(t.Context(), server.URL+"/redirect", 10); err == nil || redirected {
		t.Errorf("a redirect was followed: %v", err)
	}
	if _, _, err := client.Get(t.Context(), server.URL+"/missing", 10); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a missing page: %v, want its status", err)
	}

	// The same server, by the rules: loopback is refused when it is dialled.
	if _, _, err := outbound.New(false).Get(t.Context(), strings.Replace(server.URL, "http://", "https://", 1), 10); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("a private address: %v, want ErrRefused", err)
	}
}
