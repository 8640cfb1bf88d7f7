package search

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/search/index"
)

// A node saves its index in a file, so that the next start need not build it:
//
//	stamp, a line of JSON │ the index, as package index writes it │ CRC-32C of both
//
// The database stays the truth. A file is read only by the binary that wrote
// it, with the schema and the log that it was written with; of any other the
// index is built.

// stamp says which index a file has.
type stamp struct {
	Format    int           `json:"format"`
	Version   string        `json:"version"` // of the binary
	Schema    int64         `json:"schema"`
	Place     events.Cursor `json:"place"`  // all up to there is in it
	Newest    newest        `json:"newest"` // of the log when it was saved, so that nothing later is in it
	Documents int           `json:"documents"`
	Built     time.Time     `json:"built"` // when it was read from the listings
	Saved     time.Time     `json:"saved"`
}

type newest struct {
	Xid uint64    `db:"xid" json:"xid"`
	Seq int64     `db:"seq" json:"seq"`
	ID  uuid.UUID `db:"id" json:"id"`
	At  time.Time `db:"at" json:"-"` // now
}

const (
	fileName     = "search.index"
	longestStamp = 4096
	sumSize      = crc32.Size
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (s *Search) file() string { return filepath.Join(s.Dir, fileName) }

// save writes the index with the place up to which it has been kept, which must
// have been taken before. The file is there as a whole or not at all.
func (s *Search) save(ctx context.Context, place events.Cursor) error {
	n := s.node()
	snapshot := n.shelf.index.Snapshot()
	schema, err := postgres.SchemaVersion(ctx, s.Pool)
	if err != nil {
		return err
	}
	last, err := postgres.All[newest](ctx, s.Pool, selectNewest, nil)
	if err != nil {
		return fmt.Errorf("save the search index: %w", err)
	}
	if len(last) == 0 { // nothing would tell this database from another
		return nil
	}
	is := stamp{
		Format: index.Format, Version: s.Version, Schema: schema, Place: place, Newest: last[0],
		Documents: snapshot.Len(), Built: n.state().is.Built, Saved: last[0].At,
	}
	size, err := writeFile(s.file(), is, snapshot)
	if err != nil {
		return fmt.Errorf("save the search index: %w", err)
	}
	n.saved(is, size)
	return nil
}

func writeFile(name string, is stamp, snapshot *index.Snapshot) (size int64, err error) {
	draft := name + ".new"
	file, err := os.OpenFile(draft, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	err = writeTo(file, is, snapshot)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		size, err = file.Seek(0, io.SeekCurrent)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, errors.Join(err, os.Remove(draft))
	}
	return size, os.Rename(draft, name)
}

func writeTo(file io.Writer, is stamp, snapshot *index.Snapshot) error {
	line, err := json.Marshal(is)
	if err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	w := io.MultiWriter(file, sum)
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := snapshot.Write(w); err != nil {
		return err
	}
	_, err = file.Write(sum.Sum(nil))
	return err
}

// restore reads the saved index. An error says why it must be built instead.
func (s *Search) restore(ctx context.Context) (shelf *shelf, is stamp, size int64, err error) {
	file, err := os.Open(s.file())
	if err != nil {
		return nil, is, 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	is, begin, err := readStamp(file)
	if err != nil {
		return nil, is, 0, err
	}
	if err := s.fits(ctx, is); err != nil {
		return nil, is, 0, err
	}
	end, err := verify(file)
	if err != nil {
		return nil, is, 0, err
	}
	shelf, err = loadNames(ctx, s.Pool)
	if err != nil {
		return nil, is, 0, err
	}
	v, err := s.vocabulary(ctx)
	if err != nil {
		return nil, is, 0, err
	}
	shelf.index, err = index.Read(options(v.Languages), io.NewSectionReader(file, begin, end-begin), end-begin)
	return shelf, is, end + sumSize, err
}

// readStamp says where the index begins as well.
func readStamp(file io.ReaderAt) (is stamp, begin int64, err error) {
	start := make([]byte, longestStamp)
	n, err := file.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return is, 0, err
	}
	end := bytes.IndexByte(start[:n], '\n')
	if end < 0 {
		return is, 0, errors.New("it has no stamp")
	}
	if err := json.Unmarshal(start[:end], &is); err != nil {
		return is, 0, fmt.Errorf("read its stamp: %w", err)
	}
	return is, int64(end) + 1, nil
}

// tooFar is how many events the log may be ahead at least, if the index is
// small, or as many as it has documents: to follow more takes longer than to
// build.
const tooFar = 20_000

// fits is why the index of a stamp is not one of this binary and database.
func (s *Search) fits(ctx context.Context, is stamp) error {
	schema, err := postgres.SchemaVersion(ctx, s.Pool)
	if err != nil {
		return err
	}
	switch {
	case is.Format != index.Format:
		return fmt.Errorf("it has format %d, this is %d", is.Format, index.Format)
	case is.Version != s.Version:
		return fmt.Errorf("souk %q wrote it, this is %q", is.Version, s.Version)
	case is.Schema != schema:
		return fmt.Errorf("it has schema %d, the database %d", is.Schema, schema)
	}
	log, err := postgres.Get[logFact](ctx, s.Pool, selectLogFact, pgx.NamedArgs{
		"newest_xid": fmt.Sprint(is.Newest.Xid), "newest_seq": is.Newest.Seq, "newest": is.Newest.ID,
		"xid": fmt.Sprint(is.Place.Xid), "seq": is.Place.Seq, "most": max(tooFar, is.Documents) + 1,
	})
	switch {
	case err != nil:
		return fmt.Errorf("compare it with the log: %w", err)
	case !log.Known:
		return errors.New("it is of another database, or of one that was put back")
	case !log.Reached:
		return errors.New("its place is ahead of the log")
	case log.Behind > max(tooFar, is.Documents):
		return fmt.Errorf("the log is more than %d events ahead of it", log.Behind-1)
	}
	return nil
}

// logFact is what the log says of a stamp.
type logFact struct {
	Known   bool `db:"known"`   // it has the newest event
	Reached bool `db:"reached"` // its place is in the past
	Behind  int  `db:"behind"`  // events after its place, counted up to a limit
}

// verify holds a file against its checksum and says where that stands.
func verify(file *os.File) (end int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	if end = info.Size() - sumSize; end < 0 {
		return 0, errors.New("it ends early")
	}
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, end)); err != nil {
		return 0, err
	}
	want := make([]byte, sumSize)
	if _, err := file.ReadAt(want, end); err != nil {
		return 0, err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return 0, errors.New("its checksum is wrong")
	}
	return end, nil
}

// restored puts the saved index on the shelf, if there is one that fits.
func (s *Search) restored(ctx context.Context) (from events.Cursor, ok bool) {
	if s.Dir == "" {
		return from, false
	}
	shelf, is, size, err := s.restore(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return from, false
	case err != nil:
		s.log().WarnContext(ctx, "search does not use its saved index", "file", s.file(), "because", err)
		return from, false
	}
	s.log().InfoContext(ctx, "search has read its saved index", "products", is.Documents, "saved", is.Saved)
	s.node().open(shelf, is, size)
	return is.Place, true
}
