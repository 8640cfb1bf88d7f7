package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
)

// Duplicate makes a draft of what a product says: texts, variants with prices,
// pictures. What is of the one thing only does not come along: stock, reviews,
// barcodes, times of sale. SKUs get an ending, for a vendor has each once.
func (c *Catalog) Duplicate(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product) (Product, error) {
	was, err := c.lock(ctx, tx, vendor, product, 0)
	if err != nil {
		return Product{}, err
	}
	p := was
	p.ID, p.Version, p.Status = id.New[id.Product](), 0, InDraft
	p.Title = cut(was.Title, 300-len(" (copy)")) + " (copy)"
	p.Slug, p.Handle = slug(p.Title), otherSlug(cut(was.Handle, 240), p.ID)
	if p.Slug == "" {
		p.Slug = otherSlug("", p.ID)
	}
	p.PublishAt, p.UnpublishAt = nil, nil
	media := p.copyMedia()
	var offers []Offer
	p.Variants = slices.Clone(was.Variants)
	for i := range p.Variants {
		v := &p.Variants[i]
		v.ID, v.ProductID, v.Barcode = id.New[id.Variant](), p.ID, ""
		if v.SKU != "" {
			v.SKU = otherSlug(cut(v.SKU, 90), p.ID)
		}
		v.show(copied(v.MediaIDs, media))
		offers = append(offers, Offer{Variant: v.ID, Prices: v.Prices})
	}
	p.finish()
	if err := append(p.check(), checkVariants(p)...).Err(); err != nil {
		return Product{}, err
	}
	var e edits
	e.add(nil, p)
	if err := e.write(ctx, tx); err != nil {
		return Product{}, fmt.Errorf("duplicate product %s: %w", product, err)
	}
	if err := c.offer(ctx, tx, p.VendorID, offers); err != nil {
		return Product{}, err
	}
	return c.Product(ctx, tx, vendor, p.ID)
}

// copyMedia gives a product rows of its own for pictures that it shares with
// another: the files stay until nobody has them, see [Catalog.RemoveFiles]. It
// says which picture became which.
func (p *Product) copyMedia() map[id.Media]id.Media {
	became := make(map[id.Media]id.Media, len(p.Media))
	p.Media = slices.Clone(p.Media)
	for i := range p.Media {
		m := &p.Media[i]
		became[m.ID] = id.New[id.Media]()
		m.ID, m.ProductID = became[m.ID], p.ID
	}
	return became
}

func copied(media []id.Media, became map[id.Media]id.Media) []id.Media {
	list := make([]id.Media, 0, len(media))
	for _, m := range media {
		list = append(list, became[m])
	}
	return list
}

// cut is the beginning of a text.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
