package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/picture"
	"souk/internal/platform/postgres"
)

// Media is a picture of a product.
type Media struct {
	ID          id.Media         `db:"id" json:"id"`
	ProductID   id.Product       `db:"product_id" json:"-"` // zero while it is proposed
	ChangeID    id.ProductChange `db:"change_id" json:"change_id,omitempty,omitzero" doc:"The change that it waits with."`
	Position    int              `db:"position" json:"position"`
	Alt         string           `db:"alt" json:"alt"`
	SourceURL   string           `db:"source_url" json:"source_url,omitempty"`
	State       MediaState       `db:"state" json:"state"`
	Failure     string           `db:"failure" json:"failure,omitempty" doc:"Why it could not be fetched."`
	BlobKey     string           `db:"blob_key" json:"-"`
	ContentType string           `db:"content_type" json:"content_type,omitempty"`
	Width       int              `db:"width" json:"width,omitempty"`
	Height      int              `db:"height" json:"height,omitempty"`
	CreatedAt   time.Time        `db:"created_at" json:"created_at"`
	Sizes       []Size           `db:"-" json:"sizes" doc:"The smallest first."`
}

// MediaState says whether there is a picture yet.
type MediaState string

// The states of a picture. One that comes from elsewhere is pending until it
// has been fetched, or proposed while it waits with a change; and failed when
// that will not succeed.
const (
	MediaPending  MediaState = "pending"
	MediaProposed MediaState = "proposed"
	MediaReady    MediaState = "ready"
	MediaFailed   MediaState = "failed"
)

// Size is one rendering of a picture, at most so many pixels wide and high.
type Size struct {
	Pixels int    `json:"pixels"`
	URL    string `json:"url"`
}

// pictureSizes are the renderings that are made, by their longer side. A
// picture is never enlarged: one of 300 pixels has renderings 160 and 480, the
// latter as large as itself.
var pictureSizes = []int{160, 480, 960, 1600}

func sizesOf(width, height int) []int {
	for i, pixels := range pictureSizes {
		if max(width, height) <= pixels {
			return pictureSizes[:i+1]
		}
	}
	return pictureSizes
}

// PictureURL is the address of a stored picture in the smallest rendering of
// at least so many pixels, or the largest that there is; "" where none is
// stored.
func PictureURL(blobKey, contentType string, width, height, pixels int) string {
	if blobKey == "" {
		return ""
	}
	sizes := sizesOf(width, height)
	best := sizes[len(sizes)-1]
	for _, s := range slices.Backward(sizes) {
		if s >= pixels {
			best = s
		}
	}
	return "/media/" + fileName(blobKey, contentType, best)
}

func fileName(blobKey, contentType string, pixels int) string {
	return blobKey + "-" + strconv.Itoa(pixels) + picture.Extension(contentType)
}

func (m Media) withSizes() Media {
	m.Sizes = []Size{}
	if m.State == MediaReady {
		for _, pixels := range sizesOf(m.Width, m.Height) {
			m.Sizes = append(m.Sizes, Size{pixels, "/media/" + fileName(m.BlobKey, m.ContentType, pixels)})
		}
	}
	return m
}

// ErrNoMedia says that there is no such picture, or that it is not theirs.
var ErrNoMedia = errs.New(errs.NotFound, "media_not_found", "There is no such picture.")

// AddPicture gives a product a picture that has been stored already.
func (c *Catalog) AddPicture(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, pic Picture, alt string) (Media, error) {
	m := Media{
		ID: id.New[id.Media](), ProductID: product, Alt: line(alt), State: MediaReady,
		BlobKey: pic.Key, ContentType: pic.ContentType, Width: pic.Width, Height: pic.Height,
	}
	return c.editMedia(ctx, tx, vendor, product, m.ID, func(p *Product) error {
		p.Media = append(p.Media, m)
		return nil
	})
}

