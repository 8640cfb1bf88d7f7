package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/outbound"
	"souk/internal/platform/picture"
	"souk/internal/platform/postgres"
)

const (
	fetchAtOnce   = 8
	fetchAttempts = 5
	fetchRound    = 40 * time.Second // in which pictures are begun; the last ones take no more than 15 s
)

// wanted is a picture to be fetched.
type wanted struct {
	ID        id.Media `db:"id"`
	SourceURL string   `db:"source_url"`
	Attempts  int      `db:"attempts"` // this one included
}

// FetchImages fetches pictures that vendors have elsewhere, until none is due
// or the round is over. It is a sweep: the claim moves the deadline on, so that
// a crash in the middle costs a few minutes and no picture.
func (c *Catalog) FetchImages(ctx context.Context) error {
	round, cancel := context.WithTimeout(ctx, fetchRound)
	defer cancel()
	for round.Err() == nil {
		due, err := c.claim(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		var group errgroup.Group
		for _, w := range due {
			group.Go(func() error { return c.fetch(ctx, w) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// FetchImage fetches one picture, whenever it is due.
func (c *Catalog) FetchImage(ctx context.Context, media id.Media) error {
	list, err := postgres.All[wanted](ctx, c.DB, selectWanted, pgx.NamedArgs{"id": media})
	if err != nil || len(list) == 0 {
		return err // none: it has been fetched or removed
	}
	return c.fetch(ctx, list[0])
}

func (c *Catalog) claim(ctx context.Context) (due []wanted, err error) {
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		due, err = postgres.All[wanted](ctx, tx, claimMedia, pgx.NamedArgs{"limit": fetchAtOnce})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim pictures: %w", err)
	}
	return due, nil
}

// fetch gets a picture and stores it, or writes down why it could not. An
// error of its own is one of the shop's, never of the other side.
func (c *Catalog) fetch(ctx context.Context, w wanted) error {
	pic, lasting, failure := c.get(ctx, w.SourceURL)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failure != "" {
		return postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
			_, err := postgres.Exec(ctx, tx, failMedia, pgx.NamedArgs{
				"id": w.ID, "lasting": lasting || w.Attempts >= fetchAttempts, "failure": failure, "pause": pauseAfter(w.Attempts),
			})
			return err
		})
	}
	taken := false
	err := postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		products, err := postgres.Column[id.Product](ctx, tx, completeMedia, pgx.NamedArgs{
			"id": w.ID, "key": pic.Key, "content_type": pic.ContentType, "width": pic.Width, "height": pic.Height,
		})
		if err != nil {
			return err
		}
		taken = len(products) > 0
		return raiseChanged(ctx, tx, slices.DeleteFunc(products, id.Product.IsZero)) // one that is proposed changes no product
	})
	if err == nil && !taken { // removed, or fetched by somebody else meanwhile
		return c.removeFiles(ctx, pic)
	}
	if err != nil {
		return fmt.Errorf("keep picture %s: %w", w.ID, err)
	}
	return nil
}

// pauseAfter is how long to wait after an attempt: 1, 5, 25 minutes, 2 hours.
func pauseAfter(attempt int) time.Duration {
	pause := time.Minute
	for range min(attempt, fetchAttempts) - 1 {
		pause *= 5
	}
	return pause
}

// get is the picture at an address, or why there is none, and whether asking
// again is in vain.
func (c *Catalog) get(ctx context.Context, address string) (pic Picture, lasting bool, failure string) {
	answer, err := c.Outbound.Get(ctx, address, picture.MaxUpload)
	switch {
	case errors.Is(err, outbound.ErrRefused), errors.Is(err, outbound.ErrTooLarge):
		return Picture{}, true, reason(err)
	case err != nil:
		return Picture{}, false, "The address does not answer."
	case answer.Status != http.StatusOK:
		lasting = answer.Status < 500 && answer.Status != http.StatusTooManyRequests && answer.Status != http.StatusRequestTimeout
		return Picture{}, lasting, fmt.Sprintf("The address answers %d %s.", answer.Status, http.StatusText(answer.Status))
	}
	if pic, err = c.StorePicture(ctx, answer.Body); err != nil {
		return Picture{}, errs.KindOf(err) != 0, reason(err)
	}
	return pic, false, ""
}

// reason is what a vendor may read of an error.
func reason(err error) string {
	var refusal *errs.Error
	if errors.As(err, &refusal) {
		return refusal.Message
	}
	return "The picture could not be stored."
}

// removed is a picture that was taken off, and whether another has its files.
type removed struct {
	Media
	Shared bool `db:"shared"`
}

// RemoveFiles deletes the files of pictures that were removed. It is a sweep:
// a transaction cannot take a file back, so the row goes after the files. Those
// of a product that was copied go with the last row that has them.
func (c *Catalog) RemoveFiles(ctx context.Context) error {
	for ctx.Err() == nil {
		gone, err := postgres.All[removed](ctx, c.DB, selectRemoved, pgx.NamedArgs{"limit": 1})
		if err != nil || len(gone) == 0 {
			return err
		}
		for _, m := range gone {
			if m.BlobKey != "" && !m.Shared {
				if err := c.removeFiles(ctx, Picture{m.BlobKey, m.ContentType, m.Width, m.Height}); err != nil {
					return fmt.Errorf("remove files of %s: %w", m.ID, err)
				}
			}
			err := postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
				_, err := postgres.Exec(ctx, tx, deleteRemoved, pgx.NamedArgs{"id": m.ID})
				return err
			})
			if err != nil {
				return fmt.Errorf("forget picture %s: %w", m.ID, err)
			}
		}
	}
	return ctx.Err()
}
