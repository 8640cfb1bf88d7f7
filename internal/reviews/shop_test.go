package reviews_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"strconv"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/reviews"
)

// received signs somebody up and has goods delivered to them.
func received(t testing.TB, shop *apptest.App, who string, goods ...apptest.Goods) id.User {
	t.Helper()
	user := shop.User(t, who).ID
	receives(t, shop, who, goods...)
	return user
}

func receives(t testing.TB, shop *apptest.App, who string, goods ...apptest.Goods) {
	t.Helper()
	for _, g := range goods {
		placed := shop.PlacedOrder(t, who, 1, g.Variants[len(g.Variants)-1])
		shop.Deliver(t, shop.Send(t, placed.Order.ID, placed.Order.Parts[0], 0))
	}
}

func at(goods apptest.Goods) string { return "/products/" + goods.ID.String() + "/reviews" }

func of(review reviews.Own) string {
	return at(apptest.Goods{ID: review.Product.ID}) + "/" + review.ID.String()
}

func mine(review reviews.Own) string { return "/me/reviews/" + review.ID.String() }

func stars(n int, body string) string {
	return `{"rating": ` + strconv.Itoa(n) + `, "body": ` + strconv.Quote(body) + `}`
}

// posts has somebody review something with a text of their own.
func posts(t testing.TB, shop *apptest.App, who string, goods apptest.Goods, n int) reviews.Own {
	t.Helper()
	return apptest.Read[reviews.Own](t, shop.Call(t, who, "POST", at(goods), stars(n, fmt.Sprintf("What %s thinks of %s, at some length.", who, goods.Slug))).Want(t, 201))
}

// listed is the reviews of a product as a guest sees them.
func listed(t testing.TB, shop *apptest.App, goods apptest.Goods, query string) reviews.Listed {
	t.Helper()
	return apptest.Read[reviews.Listed](t, shop.Call(t, "", "GET", at(goods)+query, "").Want(t, 200))
}

// wantRating compares what everybody sees with so many of one to five stars.
func wantRating(t testing.TB, shop *apptest.App, goods apptest.Goods, average float64, counts ...int) {
	t.Helper()
	got := listed(t, shop, goods, "").Rating
	total := 0
	for i, n := range counts {
		total += n
		if bar := got.Histogram[len(counts)-1-i]; bar != (reviews.Bar{Rating: i + 1, Count: n}) {
			t.Errorf("%+v, want %d of %d stars", got.Histogram, n, i+1)
		}
	}
	if got.Count != total || got.Average != average {
		t.Errorf("%v of %d, want %v of %d", got.Average, got.Count, average, total)
	}
}

// photo is a form with a picture in it.
func photo(t testing.TB) (body, contentType string) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 40, 30))
	picture.Set(3, 3, color.RGBA{R: 200, A: 255})
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	part, err := form.CreateFormFile("file", "me.png")
	if err == nil {
		err = png.Encode(part, picture)
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	return text.String(), form.FormDataContentType()
}
