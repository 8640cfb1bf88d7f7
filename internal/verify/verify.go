// Package verify proves that the shop is sound: it adds up again what the shop
// keeps as figures and looks for what must not be.
//
// Owns: invariants.sql, the rules, one statement each. Tables: none; it reads
// all of them. Raises: nothing. Calls: nobody.
//
// Every rule is read in one REPEATABLE READ snapshot, so it may run beside a
// busy shop. The checker is itself tested: for each rule a test breaks a
// healthy shop in one way and expects exactly that rule to fire.
package verify

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed invariants.sql
var source string

// A Rule is one invariant: a statement that finds what breaks it.
type Rule struct {
	Name     string `json:"rule"`     // "E3"
	Text     string `json:"text"`     // what must be true
	Eventual bool   `json:"eventual"` // may be broken for a short while after a crash
	SQL      string `json:"sql"`
}

// A Violation is a rule that does not hold.
type Violation struct {
	Rule     string   `json:"rule"`
	Text     string   `json:"text"`
	Eventual bool     `json:"eventual"`
	Count    int      `json:"count"`
	Examples []string `json:"examples"` // ids of what breaks it, at most 10
}

// A Report is the outcome of all rules.
type Report struct {
	OK         bool        `json:"ok"`
	Checked    int         `json:"checked"`
	Violations []Violation `json:"violations"`
}

var header = regexp.MustCompile(`(?m)^-- \[(\w+)\] (.+)$`)

// Rules lists every invariant in the order of the file.
func Rules() []Rule {
	var rules []Rule
	at := header.FindAllStringSubmatchIndex(source, -1)
	for i, m := range at {
		end := len(source)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		text := source[m[4]:m[5]]
		rules = append(rules, Rule{
			Name:     source[m[2]:m[3]],
			Text:     strings.TrimSuffix(text, " (eventual)"),
			Eventual: strings.HasSuffix(text, " (eventual)"),
			SQL:      strings.TrimSuffix(strings.TrimSpace(source[m[1]:end]), ";"),
		})
	}
	return rules
}

// Run checks every rule in one read-only snapshot. Its error means that the
// check could not be made, not that a rule is broken.
func Run(ctx context.Context, pool *pgxpool.Pool) (Report, error) {
	var report Report
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, pool, snapshot, func(tx pgx.Tx) (err error) {
		report, err = check(ctx, tx)
		return err
	})
	return report, err
}

// Print tells people the outcome.
func (r Report) Print(w io.Writer, took time.Duration) {
	if r.OK {
		fmt.Fprintf(w, "All %d invariants hold. (%s)\n", r.Checked, took.Round(time.Millisecond))
		return
	}
	for _, v := range r.Violations {
		fmt.Fprintf(w, "%-4s %s\n     broken by %d", v.Rule, v.Text, v.Count)
		if v.Eventual {
			fmt.Fprint(w, "; it may be so for a moment after a crash, and then mends itself")
		}
		fmt.Fprintln(w)
		for _, id := range v.Examples {
			fmt.Fprintln(w, "     ", id)
		}
		if more := v.Count - len(v.Examples); more > 0 {
			fmt.Fprintf(w, "      and %d more\n", more)
		}
	}
	fmt.Fprintf(w, "%d of %d invariants are broken. (%s)\n", len(r.Violations), r.Checked, took.Round(time.Millisecond))
}

func check(ctx context.Context, tx pgx.Tx) (Report, error) {
	report := Report{OK: true, Violations: []Violation{}}
	// A shop of years takes longer to add up than a page may take.
	if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '10min'`); err != nil {
		return report, err
	}
	for _, rule := range Rules() {
		v := Violation{Rule: rule.Name, Text: rule.Text, Eventual: rule.Eventual}
		err := tx.QueryRow(ctx, `
			SELECT count(*), coalesce((array_agg(broken.what::text))[1:10], '{}')
			FROM (`+rule.SQL+`) AS broken (what)`).Scan(&v.Count, &v.Examples)
		if err != nil {
			return report, fmt.Errorf("check %s: %w", rule.Name, err)
		}
		report.Checked++
		if v.Count > 0 {
			report.OK = false
			report.Violations = append(report.Violations, v)
		}
	}
	return report, nil
}