// LinkPicture gives a product a picture from elsewhere, to be fetched.
func (c *Catalog) LinkPicture(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, url, alt string) (Media, error) {
	m := Media{ID: id.New[id.Media](), ProductID: product, Alt: line(alt), State: MediaPending, SourceURL: url}
	return c.editMedia(ctx, tx, vendor, product, m.ID, func(p *Product) error {
		if !fetchable(url) {
			return errBadURL
		}
		p.Media = append(p.Media, m)
		return nil
	})
}

// MediaEdit is what may be changed on a picture; nil leaves things as they are.
type MediaEdit struct {
	Alt      *string `json:"alt,omitempty" maxLength:"1000" doc:"What is to be seen, for those who do not see it."`
	Position *int    `json:"position,omitempty" minimum:"0" maximum:"249" doc:"0 is the first, the product's face."`
}

// EditPicture changes the description or the place of a picture.
func (c *Catalog) EditPicture(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, media id.Media, e MediaEdit) (Media, error) {
	return c.editMedia(ctx, tx, vendor, product, media, func(p *Product) error {
		i := slices.IndexFunc(p.Media, func(m Media) bool { return m.ID == media })
		if i < 0 {
			return ErrNoMedia
		}
		m := p.Media[i]
		set(&m.Alt, e.Alt, line)
		p.Media[i] = m
		if e.Position != nil {
			p.Media = slices.Delete(p.Media, i, i+1)
			p.Media = slices.Insert(p.Media, min(*e.Position, len(p.Media)), m)
		}
		return nil
	})
}

func (c *Catalog) editMedia(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, media id.Media, edit func(*Product) error) (Media, error) {
	now, err := c.changeMedia(ctx, tx, vendor, product, edit)
	if err != nil {
		return Media{}, err
	}
	for _, m := range now.Media {
		if m.ID == media {
			return m, nil
		}
	}
	return Media{}, ErrNoMedia
}

// changeMedia edits the pictures of a product. What a vendor does to one that
// is on sale waits where staff want to look first; the answer is the product as
// it would be.
func (c *Catalog) changeMedia(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, edit func(*Product) error) (Product, error) {
	was, err := c.lock(ctx, tx, vendor, product, 0)
	if err != nil {
		return Product{}, err
	}
	if !vendor.IsZero() {
		waits, err := c.waits(ctx, tx, was)
		switch {
		case err != nil:
			return Product{}, err
		case waits:
			return c.proposeMedia(ctx, tx, was, edit)
		}
	}
	want := was
	want.Media = slices.Clone(was.Media)
	if err := edit(&want); err != nil {
		return Product{}, err
	}
	want.forgetMedia()
	return c.save(ctx, tx, vendor, was, want)
}

// RemovePicture takes a picture off a product. Its files are removed by a
// sweep, because a transaction cannot take a file back.
func (c *Catalog) RemovePicture(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, media id.Media) error {
	_, err := c.changeMedia(ctx, tx, vendor, product, func(p *Product) error {
		n := len(p.Media)
		if p.Media = slices.DeleteFunc(p.Media, func(m Media) bool { return m.ID == media }); len(p.Media) == n {
			return ErrNoMedia
		}
		return nil
	})
	return err
}

// RetryPicture asks for a picture once more that could not be fetched.
func (c *Catalog) RetryPicture(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, media id.Media) (Media, error) {
	if _, err := c.lock(ctx, tx, vendor, product, 0); err != nil {
		return Media{}, err
	}
	m, err := postgres.Get[Media](ctx, tx, retryMedia, pgx.NamedArgs{"id": media, "product": product})
	if errors.Is(err, postgres.ErrNoRow) {
		return Media{}, ErrNoMedia
	}
	if err != nil {
		return Media{}, fmt.Errorf("retry picture %s: %w", media, err)
	}
	return m.withSizes(), nil
}

// forgetMedia clears what variants show and the product does not have any more.
func (p *Product) forgetMedia() {
	p.Variants = slices.Clone(p.Variants)
	for i, v := range p.Variants {
		p.Variants[i].show(slices.DeleteFunc(slices.Clone(v.MediaIDs), func(shown id.Media) bool {
			return !slices.ContainsFunc(p.Media, func(m Media) bool { return m.ID == shown })
		}))
	}
}
