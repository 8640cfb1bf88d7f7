package index

import (
	"strings"
	"unicode/utf8"
)

// Completion tells which names go on from what somebody has begun to write.
type Completion struct {
	begun   string
	pattern *pattern
	typos   int
}

// Complete takes a folded text.
func Complete(begun string) *Completion {
	c := &Completion{begun: begun}
	if utf8.RuneCountInString(begun) <= longestTerm {
		c.pattern, c.typos = newPattern(begun), tolerance(begun)
	}
	return c
}

// Of reports whether a folded name goes on from the text, at one of its words,
// and with how many typos.
func (c *Completion) Of(name string) (typos int, ok bool) {
	if strings.HasPrefix(name, c.begun) || strings.Contains(name, " "+c.begun) {
		return 0, true
	}
	typos = c.typos + 1
	for rest, more := name, c.typos > 0; more; _, rest, more = strings.Cut(rest, " ") {
		_, beginning := c.pattern.distance(rest)
		typos = min(typos, beginning)
	}
	return typos, typos <= c.typos
}
