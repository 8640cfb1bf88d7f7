// Package events is the one log of what has happened, and those who follow it.
//
// Owns: raising ([Raise], [Queue]), reading ([Timeline]), following ([Follower],
// [Consumer]), jobs ([Relay], [On], [Sweep]) and live streams ([Hub]).
// Tables: events, event_cursors; river_* belong to River.
// Raises: nothing of its own.
// Calls: postgres, auth, crash.
//
// What must be atomic is a function call; what may happen later is an event.
// Raising one is one row in the transaction that it tells about, and nothing
// else: no job, no NOTIFY. Those who follow come afterwards:
//
//	Relay     on one node at a time; one River job per subscriber and event
//	Consumer  on one node at a time; its own transaction moves its cursor
//	Follower  on every node; keeps its place in memory (search index, Hub)
//
// # Why nothing is missed
//
// A sequence is drawn before its transaction commits, so a reader that goes by
// it alone walks past whoever commits late. Each row therefore carries its
// transaction's number too, and followers read, in the order (xid, seq), only
// transactions older than the oldest one still open. A long writing transaction
// holds the log back: keep them short.
//
// That order is not the order of commits. Two steps of one timeline can come
// in reverse when the later one's transaction began to write first; [Timeline]
// and [Hub] go by the step's own version.
package events

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// An Event is a struct in the past tense that carries ids, not snapshots; it
// is declared in the events.go of the module that raises it. An id that may be
// missing is tagged omitzero, because "" is not an id.
type Event interface {
	EventName() string // "orders.placed"
}

// A Step is an event that is number version, from 1 and without a gap, in the
// timeline of one subject.
type Step interface {
	Event
	Timeline() (subject [16]byte, version int64)
}

// Record is an event as it stands in the log.
type Record struct {
	Xid     uint64          `db:"xid" json:"xid"`
	Seq     int64           `db:"seq" json:"seq"`
	ID      id.Event        `db:"id" json:"id"`
	Name    string          `db:"name" json:"name"`
	Subject uuid.UUID       `db:"subject" json:"subject"` // zero unless a step
	Version int64           `db:"version" json:"version"` // 0 unless a step
	Data    json.RawMessage `db:"data" json:"data"`
	Actor   string          `db:"actor" json:"actor"`
	At      time.Time       `db:"at" json:"at"`
}

// Cursor is the place of r in the log.
func (r Record) Cursor() Cursor { return Cursor{r.Xid, r.Seq} }

// Raise writes e into the log in the transaction that makes it true.
func Raise(ctx context.Context, tx pgx.Tx, e Event) error {
	args, err := columns(ctx, e)
	if err == nil {
		_, err = postgres.Exec(ctx, tx, insertEvent, args)
	}
	if err != nil {
		return fmt.Errorf("raise %s: %w", e.EventName(), err)
	}
	return nil
}

// Queue is Raise for pipelines. It panics at an event that cannot be read back,
// which is a mistake in its struct.
func Queue(ctx context.Context, b *postgres.Batch, e Event) {
	args, err := columns(ctx, e)
	if err != nil {
		panic(fmt.Errorf("queue %s: %w", e.EventName(), err))
	}
	b.Queue(insertEvent, args)
}

func columns(ctx context.Context, e Event) (pgx.NamedArgs, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	// Better refused here, where it is raised, than by every subscriber later.
	if err := json.Unmarshal(data, reflect.New(reflect.TypeOf(e)).Interface()); err != nil {
		return nil, fmt.Errorf("read it back: %w", err)
	}
	args := pgx.NamedArgs{
		"id": id.New[id.Event](), "name": e.EventName(), "data": data, "actor": auth.From(ctx).Name(),
		"subject": nil, "version": nil,
	}
	if step, ok := e.(Step); ok {
		subject, version := step.Timeline()
		args["subject"], args["version"] = uuidOf(subject), version
	}
	return args, nil
}

func uuidOf(subject [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: subject, Valid: true} }

// Timeline is the steps of subject that come after a version, in order; all of
// them after 0.
func Timeline(ctx context.Context, db postgres.DB, subject [16]byte, after int64) ([]Record, error) {
	steps, err := postgres.All[Record](ctx, db, selectTimeline, pgx.NamedArgs{"subject": uuidOf(subject), "after": after})
	if err != nil {
		return nil, fmt.Errorf("read timeline of %s: %w", uuid.UUID(subject), err)
	}
	return steps, nil
}

type recordKey struct{}

// Current is the record that the subscriber of ctx is handling; its ID names
// the delivery, for those who must not do something twice.
func Current(ctx context.Context) Record {
	r, _ := ctx.Value(recordKey{}).(Record)
	return r
}
