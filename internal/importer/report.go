package importer

import (
	"encoding/csv"
	"fmt"
	"io"
)

// WriteRefused writes the rows that were refused as a CSV of the file's own
// columns, so that they can be mended and imported again.
func (r Report) WriteRefused(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(r.header); err != nil {
		return fmt.Errorf("write refused rows: %w", err)
	}
	last := 0
	for _, p := range r.Problems {
		if p.Row == last { // a row with two problems is one row
			continue
		}
		last = p.Row
		if err := out.Write(p.cells); err != nil {
			return fmt.Errorf("write refused rows: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}
