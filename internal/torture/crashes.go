package torture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"souk/internal/crash"
)

// Crash is one death at a named point and what came after it.
type Crash struct {
	Point    string `json:"point"`
	Scenario string `json:"scenario"`
	Reached  bool   `json:"reached"`
	Problem  string `json:"problem,omitempty"`
}

func (c Crash) outcome() string {
	switch {
	case !c.Reached:
		return "NOT REACHED"
	case c.Problem != "":
		return "BROKEN: " + c.Problem
	}
	return "recovered"
}

// scenario is a step of the shop that passes crash points: it is prepared in
// peace, done by a process that dies at the point, and done again.
type scenario struct {
	name    string
	points  []crash.Name
	prepare func(ctx context.Context, s *shop) (step, error)
}

// step is what is done, twice.
type step struct {
	// do is what a client sends, with its idempotency key.
	do request
	// run is what souk is told to do in a process of its own instead.
	run []string
	// cause is what somebody else does instead, of which the server hears: a
	// buyer at a provider, staff whose wish a job carries out.
	cause func(ctx context.Context) error
	// last happens just before, with the server gone.
	last func(ctx context.Context) error
	// between happens after the crash, where time has to pass.
	between func(ctx context.Context) error
	// right checks the one right state that the second try must end in.
	right func(ctx context.Context, a answer) error
}

// act is the command line of a step of Act.
func act(name, on string) []string { return []string{"torture", "--act", name, "--on", on} }

// CrashPoints kills the shop at every declared point, once for each scenario
// that passes it, and looks whether it recovers. Its error means that it could
// not be tried.
func CrashPoints(ctx context.Context, p Plan) (_ *Report, err error) {
	if p.URL != "" {
		return nil, errors.New("a server that was not started here is not killed either: leave out --url")
	}
	began := time.Now()
	r := newReport(&p)
	var todo []Crash
	declared := crash.Points()
	for _, point := range declared {
		passing := 0
		for _, sc := range scenarios {
			if slices.Contains(sc.points, point) {
				passing++
				todo = append(todo, Crash{Point: string(point), Scenario: sc.name})
			}
		}
		if passing == 0 {
			r.violated("no scenario passes the crash point %s", point)
		}
	}
	for _, sc := range scenarios {
		for _, point := range sc.points {
			if !slices.Contains(declared, point) {
				r.violated("scenario %s wants to pass %s, which is not declared", sc.name, point)
			}
		}
	}
	requests, err := crashAll(ctx, p, r, todo)
	if err != nil {
		return nil, err
	}
	r.Crashes = todo
	return r.finish(began, requests), nil
}

// shopsOfCrashes is how many shops die beside each other: most of the time each
// waits for its processes to start.
const shopsOfCrashes = 2

// crashAll lets everything die that is to, and says how many requests that took.
func crashAll(ctx context.Context, p Plan, r *Report, todo []Crash) (int64, error) {
	var (
		g              errgroup.Group
		next, requests atomic.Int64
	)
	for range shopsOfCrashes {
		g.Go(func() (err error) {
			s, err := openShop(ctx, p, r)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close(ctx)) }()
			for i := next.Add(1) - 1; int(i) < len(todo); i = next.Add(1) - 1 {
				c := &todo[i]
				r.count(func(*Report) { p.step(int(i), len(todo), c.Point) })
				if err := s.crash(ctx, c); err != nil {
					return fmt.Errorf("crash at %s in %s: %w", c.Point, c.Scenario, err)
				}
				if !c.Reached || c.Problem != "" {
					r.violated("%s in %s: %s", c.Point, c.Scenario, c.outcome())
				}
			}
			requests.Add(s.requests.Load())
			return nil
		})
	}
	err := g.Wait()
	r.count(func(*Report) { p.step(len(todo), len(todo), "") })
	return requests.Load(), err
}

