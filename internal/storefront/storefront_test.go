package storefront

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"souk/internal/platform/httpapi"
)

func open(t *testing.T) (*Pages, http.Handler) {
	t.Helper()
	r := httpapi.New(httpapi.Config{BaseURL: "https://shop.example", LimitsOff: true})
	p := &Pages{ShopName: "<Ann's> shop"}
	p.Routes(r)
	return p, r.Handler()
}

func get(t *testing.T, door http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	door.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s is answered %d: %s", path, w.Code, w.Body)
	}
	return w
}

var linked = regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`)

// A page runs under a policy that forbids everything inline, tells no other site
// where it was, and finds what it links to.
func TestPagesKeepTheirPolicy(t *testing.T) {
	p, door := open(t)
	for _, one := range pages {
		t.Run(one.name, func(t *testing.T) {
			answer := get(t, door, strings.TrimSuffix(one.path, "{$}"))
			if policy := answer.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("the policy is %q", policy)
			}
			if got := answer.Header().Get("Referrer-Policy"); got != "no-referrer" {
				t.Errorf("Referrer-Policy is %q", got)
			}
			html := answer.Body.String()
			for _, inline := range []string{"<style", " style=", "onclick=", "javascript:", "<script>", "<Ann"} {
				if strings.Contains(html, inline) {
					t.Errorf("the page holds %q, which its policy would stop", inline)
				}
			}
			links := linked.FindAllStringSubmatch(html, -1)
			if len(links) == 0 {
				t.Error("the page links to no style")
			}
			for _, link := range links {
				if age := get(t, door, link[1]).Header().Get("Cache-Control"); !strings.Contains(age, "immutable") {
					t.Errorf("%s is cached as %q", link[1], age)
				}
			}
		})
	}
	if old := get(t, door, "/assets/old/shop.css").Header().Get("Cache-Control"); strings.Contains(old, "immutable") {
		t.Errorf("an asset of another version (ours is %s) is cached for ever", p.version)
	}
}

var imported = regexp.MustCompile(`from "\./([^"]+)"`)

// Scripts put no text into the page as markup, and import what is there.
func TestScriptsAreInert(t *testing.T) {
	scripts, err := fs.Glob(files, "assets/*.js")
	if err != nil || len(scripts) < 5 {
		t.Fatalf("found %d scripts: %v", len(scripts), err)
	}
	for _, name := range scripts {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage"} {
			if strings.Contains(string(text), sink) {
				t.Errorf("%s uses %s", name, sink)
			}
		}
		for _, other := range imported.FindAllStringSubmatch(string(text), -1) {
			if !exists("assets/" + other[1]) {
				t.Errorf("%s imports %s, which is not there", name, other[1])
			}
		}
	}
}

func TestAnUnknownAssetIsNotFound(t *testing.T) {
	_, door := open(t)
	for _, path := range []string{"/assets/v/none.js", "/assets/v/..%2fpages%2flayout.html"} {
		w := httptest.NewRecorder()
		door.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("GET %s is answered %d", path, w.Code)
		}
	}
}
