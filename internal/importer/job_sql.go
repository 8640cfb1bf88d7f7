package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
	"souk/internal/vendors"
)

const importColumnsFragment = `id, vendor_id, state, file, size, read, format, columns, separator, mapping, suggested, target, publish, dry_run, all_or_nothing, done, attempts, worker,
	rows, products, variants, created, updated, unchanged, refused, further, failure, actor, created_at, started_at, finished_at`

// insertImport refuses a vendor that has many under way. Two at once may both
// be the last that may be: that does no harm.
func insertImport(ctx context.Context, tx pgx.Tx, i Import) error {
	n, err := postgres.Exec(ctx, tx, `
		INSERT INTO imports (id, vendor_id, state, file, size, format, columns, separator, mapping, suggested, target, publish, dry_run, all_or_nothing, actor)
		SELECT @id, @vendor, @state, @file, @size, @format, @columns, @separator, coalesce(@mapping::jsonb, '{}'), coalesce(@suggested::jsonb, '{}'),
		       @target, @publish, @dry_run, @whole, @actor
		WHERE (SELECT count(*) FROM imports WHERE vendor_id IS NOT DISTINCT FROM @vendor AND state IN ('receiving', 'needs_mapping', 'waiting', 'running')) < @most`,
		pgx.NamedArgs{
			"id": i.ID, "vendor": i.VendorID, "state": i.State, "file": i.File, "size": i.Size, "format": i.Format, "columns": i.Columns,
			"separator": i.Separator, "mapping": i.Mapping, "suggested": i.Suggested, "target": i.Target, "publish": i.Publish,
			"dry_run": i.DryRun, "whole": i.Whole, "actor": i.Actor, "most": maxUnderWay,
		})
	switch {
	case err != nil:
		return fmt.Errorf("write down import: %w", err)
	case n == 0:
		return ErrManyImports
	}
	return nil
}

// findImport reads an import of a vendor; of anybody where that is zero.
func findImport(ctx context.Context, db postgres.DB, vendor id.Vendor, of id.Import) (Import, error) {
	i, err := postgres.Get[Import](ctx, db, `
		SELECT `+importColumnsFragment+` FROM imports WHERE id = @id AND (@vendor::uuid IS NULL OR vendor_id = @vendor)`,
		pgx.NamedArgs{"id": of, "vendor": vendor})
	if errors.Is(err, postgres.ErrNoRow) {
		return Import{}, ErrNoImport
	}
	if err != nil {
		return Import{}, fmt.Errorf("read import %s: %w", of, err)
	}
	return i, nil
}

// moveImport takes an import from one of some states to another.
func moveImport(ctx context.Context, tx pgx.Tx, of id.Import, vendor id.Vendor, from []string, to string) (Import, error) {
	i, err := postgres.Get[Import](ctx, tx, `
		UPDATE imports SET state = @to, finished_at = CASE WHEN @to = 'cancelled' THEN now() END
		WHERE id = @id AND (@vendor::uuid IS NULL OR vendor_id = @vendor) AND state = ANY (@from)
		RETURNING `+importColumnsFragment, pgx.NamedArgs{"id": of, "vendor": vendor, "from": from, "to": to})
	return moved(ctx, tx, vendor, of, i, err)
}

// moved tells an import that is in another state from one that is not there.
func moved(ctx context.Context, tx pgx.Tx, vendor id.Vendor, of id.Import, i Import, err error) (Import, error) {
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		if i, err = findImport(ctx, tx, vendor, of); err != nil {
			return Import{}, err
		}
		return Import{}, ErrImportState.With("state", i.State)
	case err != nil:
		return Import{}, fmt.Errorf("change import %s: %w", of, err)
	}
	return i, nil
}

func mapImport(ctx context.Context, tx pgx.Tx, vendor id.Vendor, of id.Import, m Mapping) (Import, error) {
	i, err := postgres.Get[Import](ctx, tx, `
		UPDATE imports SET state = 'waiting', format = 'mapped', mapping = @mapping, suggested = '{}'
		WHERE id = @id AND (@vendor::uuid IS NULL OR vendor_id = @vendor) AND state = 'needs_mapping'
		RETURNING `+importColumnsFragment, pgx.NamedArgs{"id": of, "vendor": vendor, "mapping": m})
	return moved(ctx, tx, vendor, of, i, err)
}

// startImport begins an attempt; an earlier one that still lives is not heard any more.
func startImport(ctx context.Context, tx pgx.Tx, of id.Import) (Import, error) {
	i, err := postgres.Get[Import](ctx, tx, `
		UPDATE imports SET state = 'running', started_at = coalesce(started_at, now()), attempts = attempts + 1, worker = @worker
		WHERE id = @id AND state IN ('waiting', 'running')
		RETURNING `+importColumnsFragment, pgx.NamedArgs{"id": of, "worker": uuid.New()})
	return moved(ctx, tx, id.Vendor{}, of, i, err)
}

