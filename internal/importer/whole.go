package importer

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"souk/internal/crash"
	"souk/internal/errs"
	"souk/internal/platform/postgres"
)

// ErrNotWhole says that something of a file was refused that is to be taken as a
// whole or not at all.
var ErrNotWhole = errs.New(errs.Invalid, "import_not_whole",
	"Nothing of the file was taken, because something of it was refused: mend that and send the whole file again.")

var beforeWholeCommit = crash.At("importer.whole.before_commit")

// readWhole reads a file to its end in one transaction, its batches in
// savepoints, and takes all back where anything was refused. The report tells
// everything that was. Nobody else sees a batch before the end, so a process that
// is killed has done nothing.
func (r *run) readWhole(ctx context.Context) error {
	var end error
	begun := false
	err := postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		if begun { // the file cannot be read again from here
			return end
		}
		begun = true
		end = r.readIn(ctx, tx)
		return end
	})
	if !errors.Is(err, ErrNotWhole) {
		return err
	}
	r.report.Created, r.report.Updated, r.report.Unchanged = 0, 0, 0
	if r.options.Keep == nil {
		return err
	}
	s := Step{Done: r.number, Last: true, Refused: true, Report: *r.report, Problems: r.report.Problems, Warnings: r.report.Warnings}
	if kept := postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error { return r.options.Keep(ctx, tx, s) }); kept != nil {
		return kept // nobody knows yet that it was refused
	}
	return err
}

// readIn reads the file with all it does in tx.
func (r *run) readIn(ctx context.Context, tx pgx.Tx) error {
	if _, err := postgres.Exec(ctx, tx, `SET LOCAL idle_in_transaction_session_timeout = '10min'`, nil); err != nil { // a pipe may be slow
		return err
	}
	outside := r.Importer
	inside := *outside
	inside.DB = tx
	r.Importer, r.outside = &inside, outside.DB
	defer func() { r.Importer = outside }()
	if err := r.read(ctx); err != nil {
		return err
	}
	beforeWholeCommit.Here()
	return nil
}

// keepIn has a step kept in the transaction that brought the run there. Of a file
// that is taken as a whole the last one counts; the others say in a transaction
// of their own how far it is, and find out whether somebody has cancelled it.
func (r *run) keepIn(ctx context.Context, tx pgx.Tx, s Step) error {
	switch {
	case r.outside != nil && s.Last && len(s.Report.Problems) > 0:
		return ErrNotWhole
	case r.options.Keep == nil:
		return nil
	case r.outside != nil && s.Last:
		s.Warnings = s.Report.Warnings
		return r.options.Keep(ctx, tx, s)
	case r.outside != nil:
		far := Step{Report: Report{Rows: s.Report.Rows, Products: s.Report.Products, Variants: s.Report.Variants}}
		return postgres.InTx(ctx, r.outside, func(tx pgx.Tx) error { return r.options.Keep(ctx, tx, far) })
	}
	return r.options.Keep(ctx, tx, s)
}
