package accounts

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

// avatarSide is how many pixels an avatar has at most on a side.
const avatarSide = 512

var errNoAvatar = errs.New(errs.NotFound, "avatar_not_found", "There is no such picture.")

func (u *Users) avatarRoutes(r *httpapi.Router) {
	me := httpapi.Needs(auth.AsCustomer)
	httpapi.Raw(r, http.MethodPut, "/api/v1/me/avatar", u.uploadAvatar, me, httpapi.BodyLimit(picture.MaxUpload+httpapi.FormOverhead),
		httpapi.Summary("Set my picture"), httpapi.Consumes("multipart/form-data"), httpapi.Returns[User](),
		httpapi.Describe("A part `file` with a JPEG, PNG, GIF or WebP picture of at most 10 MiB and 40 megapixels. A square is cut out of its middle."))
	httpapi.Delete(r, "/api/v1/me/avatar", u.removeAvatar, me, httpapi.Status(http.StatusNoContent), httpapi.Summary("Remove my picture"))
	httpapi.Raw(r, http.MethodGet, "/avatars/{file}", httpapi.Pictures(u.Blobs, avatarFolder, errNoAvatar), httpapi.Public("pictures are for everybody to see"),
		httpapi.Hidden("files, whose addresses the API gives"), httpapi.Produces("image/jpeg"))
}

// uploadAvatar opens no transaction while it reads: no row waits for a slow
// sender.
func (u *Users) uploadAvatar(w http.ResponseWriter, r *http.Request) error {
	file, _, err := httpapi.ReadUpload(r, picture.MaxUpload)
	if err != nil {
		return err
	}
	user, err := u.SetAvatar(r.Context(), auth.From(r.Context()).User, file)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("ETag", user.ETag())
	return json.NewEncoder(w).Encode(user)
}

// SetAvatar gives a user another picture. The one before is removed by
// [Users.SweepAvatars].
func (u *Users) SetAvatar(ctx context.Context, user id.User, file []byte) (User, error) {
	name, err := u.keepAvatar(ctx, file)
	if err != nil {
		return User{}, err
	}
	var shown User
	err = postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		if err := setAvatar(ctx, tx, user, name, u.Clock.Now()); err != nil {
			return err
		}
		shown, err = u.Get(ctx, tx, user)
		return err
	})
	return shown, err
}

// keepAvatar stores a picture of nobody yet. Its row comes first, so that no
// file is forgotten whatever happens next.
func (u *Users) keepAvatar(ctx context.Context, file []byte) (name string, err error) {
	square, err := picture.Square(ctx, file, avatarSide)
	if err != nil {
		return "", err
	}
	name = picture.NewName() + picture.Extension(square.ContentType)
	if err := postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error { return insertAvatar(ctx, tx, name) }); err != nil {
		return "", err
	}
	return name, square.Put(ctx, u.Blobs, AvatarKey(name))
}

func (u *Users) removeAvatar(ctx context.Context, tx pgx.Tx, _ *struct{}) (httpapi.Empty, error) {
	return httpapi.Empty{}, setAvatar(ctx, tx, auth.From(ctx).User, "", u.Clock.Now())
}

const avatarFolder = "avatars/"

// AvatarKey is where the file of an avatar is kept.
func AvatarKey(file string) string { return avatarFolder + file }

// SweepAvatars removes the files that are no user's any more: of avatars that
// were replaced or removed, of erased users, of uploads that failed half-way.
func (u *Users) SweepAvatars(ctx context.Context) error {
	for ctx.Err() == nil {
		files, err := strayAvatars(ctx, u.DB)
		if err != nil || len(files) == 0 {
			return err
		}
		for _, file := range files {
			if err := u.Blobs.Delete(ctx, AvatarKey(file)); err != nil {
				return fmt.Errorf("remove avatar %s: %w", file, err)
			}
		}
		if err := postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error { return deleteAvatars(ctx, tx, files) }); err != nil {
			return err
		}
	}
	return ctx.Err()
}