// crash lets one scenario die at one point. What the shop does wrong goes into
// c; the error is for what cannot be tried.
func (s *shop) crash(ctx context.Context, c *Crash) error {
	at := slices.IndexFunc(scenarios, func(sc scenario) bool { return sc.name == c.Scenario })
	step, err := scenarios[at].prepare(ctx, s)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if err := s.settled(ctx); err != nil { // what follows is this step's doing alone
		return err
	}
	s.server.kill()
	if step.last != nil {
		if err := step.last(ctx); err != nil {
			return err
		}
	}
	if c.Reached, err = s.die(ctx, step, "SOUK_CRASH_AT="+c.Point); err != nil {
		return err
	}
	if err := s.sound(ctx, "after the crash at "+c.Point+" in "+c.Scenario); err != nil {
		return err
	}
	if step.between != nil {
		if err := step.between(ctx); err != nil {
			return err
		}
	}
	if step.run != nil {
		if err := s.run(step.run); err != nil {
			c.Problem = err.Error()
		}
	}
	if err := s.server.start(ctx); err != nil {
		return err
	}
	if c.Problem == "" {
		if err := s.again(ctx, step, c.Point); err != nil {
			c.Problem = err.Error()
		}
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	return s.sound(ctx, "after recovering from "+c.Point+" in "+c.Scenario)
}

// die does the step in a process with the point armed and reports whether it
// was killed there.
func (s *shop) die(ctx context.Context, st step, armed string) (bool, error) {
	const within = 20 * time.Second
	if st.run != nil {
		l, err := run(s.server.command([]string{armed}, st.run...))
		if err != nil {
			return false, err
		}
		killed := l.wasKilled(within)
		_ = l.cmd.Process.Kill() // when it was not
		<-l.gone
		return killed, nil
	}
	if err := s.server.start(ctx, armed); err != nil {
		return false, err
	}
	l := s.server.now()
	if st.cause != nil {
		if err := st.cause(ctx); err != nil {
			return false, err
		}
	} else {
		s.call(ctx, st.do) // lost, or answered before the crash
	}
	killed := l.wasKilled(within)
	s.server.kill()
	return killed, nil
}

// again makes the client's call once more, with the same key: what was
// committed is answered from the store, what was not is done now.
func (s *shop) again(ctx context.Context, st step, point string) (err error) {
	var a answer
	if st.do.method != "" {
		if a, err = s.insist(ctx, st.do, nil); err != nil {
			return err
		}
		done := strings.HasSuffix(point, ".after_commit") || strings.HasPrefix(point, "events.")
		if replayed := a.header.Get("Idempotent-Replayed") == "true"; replayed != done {
			return fmt.Errorf("the second try was answered from the store: %t, want %t", replayed, done)
		}
	}
	return st.right(ctx, a)
}

// run lets souk do something in an unarmed process of its own.
func (s *shop) run(args []string) error {
	l, err := run(s.server.command(nil, args...))
	if err != nil {
		return err
	}
	select {
	case <-l.gone:
	case <-time.After(patience):
		_ = l.cmd.Process.Kill()
		<-l.gone
	}
	if !l.cmd.ProcessState.Success() {
		return fmt.Errorf("souk %s ended with %s: %s", strings.Join(args, " "), l.cmd.ProcessState, s.server.said())
	}
	return nil
}

// settled waits until every follower of the log has seen everything.
func (s *shop) settled(ctx context.Context) error {
	deadline := time.Now().Add(patience)
	for {
		var behind []string
		err := s.pool.QueryRow(ctx, `
			SELECT coalesce(array_agg(DISTINCT c.follower), '{}')
			FROM event_cursors c JOIN events e ON (e.xid, e.seq) > (c.xid, c.seq)`).Scan(&behind)
		switch {
		case err != nil:
			return fmt.Errorf("ask how far the log was followed: %w", err)
		case len(behind) == 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("the log is not followed to its end by %s\n%s", strings.Join(behind, ", "), s.server.said())
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}
