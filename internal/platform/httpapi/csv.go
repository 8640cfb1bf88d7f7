package httpapi

import (
	"encoding/csv"
	"slices"
	"unicode/utf8"
)

// CSV is the answer of a read as a file, whose rows are written as they are
// read. Embedded under json:"-" it lets an answer be one or the other: JSON
// unless there are Rows.
type CSV struct {
	Name string // of the file, without ".csv"
	Rows func(out *csv.Writer) error
}

func (c *CSV) file() *CSV { return c }

// writeCSV answers with a file. It has begun with the first rows, so an error
// after them can only break it off.
func (ex *exchange) writeCSV(c *CSV) error {
	ex.long = true
	head := ex.Header()
	head.Set("Content-Type", "text/csv; charset=utf-8")
	head.Set("Content-Disposition", `attachment; filename="`+c.Name+`.csv"`)
	head.Set("Cache-Control", "private, no-store")
	out := csv.NewWriter(ex)
	if err := c.Rows(out); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// formulas begin with these: spreadsheets run what follows (OWASP, "CSV
// Injection"), in the wide forms of East Asian keyboards, too.
var formulas = []rune("=+-@\t\r\n＝＋－＠")

// Inert is text for a cell that no spreadsheet takes for a formula.
func Inert(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); slices.Contains(formulas, first) {
		return "'" + text
	}
	return text
}
