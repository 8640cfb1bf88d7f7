package demo

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"io/fs"
	"math"
	"runtime"
	"strconv"
	"sync/atomic"

	_ "golang.org/x/image/webp" // the format of the goods' pictures
	"golang.org/x/sync/errgroup"

	"souk/internal/catalog"
)

// A shot is a square picture of an article before a backdrop of its colour.
const (
	shotSide    = 384
	goodSide    = 256 // as they are: nothing is blurred by scaling
	shotQuality = 90
)

// takePictures stores a picture of each article. Files are not part of a
// transaction, so this comes before it.
func (p *plan) takePictures(ctx context.Context, c *catalog.Catalog, o Options) error {
	if o.Pictures == nil {
		return nil
	}
	goods := map[string]image.Image{}
	for i := range p.articles {
		name := p.articles[i].picture
		if goods[name] != nil {
			continue
		}
		good, err := readGood(o.Pictures, name)
		if err != nil {
			return err
		}
		goods[name] = good
	}
	total, done := int64(len(p.articles)), atomic.Int64{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range p.articles {
		a := &p.articles[i]
		g.Go(func() error {
			var file bytes.Buffer
			err := jpeg.Encode(&file, shot(goods[a.picture], a.backdrop), &jpeg.Options{Quality: shotQuality})
			if err == nil {
				a.shot, err = c.StorePicture(ctx, file.Bytes())
			}
			o.Progress("Pictures", done.Add(1), total)
			return err
		})
	}
	return g.Wait()
}

func readGood(pictures fs.FS, name string) (image.Image, error) {
	file, err := pictures.Open(name + ".webp")
	if err != nil {
		return nil, fmt.Errorf("%w (was the program built with `make build`?)", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	src, _, err := image.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("read picture %s: %w", name, err)
	}
	if src.Bounds() != image.Rect(0, 0, goodSide, goodSide) {
		return nil, fmt.Errorf("picture %s has %v pixels, not %d by %d", name, src.Bounds().Size(), goodSide, goodSide)
	}
	good := image.NewRGBA(src.Bounds())
	draw.Draw(good, good.Bounds(), src, image.Point{}, draw.Src)
	return good, nil
}

// shot sets a good in scene: light from above, a shadow under it.
func shot(good image.Image, backdrop string) image.Image {
	hex, _ := strconv.ParseUint(backdrop, 16, 32) // market.json has hex only
	tint := [3]float64{float64(hex >> 16 & 255), float64(hex >> 8 & 255), float64(hex & 255)}
	picture := image.NewRGBA(image.Rect(0, 0, shotSide, shotSide))
	for y := range shotSide {
		for x := range shotSide {
			strength := 0.12 + 0.24*float64(y)/shotSide
			dark := 1 - 0.22*shade(x, y)
			at := picture.PixOffset(x, y)
			for i, t := range tint {
				picture.Pix[at+i] = uint8((255 + (t-255)*strength) * dark)
			}
			picture.Pix[at+3] = 255
		}
	}
	corner := (shotSide - goodSide) / 2
	draw.Draw(picture, image.Rect(corner, corner-8, corner+goodSide, corner-8+goodSide), good, image.Point{}, draw.Over)
	return picture
}

// shade is how deep the shadow is: 1 in the middle of a flat ellipse, 0 outside.
func shade(x, y int) float64 {
	dx, dy := (float64(x)-shotSide/2)/118, (float64(y)-(shotSide-58))/20
	return math.Max(0, 1-dx*dx-dy*dy)
}
