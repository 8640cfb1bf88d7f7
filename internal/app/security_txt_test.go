package app_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"souk/internal/app/apptest"
	"souk/internal/platform/config"
	"souk/internal/platform/pgtest"
)

var securityTxt = regexp.MustCompile(`^Contact: mailto:security@shop\.example
Expires: (\S+)
Canonical: https://shop\.example/\.well-known/security\.txt
Preferred-Languages: de
$`)

// Whoever finds a weakness learns whom to tell, from a document that has not
// expired; where the shop has named nobody there is no document.
func TestSecurityTxt(t *testing.T) {
	db := pgtest.Tx(t)
	silent := apptest.New(t, db)
	silent.Call(t, "", "GET", "@/.well-known/security.txt", "").Want(t, 404, "not_found")

	told := apptest.New(t, db, func(c *config.Config) {
		c.SecurityContact, c.BaseURL, c.Locale = "mailto:security@shop.example", "https://shop.example/", "de"
	})
	for range 3 {
		got := told.Call(t, "", "GET", "@/.well-known/security.txt", "", "X-Forwarded-Host", "evil.example").Want(t, 200)
		if kind := got.Header.Get("Content-Type"); kind != "text/plain; charset=utf-8" {
			t.Errorf("it is %s", kind)
		}
		line := securityTxt.FindStringSubmatch(got.Body)
		if line == nil {
			t.Fatalf("it says\n%s", got.Body)
		}
		expires, err := time.Parse(time.RFC3339, line[1])
		if left := expires.Sub(told.Time.Now()); err != nil || left < 30*24*time.Hour || left > 365*24*time.Hour {
			t.Errorf("it expires in %s: %v", left, err)
		}
		told.Time.Advance(300 * 24 * time.Hour)
	}

	plain := apptest.New(t, db, func(c *config.Config) { c.SecurityContact = "https://shop.example/report" })
	got := plain.Call(t, "", "GET", "@/.well-known/security.txt", "").Want(t, 200, "Contact: https://shop.example/report\n", "Preferred-Languages: en\n")
	if strings.Contains(got.Body, "Canonical") {
		t.Errorf("what is not served over TLS is called canonical: %s", got.Body)
	}
}
