package reviews

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectPhotos = `
	SELECT review_id, id, file, width, height FROM review_photos WHERE review_id = ANY(@reviews::uuid[]) ORDER BY review_id, id`

type photoOf struct {
	ReviewID id.Review `db:"review_id"`
	Photo
}

// readPhotos gives reviews their photos.
func readPhotos(ctx context.Context, db postgres.DB, list []Review) error {
	ids, byID := make([]id.Review, len(list)), make(map[id.Review]*Review, len(list))
	for i := range list {
		list[i].Photos = []Photo{}
		ids[i], byID[list[i].ID] = list[i].ID, &list[i]
	}
	found, err := postgres.All[photoOf](ctx, db, selectPhotos, pgx.NamedArgs{"reviews": ids})
	if err != nil {
		return fmt.Errorf("read photos of reviews: %w", err)
	}
	for _, p := range found {
		p.URL = photoAddress + p.File
		review := byID[p.ReviewID]
		review.Photos = append(review.Photos, p.Photo)
	}
	return nil
}

func insertPhoto(ctx context.Context, tx pgx.Tx, p Photo) error {
	_, err := postgres.Exec(ctx, tx, `INSERT INTO review_photos (id, file, width, height) VALUES (@id, @file, @width, @height)`,
		pgx.NamedArgs{"id": p.ID, "file": p.File, "width": p.Width, "height": p.Height})
	if err != nil {
		return fmt.Errorf("announce photo: %w", err)
	}
	return nil
}

func attachPhoto(ctx context.Context, tx pgx.Tx, photo id.Photo, review id.Review) error {
	n, err := postgres.Exec(ctx, tx, `UPDATE review_photos SET review_id = @review WHERE id = @id`, pgx.NamedArgs{"id": photo, "review": review})
	switch {
	case err != nil:
		return fmt.Errorf("add photo to review %s: %w", review, err)
	case n == 0: // swept, because it took longer than an hour
		return errNoPhoto
	}
	return nil
}

func releasePhoto(ctx context.Context, tx pgx.Tx, photo id.Photo, review id.Review) error {
	n, err := postgres.Exec(ctx, tx, `UPDATE review_photos SET review_id = NULL WHERE id = @id AND review_id = @review`,
		pgx.NamedArgs{"id": photo, "review": review})
	switch {
	case err != nil:
		return fmt.Errorf("remove photo %s: %w", photo, err)
	case n == 0:
		return errNoPhoto
	}
	return nil
}

const releasePhotosOf = `
	UPDATE review_photos SET review_id = NULL WHERE review_id IN (SELECT id FROM reviews WHERE user_id = @user)`

// strayPhotos leaves out those that may be on their way to a review.
func strayPhotos(ctx context.Context, db postgres.DB) ([]string, error) {
	files, err := postgres.Column[string](ctx, db, `
		SELECT file FROM review_photos WHERE review_id IS NULL AND created_at < now() - interval '1 hour' LIMIT 100`, nil)
	if err != nil {
		return nil, fmt.Errorf("find stray photos: %w", err)
	}
	return files, nil
}

// deletePhotos forgets files that are gone.
func deletePhotos(ctx context.Context, tx pgx.Tx, files []string) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM review_photos WHERE file = ANY(@files) AND review_id IS NULL`, pgx.NamedArgs{"files": files})
	if err != nil {
		return fmt.Errorf("forget photos: %w", err)
	}
	return nil
}