func failImport(ctx context.Context, tx pgx.Tx, of id.Import, reason string) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE imports SET state = 'failed', failure = @reason, finished_at = now() WHERE id = @id AND state = 'running'`,
		pgx.NamedArgs{"id": of, "reason": reason})
	if err != nil {
		return fmt.Errorf("give import %s up: %w", of, err)
	}
	return nil
}

// keepStep writes down how far an attempt has come, and what it found on its
// last step; errEnded where it is not the attempt any more.
func keepStep(ctx context.Context, tx pgx.Tx, i Import, read int64, s Step) error {
	state, failure := Running, ""
	switch {
	case s.Refused:
		state, failure = Failed, ErrNotWhole.Message
	case s.Last:
		state = Finished
	}
	r := s.Report
	n, err := postgres.Exec(ctx, tx, `
		UPDATE imports SET state = @state, failure = @failure, finished_at = CASE WHEN @state <> 'running' THEN now() END,
		       attempts = CASE WHEN @done > done THEN 0 ELSE attempts END, done = @done, read = @read,
		       rows = @rows, products = @products, variants = @variants,
		       created = @created, updated = @updated, unchanged = @unchanged, refused = @refused, further = @further
		WHERE id = @id AND state = 'running' AND worker = @worker`,
		pgx.NamedArgs{
			"id": i.ID, "worker": i.Worker, "state": state, "failure": failure, "done": s.Done, "read": read, "rows": r.Rows, "products": r.Products,
			"variants": r.Variants, "created": r.Created, "updated": r.Updated, "unchanged": r.Unchanged, "refused": r.Refused, "further": r.Further,
		})
	if err != nil {
		return fmt.Errorf("keep a step of import %s: %w", i.ID, err)
	}
	if n == 0 {
		return errEnded
	}
	return copyFindings(ctx, tx, i.ID, s)
}

// copyFindings adds what a step found behind what earlier ones did.
func copyFindings(ctx context.Context, tx pgx.Tx, of id.Import, s Step) error {
	var findings, changes, mend [][]any
	for _, list := range []struct {
		found   []Problem
		all     int
		warning bool
	}{{s.Problems, len(s.Report.Problems), false}, {s.Warnings, len(s.Report.Warnings), true}} {
		for n, p := range list.found {
			findings = append(findings, []any{of, list.all - len(list.found) + n + 1, list.warning, p.Row, p.Column, p.Reason})
		}
	}
	for n, c := range s.Changes {
		changes = append(changes, []any{of, len(s.Report.Changes) - len(s.Changes) + n + 1, c.Handle, c.SKU, c.Field, c.Before, c.After})
	}
	for _, cells := range s.Mend {
		mend = append(mend, []any{of, cells})
	}
	for _, into := range []struct {
		table   string
		columns []string
		rows    [][]any
	}{
		{"import_findings", []string{"import_id", "number", "warning", "line", "field", "reason"}, findings},
		{"import_changes", []string{"import_id", "number", "handle", "sku", "field", "before", "after"}, changes},
		{"import_rows", []string{"import_id", "cells"}, mend},
	} {
		if len(into.rows) == 0 {
			continue
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{into.table}, into.columns, pgx.CopyFromRows(into.rows)); err != nil {
			return fmt.Errorf("write down what import %s found: %w", of, err)
		}
	}
	return nil
}

// stepOf is where the last attempt of an import was.
func stepOf(ctx context.Context, db postgres.DB, i Import) (Step, error) {
	s := Step{Done: i.Done, Report: Report{
		DryRun: i.DryRun, Rows: i.Rows, Products: i.Products, Variants: i.Variants, Created: i.Created, Updated: i.Updated,
		Unchanged: i.Unchanged, Refused: i.Refused, Further: i.Further,
	}}
	if i.Done == 0 {
		return s, nil
	}
	var err error
	if s.Report.Problems, err = findings(ctx, db, i.ID, false, 0, maxProblems); err != nil {
		return s, err
	}
	if s.Report.Warnings, err = findings(ctx, db, i.ID, true, 0, maxProblems); err != nil {
		return s, err
	}
	s.Report.Changes, err = changes(ctx, db, i.ID, 0, maxChanges)
	return s, err
}

// findings reads what was found wrong behind a number.
func findings(ctx context.Context, db postgres.DB, of id.Import, warning bool, after, limit int) ([]Problem, error) {
	found, err := postgres.All[Problem](ctx, db, `
		SELECT line, field, reason, number FROM import_findings WHERE import_id = @id AND warning = @warning AND number > @after ORDER BY number LIMIT @limit`,
		pgx.NamedArgs{"id": of, "warning": warning, "after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("read what import %s found: %w", of, err)
	}
	return found, nil
}

// changes reads what a dry run would change, behind a number.
func changes(ctx context.Context, db postgres.DB, of id.Import, after, limit int) ([]Change, error) {
	found, err := postgres.All[Change](ctx, db, `
		SELECT handle, sku, field, before, after, number FROM import_changes WHERE import_id = @id AND number > @after ORDER BY number LIMIT @limit`,
		pgx.NamedArgs{"id": of, "after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("read what import %s would change: %w", of, err)
	}
	return found, nil
}

// eachRefused reads the refused rows of an import as they come.
func eachRefused(ctx context.Context, db postgres.DB, of id.Import, fn func(cells []string) error) error {
	rows, err := db.Query(ctx, `SELECT cells FROM import_rows WHERE import_id = @id ORDER BY number`, pgx.NamedArgs{"id": of})
	if err != nil {
		return fmt.Errorf("read refused rows of import %s: %w", of, err)
	}
	var cells []string
	_, err = pgx.ForEachRow(rows, []any{&cells}, func() error { return fn(cells) })
	return err
}

// listImports reads the imports of a vendor, or all of them, the last ones first.
func listImports(ctx context.Context, db postgres.DB, vendor id.Vendor, after id.Import, limit int) ([]Import, error) {
	list, err := postgres.All[Import](ctx, db, `
		SELECT `+importColumnsFragment+` FROM imports
		WHERE state <> 'receiving' AND (@vendor::uuid IS NULL OR vendor_id = @vendor) AND (@after::uuid IS NULL OR id < @after)
		ORDER BY id DESC LIMIT @limit`, pgx.NamedArgs{"vendor": vendor, "after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return list, nil
}

func oldImports(ctx context.Context, db postgres.DB) ([]Import, error) {
	due, err := postgres.All[Import](ctx, db, `
		SELECT `+importColumnsFragment+` FROM imports
		WHERE created_at < now() - @life::interval OR state = 'receiving' AND created_at < now() - interval '1 hour'
		   OR state = 'needs_mapping' AND created_at < now() - @doubt::interval
		ORDER BY created_at LIMIT 100`, pgx.NamedArgs{"life": importLife, "doubt": doubtLife})
	if err != nil {
		return nil, fmt.Errorf("find old imports: %w", err)
	}
	return due, nil
}

func deleteImport(ctx context.Context, tx pgx.Tx, of id.Import) error {
	if _, err := postgres.Exec(ctx, tx, `DELETE FROM imports WHERE id = @id`, pgx.NamedArgs{"id": of}); err != nil {
		return fmt.Errorf("remove import %s: %w", of, err)
	}
	return nil
}

// A keptMapping was good for files of its columns.
type keptMapping struct {
	Columns string  `db:"columns"`
	Mapping Mapping `db:"mapping"`
}

// keptMappings are a vendor's, the one that was used last behind the others.
func keptMappings(ctx context.Context, db postgres.DB, vendor id.Vendor) ([]keptMapping, error) {
	kept, err := postgres.All[keptMapping](ctx, db, `
		SELECT columns, mapping FROM import_mappings WHERE vendor_id IS NOT DISTINCT FROM @vendor ORDER BY used_at LIMIT 100`,
		pgx.NamedArgs{"vendor": vendor})
	if err != nil {
		return nil, fmt.Errorf("read mappings: %w", err)
	}
	return kept, nil
}

// keepMapping keeps the mapping of an import, if it has one, for its vendor's
// next file.
func keepMapping(ctx context.Context, tx pgx.Tx, i Import) error {
	if len(i.Mapping) == 0 {
		return nil
	}
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO import_mappings (vendor_id, columns, mapping) VALUES (@vendor, @columns, @mapping)
		ON CONFLICT (coalesce(vendor_id, '00000000-0000-0000-0000-000000000000'), md5(columns))
		DO UPDATE SET mapping = excluded.mapping, used_at = now()`,
		pgx.NamedArgs{"vendor": i.VendorID, "columns": columnsKey(i.Columns), "mapping": i.Mapping})
	if err != nil {
		return fmt.Errorf("keep mapping: %w", err)
	}
	return nil
}

