package fakes

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Fault is how an answer goes wrong. Whatever the caller sees of it, all but
// Down have done what was asked.
type Fault string

// The faults.
const (
	None        Fault = ""
	Down        Fault = "down"    // 503, and nothing was done
	Timeout     Fault = "timeout" // no answer, ever
	ServerError Fault = "500"
	Reset       Fault = "reset" // the connection breaks
	Slow        Fault = "slow"  // an answer after a while
)

// Faults says what goes wrong next: what a test has planned for an operation, or
// by chance.
type Faults struct {
	SlowFor time.Duration // 30 s when 0

	mu      sync.Mutex
	planned map[string][]Fault
	random  *rand.Rand
	chance  float64
}

// Plan lets the next calls of an operation go wrong, one after the other; what was
// planned for it before is dropped.
func (f *Faults) Plan(operation string, faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.planned == nil {
		f.planned = map[string][]Fault{}
	}
	f.planned[operation] = faults
}

// Roll lets every call go wrong with a probability from now on; the seed repeats
// it.
func (f *Faults) Roll(seed uint64, chance float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.random, f.chance = rand.New(rand.NewPCG(seed, 0)), chance //nolint:gosec // it repeats
}

// Next is what goes wrong at the next call of an operation.
func (f *Faults) Next(operation string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if list := f.planned[operation]; len(list) > 0 {
		f.planned[operation] = list[1:]
		return list[0]
	}
	if f.random == nil || f.random.Float64() >= f.chance {
		return None
	}
	all := []Fault{Down, Timeout, ServerError, Reset, Slow}
	return all[f.random.IntN(len(all))]
}

// Serve answers one call of an operation, or goes wrong at it.
func (f *Faults) Serve(w http.ResponseWriter, r *http.Request, operation string, act http.HandlerFunc) {
	fault := f.Next(operation)
	if fault == Down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	asked, err := io.ReadAll(r.Body) // only then does the server see that the caller hangs up
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(asked))
	answer := httptest.NewRecorder()
	act(answer, r.WithContext(context.WithoutCancel(r.Context())))
	switch fault {
	case Timeout:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case ServerError:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case Reset:
		reset(w)
		return
	case Slow:
		wait := f.SlowFor
		if wait == 0 {
			wait = 30 * time.Second
		}
		select {
		case <-time.After(wait):
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	case None, Down:
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // who has hung up does not want it
}

// reset closes the connection so that the caller reads an error, not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // RST
	}
	_ = conn.Close()
}
