package picture_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"runtime"
	"testing"

	"souk/internal/platform/picture"
)

// withExif puts an EXIF block into a JPEG: an orientation, and a secret.
func withExif(file []byte, orientation byte) []byte {
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00")
	tiff = append(tiff, orientation, 0, 0, 0, 0, 0, 0)
	block := append([]byte("Exif\x00\x00"), append(tiff, "GPS 48.85 2.35"...)...)
	segment := append([]byte{0xff, 0xe1, 0, byte(2 + len(block))}, block...)
	return append(append([]byte{0xff, 0xd8}, segment...), file[2:]...)
}

// The way the camera was held is applied; where it was held is forgotten.
func TestPicturesAreTurnedAndTellNothing(t *testing.T) {
	t.Parallel()
	m := image.NewRGBA(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 64 {
			m.Set(x, y, color.Gray{})
			if x >= 32 && y < 16 { // the upper right quarter
				m.Set(x, y, color.White)
			}
		}
	}
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, m, nil); err != nil {
		t.Fatal(err)
	}
	for orientation, bright := range map[byte]image.Point{ // where that quarter comes to lie
		1: {48, 8}, 2: {16, 8}, 3: {16, 24}, 4: {48, 24}, 5: {8, 48}, 6: {24, 48}, 7: {24, 16}, 8: {8, 16},
	} {
		pic, err := picture.Fit(t.Context(), withExif(plain.Bytes(), orientation), 100)
		if err != nil {
			t.Fatal(err)
		}
		file := written(t, pic)
		got, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if got.Bounds().Dx() != pic.Width || (orientation >= 5) != (pic.Width == 32) {
			t.Errorf("orientation %d: %v, said to be %d wide", orientation, got.Bounds(), pic.Width)
		}
		if r, _, _, _ := got.At(bright.X, bright.Y).RGBA(); r < 0xc000 {
			t.Errorf("orientation %d: the bright quarter is not at %v", orientation, bright)
		}
		if bytes.Contains(file, []byte("GPS")) || bytes.Contains(file, []byte("Exif")) {
			t.Errorf("orientation %d: metadata is left", orientation)
		}
	}
}

func TestTransparentPicturesStayTransparent(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 400, 3000))); err != nil {
		t.Fatal(err)
	}
	pic, err := picture.Fit(t.Context(), file.Bytes(), 160)
	if err != nil || pic.ContentType != "image/png" || pic.Width != 400 || pic.Height != 3000 {
		t.Fatalf("%+v, %v", pic, err)
	}
	m, err := png.Decode(bytes.NewReader(written(t, pic)))
	if err != nil || m.Bounds() != image.Rect(0, 0, 21, 160) {
		t.Errorf("%v, %v", m.Bounds(), err)
	}
}

// A square is the middle, upright, and never larger than it was.
func TestSquares(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		w, h, want int
		encode     func(*bytes.Buffer, image.Image) error
	}{
		{"wide", 900, 300, 200, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) }},
		{"high", 300, 901, 200, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }},
		{"small", 40, 30, 30, func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := image.NewRGBA(image.Rect(0, 0, test.w, test.h))
			side := min(test.w, test.h)
			for y := range test.h {
				for x := range test.w {
					m.Set(x, y, color.Black)
					if dx, dy := 2*x-test.w, 2*y-test.h; -side <= dx && dx < side && -side <= dy && dy < side {
						m.Set(x, y, color.White)
					}
				}
			}
			var file bytes.Buffer
			if err := test.encode(&file, m); err != nil {
				t.Fatal(err)
			}
			pic, err := picture.Square(t.Context(), file.Bytes(), 200)
			if err != nil {
				t.Fatal(err)
			}
			got, err := jpeg.Decode(bytes.NewReader(written(t, pic)))
			if err != nil || got.Bounds() != image.Rect(0, 0, test.want, test.want) {
				t.Fatalf("%v, %v", got.Bounds(), err)
			}
			for _, at := range []image.Point{{2, 2}, {test.want - 3, test.want - 3}} {
				if r, _, _, _ := got.At(at.X, at.Y).RGBA(); r < 0xc000 {
					t.Errorf("%v is not of the middle", at)
				}
			}
		})
	}
}

func TestWhatIsNoPicture(t *testing.T) {
	t.Parallel()
	var whole bytes.Buffer
	if err := png.Encode(&whole, image.NewGray(image.Rect(0, 0, 300, 300))); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"nothing": nil, "a page": []byte("<html>"), "half": whole.Bytes()[:whole.Len()/2],
	} {
		if _, err := picture.Square(t.Context(), file, 100); !errors.Is(err, picture.ErrNotPicture) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func written(t *testing.T, pic picture.Picture) []byte {
	t.Helper()
	file, err := pic.File()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Bad input 105: of a picture with ten thousand frames one is decoded, and what
// stands behind the picture goes.
func TestOnlyThePictureComesThrough(t *testing.T) {
	t.Parallel()
	var moving bytes.Buffer
	frames := &gif.GIF{}
	one := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{color.Black, color.White})
	for range 10_000 {
		frames.Image, frames.Delay = append(frames.Image, one), append(frames.Delay, 1)
	}
	if err := gif.EncodeAll(&moving, frames); err != nil {
		t.Fatal(err)
	}
	const script = "<script>alert(document.domain)</script>"
	moving.WriteString(script)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pic, err := picture.Fit(t.Context(), moving.Bytes(), 100)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 { // all of them are 40 MB
		t.Errorf("one frame took %d bytes", took)
	}
	if file := written(t, pic); bytes.Contains(file, []byte("script")) || bytes.HasPrefix(file, []byte("GIF")) {
		t.Errorf("%d bytes as %s still have the script", len(file), pic.ContentType)
	}
}
