package main

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to four times what lives before it is swept. A
// shop's live heap is some 20 MB, so that is memory well spent: the collector
// takes a third of what it would otherwise.
const gcPercent = 300

// tuneMemory applies gcPercent unless the operator has said otherwise.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
