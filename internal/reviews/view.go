package reviews

import (
	"time"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// Shown is a review as everybody sees it.
type Shown struct {
	ID        id.Review `json:"id"`
	Rating    int       `json:"rating"`
	Title     string    `json:"title"`
	Body      string    `json:"body" doc:"Plain text. Empty, as author, where the account was erased: then the stars are left."`
	Author    string    `json:"author"`
	Verified  bool      `json:"verified_purchase" doc:"Always true: only who has received the product reviews it."`
	Photos    []Photo   `json:"photos"`
	Helpful   int       `json:"helpful_count"`
	Reply     *Answer   `json:"reply" doc:"Of the vendor."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Answer is what the vendor says to a review.
type Answer struct {
	Body string    `json:"body"`
	At   time.Time `json:"at"`
}

// Product is what a review is about.
type Product struct {
	ID    id.Product `json:"id"`
	Slug  string     `json:"slug"`
	Title string     `json:"title"`
}

// Sold is a review as its vendor sees it.
type Sold struct {
	Shown
	Product Product `json:"product"`
}

// Own is a review as its author sees it.
type Own struct {
	Sold
	Status  Status `json:"status" enum:"pending,published,rejected"`
	Reason  string `json:"reason" doc:"Why it was rejected."`
	version int64
}

// ETag is the version that edits name in If-Match.
func (o Own) ETag() string { return httpapi.VersionTag(o.version) }

// Examined is a review as staff see it.
type Examined struct {
	Own
	UserID   id.User   `json:"user_id,omitzero"`
	VendorID id.Vendor `json:"vendor_id"`
	HeldFor  Hold      `json:"held_for" enum:",approval,links,copy,reports,rejection" doc:"Why it waits."`
	Reports  int       `json:"report_count" doc:"That nobody has seen to."`
}

func (review Review) toEverybody() Shown {
	s := Shown{
		ID: review.ID, Rating: review.Rating, Title: review.Title, Body: review.Body, Author: review.Author, Verified: true, Photos: review.Photos,
		Helpful: review.Helpful, CreatedAt: review.CreatedAt, UpdatedAt: review.UpdatedAt,
	}
	if review.RepliedAt != nil {
		s.Reply = &Answer{review.Reply, *review.RepliedAt}
	}
	return s
}

func (review Review) toVendor() Sold {
	return Sold{review.toEverybody(), Product{review.ProductID, review.ProductSlug, review.ProductTitle}}
}

func (review Review) toAuthor() Own {
	return Own{review.toVendor(), review.Status, review.Reason, review.Version}
}

func (review Review) toStaff() Examined {
	return Examined{review.toAuthor(), review.UserID, review.VendorID, review.HeldFor, review.Reports}
}

// Rating is the stars of a product.
type Rating struct {
	Average   float64 `json:"average" doc:"0 where there is no review."`
	Count     int     `json:"count"`
	Histogram []Bar   `json:"histogram" doc:"Five stars first."`
}

// Bar is how many gave so many stars.
type Bar struct {
	Rating int `json:"rating"`
	Count  int `json:"count"`
}

// page makes a page of views out of rows that were read with one to spare.
func page[V any](c httpapi.Cursors, scope string, rows []Review, limit int, position func(Review) any, show func(Review) V) httpapi.List[V] {
	cut := httpapi.ListOf(c, scope, rows, limit, position)
	list := httpapi.List[V]{Data: make([]V, len(cut.Data)), HasMore: cut.HasMore, NextCursor: cut.NextCursor}
	for i, review := range cut.Data {
		list.Data[i] = show(review)
	}
	return list
}
