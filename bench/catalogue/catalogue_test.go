package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPageHasOneSectionPerSize(t *testing.T) {
	page := ""
	for _, scale := range []string{"1m", "10k", "500", "100k", "10k"} {
		page = replace(page, scale+" products\n", "\nof "+scale+"\n")
	}
	var titles []string
	for line := range strings.Lines(page) {
		if title, found := strings.CutPrefix(line, "## "); found {
			titles = append(titles, strings.TrimSpace(title))
		}
	}
	if diff := cmp.Diff([]string{"500 products", "10k products", "100k products", "1m products"}, titles); diff != "" {
		t.Error(diff)
	}
	if again := replace(page, "10k products\n", "\nof 10k\n"); again != page {
		t.Error(cmp.Diff(page, again))
	}
}

func TestStatementsAreKeptOnceWithTheirSlowestPlan(t *testing.T) {
	const log = "2026-11-26 07:20:00.000 UTC [7] souk LOG:  duration: 0.300 ms  plan:\n" +
		"\tQuery Text: SELECT card\n\t\t\tFROM pages WHERE id = $1\n\tIndex Scan using pages_pkey on pages  (cost=0.28..2.50 rows=1 width=9)\n\t  Buffers: shared hit=2\n" +
		"2026-11-26 07:20:00.001 UTC [7] souk LOG:  something else\n\tthat goes on\n" +
		"2026-11-26 07:20:00.002 UTC [7] souk LOG:  duration: 0.900 ms  plan:\n" +
		"\tQuery Text: SELECT card FROM pages WHERE id = $1\n\tSeq Scan on pages  (cost=0.00..9.00 rows=1 width=9)\n" +
		"2026-11-26 07:20:00.003 UTC [7] souk LOG:  duration: 0.100 ms  plan:\n\tQuery Text: SELECT now()\n\tResult  (cost=0.00..0.01 rows=1 width=8)\n"
	found, err := readPlans(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	asked := merge(nil, []explained{{sql: "SELECT now()"}}, found, "first")
	asked = merge(asked, nil, found[:1], "second")
	want := []*explained{{
		sql: "SELECT card FROM pages WHERE id = $1", plan: []string{"Seq Scan on pages  (cost=0.00..9.00 rows=1 width=9)"},
		ms: 0.9, times: 3, by: []string{"first", "second"},
	}}
	if diff := cmp.Diff(want, asked, cmp.AllowUnexported(explained{})); diff != "" {
		t.Error(diff)
	}
}