// errUnknownVendor says of an option that it names nobody.
var errUnknownVendor = errs.Validation.Field("/vendor", "not_found", "There is no vendor with this slug.")

// knownVendor answers with unknown where no vendor has the slug; none is asked for
// by "".
func knownVendor(ctx context.Context, db postgres.DB, slug string, unknown error) error {
	known, err := postgres.Scalar[bool](ctx, db, `SELECT @slug = '' OR EXISTS (SELECT FROM vendors WHERE slug = @slug) AS known`, pgx.NamedArgs{"slug": slug})
	switch {
	case err != nil:
		return fmt.Errorf("look for vendor %s: %w", slug, err)
	case !known:
		return unknown
	}
	return nil
}

// activeVendor is the slug of a vendor who may sell.
func activeVendor(ctx context.Context, db postgres.DB, vendor id.Vendor) (string, error) {
	slug, err := postgres.Scalar[string](ctx, db, `SELECT slug FROM vendors WHERE id = @vendor AND status = 'active'`, pgx.NamedArgs{"vendor": vendor})
	if errors.Is(err, postgres.ErrNoRow) {
		return "", vendors.ErrNoVendor
	}
	if err != nil {
		return "", fmt.Errorf("read vendor %s: %w", vendor, err)
	}
	return slug, nil
}
