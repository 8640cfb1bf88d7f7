package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"souk/internal/app"
	"souk/internal/platform/pgtest"
)

// What is generated and committed is what would be generated now.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	t.Parallel()
	shop := app.Unplugged()
	tests := []struct {
		file string
		make func(t *testing.T) (string, error)
	}{
		{"api/openapi.json", func(*testing.T) (string, error) {
			document, err := shop.Router.OpenAPI()
			return string(document), err
		}},
		{"api/routes.txt", func(*testing.T) (string, error) {
			var routes bytes.Buffer
			err := shop.Router.WriteRoutes(&routes)
			return routes.String(), err
		}},
		{"migrations/schema.sql", func(t *testing.T) (string, error) {
			return app.Schema(t.Context(), pgtest.DB(t).Config().ConnString())
		}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			want, err := tt.make(t)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join("../..", tt.file))
			if err != nil {
				t.Fatalf("%v: run make generate", err)
			}
			if string(got) != want {
				t.Errorf("%s is not current: run make generate and look at what changed (- committed, + now)\n%s", tt.file, difference(string(got), want))
			}
		})
	}
}

// difference is the lines that differ, cut to what one reads.
func difference(got, want string) string {
	diff := cmp.Diff(strings.Split(got, "\n"), strings.Split(want, "\n"))
	if len(diff) > 3000 {
		return diff[:3000] + "\n…"
	}
	return diff
}
