package httpapi_test

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"souk/internal/platform/httpapi"
)

type shelfInput struct {
	Format string `query:"format" enum:"json,csv" default:"json"`
	Fails  int    `query:"fails" doc:"After so many rows"`
}

type shelf struct {
	httpapi.CSV `json:"-"`
	Cups        []string `json:"cups"`
}

// showShelf is an answer of one or the other kind.
func showShelf(_ context.Context, in *shelfInput) (out shelf, err error) {
	out.Cups = []string{"mug", "=jug"}
	if in.Format == "csv" {
		out.CSV = httpapi.CSV{Name: "cups", Rows: func(file *csv.Writer) error {
			for n := 0; in.Fails == 0 || n < in.Fails; n++ {
				if in.Fails == 0 && n == len(out.Cups) {
					return nil
				}
				if err := file.Write([]string{httpapi.Inert(out.Cups[n%2]), strings.Repeat("x", 1000)}); err != nil {
					return err
				}
			}
			return errors.New("the shelf fell down")
		}}
	}
	return out, nil
}

func shelves() *httpapi.Router {
	r := httpapi.New(httpapi.Config{})
	httpapi.Get(r, "/api/v1/shelf", showShelf, httpapi.Public("a shop window"), httpapi.ID("show-shelf"))
	return r
}

func TestAnAnswerIsJSONOrAFile(t *testing.T) {
	t.Parallel()
	ask := func(query string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		shelves().Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/shelf"+query, nil))
		return w
	}
	if w := ask(""); w.Body.String() != `{"cups":["mug","=jug"]}` {
		t.Errorf("%s", w.Body)
	}
	w := ask("?format=csv")
	if w.Header().Get("Content-Type") != "text/csv; charset=utf-8" || w.Header().Get("Content-Disposition") != `attachment; filename="cups.csv"` ||
		w.Header().Get("Cache-Control") != "private, no-store" || !strings.HasPrefix(w.Body.String(), "mug,x") || !strings.Contains(w.Body.String(), "\n'=jug,x") {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if w := ask("?format=pdf"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if text, err := shelves().OpenAPI(); err != nil || !strings.Contains(string(text), `"text/csv"`) {
		t.Errorf("the document does not tell of the file (%v)", err)
	}
}

// Who gets half a file must see that it is not whole; before the first rows are
// sent there is still an answer to give.
func TestAFileThatFailsIsBrokenOff(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(shelves().Handler())
	defer server.Close()
	for rows, broken := range map[string]bool{"1": false, "100": true} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/api/v1/shelf?format=csv&fails="+rows, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if (err != nil) != broken || !broken && (answer.StatusCode != 500 || !strings.Contains(answer.Header.Get("Content-Type"), "problem")) {
			t.Errorf("after %s rows: %d %v, %d bytes", rows, answer.StatusCode, err, len(text))
		}
	}
}

func TestInertTextIsNoFormula(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "mug": "mug", "a=b": "a=b", `=HYPERLINK("x")`: `'=HYPERLINK("x")`, "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "＝1": "'＝1",
	} {
		if got := httpapi.Inert(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
