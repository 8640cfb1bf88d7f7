package importer

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
)

// A Report is what became of a file. Created, Updated and Unchanged count
// products; Refused counts rows that did not go in, or not whole.
type Report struct {
	Format    string    `json:"format"`
	DryRun    bool      `json:"dry_run"`
	Rows      int       `json:"rows"` // without the header and empty lines
	Products  int       `json:"products"`
	Variants  int       `json:"variants"`
	Created   int       `json:"created"`
	Updated   int       `json:"updated"`
	Unchanged int       `json:"unchanged"`
	Refused   int       `json:"refused"`
	Problems  []Problem `json:"problems"`          // by row, the first of them: see maxProblems
	Further   int       `json:"further,omitempty"` // problems that are not listed any more
}

// maxProblems keeps the report of a file that is wrong throughout readable,
// and in bounds. The refused rows themselves are written one and all.
const maxProblems = 10_000

// Nothing reports whether nothing of the file went in, but something was refused.
func (r Report) Nothing() bool {
	return r.Refused > 0 && r.Created+r.Updated+r.Unchanged == 0
}

// A Problem is why a row, or a cell of it, was refused.
type Problem struct {
	Row    int    `json:"row"`
	Column string `json:"column,omitempty"` // as the file spells it
	Reason string `json:"reason"`

	rows  []row // that have to be imported again when it is mended
	whole bool  // none of them went in
}

// whole says that problems keep all rows of a product out.
func whole(problems []Problem, rows []row) []Problem {
	for i := range problems {
		problems[i].rows, problems[i].whole = rows, true
	}
	return problems
}

// tell adds problems to the report and their rows to the file of refused rows,
// in the order of the rows.
func (r *run) tell(problems []Problem) error {
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Row, b.Row) })
	refused, again := map[int]bool{}, map[int]row{}
	for _, p := range problems {
		refused[p.Row] = true
		for _, at := range p.rows {
			refused[at.number] = refused[at.number] || p.whole
			// Where a product is in question, the row as it was counts, not the one that stands alone.
			if _, there := again[at.number]; !there || len(p.rows) > 1 {
				again[at.number] = at
			}
		}
		if len(r.report.Problems) < maxProblems {
			p.rows = nil
			r.report.Problems = append(r.report.Problems, p)
		} else {
			r.report.Further++
		}
	}
	for _, counts := range refused {
		if counts {
			r.report.Refused++
		}
	}
	if r.options.Refused == nil || len(again) == 0 {
		return nil
	}
	out := csv.NewWriter(r.options.Refused)
	out.Comma = rune(r.table.records.comma)
	if !r.told {
		r.told = true
		if err := out.Write(r.table.header); err != nil {
			return fmt.Errorf("write refused rows: %w", err)
		}
	}
	for _, at := range slices.SortedFunc(maps.Values(again), func(a, b row) int { return cmp.Compare(a.number, b.number) }) {
		if err := out.Write(at.cells); err != nil {
			return fmt.Errorf("write refused rows: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write refused rows: %w", err)
	}
	return nil
}
