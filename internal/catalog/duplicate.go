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
	variants := p.copyVariants()
	var offers []Offer
	for i := range p.Variants {
		v := &p.Variants[i]
		v.Barcode = ""
		if v.SKU != "" {
			v.SKU = otherSlug(cut(v.SKU, 90), p.ID)
		}
		v.show(copied(v.MediaIDs, media))
		v.Bundle = v.Bundle.of(variants)
		if v.Bundle == nil || v.Bundle.Pricing != PriceSummed { // whose price follows from its components
			offers = append(offers, Offer{Variant: v.ID, Prices: v.own()})
		}
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
	if err := c.sum(ctx, tx, e.summed); err != nil {
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

// copyVariants gives a product variants of its own, and says which became which.
func (p *Product) copyVariants() map[id.Variant]id.Variant {
	became := make(map[id.Variant]id.Variant, len(p.Variants))
	p.Variants = slices.Clone(p.Variants)
	for i := range p.Variants {
		v := &p.Variants[i]
		became[v.ID] = id.New[id.Variant]()
		v.ID, v.ProductID = became[v.ID], p.ID
	}
	return became
}

// of is a bundle like b; what is of the same product, as four mugs of a mug, is
// of the copy in it.
func (b *Bundle) of(became map[id.Variant]id.Variant) *Bundle {
	if b == nil {
		return nil
	}
	made := *b
	made.Components = slices.Clone(b.Components)
	for i := range made.Components {
		part := &made.Components[i]
		if variant, own := became[part.VariantID]; own {
			part.VariantID = variant
		}
	}
	return &made
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
