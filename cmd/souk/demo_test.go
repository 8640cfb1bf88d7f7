package main

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"0": 0, "500": 500, "10k": 10_000, "10K": 10_000, "1m": 1_000_000, "10m": 10_000_000, "10000000": 10_000_000,
		"": -1, "k": -1, "-1": -1, "-1k": -1, "1.5m": -1, "11m": -1, "10001k": -1, "1kk": -1, "99999999999999999999": -1, "9223372036854775807m": -1,
	} {
		n := Size(-1)
		if err := n.UnmarshalText([]byte(text)); int(n) != want || (err != nil) != (want < 0) {
			t.Errorf("%q is read as %d, %v", text, n, err)
		}
	}
}

// A demo of some size has that size however often it is started, and all of it is
// listed, were a start stopped before it came to that.
func TestADemoGrowsOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := &shop{App: apptest.New(t, pool).App}
	for _, c := range []struct {
		scale Size
		lose  string
		want  int
	}{{120, "", 120}, {120, "", 120}, {100, "", 120}, {0, "", 120}, {150, "", 150}, {150, "listings", 150}} {
		if c.lose != "" {
			if _, err := pool.Exec(t.Context(), `TRUNCATE listed_products CASCADE`); err != nil {
				t.Fatal(err)
			}
		}
		if err := (demoCmd{Scale: c.scale}).grow(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"products", "listings"} {
			n, err := postgres.Scalar[int](t.Context(), pool, `SELECT count(*)::int FROM `+pgx.Identifier{table}.Sanitize(), nil)
			if err != nil || n != c.want {
				t.Errorf("asked for %d, there are %d %s, %v", c.scale, n, table, err)
			}
		}
	}
}

// What is no JSON is a text, so that nobody has to quote it twice.
func TestValuesOfSettings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"true": "true", "3": "3", `"DE"`: `"DE"`, "DE,AT": `"DE,AT"`, "": `""`, `a"b`: `"a\"b"`} {
		if got := string(settingsSetCmd{Value: text}.value()); got != want {
			t.Errorf("%q is read as %s, want %s", text, got, want)
		}
	}
	if got := string(settingsSetCmd{Value: "3", Default: true}.value()); got != "null" {
		t.Errorf("the default is %s", got)
	}
}
