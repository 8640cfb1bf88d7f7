package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"souk/internal/errs"
)

var (
	// ErrNoRow says that a read found nothing. Modules answer with their own
	// refusal ("no such order") where they know what was looked for.
	ErrNoRow = errs.New(errs.NotFound, "not_found", "There is no such thing here.")

	// ErrBusy says that a lock, a statement or a connection took too long.
	ErrBusy = errs.New(errs.Unavailable, "busy", "The shop is busy right now. Please try again in a moment.").After(time.Second)

	// ErrUnreachable says that the database does not answer or is closing.
	ErrUnreachable = errs.New(errs.Unavailable, "database_unavailable", "The shop cannot answer right now. Please try again in a moment.").After(2 * time.Second)

	// ErrCommitUnknown says that the connection was lost while committing: the
	// work is done or not, and only looking again can tell. Repeating the call
	// with its idempotency key is safe; repeating it blindly is not.
	ErrCommitUnknown = errs.New(errs.Unavailable, "commit_unknown", "It is not known whether this was done. Look again before you repeat it.").After(2 * time.Second)
)

// Constraints maps the name of a constraint or unique index to the refusal
// that breaking it means.
type Constraints map[string]*errs.Error

var (
	namesMu sync.RWMutex
	names   = Constraints{}
)

// Name says what breaking a constraint means. Modules call it from a package
// variable or init; it panics when the constraint already has a meaning.
func Name(constraint string, e *errs.Error) {
	namesMu.Lock()
	defer namesMu.Unlock()
	if _, taken := names[constraint]; taken {
		panic("constraint named twice: " + constraint)
	}
	names[constraint] = e
}

// Named lists the constraints that have a meaning, for the test that compares
// them with the schema.
func Named() []string {
	namesMu.RLock()
	defer namesMu.RUnlock()
	list := make([]string, 0, len(names))
	for constraint := range names {
		list = append(list, constraint)
	}
	return list
}

// Explain turns what PostgreSQL says into what the shop says: a named
// constraint into its refusal, a timeout into [ErrBusy], a lost server into
// [ErrUnreachable]. The cause stays in the chain. Anything else, a refusal
// included, comes back as it is.
func Explain(err error) error {
	var known *errs.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if refusal := meaning(err); refusal != nil {
		return fmt.Errorf("%w (%w)", refusal, err)
	}
	return err
}

// Refuses reports that PostgreSQL refuses the data, as it would again: it is bad,
// breaks a constraint, or is more than fits.
func Refuses(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code[:min(2, len(pg.Code))] {
	case "22", "23", "54":
		return true
	}
	return false
}

func meaning(err error) *errs.Error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return meaningOf(pg)
	}
	var (
		connect *pgconn.ConnectError
		network *net.OpError // no net.Error, for a full disk is one, too
	)
	switch {
	case errors.Is(err, context.Canceled): // the caller has left: nobody to tell
		return nil
	case errors.Is(err, context.DeadlineExceeded): // waited for a connection or an answer
		return ErrBusy
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoRow
	case errors.Is(err, errLost), errors.Is(err, pgconn.ErrConnClosed), errors.As(err, &connect), errors.As(err, &network),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return ErrUnreachable
	}
	return nil
}

// meaningOf reads the SQLSTATE: https://www.postgresql.org/docs/15/errcodes-appendix.html
func meaningOf(pg *pgconn.PgError) *errs.Error {
	switch pg.Code {
	case "23505", "23503", "23514", "23P01": // unique, foreign key, check, exclusion
		namesMu.RLock()
		defer namesMu.RUnlock()
		return names[pg.ConstraintName]
	case "22021", "22P05": // a NUL or another byte that text cannot hold
		return errs.Validation
	case "55P03", "57014", "40001", "40P01": // lock, statement; retried in vain
		return ErrBusy
	case "25P03", "25P04", "57P01", "57P02", "57P03", "57P05", // the session or the server goes
		"53000", "53100", "53200", "53300", "53400", "58030", "25006": // disk, memory, slots, read-only
		return ErrUnreachable
	}
	if pg.Code[:min(2, len(pg.Code))] == "08" { // connection exceptions
		return ErrUnreachable
	}
	return nil
}
