package catalog

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // decoded, never written: the first frame counts
	"image/jpeg"
	"image/png"

	scale "golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // decoded, never written
	"golang.org/x/sync/semaphore"

	"souk/internal/errs"
)

// Picture is a picture that has been stored in all its sizes.
type Picture struct {
	Key         string // random; the files are named after it
	ContentType string
	Width       int
	Height      int
}

const (
	maxUpload    = 10 << 20
	maxPixels    = 40_000_000
	maxSide      = 16_384
	jpegQuality  = 82
	decodeBudget = 256 << 20 // bytes of decoded pictures in memory at once
)

var (
	// ErrNotPicture says that a file is not a picture that can be read.
	ErrNotPicture = errs.New(errs.Unsupported, "not_a_picture", "Send a JPEG, PNG, GIF or WebP picture.")
	// ErrPictureSize says that a picture has too many pixels.
	ErrPictureSize = errs.New(errs.Invalid, "picture_too_large", "A picture has at most 40 megapixels, and 16384 pixels on a side.")
)

// decoding keeps pictures that are decoded at the same time within memory.
var decoding = semaphore.NewWeighted(decodeBudget)

// StorePicture reads a picture from outside and keeps renderings of its pixels
// and of nothing else: whatever the file carried besides (places, names,
// scripts) is gone. What the header says is checked before anything is decoded.
func (c *Catalog) StorePicture(ctx context.Context, file []byte) (Picture, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return Picture{}, fmt.Errorf("%w (%w)", ErrNotPicture, err)
	}
	w, h := config.Width, config.Height
	if w < 1 || h < 1 || w > maxSide || h > maxSide || w*h > maxPixels {
		return Picture{}, ErrPictureSize.With("width", w).With("height", h)
	}
	weight := min(int64(w)*int64(h)*bytesPerPixel(config.ColorModel, format, file), decodeBudget)
	if err := decoding.Acquire(ctx, weight); err != nil {
		return Picture{}, err
	}
	defer decoding.Release(weight)
	src, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return Picture{}, fmt.Errorf("%w (%w)", ErrNotPicture, err)
	}
	return c.keepRenderings(ctx, src, orientation(format, file))
}

// bytesPerPixel is what decoding takes at most.
func bytesPerPixel(model color.Model, format string, file []byte) int64 {
	switch {
	case format == "jpeg" && bytes.Contains(file[:min(len(file), 64<<10)], []byte{0xff, 0xc2}): // progressive: coefficients, too
		return 15
	case model == color.NRGBA64Model || model == color.RGBA64Model:
		return 8
	}
	return 4
}

func (c *Catalog) keepRenderings(ctx context.Context, src image.Image, turn int) (pic Picture, err error) {
	pixels := turned(shrink(src, pictureSizes[len(pictureSizes)-1]), turn)
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return Picture{}, err
	}
	pic = Picture{Key: hex.EncodeToString(random[:]), ContentType: "image/jpeg", Width: src.Bounds().Dx(), Height: src.Bounds().Dy()}
	if turn >= 5 {
		pic.Width, pic.Height = pic.Height, pic.Width
	}
	if !pixels.Opaque() {
		pic.ContentType = "image/png"
	}
	sizes := sizesOf(pic.Width, pic.Height)
	for i := len(sizes) - 1; i >= 0; i-- { // each from the one above it
		pixels = shrink(pixels, sizes[i])
		var file bytes.Buffer
		if pic.ContentType == "image/png" {
			err = png.Encode(&file, pixels)
		} else {
			err = jpeg.Encode(&file, pixels, &jpeg.Options{Quality: jpegQuality})
		}
		if err == nil {
			err = c.Blobs.Put(ctx, blobName(pic.Key, pic.ContentType, sizes[i]), pic.ContentType, bytes.NewReader(file.Bytes()), int64(file.Len()))
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

// shrink makes a picture fit into a square, and never enlarges it: first by
// averaging whole blocks of pixels, which takes no memory for the large ones,
// then by the rest, which is less than half.
func shrink(src image.Image, side int) *image.RGBA {
	w, h := fit(src.Bounds().Dx(), src.Bounds().Dy(), side)
	if small, ok := src.(*image.RGBA); ok && small.Bounds() == image.Rect(0, 0, w, h) {
		return small
	}
	k := max(1, min(src.Bounds().Dx()/w, src.Bounds().Dy()/h))
	blocks := averaged(src, k)
	if blocks.Bounds().Dx() == w && blocks.Bounds().Dy() == h {
		return blocks
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	scale.ApproxBiLinear.Scale(dst, dst.Bounds(), blocks, blocks.Bounds(), scale.Src, nil)
	return dst
}

// fit keeps the proportions; a side is at least one pixel.
func fit(w, h, side int) (int, int) {
	switch {
	case w <= side && h <= side:
		return w, h
	case w >= h:
		return side, max(1, (h*side+w/2)/w)
	}
	return max(1, (w*side+h/2)/h), side
}

// averaged makes one pixel of each k by k, strip by strip.
func averaged(src image.Image, k int) *image.RGBA {
	from := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, from.Dx()/k, from.Dy()/k))
	if k == 1 {
		draw.Draw(dst, dst.Bounds(), src, from.Min, draw.Src)
		return dst
	}
	strip := image.NewRGBA(image.Rect(0, 0, dst.Bounds().Dx()*k, k))
	for y := range dst.Bounds().Dy() {
		draw.Draw(strip, strip.Bounds(), src, image.Pt(from.Min.X, from.Min.Y+y*k), draw.Src)
		for x := range dst.Bounds().Dx() {
			var sum [4]int
			for row := range k {
				at := row*strip.Stride + x*k*4
				for i, b := range strip.Pix[at : at+k*4] {
					sum[i&3] += int(b)
				}
			}
			at := y*dst.Stride + x*4
			for i := range 4 {
				dst.Pix[at+i] = uint8((sum[i] + k*k/2) / (k * k))
			}
		}
	}
	return dst
}

// turned shows a picture as the camera was held: EXIF orientations 2 to 8
// mirror and rotate it.
func turned(src *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			to := [2]int{x, y}
			switch orientation {
			case 2:
				to = [2]int{w - 1 - x, y}
			case 3:
				to = [2]int{w - 1 - x, h - 1 - y}
			case 4:
				to = [2]int{x, h - 1 - y}
			case 5:
				to = [2]int{y, x}
			case 6:
				to = [2]int{h - 1 - y, x}
			case 7:
				to = [2]int{h - 1 - y, w - 1 - x}
			case 8:
				to = [2]int{y, w - 1 - x}
			}
			copy(dst.Pix[dst.PixOffset(to[0], to[1]):][:4], src.Pix[src.PixOffset(x, y):][:4])
		}
	}
	return dst
}
