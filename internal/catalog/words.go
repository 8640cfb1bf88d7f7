package catalog

import "cmp"

// Titles is what a variant is called where it stands by itself: as its product
// ("Mug"), and by its own title ("Red / M", or that of the product).
type Titles struct{ Product, Variant string }

// Words are the titles of a variant, and what its product says in the language
// of somebody who is told of it.
type Words struct {
	Product string      `json:"product"`
	Variant string      `json:"variant"`
	Options []string    `json:"options"`
	Said    Translation `json:"said"`
}

// WordsFragment is the [Words] of variant v of product p in @locale.
const WordsFragment = `jsonb_build_object('product', p.title, 'variant', v.title, 'options', v.options,
	'said', (p.translations -> @locale::text) - '{description,seo_title,seo_description}'::text[])`

// Told are the titles in that language, each in the shop's where it is not
// translated.
func (w Words) Told() Titles {
	return Titles{cmp.Or(w.Said.Title, w.Product), w.Said.Variant(w.Product, w.Variant, w.Options)}
}

// Line names the variant in one piece: "Mug", or "Mug: Red / M".
func (t Titles) Line() string {
	if t.Variant == "" || t.Variant == t.Product {
		return t.Product
	}
	return t.Product + ": " + t.Variant
}
