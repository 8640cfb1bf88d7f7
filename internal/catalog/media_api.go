package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/picture"
	"souk/internal/platform/postgres"
)

func (h handlers) mediaRoutes(r *httpapi.Router, path string, write httpapi.Option) {
	httpapi.Raw(r, http.MethodPost, path+"/{id}/media", h.upload, write, httpapi.BodyLimit(picture.MaxUpload+httpapi.FormOverhead),
		httpapi.Status(201), httpapi.Summary("Upload a picture"), httpapi.Consumes("multipart/form-data"), httpapi.Returns[Media](),
		httpapi.Describe("A part `file` with a JPEG, PNG, GIF or WebP picture of at most 10 MiB and 40 megapixels, and optionally a part `alt` before it."))
	httpapi.Post(r, path+"/{id}/media/links", h.link, write, httpapi.Status(201), httpapi.Summary("Add a picture from elsewhere"),
		httpapi.Describe("It is fetched in the background: `state` is `pending` until then."))
	httpapi.Patch(r, path+"/{id}/media/{media}", h.editPicture, write, httpapi.Summary("Describe or move a picture"))
	httpapi.Post(r, path+"/{id}/media/{media}/retry", h.retryPicture, write, httpapi.Summary("Fetch a picture again"))
	httpapi.Delete(r, path+"/{id}/media/{media}", h.removePicture, write, httpapi.Summary("Remove a picture"))
}

func (c *Catalog) pictureRoutes(r *httpapi.Router) {
	httpapi.Raw(r, http.MethodGet, "/media/{file}", httpapi.Pictures(c.Blobs, mediaFolder, ErrNoMedia), httpapi.Public("pictures are for everybody to see"),
		httpapi.Hidden("files, whose addresses the API gives"), httpapi.Produces("image/jpeg"))
}

// upload reads and stores the picture before it opens a transaction: no row
// waits for a slow sender.
func (h handlers) upload(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	product, err := id.Parse[id.Product](r.PathValue("id"))
	if err != nil {
		return ErrNoProduct
	}
	// Whose product it is, before anything is decoded for strangers.
	if _, err := h.Product(ctx, h.DB, h.scope(ctx), product); err != nil {
		return err
	}
	file, texts, err := httpapi.ReadUpload(r, picture.MaxUpload)
	if err != nil {
		return err
	}
	pic, err := h.StorePicture(ctx, file)
	if err != nil {
		return err
	}
	var m Media
	err = postgres.InTx(ctx, h.DB, func(tx pgx.Tx) error {
		m, err = h.AddPicture(ctx, tx, h.scope(ctx), product, pic, texts["alt"])
		return err
	})
	if err != nil {
		if errors.Is(err, postgres.ErrCommitUnknown) {
			return err // the row may be there, so the files stay
		}
		return errors.Join(err, h.removeFiles(context.WithoutCancel(ctx), pic))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusCreated)
	return json.NewEncoder(w).Encode(m)
}

type linkInput struct {
	ID   id.Product `path:"id"`
	Body newImage
}

func (h handlers) link(ctx context.Context, tx pgx.Tx, in *linkInput) (Media, error) {
	return h.LinkPicture(ctx, tx, h.scope(ctx), in.ID, in.Body.URL, in.Body.Alt)
}

type editPictureInput struct {
	ID    id.Product `path:"id"`
	Media id.Media   `path:"media"`
	Body  MediaEdit
}

func (h handlers) editPicture(ctx context.Context, tx pgx.Tx, in *editPictureInput) (Media, error) {
	return h.EditPicture(ctx, tx, h.scope(ctx), in.ID, in.Media, in.Body)
}

type pictureInput struct {
	ID    id.Product `path:"id"`
	Media id.Media   `path:"media"`
}

func (h handlers) retryPicture(ctx context.Context, tx pgx.Tx, in *pictureInput) (Media, error) {
	return h.RetryPicture(ctx, tx, h.scope(ctx), in.ID, in.Media)
}

func (h handlers) removePicture(ctx context.Context, tx pgx.Tx, in *pictureInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, h.RemovePicture(ctx, tx, h.scope(ctx), in.ID, in.Media)
}
