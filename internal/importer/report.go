package importer

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"souk/internal/platform/httpapi"
)

// A Report is what became of a file. Created, Updated and Unchanged count
// products; Refused counts rows that did not go in, or not whole.
type Report struct {
	Format    string    `json:"format"`
	DryRun    bool      `json:"dry_run"`
	Rows      int       `json:"rows" doc:"Without the header and empty lines."`
	Products  int       `json:"products"`
	Variants  int       `json:"variants"`
	Created   int       `json:"created" doc:"Products."`
	Updated   int       `json:"updated" doc:"Products."`
	Unchanged int       `json:"unchanged" doc:"Products."`
	Refused   int       `json:"refused" doc:"Rows that did not go in, or not whole."`
	Problems  []Problem `json:"problems" doc:"By row, the first 10,000 of them."`
	Further   int       `json:"further,omitempty" doc:"Problems that are not listed any more."`
	Warnings  []Problem `json:"warnings,omitempty" doc:"What was taken otherwise than it stands in the file."`
	Changes   []Change  `json:"changes,omitempty" doc:"Of a dry run: what would change in products that are there already."`
}

// These keep the report of a large file readable, and in bounds. The refused
// rows themselves are written one and all.
const (
	maxProblems = 10_000 // and as many warnings
	maxChanges  = 1_000
)

// Nothing reports whether nothing of the file went in, but something was refused.
func (r Report) Nothing() bool {
	return r.Refused > 0 && r.Created+r.Updated+r.Unchanged == 0
}

// A Problem is why a row, or a cell of it, was refused.
type Problem struct {
	Row    int    `db:"line" json:"row"`
	Column string `db:"field" json:"column,omitempty" doc:"As the file spells it."`
	Reason string `db:"reason" json:"reason"`
	Number int    `db:"number" json:"-"` // in a list that is kept

	rows    []row // that have to be imported again when it is mended
	whole   bool  // none of them went in
	warning bool  // the row went in all the same
	of      int   // number of what it was found in, as the run counts
}

// warnings says of problems that they are none.
func warnings(problems []Problem) []Problem {
	for i := range problems {
		problems[i].warning = true
	}
	return problems
}

// whole says that problems keep all rows of a product out.
func whole(problems []Problem, rows []row) []Problem {
	for i := range problems {
		problems[i].rows, problems[i].whole = rows, true
	}
	return problems
}

// again says which rows have to be imported again when problems are mended.
func again(problems []Problem, rows []row) []Problem {
	for i := range problems {
		problems[i].rows = rows
	}
	return problems
}

// tell adds problems to the report, in the order of the rows, and finds the
// rows that can be mended.
func (s *Step) tell(problems []Problem) {
	problems = slices.Clone(problems)
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Row, b.Row) })
	refused, mend := map[int]bool{}, map[int]row{}
	for _, p := range problems {
		if p.warning {
			s.warn(p)
			continue
		}
		refused[p.Row] = true
		for _, at := range p.rows {
			refused[at.number] = refused[at.number] || p.whole
			// Where a product is in question, the row as it was counts, not the one that stands alone.
			if _, there := mend[at.number]; !there || len(p.rows) > 1 {
				mend[at.number] = at
			}
		}
		if len(s.Report.Problems) < maxProblems {
			p.rows = nil
			s.Report.Problems, s.Problems = append(s.Report.Problems, p), append(s.Problems, p)
		} else {
			s.Report.Further++
		}
	}
	for _, counts := range refused {
		if counts {
			s.Report.Refused++
		}
	}
	for _, number := range slices.Sorted(maps.Keys(mend)) {
		s.Mend = append(s.Mend, mend[number].cells)
	}
	s.Changes = s.Changes[:min(len(s.Changes), maxChanges-len(s.Report.Changes))]
	s.Report.Changes = append(s.Report.Changes, s.Changes...)
}

func (s *Step) warn(p Problem) {
	if len(s.Report.Warnings) < maxProblems {
		p.rows = nil
		s.Report.Warnings, s.Warnings = append(s.Report.Warnings, p), append(s.Warnings, p)
	}
}

// write writes refused rows, the header before the first of them.
func (r *run) write(rows [][]string) error {
	if r.options.Refused == nil || r.outside != nil || len(rows) == 0 {
		return nil
	}
	if !r.told {
		r.told = true
		rows = slices.Concat(r.table.headline(), rows)
	}
	if err := writeRows(r.options.Refused, r.table.records.comma, r.table.records.lines, rows); err != nil {
		return fmt.Errorf("write refused rows: %w", err)
	}
	return nil
}

// headline is the header as a file has it; one of lines has none.
func (t *table) headline() [][]string {
	if t.records.lines {
		return nil
	}
	return [][]string{t.header}
}

// writeRows writes rows as the file that they came from has them, but that no cell
// is a formula: staff open what vendors have sent.
func writeRows(w io.Writer, comma byte, lines bool, rows [][]string) error {
	if lines {
		for _, cells := range rows {
			if _, err := io.WriteString(w, strings.Join(cells, "")+"\n"); err != nil {
				return err
			}
		}
		return nil
	}
	out := csv.NewWriter(w)
	out.Comma = rune(comma)
	for _, cells := range rows {
		inert := make([]string, len(cells))
		for i, text := range cells {
			inert[i] = httpapi.Inert(text)
		}
		if err := out.Write(inert); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
