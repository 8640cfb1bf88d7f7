package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/app"
	"souk/internal/catalog"
	"souk/internal/platform/postgres"
)

// Empty reports whether a database holds no shop at all.
func Empty(ctx context.Context, db postgres.DB) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `SELECT to_regclass('public.settings') IS NULL`, nil)
}

// picture is what the names of a picture's files are made of.
type picture struct {
	Key         string `db:"blob_key"`
	ContentType string `db:"content_type"`
	Width       int    `db:"width"`
	Height      int    `db:"height"`
}

// Erase drops everything that a's database holds, then the files that it told
// of: the pictures of its products and people, and copies of their data.
func Erase(ctx context.Context, a *app.App) error {
	pictures, err := postgres.All[picture](ctx, a.DB, `SELECT blob_key, content_type, width, height FROM media WHERE blob_key <> ''`, nil)
	if err != nil {
		return fmt.Errorf("list the pictures: %w", err)
	}
	files, err := filesOfPeople(ctx, a.DB)
	if err != nil {
		return fmt.Errorf("list the files of people: %w", err)
	}
	err = postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DROP SCHEMA public CASCADE; CREATE SCHEMA public`, pgx.QueryExecModeSimpleProtocol)
		return err
	})
	if err != nil {
		return fmt.Errorf("erase the shop: %w", err)
	}
	if a.Pool != nil {
		a.Pool.Reset() // its connections know statements about tables that are no more
	}
	var failures []error
	for _, p := range pictures {
		for _, pixels := range []int{160, 480, 960, 1600} {
			url := catalog.PictureURL(p.Key, p.ContentType, p.Width, p.Height, pixels)
			failures = append(failures, a.Blobs.Delete(ctx, strings.TrimPrefix(url, "/")))
		}
	}
	for _, file := range files {
		failures = append(failures, a.Blobs.Delete(ctx, file))
	}
	return errors.Join(failures...)
}

// filesOfPeople is none where the schema is too old to know of any.
func filesOfPeople(ctx context.Context, db postgres.DB) ([]string, error) {
	known, err := postgres.Scalar[bool](ctx, db, `SELECT to_regclass('public.review_photos') IS NOT NULL`, nil)
	if err != nil || !known {
		return nil, err
	}
	return postgres.Column[string](ctx, db, `
		SELECT 'avatars/' || file FROM avatars UNION ALL SELECT 'exports/' || file FROM data_exports
		UNION ALL SELECT 'reviews/' || file FROM review_photos`, nil)
}
