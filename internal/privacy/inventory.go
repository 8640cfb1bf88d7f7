package privacy

import "strings"

// Fate is what becomes of a column when its user is erased.
type Fate string

// The fates.
const (
	Dropped Fate = "dropped" // emptied or deleted, at once or by the next sweep
	Kept    Fate = "kept"    // for the reason and the time that Why tells
	Nothing Fate = "nothing" // it tells of nobody: a state, a code, the id of a thing
)

// A Holding is what becomes of some columns of a table, and why.
type Holding struct {
	Table   string
	Columns string // separated by spaces
	Fate    Fate
	Why     string
}

// Inventory decides about every column that may tell of somebody. A test finds
// those that are missing: columns of tables that belong to users or orders,
// however far, and columns whose name sounds like it.
var Inventory = []Holding{}

// FateOf is what becomes of a column, "" where nobody decided.
func FateOf(table, column string) Fate {
	for _, h := range Inventory {
		if h.Table == table && strings.Contains(" "+h.Columns+" ", " "+column+" ") {
			return h.Fate
		}
	}
	return ""
}
