package wishlist

import (
	"time"

	"souk/internal/id"
	"souk/internal/money"
)

// View is a list as its owner sees it.
type View struct {
	ID          id.Wishlist `json:"id,omitzero" doc:"Absent of a default list that was never used."`
	Name        string      `json:"name"`
	Default     bool        `json:"default" doc:"Whether things are put on it unless told otherwise."`
	PriceDrops  bool        `json:"price_drops" doc:"Whether its owner is mailed when something gets cheaper."`
	BackInStock bool        `json:"back_in_stock" doc:"Whether its owner is mailed when something is there again."`
	Share       *Share      `json:"share" doc:"The link with which others look at it, null while there is none."`
	Items       []ItemView  `json:"items" doc:"The newest first."`
	UpdatedAt   time.Time   `json:"updated_at,omitzero"`
}

// Summary is a list among others.
type Summary struct {
	ID          id.Wishlist `json:"id"`
	Name        string      `json:"name"`
	Default     bool        `json:"default"`
	PriceDrops  bool        `json:"price_drops"`
	BackInStock bool        `json:"back_in_stock"`
	Share       *Share      `json:"share"`
	ItemCount   int         `json:"item_count"`
	UpdatedAt   time.Time   `json:"updated_at"`
}

// Share is how others look at a list.
type Share struct {
	Token    id.WishlistShare `db:"share_id" json:"token" doc:"Whoever has it may look: GET /api/v1/wishlists/shared/{token}."`
	ShowName bool             `db:"share_name" json:"show_name" doc:"Whether they see the owner's first name."`
}

// ItemView is a thing on a list.
type ItemView struct {
	ID           id.WishlistItem `json:"id"`
	VariantID    id.Variant      `json:"variant_id"`
	Product      ProductView     `json:"product"`
	Title        string          `json:"title" doc:"Of the variant, for example Red / M."`
	SKU          *string         `json:"sku"`
	Vendor       VendorView      `json:"vendor"`
	Quantity     int             `json:"quantity"`
	Note         string          `json:"note"`
	Price        *money.Amount   `json:"price" doc:"Of now; null when it is not sold in this currency, or not at all."`
	CompareAt    *money.Amount   `json:"compare_at"`
	PriceThen    *money.Amount   `json:"price_when_added" doc:"In the currency of then."`
	Availability string          `json:"availability" enum:"in_stock,out_of_stock,unavailable" doc:"What is gone from the shop stays on the list as unavailable."`
	AddedAt      time.Time       `json:"added_at"`
}

// ProductView names the product of an item.
type ProductView struct {
	ID    id.Product `json:"id"`
	Slug  string     `json:"slug"`
	Title string     `json:"title"`
	Image string     `json:"image"`
}

// VendorView names a vendor.
type VendorView struct {
	ID   id.Vendor `json:"id"`
	Name string    `json:"name"`
	Slug string    `json:"slug"`
}

// SharedView is a list as others see it: without notes, prices of then and
// ids of its own.
type SharedView struct {
	Name  string       `json:"name"`
	Owner string       `json:"owner" doc:"A first name, where its owner shows it."`
	Items []SharedItem `json:"items"`
}

// SharedItem is a thing on somebody else's list.
type SharedItem struct {
	VariantID    id.Variant    `json:"variant_id"`
	Product      ProductView   `json:"product"`
	Title        string        `json:"title"`
	Vendor       VendorView    `json:"vendor"`
	Quantity     int           `json:"quantity"`
	Price        *money.Amount `json:"price"`
	CompareAt    *money.Amount `json:"compare_at"`
	Availability string        `json:"availability" enum:"in_stock,out_of_stock,unavailable"`
}

func viewOf(l List, items []Item) View {
	v := View{
		ID: l.ID, Name: l.Name, Default: l.Default, PriceDrops: l.PriceDrops, BackInStock: l.BackInStock, Share: l.share(),
		Items: make([]ItemView, len(items)), UpdatedAt: l.UpdatedAt,
	}
	for i, item := range items {
		v.Items[i] = item.View()
	}
	return v
}

func (l List) share() *Share {
	if l.ShareID.IsZero() {
		return nil
	}
	return &Share{l.ShareID, l.ShareName}
}

func summariesOf(lists []counted) []Summary {
	all := make([]Summary, len(lists))
	for i, l := range lists {
		all[i] = l.summary()
	}
	return all
}

func (c counted) summary() Summary {
	return Summary{
		ID: c.ID, Name: c.Name, Default: c.Default, PriceDrops: c.PriceDrops, BackInStock: c.BackInStock, Share: c.share(),
		ItemCount: c.Items, UpdatedAt: c.UpdatedAt,
	}
}

// View is the item as its owner sees it.
func (i Item) View() ItemView {
	v := ItemView{
		ID: i.ID, VariantID: i.VariantID, Title: i.VariantTitle, SKU: i.SKU, Quantity: i.Quantity, Note: i.Note,
		Product: i.product(), Vendor: i.vendor(), PriceThen: i.PriceThen, Availability: i.Availability(), AddedAt: i.AddedAt,
	}
	if i.OnSale {
		v.Price, v.CompareAt = i.Price, i.CompareAt
	}
	return v
}

func sharedOf(items []Item) []SharedItem {
	all := make([]SharedItem, len(items))
	for i, item := range items {
		v := item.View()
		all[i] = SharedItem{
			VariantID: v.VariantID, Product: v.Product, Title: v.Title, Vendor: v.Vendor, Quantity: v.Quantity,
			Price: v.Price, CompareAt: v.CompareAt, Availability: v.Availability,
		}
	}
	return all
}

func (i Item) product() ProductView {
	return ProductView{i.ProductID, i.ProductSlug, i.ProductTitle, i.image()}
}

func (i Item) vendor() VendorView { return VendorView{i.VendorID, i.VendorName, i.VendorSlug} }
