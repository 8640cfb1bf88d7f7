package memberships

import "time"

// An Interval is how long one period of a plan is.
type Interval struct {
	Unit  string `db:"unit" json:"unit" enum:"day,week,month,year"`
	Units int    `db:"units" json:"count" minimum:"1" maximum:"120"`
}

// After is the end of a period that starts at t. Months are counted by the
// calendar: what began on a 31st ends on the last day of a shorter month, and
// on a 31st again where there is one; anchor is that day.
func (i Interval) After(t time.Time, anchor int) time.Time {
	months := i.Units
	switch i.Unit {
	case "day":
		return t.AddDate(0, 0, i.Units)
	case "week":
		return t.AddDate(0, 0, 7*i.Units)
	case "year":
		months *= 12
	}
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(anchor, last)-1)
}
