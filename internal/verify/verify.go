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
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed invariants.sql
var source string

// A Rule is one invariant: a statement that finds what breaks it.
type Rule struct {
	Name     string // "E3"
	Text     string // what must be true
	Eventual bool   // may be broken for a short while after a crash
	SQL      string
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
	report := Report{OK: true, Violations: []Violation{}}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, pool, snapshot, func(tx pgx.Tx) error {
		// A shop of years takes longer to add up than a page may take.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '10min'`); err != nil {
			return err
		}
		for _, rule := range Rules() {
			count, examples, err := check(ctx, tx, rule)
			if err != nil {
				return fmt.Errorf("check %s: %w", rule.Name, err)
			}
			report.Checked++
			if count > 0 {
				report.OK = false
				report.Violations = append(report.Violations, Violation{rule.Name, rule.Text, rule.Eventual, count, examples})
			}
		}
		return nil
	})
	return report, err
}

func check(ctx context.Context, tx pgx.Tx, rule Rule) (count int, examples []string, err error) {
	err = tx.QueryRow(ctx, `
		SELECT count(*), coalesce((array_agg(broken.what::text))[1:10], '{}')
		FROM (`+rule.SQL+`) AS broken (what)`).Scan(&count, &examples)
	return count, examples, err
}
