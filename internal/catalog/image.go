package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"

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
		rendering, err := shown.File()
		if err == nil {
			err = c.Blobs.Put(ctx, blobName(pic.Key, pic.ContentType, sizes[i]), pic.ContentType, bytes.NewReader(rendering), int64(len(rendering)))
		}
		if err != nil {
			return Picture{}, errors.Join(fmt.Errorf("keep picture: %w", err), c.removeFiles(ctx, pic))
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

func blobName(key, contentType string, pixels int) string {
	return "media/" + fileName(key, contentType, pixels)
}
