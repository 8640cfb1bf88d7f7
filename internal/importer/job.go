package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/picture"
	"souk/internal/platform/postgres"
)

// MaxFile is the largest file that is taken by the API, in bytes.
const MaxFile = 50 << 20

// The states of an import.
const (
	Receiving    = "receiving"     // its file is being stored
	NeedsMapping = "needs_mapping" // somebody has to say which column is what
	Waiting      = "waiting"
	Running      = "running"
	Finished     = "finished"
	Failed       = "failed"
	Cancelled    = "cancelled"
)

// An Import is a file on its way into the catalogue.
type Import struct {
	ID        id.Import  `db:"id" json:"id"`
	VendorID  id.Vendor  `db:"vendor_id" json:"vendor_id,omitzero" doc:"Whose door it came by; the shop's where there is none."`
	State     string     `db:"state" json:"state" enum:"receiving,needs_mapping,waiting,running,finished,failed,cancelled"`
	File      string     `db:"file" json:"-"`
	Size      int64      `db:"size" json:"size" doc:"Bytes."`
	Read      int64      `db:"read" json:"read" doc:"Bytes that are behind it: how far it is."`
	Format    string     `db:"format" json:"format" doc:"mapped for a file of other columns."`
	Columns   []string   `db:"columns" json:"columns" doc:"As the file calls them."`
	Separator string     `db:"separator" json:"-"`
	Mapping   Mapping    `db:"mapping" json:"mapping,omitempty" doc:"Which column is which field."`
	Suggested Mapping    `db:"suggested" json:"suggested_mapping,omitempty" doc:"What the columns may be, while the state is needs_mapping."`
	Target    string     `db:"target" json:"vendor,omitempty" doc:"Slug of the vendor who gets all products."`
	Publish   bool       `db:"publish" json:"publish"`
	DryRun    bool       `db:"dry_run" json:"dry_run"`
	Whole     bool       `db:"all_or_nothing" json:"all_or_nothing" doc:"Where anything is refused, nothing goes in, and the import has failed."`
	Done      int        `db:"done" json:"-"`
	Attempts  int        `db:"attempts" json:"-"`
	Worker    *uuid.UUID `db:"worker" json:"-"`
	Rows      int        `db:"rows" json:"rows" doc:"Without the header and empty lines."`
	Products  int        `db:"products" json:"products"`
	Variants  int        `db:"variants" json:"variants"`
	Created   int        `db:"created" json:"created" doc:"Products."`
	Updated   int        `db:"updated" json:"updated" doc:"Products."`
	Unchanged int        `db:"unchanged" json:"unchanged" doc:"Products."`
	Refused   int        `db:"refused" json:"refused" doc:"Rows that did not go in, or not whole."`
	Further   int        `db:"further" json:"further_problems,omitempty" doc:"Problems that are not listed any more."`
	Failure   string     `db:"failure" json:"failure,omitempty"`
	Actor     string     `db:"actor" json:"asked_by"`

	CreatedAt  time.Time  `db:"created_at" json:"created_at"`
	StartedAt  *time.Time `db:"started_at" json:"started_at,omitempty"`
	FinishedAt *time.Time `db:"finished_at" json:"finished_at,omitempty"`
}

var (
	// ErrNoImport says that there is no such import, or that it is somebody else's.
	ErrNoImport = errs.New(errs.NotFound, "import_not_found", "There is no such import.")
	// ErrImportState says that an import is not in the state for what was asked.
	ErrImportState = errs.New(errs.Conflict, "import_state", "This import is not in the state for that.")
	// ErrManyImports keeps one vendor from taking all the time there is.
	ErrManyImports = errs.New(errs.Conflict, "too_many_imports", "Wait for the imports that are under way, say what the columns of the others mean, or cancel them.")
)

const (
	maxUnderWay = 5                   // imports of one vendor, or of the shop; and exports of one vendor
	importLife  = 30 * 24 * time.Hour // of files and reports
	doubtLife   = 7 * 24 * time.Hour  // of files that nobody says the columns of
	maxAttempts = 10                  // without a step forward
)

// A Wish is how a file that is sent is to be taken.
type Wish struct {
	Vendor  id.Vendor // whose door it came by
	Target  string    // slug of the vendor who gets all products, for the shop
	Format  string
	Mapping Mapping
	Publish bool
	DryRun  bool
	Whole   bool // all or nothing
}

// Receive takes a file: it finds out what it is, keeps it and has a job read
// it. Where nobody has said yet what its columns mean, it waits for that.
func (im *Importer) Receive(ctx context.Context, file *os.File, size int64, w Wish) (Import, error) {
	i, err := im.look(ctx, file, size, w)
	if err != nil {
		return Import{}, err
	}
	if err := postgres.InTx(ctx, im.DB, func(tx pgx.Tx) error { return insertImport(ctx, tx, i) }); err != nil {
		return Import{}, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return Import{}, fmt.Errorf("read the file again: %w", err)
	}
	if err := im.Blobs.Put(ctx, i.key(), "application/octet-stream", file, size); err != nil {
		return Import{}, err
	}
	err = postgres.InTx(ctx, im.DB, func(tx pgx.Tx) error {
		if i.Format == "" {
			i, err = moveImport(ctx, tx, i.ID, w.Vendor, []string{Receiving}, NeedsMapping)
			return err
		}
		if i, err = moveImport(ctx, tx, i.ID, w.Vendor, []string{Receiving}, Waiting); err != nil {
			return err
		}
		if err := keepMapping(ctx, tx, i); err != nil {
			return err
		}
		return events.Raise(ctx, tx, Asked{i.ID})
	})
	return i, err
}

