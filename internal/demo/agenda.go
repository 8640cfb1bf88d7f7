package demo

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"time"

	"souk/internal/auth"
	"souk/internal/id"
)

// agenda is what is going to happen, the earliest first; of two things at one
// moment, the one that was written down first.
type agenda struct {
	entries []entry
	written int
}

type entry struct {
	at     time.Time
	number int
	who    auth.Actor
	what   string // for errors
	do     func(ctx context.Context) error
}

func (a *agenda) Len() int { return len(a.entries) }
func (a *agenda) Less(i, j int) bool {
	return cmp.Or(a.entries[i].at.Compare(a.entries[j].at), cmp.Compare(a.entries[i].number, a.entries[j].number)) < 0
}
func (a *agenda) Swap(i, j int) { a.entries[i], a.entries[j] = a.entries[j], a.entries[i] }
func (a *agenda) Push(e any)    { a.entries = append(a.entries, e.(entry)) }
func (a *agenda) Pop() any {
	last := a.entries[len(a.entries)-1]
	a.entries = a.entries[:len(a.entries)-1]
	return last
}

// on writes down that somebody does something.
func (s *story) on(at time.Time, who auth.Actor, what string, do func(ctx context.Context) error) {
	s.agenda.written++
	heap.Push(&s.agenda, entry{at.Truncate(time.Microsecond), s.agenda.written, who, what, do})
}

// run does what is due up to the present and leaves the rest undone.
func (s *story) run(ctx context.Context) error {
	for s.agenda.Len() > 0 {
		e := heap.Pop(&s.agenda).(entry)
		if e.at.After(s.plan.present) {
			return nil
		}
		if err := s.calendar.turn(ctx, e.at); err != nil {
			return err
		}
		if err := e.do(auth.With(ctx, e.who)); err != nil {
			return fmt.Errorf("%s on %s: %w", e.what, e.at.Format(time.DateTime), err)
		}
	}
	return nil
}

// as is somebody who has signed in.
func as(user id.User, role string) auth.Actor {
	return auth.Actor{User: user, Roles: []string{role}}
}
