package wishlist

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
)

// A Wish is what is put on a list.
type Wish struct {
	Variant  id.Variant
	Product  id.Product // instead of Variant: its first variant
	Quantity int
	Note     string
	Currency money.Currency // in which its price is watched; the owner's or the shop's when ""
}

// Item is a variant on a list with what it is, what it costs now and what it
// cost then.
type Item struct {
	ID           id.WishlistItem `db:"id"`
	VariantID    id.Variant      `db:"variant_id"`
	Quantity     int             `db:"quantity"`
	Note         string          `db:"note"`
	PriceThen    *money.Amount   `db:"price_then"` // nil: it had none in the currency of then
	AddedAt      time.Time       `db:"added_at"`
	ProductID    id.Product      `db:"product_id"`
	ProductSlug  string          `db:"product_slug"`
	ProductTitle string          `db:"product_title"`
	VariantTitle string          `db:"variant_title"`
	SKU          *string         `db:"sku"`
	VendorID     id.Vendor       `db:"vendor_id"`
	VendorName   string          `db:"vendor_name"`
	VendorSlug   string          `db:"vendor_slug"`
	OnSale       bool            `db:"on_sale"`
	InStock      bool            `db:"in_stock"`
	Price        *money.Amount   `db:"price"` // nil: it has none in the currency that was asked for
	CompareAt    *money.Amount   `db:"compare_at"`
	BlobKey      string          `db:"blob_key"`
	ContentType  string          `db:"content_type"`
	Width        int             `db:"width"`
	Height       int             `db:"height"`
}

// A toldItem is an item in a language besides the shop's own.
type toldItem struct {
	Item
	Words catalog.Words `db:"words"`
}

func (i toldItem) told() Item {
	t := i.Words.Told()
	i.ProductTitle, i.VariantTitle = t.Product, t.Variant
	return i.Item
}

// Add puts something on a list. What is there already is the same item: it
// keeps the larger quantity, and its note unless there is a new one.
func (w *Wishlists) Add(ctx context.Context, tx pgx.Tx, which Which, wish Wish) (Item, error) {
	if err := wish.check(); err != nil {
		return Item{}, err
	}
	list, err := w.touch(ctx, tx, which)
	if err != nil {
		return Item{}, err
	}
	item, err := w.insertItem(ctx, tx, list.ID, wish)
	if err != nil {
		return Item{}, err
	}
	return w.Item(ctx, tx, which, item)
}

// EditItem changes how many are wanted and what is noted; nil stays as it is.
func (w *Wishlists) EditItem(ctx context.Context, tx pgx.Tx, which Which, item id.WishlistItem, quantity *int, note *string) (Item, error) {
	if note != nil {
		tidied := strings.TrimSpace(*note)
		if err := checkNote(tidied).Err(); err != nil {
			return Item{}, err
		}
		note = &tidied
	}
	list, err := w.touch(ctx, tx, which)
	if err != nil {
		return Item{}, err
	}
	if err := updateItem(ctx, tx, list.ID, item, quantity, note); err != nil {
		return Item{}, err
	}
	return w.Item(ctx, tx, which, item)
}

// RemoveItem takes something off a list.
func (w *Wishlists) RemoveItem(ctx context.Context, tx pgx.Tx, which Which, item id.WishlistItem) error {
	list, err := w.touch(ctx, tx, which)
	if err != nil {
		return err
	}
	return deleteItem(ctx, tx, list.ID, item)
}

// check tidies a wish and says what is wrong with it.
func (wish *Wish) check() error {
	wish.Note = strings.TrimSpace(wish.Note)
	var bad errs.Fields
	bad.Require(wish.Variant.IsZero() != wish.Product.IsZero(), "/variant_id", "required", "Send variant_id, or product_id for its first variant.")
	bad.Require(wish.Currency == "" || wish.Currency.Valid(), "/currency", "unknown_currency", "Use an ISO 4217 code, such as USD.")
	bad = append(bad, checkNote(wish.Note)...)
	return bad.Err()
}

func checkNote(note string) (bad errs.Fields) {
	bad.Require(utf8.RuneCountInString(note) <= maxNote && (note == "" || accounts.OneLine(note)), "/note", "invalid", "Write one line of at most 500 characters.")
	return bad
}

// Title names the item in one piece: "Mug", or "Mug: Red / M".
func (i Item) Title() string {
	return catalog.Titles{Product: i.ProductTitle, Variant: i.VariantTitle}.Line()
}

// Availability says whether the item can be bought now.
func (i Item) Availability() string {
	switch {
	case !i.OnSale || i.Price == nil:
		return "unavailable"
	case !i.InStock:
		return "out_of_stock"
	}
	return "in_stock"
}

// imagePixels is the size of the picture beside an item.
const imagePixels = 320

func (i Item) image() string {
	return catalog.PictureURL(i.BlobKey, i.ContentType, i.Width, i.Height, imagePixels)
}
