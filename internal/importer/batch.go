package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/crash"
	"souk/internal/errs"
	"souk/internal/platform/postgres"
)

var (
	beforeCommit = crash.At("importer.batch.before_commit")
	afterCommit  = crash.At("importer.batch.after_commit")
)

// flush applies the batch and tells what became of it.
func (r *run) flush(ctx context.Context) error {
	batch := r.batch
	r.batch, r.bytes = nil, 0
	if err := r.applyAll(ctx, batch); err != nil {
		return err
	}
	if len(r.problems) > 0 { // of what came behind the batch
		if err := r.keep(ctx, r.step(nil)); err != nil {
			return err
		}
	}
	for _, it := range batch {
		if it.change == catalog.Created {
			r.grown += len(it.Variants)
		}
	}
	return r.tellPlanner(ctx)
}

// finish applies the last batch, and says that it was the last.
func (r *run) finish(ctx context.Context) error {
	if err := r.flush(ctx); err != nil {
		return err
	}
	s := r.step(nil)
	s.Last = true
	return r.keep(ctx, s)
}

// applyAll applies a batch in one transaction. Where the database refuses it,
// one product is to blame: halves find out which, and the others go in.
func (r *run) applyAll(ctx context.Context, batch []*item) error {
	if len(batch) == 0 {
		return nil
	}
	err := r.applyOnce(ctx, batch)
	for attempt := range patience {
		if !errors.Is(err, postgres.ErrBusy) {
			break
		}
		select { // somebody holds a product or its stock
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt) * 100 * time.Millisecond):
		}
		err = r.applyOnce(ctx, batch)
	}
	switch {
	case err == nil:
		return nil
	case !refuses(err):
		return fmt.Errorf("apply rows %d to %d: %w", batch[0].rows[0].number, batch[len(batch)-1].rows[0].number, err)
	case len(batch) == 1:
		return r.applyAlone(ctx, batch)
	}
	half := len(batch) / 2
	if err := r.applyAll(ctx, batch[:half]); err != nil {
		return err
	}
	return r.applyAll(ctx, batch[half:])
}

// applyAlone tries a product that the database has refused once more, because
// another import may have brought it in at the same time, and refuses it for good.
func (r *run) applyAlone(ctx context.Context, batch []*item) error {
	err := r.applyOnce(ctx, batch)
	if err == nil || !refuses(err) {
		return err
	}
	c := cells{row: batch[0].rows[0]}
	c.refuse("", "the shop refuses this product: %s", err)
	batch[0].change, batch[0].problems = catalog.Refused, whole(c.problems, batch[0].rows)
	return r.keep(ctx, r.step(batch))
}

// patience is how often a batch is tried again where the shop is busy, each
// time for as long as a lock may be waited for.
const patience = 5

// refuses tells a refusal of the data from a database that does not answer.
func refuses(err error) bool {
	kind := errs.KindOf(err)
	return postgres.Refuses(err) || kind == errs.Invalid || kind == errs.Conflict
}

// errDryRun rolls a batch back that went well.
var errDryRun = errors.New("dry run")

// applyOnce applies a batch and keeps the step in one transaction. A dry run
// keeps it in another.
func (r *run) applyOnce(ctx context.Context, batch []*item) error {
	var s Step
	err := postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		for _, it := range batch { // it may be the second attempt
			it.change, it.repriced, it.relinked, it.problems, it.changes = "", false, false, nil, nil
		}
		if r.options.DryRun {
			if err := r.compare(ctx, tx, batch); err != nil {
				return err
			}
			return errDryRun
		}
		if err := r.apply(ctx, tx, batch); err != nil {
			return err
		}
		s = r.step(batch)
		if err := r.keepIn(ctx, tx, s); err != nil {
			return err
		}
		beforeCommit.Here()
		return nil
	})
	switch {
	case errors.Is(err, errDryRun):
		return r.keep(ctx, r.step(batch))
	case err != nil:
		return err
	}
	afterCommit.Here()
	return r.take(s)
}

// keep settles a step that changes nothing in the catalogue.
func (r *run) keep(ctx context.Context, s Step) error {
	if err := postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error { return r.keepIn(ctx, tx, s) }); err != nil {
		return err
	}
	return r.take(s)
}

// step is how far the run has come when a batch is applied; without one, with
// all that is left to tell. It changes nothing, so it may be made again.
func (r *run) step(batch []*item) Step {
	s := Step{Done: r.number, Report: *r.report, seen: map[uint64]place{}, extra: r.extra}
	now := r.now
	if len(batch) > 0 {
		last := batch[len(batch)-1]
		now, s.Done = last.now, last.number
	}
	problems := slices.DeleteFunc(slices.Clone(r.problems), func(p Problem) bool { return p.of > s.Done })
	for _, it := range batch {
		r.count(&s, it)
		problems = slices.Concat(problems, it.misread, it.problems)
		s.Changes = append(s.Changes, it.changes...)
	}
	s.Report.Rows, s.Report.Products, s.Report.Variants = now.rows, now.products+s.extra, now.variants
	s.tell(problems)
	return s
}

// take makes a step that is kept the state of the run.
func (r *run) take(s Step) error {
	*r.report, r.extra = s.Report, s.extra
	for key, at := range s.seen {
		r.seen[key] = at
	}
	r.problems = slices.DeleteFunc(r.problems, func(p Problem) bool { return p.of <= s.Done })
	return r.write(s.Mend)
}

// count adds an item to the report. Rows that only give a price belong to a
// product that may have been counted with an earlier batch.
func (r *run) count(s *Step, it *item) {
	key := r.key(it.owner.Slug, it.Handle)
	at, known := s.seen[key]
	if !known {
		at, known = r.seen[key]
	}
	change := it.change
	switch {
	case len(it.Variants) > 0 && !it.links:
	case !known:
		s.extra++
		if change = catalog.Unchanged; it.repriced || it.relinked {
			change = catalog.Updated
		}
	case (it.repriced || it.relinked) && at.change == catalog.Unchanged:
		s.Report.Unchanged--
		change = catalog.Updated
	default:
		return
	}
	switch change {
	case catalog.Created:
		s.Report.Created++
	case catalog.Updated:
		s.Report.Updated++
	case catalog.Unchanged:
		s.Report.Unchanged++
	case catalog.Refused: // its rows are counted
	}
	s.seen[key] = place{at.row, change}
}

// tellPlanner counts the tables again when they have more than doubled. Until
// autovacuum comes round, PostgreSQL would go on searching them as one searches
// tables that are nearly empty: from end to end, for each row and each of its
// foreign keys.
func (r *run) tellPlanner(ctx context.Context) error {
	if r.grown < batchSize || r.options.DryRun {
		return nil
	}
	known, err := postgres.Scalar[int](ctx, r.DB, `SELECT greatest(reltuples, 0)::int AS known FROM pg_class WHERE oid = 'variants'::regclass`, nil)
	if err != nil {
		return fmt.Errorf("read what the planner knows: %w", err)
	}
	if r.grown <= known {
		return nil
	}
	r.grown = 0
	err = postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '10min'`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ANALYZE (SKIP_LOCKED) vendors, brands, tags, categories, products, product_options, product_categories, product_tags,
			media, variants, prices, price_history, locations, stock_levels, stock_movements`)
		return err
	})
	if err != nil {
		return fmt.Errorf("tell the planner of %d rows: %w", r.report.Rows, err)
	}
	return nil
}