// look finds out what a file is by its first line.
func (im *Importer) look(ctx context.Context, file *os.File, size int64, w Wish) (Import, error) {
	i := Import{
		ID: id.New[id.Import](), VendorID: w.Vendor, State: Receiving, File: picture.NewName() + ".import", Size: size, Mapping: w.Mapping,
		Target: w.Target, Publish: w.Publish, DryRun: w.DryRun, Whole: w.Whole, Actor: auth.From(ctx).Name(),
	}
	if size == 0 {
		return i, ErrEmpty
	}
	if err := knownVendor(ctx, im.DB, w.Target, errUnknownVendor); err != nil {
		return i, err
	}
	t, err := openTable(file)
	if err != nil {
		return i, err
	}
	i.Columns, i.Separator = t.header, string(rune(t.records.comma))
	f, err := Options{Format: w.Format, Mapping: w.Mapping}.format(t)
	if err == nil {
		i.Format = f.name
		return i, nil
	}
	if !errors.Is(err, ErrUnknownFormat) || w.Format != "" && w.Format != "auto" {
		return i, err
	}
	return i, im.remember(ctx, &i)
}

// remember takes the mapping that was good for a file of the same columns, or
// else suggests one.
func (im *Importer) remember(ctx context.Context, i *Import) error {
	kept, err := keptMappings(ctx, im.DB, i.VendorID)
	if err != nil {
		return err
	}
	i.Suggested = Suggest(i.Columns)
	for _, k := range slices.Backward(kept) { // the last one that was used counts most
		if k.Columns == columnsKey(i.Columns) {
			i.Mapping, i.Format = k.Mapping, "mapped"
		}
		for column, field := range k.Mapping {
			if at := slices.IndexFunc(i.Columns, func(c string) bool { return strings.EqualFold(c, strings.TrimSpace(column)) }); at >= 0 {
				i.Suggested[i.Columns[at]] = field
			}
		}
	}
	if i.Format != "" {
		i.Suggested = nil
	}
	return nil
}

// columnsKey is the same for files of the same columns in any order.
func columnsKey(columns []string) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = strings.ToLower(strings.TrimSpace(c))
	}
	slices.Sort(names)
	return strings.Join(names, "\n")
}

// Map says what the columns of a file are that waits for it.
func (im *Importer) Map(ctx context.Context, tx pgx.Tx, vendor id.Vendor, of id.Import, m Mapping) (Import, error) {
	i, err := findImport(ctx, tx, vendor, of)
	if err != nil {
		return Import{}, err
	}
	t := &table{header: i.Columns, column: map[string]int{}}
	for n, name := range i.Columns {
		t.column[strings.ToLower(name)] = n
	}
	if err := m.check(t); err != nil {
		return Import{}, err
	}
	if i, err = mapImport(ctx, tx, vendor, of, m); err != nil {
		return Import{}, err
	}
	if err := keepMapping(ctx, tx, i); err != nil {
		return Import{}, err
	}
	return i, events.Raise(ctx, tx, Asked{i.ID})
}

// Cancel stops an import before its next batch. What is in stays in, unless it
// was to be all or nothing.
func (im *Importer) Cancel(ctx context.Context, tx pgx.Tx, vendor id.Vendor, of id.Import) (Import, error) {
	return moveImport(ctx, tx, of, vendor, []string{NeedsMapping, Waiting, Running}, Cancelled)
}

// WriteRefused writes the rows of an import that were refused, as a file of the
// same columns; only that header where none was.
func (im *Importer) WriteRefused(ctx context.Context, w io.Writer, i Import) error {
	lines := i.Format == linesFormat.name
	comma := byte(',')
	if i.Separator != "" {
		comma = i.Separator[0]
	}
	if !lines {
		if err := writeRows(w, comma, lines, [][]string{i.Columns}); err != nil {
			return err
		}
	}
	return eachRefused(ctx, im.DB, i.ID, func(cells []string) error { return writeRows(w, comma, lines, [][]string{cells}) })
}

func (i Import) key() string { return "imports/" + i.File }

// SweepImports removes what is old: files, reports and rows.
func (im *Importer) SweepImports(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := oldImports(ctx, im.DB)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, i := range due {
			// The file first: a transaction cannot take it back.
			if err := im.Blobs.Delete(ctx, i.key()); err != nil {
				return fmt.Errorf("remove import %s: %w", i.ID, err)
			}
			if err := postgres.InTx(ctx, im.DB, func(tx pgx.Tx) error { return deleteImport(ctx, tx, i.ID) }); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}
