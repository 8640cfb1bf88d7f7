package catalog

import (
	"context"
	"errors"

	"souk/internal/platform/picture"
)

// Picture is a picture that has been stored in all its sizes.
type Picture struct {
	Key         string // random; the files are named after it
	ContentType string
	Width       int
	Height      int
}

// StorePicture reads a picture from outside and keeps renderings of its pixels
// and of nothing else.
func (c *Catalog) StorePicture(ctx context.Context, file []byte) (Picture, error) {
	shown, err := picture.Fit(ctx, file, pictureSizes[len(pictureSizes)-1])
	if err != nil {
		return Picture{}, err
	}
	pic := Picture{Key: picture.NewName(), ContentType: shown.ContentType, Width: shown.Width, Height: shown.Height}
	sizes := sizesOf(pic.Width, pic.Height)
	for i := len(sizes) - 1; i >= 0; i-- { // each from the one above it
		shown = shown.Shrunk(sizes[i])
		if err := shown.Put(ctx, c.Blobs, blobName(pic.Key, pic.ContentType, sizes[i])); err != nil {
			return Picture{}, errors.Join(err, c.removeFiles(ctx, pic))
		}
	}
	return pic, nil
}

// removeFiles deletes what is stored of a picture.
func (c *Catalog) removeFiles(ctx context.Context, pic Picture) error {
	var failures []error
	for _, pixels := range sizesOf(pic.Width, pic.Height) {
		failures = append(failures, c.Blobs.Delete(ctx, blobName(pic.Key, pic.ContentType, pixels)))
	}
	return errors.Join(failures...)
}

// mediaFolder is where the store keeps the files of pictures.
const mediaFolder = "media/"

func blobName(key, contentType string, pixels int) string {
	return mediaFolder + fileName(key, contentType, pixels)
}
