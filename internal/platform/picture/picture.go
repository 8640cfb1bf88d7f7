// Package picture makes pictures from outside safe to show.
//
// Owns: what a picture may be ([ErrNotPicture], [ErrSize]), reading it within
// the memory there is ([Fit], [Square]), making it smaller and keeping it
// ([Picture.Shrunk], [Picture.Put]).
// Tables: none. Raises: its two refusals. Calls: blob.
//
// Only pixels come through: whatever else the file carried (places, names,
// scripts) is gone.
package picture

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
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
	"souk/internal/platform/blob"
)

// Picture is a picture as it may be written: upright and small enough.
type Picture struct {
	Width, Height int    // of what was sent, upright
	ContentType   string // that of File
	pixels        *image.RGBA
}

// MaxUpload is the largest file that is read, in bytes.
const MaxUpload = 10 << 20

const (
	maxPixels    = 40_000_000
	maxSide      = 16_384
	jpegQuality  = 82
	decodeBudget = 256 << 20 // bytes of decoded pictures in memory at once
)

var (
	// ErrNotPicture says that a file is not a picture that can be read.
	ErrNotPicture = errs.New(errs.Unsupported, "not_a_picture", "Send a JPEG, PNG, GIF or WebP picture.")
	// ErrSize says that a picture has too many pixels.
	ErrSize = errs.New(errs.Invalid, "picture_too_large", "A picture has at most 40 megapixels, and 16384 pixels on a side.")
)

// decoding keeps pictures that are decoded at the same time within memory.
var decoding = semaphore.NewWeighted(decodeBudget)

// Fit reads a picture and makes it fit into a square of side pixels.
func Fit(ctx context.Context, file []byte, side int) (Picture, error) {
	return read(ctx, file, func(src image.Image) *image.RGBA { return shrink(src, side) })
}

// Square reads a picture and cuts a square out of its middle, of at most side
// pixels.
func Square(ctx context.Context, file []byte, side int) (Picture, error) {
	return read(ctx, file, func(src image.Image) *image.RGBA { return shrink(middle(src), side) })
}

// read decodes a file and keeps what cut makes of its pixels. What the header
// says is checked before anything is decoded.
func read(ctx context.Context, file []byte, cut func(image.Image) *image.RGBA) (Picture, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return Picture{}, fmt.Errorf("%w (%w)", ErrNotPicture, err)
	}
	w, h := config.Width, config.Height
	if w < 1 || h < 1 || w > maxSide || h > maxSide || w*h > maxPixels {
		return Picture{}, ErrSize.With("width", w).With("height", h)
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
	turn := orientation(format, file)
	pic := Picture{Width: src.Bounds().Dx(), Height: src.Bounds().Dy(), ContentType: "image/jpeg", pixels: turned(cut(src), turn)}
	if turn >= 5 {
		pic.Width, pic.Height = pic.Height, pic.Width
	}
	if !pic.pixels.Opaque() {
		pic.ContentType = "image/png"
	}
	return pic, nil
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

// Shrunk is p made to fit into a square of side pixels.
func (p Picture) Shrunk(side int) Picture {
	p.pixels = shrink(p.pixels, side)
	return p
}

// Put keeps p under a key that ends with the [Extension] of its content type.
func (p Picture) Put(ctx context.Context, store blob.Store, key string) error {
	file, err := p.File()
	if err != nil {
		return err
	}
	if err := store.Put(ctx, key, p.ContentType, bytes.NewReader(file), int64(len(file))); err != nil {
		return fmt.Errorf("keep picture: %w", err)
	}
	return nil
}

// File is p as it is kept.
func (p Picture) File() ([]byte, error) {
	var (
		file bytes.Buffer
		err  error
	)
	if p.ContentType == "image/png" {
		err = png.Encode(&file, p.pixels)
	} else {
		err = jpeg.Encode(&file, p.pixels, &jpeg.Options{Quality: jpegQuality})
	}
	if err != nil {
		return nil, fmt.Errorf("write picture: %w", err)
	}
	return file.Bytes(), nil
}

// Extension is how the name of a picture of a content type ends.
func Extension(contentType string) string { return extensions[contentType] }

var extensions = map[string]string{"image/jpeg": ".jpg", "image/png": ".png"}

// NewName is 128 random bits in hexadecimal: what is stored under it is found
// by those who were given it.
func NewName() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails, by its documentation
	return hex.EncodeToString(random[:])
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

// middle is the largest square in the middle of a picture. Whatever the
// decoders make can show a part of itself.
func middle(src image.Image) image.Image {
	b := src.Bounds()
	side := min(b.Dx(), b.Dy())
	corner := b.Min.Add(image.Pt((b.Dx()-side)/2, (b.Dy()-side)/2))
	return src.(interface {
		SubImage(r image.Rectangle) image.Image
	}).SubImage(image.Rectangle{corner, corner.Add(image.Pt(side, side))})
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
