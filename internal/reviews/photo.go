package reviews

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/picture"
	"souk/internal/platform/postgres"
)

const (
	maxPhotos = 6
	photoSide = 1600 // pixels at most

	photoAddress = "/review-photos/"
	photoFolder  = "reviews/"
)

var (
	errNoPhoto = errs.New(errs.NotFound, "photo_not_found", "There is no such picture.")
	errTooMany = errs.New(errs.Conflict, "too_many_photos", "A review has six photos at most. Remove one first.")
)

// Photo is what a buyer shows of a product.
type Photo struct {
	ID     id.Photo `db:"id" json:"id"`
	File   string   `db:"file" json:"-"`
	URL    string   `db:"-" json:"url"`
	Width  int      `db:"width" json:"width"`
	Height int      `db:"height" json:"height"`
}

func (r *Reviews) photoRoutes(router *httpapi.Router) {
	me := httpapi.Needs(auth.AsCustomer)
	httpapi.Raw(router, http.MethodPost, "/api/v1/me/reviews/{review}/photos", r.uploadPhoto, me, httpapi.Limit(httpapi.LimitReview),
		httpapi.BodyLimit(picture.MaxUpload+httpapi.FormOverhead), httpapi.Status(http.StatusCreated), httpapi.Summary("Add a photo to my review"),
		httpapi.Consumes("multipart/form-data"), httpapi.Returns[Own](),
		httpapi.Describe("A part `file` with a JPEG, PNG, GIF or WebP picture of at most 10 MiB and 40 megapixels; six of them at most. Only its pixels are kept."))
	httpapi.Delete(router, "/api/v1/me/reviews/{review}/photos/{photo}", r.removePhoto, me, httpapi.Summary("Remove a photo from my review"))
	httpapi.Raw(router, http.MethodGet, photoAddress+"{file}", httpapi.Pictures(r.Blobs, photoFolder, errNoPhoto), httpapi.Public("pictures are for everybody to see"),
		httpapi.Hidden("files, whose addresses the API gives"), httpapi.Produces("image/jpeg"))
}

// uploadPhoto opens no transaction while it reads: no row waits for a slow
// sender.
func (r *Reviews) uploadPhoto(w http.ResponseWriter, req *http.Request) error {
	ctx, user := req.Context(), auth.From(req.Context()).User
	review, err := id.Parse[id.Review](req.PathValue("review"))
	if err != nil {
		return ErrNoReview
	}
	// Whose review it is, before anything is decoded for strangers.
	if _, err := r.own(ctx, r.DB, user, review); err != nil {
		return err
	}
	file, _, err := httpapi.ReadUpload(req, picture.MaxUpload)
	if err != nil {
		return err
	}
	is, err := r.AddPhoto(ctx, user, review, file)
	if err != nil {
		return err
	}
	shown := is.toAuthor()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("ETag", shown.ETag())
	w.WriteHeader(http.StatusCreated)
	return json.NewEncoder(w).Encode(shown)
}

// AddPhoto adds a photo to a user's review, which is judged again.
func (r *Reviews) AddPhoto(ctx context.Context, user id.User, review id.Review, file []byte) (is Review, err error) {
	when, err := PublishSetting.Get(ctx, r.Settings)
	if err != nil {
		return Review{}, err
	}
	photo, err := r.keepPhoto(ctx, file)
	if err != nil {
		return Review{}, err
	}
	err = postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		was, err := r.lockOwn(ctx, tx, user, review)
		if err != nil {
			return err
		}
		if len(was.Photos) >= maxPhotos {
			return errTooMany
		}
		if err := attachPhoto(ctx, tx, photo, review); err != nil {
			return err
		}
		changed := was
		if err := judge(ctx, tx, when, &changed); err != nil {
			return err
		}
		is, err = r.saveEdit(ctx, tx, was, changed)
		return err
	})
	return is, err
}

// keepPhoto stores a photo of no review yet. Its row comes first, so that no
// file is forgotten whatever happens next.
func (r *Reviews) keepPhoto(ctx context.Context, file []byte) (id.Photo, error) {
	shown, err := picture.Fit(ctx, file, photoSide)
	if err != nil {
		return id.Photo{}, err
	}
	photo := Photo{
		ID: id.New[id.Photo](), File: picture.NewName() + picture.Extension(shown.ContentType), Width: shown.Width, Height: shown.Height,
	}
	if err := postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error { return insertPhoto(ctx, tx, photo) }); err != nil {
		return id.Photo{}, err
	}
	return photo.ID, shown.Put(ctx, r.Blobs, photoFolder+photo.File)
}

type photoInput struct {
	Review id.Review `path:"review"`
	Photo  id.Photo  `path:"photo"`
}

func (r *Reviews) removePhoto(ctx context.Context, tx pgx.Tx, in *photoInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, r.RemovePhoto(ctx, tx, auth.From(ctx).User, in.Review, in.Photo)
}

// RemovePhoto takes a photo from a user's review. Its file is removed by
// [Reviews.SweepPhotos].
func (r *Reviews) RemovePhoto(ctx context.Context, tx pgx.Tx, user id.User, review id.Review, photo id.Photo) error {
	was, err := r.lockOwn(ctx, tx, user, review)
	if err != nil {
		return err
	}
	if err := releasePhoto(ctx, tx, photo, review); err != nil {
		return err
	}
	return r.save(ctx, tx, was, was, Edited{review, was.Status == StatusPublished})
}

// SweepPhotos removes the files that are no review's any more: of photos and
// reviews that were removed, of erased users, of uploads that failed half-way.
func (r *Reviews) SweepPhotos(ctx context.Context) error {
	for ctx.Err() == nil {
		files, err := strayPhotos(ctx, r.DB)
		if err != nil || len(files) == 0 {
			return err
		}
		for _, file := range files {
			if err := r.Blobs.Delete(ctx, photoFolder+file); err != nil {
				return fmt.Errorf("remove photo %s: %w", file, err)
			}
		}
		if err := postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error { return deletePhotos(ctx, tx, files) }); err != nil {
			return err
		}
	}
	return ctx.Err()
}
