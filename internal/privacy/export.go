package privacy

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/blob"
	"souk/internal/platform/events"
	"souk/internal/platform/picture"
	"souk/internal/platform/postgres"
)

// Export is a copy of all that the shop knows of a user, for a day.
type Export struct {
	ID        id.Export  `db:"id" json:"id"`
	UserID    id.User    `db:"user_id" json:"-"`
	File      string     `db:"file" json:"-"`
	State     string     `db:"-" json:"state" enum:"making,ready,expired"`
	AskedAt   time.Time  `db:"asked_at" json:"asked_at"`
	ReadyAt   *time.Time `db:"ready_at" json:"ready_at,omitempty"`
	Size      int64      `db:"size" json:"size,omitempty" doc:"Bytes."`
	ExpiresAt time.Time  `db:"expires_at" json:"expires_at"`
	URL       string     `db:"-" json:"url,omitempty" doc:"Where the ZIP file is, for everybody who has this link, until it expires."`
}

// shown says how far an export is, and where it can be fetched.
func (p *Privacy) shown(e Export) Export {
	switch {
	case e.ReadyAt == nil:
		e.State = "making"
	case !p.Clock.Now().Before(e.ExpiresAt):
		e.State = "expired"
	default:
		e.State, e.URL = "ready", p.link(e)
	}
	return e
}

// Ask begins a copy of a user's data; a job makes it. There is one at a time.
func (p *Privacy) Ask(ctx context.Context, tx pgx.Tx, user id.User) (Export, error) {
	e := Export{ID: id.New[id.Export](), UserID: user, File: picture.NewName() + ".zip"}
	e, err := insertExport(ctx, tx, e, auth.From(ctx).Name())
	if err != nil {
		return Export{}, err
	}
	return p.shown(e), events.Raise(ctx, tx, ExportAsked{UserID: user, ExportID: e.ID})
}

// Latest is the copy that a user asked for last, as long as it is kept.
func (p *Privacy) Latest(ctx context.Context, db postgres.DB, user id.User) (Export, error) {
	e, err := exportOf(ctx, db, user)
	if err != nil {
		return Export{}, err
	}
	return p.shown(e), nil
}

// Make writes the copy that was asked for. It may be run again: the file has
// the name that was chosen when it was asked for.
func (p *Privacy) Make(ctx context.Context, asked ExportAsked) error {
	e, err := exportOf(ctx, p.DB, asked.UserID)
	if errors.Is(err, ErrNoExport) || err == nil && (e.ID != asked.ExportID || e.ReadyAt != nil) {
		return nil // erased meanwhile, or made already
	}
	if err != nil {
		return err
	}
	file, err := p.gather(ctx, e.UserID)
	if err != nil {
		return fmt.Errorf("copy data of user %s: %w", e.UserID, err)
	}
	if err := p.Blobs.Put(ctx, key(e.File), "application/zip", bytes.NewReader(file), int64(len(file))); err != nil {
		return err
	}
	err = postgres.InTx(ctx, p.DB, func(tx pgx.Tx) error {
		if err := completeExport(ctx, tx, e.ID, int64(len(file))); err != nil {
			return err
		}
		return events.Raise(ctx, tx, ExportReady{UserID: e.UserID, ExportID: e.ID})
	})
	if errors.Is(err, ErrNoExport) { // erased while it was made
		return p.Blobs.Delete(ctx, key(e.File))
	}
	return err
}

const readme = `This is all that the shop knows of you. Each file is JSON, with amounts in the
smallest unit of their currency (1999 USD is 19.99) and times in UTC.
`

// gather makes the ZIP file.
func (p *Privacy) gather(ctx context.Context, user id.User) ([]byte, error) {
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	add := func(name string, content []byte) error {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.Clock.Now()})
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	}
	if err := add("README.txt", []byte(readme)); err != nil {
		return nil, err
	}
	for _, s := range subjects {
		rows, err := s.read(ctx, p.DB, user)
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := json.Indent(&text, rows, "", "  "); err != nil {
			return nil, fmt.Errorf("write %s: %w", s.name, err)
		}
		if err := add(s.name+".json", text.Bytes()); err != nil {
			return nil, err
		}
	}
	avatar, err := avatarOf(ctx, p.DB, user)
	if err == nil && avatar != "" {
		err = p.addAvatar(ctx, add, avatar)
	}
	if err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

func (p *Privacy) addAvatar(ctx context.Context, add func(name string, content []byte) error, avatar string) error {
	file, _, err := p.Blobs.Open(ctx, accounts.AvatarKey(avatar))
	if errors.Is(err, blob.ErrNotFound) { // replaced a moment ago
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	content, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("read avatar: %w", err)
	}
	return add("picture"+path.Ext(avatar), content)
}

// Forget drops the copy of a user who was erased.
func (p *Privacy) Forget(ctx context.Context, user id.User) error {
	e, err := exportOf(ctx, p.DB, user)
	if errors.Is(err, ErrNoExport) {
		return nil
	}
	if err != nil {
		return err
	}
	return p.remove(ctx, e)
}

// Sweep removes the copies that have expired.
func (p *Privacy) Sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := expiredExports(ctx, p.DB)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, e := range due {
			if err := p.remove(ctx, e); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// remove deletes the file and then the row: a transaction cannot take a file
// back.
func (p *Privacy) remove(ctx context.Context, e Export) error {
	if err := p.Blobs.Delete(ctx, key(e.File)); err != nil {
		return fmt.Errorf("remove export %s: %w", e.ID, err)
	}
	return postgres.InTx(ctx, p.DB, func(tx pgx.Tx) error { return deleteExport(ctx, tx, e.ID) })
}

func key(file string) string { return "exports/" + file }
