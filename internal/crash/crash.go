// Package crash kills the process at named places, so that tests can prove
// what survives.
//
// A durable step is bracketed by points; nothing happens at them unless the
// environment arms one:
//
//	SOUK_CRASH_AT=checkout.place.before_commit souk serve
package crash

import (
	"os"
	"slices"
	"sync"
	"syscall"
)

// Name is a place where the process can be killed. Declare it as a package
// variable with [At], so that [Points] lists it.
type Name string

var (
	mu     sync.Mutex
	points []Name
	armed  = Name(os.Getenv("SOUK_CRASH_AT"))
)

// At declares a point. It panics when the name is taken.
func At(name Name) Name {
	mu.Lock()
	defer mu.Unlock()
	if slices.Contains(points, name) {
		panic("crash point declared twice: " + string(name))
	}
	points = append(points, name)
	return name
}

// Points lists every declared point, sorted.
func Points() []Name {
	mu.Lock()
	defer mu.Unlock()
	return slices.Sorted(slices.Values(points))
}

// Here kills the process when this point is armed: SIGKILL, so that no
// deferred call, no flush and no goodbye to PostgreSQL runs.
func (n Name) Here() {
	if armed == "" || n != armed {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}
