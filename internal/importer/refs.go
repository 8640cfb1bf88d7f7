package importer

import (
	"slices"
	"strings"

	"souk/internal/catalog"
)

// What Souk's own files say of a product beyond what the formats have in common.
// In CSV each of these is JSON in a cell.

// relationRefs are the products that are shown with one, see catalog.Relations.
type relationRefs struct {
	Related   []productRef `json:"related,omitempty"`
	Upsell    []productRef `json:"upsell,omitempty"`
	CrossSell []productRef `json:"cross_sell,omitempty"`
}

// own are those of the product's own vendor.
func (r relationRefs) own() relationRefs {
	another := func(ref productRef) bool { return ref.VendorSlug != "" }
	for _, list := range []*[]productRef{&r.Related, &r.Upsell, &r.CrossSell} {
		*list = slices.DeleteFunc(*list, another)
	}
	return r
}

// A productRef is a product by what its vendor calls it.
type productRef struct {
	VendorSlug string `json:"vendor_slug,omitempty"` // where it is another's
	Handle     string `json:"handle"`
}

// A bundleRef is what a variant is made of, see catalog.Bundle.
type bundleRef struct {
	catalog.BundlePrice
	Components []partRef `json:"components"`
}

// A partRef is so many of a variant of the same vendor: by its product and its
// options there, or by its SKU.
type partRef struct {
	Handle   string   `json:"handle,omitempty"`
	Options  []string `json:"options,omitempty"`
	SKU      string   `json:"sku,omitempty"`
	Quantity int      `json:"quantity"`
}

// A fileRef is a file that is sold. The file itself is not in the catalogue's.
type fileRef struct {
	Name   string `json:"name"`
	Size   int64  `json:"size,omitempty"`
	SHA256 string `json:"sha256"`
}

// What the catalogue takes at most.
const (
	maxPerOrder    = 10_000
	maxMillimetres = 1_000_000
	maxRelated     = 50 // of a kind
	maxOldSlugs    = 100
)

func possible(d catalog.Dimensions) bool {
	return min(d.Length, d.Width, d.Height) >= 0 && max(d.Length, d.Width, d.Height) <= maxMillimetres
}

// refuseShapes finds what is wrong with a product's own parts by themselves.
func (p *Product) refuseShapes(c *cells) {
	for _, list := range [][]productRef{p.Relations.Related, p.Relations.Upsell, p.Relations.CrossSell} {
		if len(list) > maxRelated {
			c.refuse("relations", "has more than %d products of a kind", maxRelated)
		}
	}
	if len(p.OldSlugs) > maxOldSlugs {
		c.refuse("old_slugs", "has more than %d", maxOldSlugs)
	}
	if n := len(p.OptionValues); n > 0 && n != len(p.OptionNames) {
		c.refuse("option_values", "has values of %d options where the product has %d", n, len(p.OptionNames))
	}
	for _, values := range p.OptionValues {
		if len(values) > catalog.MaxVariants {
			c.refuse("option_values", "has more than %d of an option", catalog.MaxVariants)
		}
	}
}

// links reports whether a product names others.
func (p Product) links() bool {
	if len(p.Relations.Related)+len(p.Relations.Upsell)+len(p.Relations.CrossSell) > 0 {
		return true
	}
	for _, v := range p.Variants {
		if v.Bundle != nil {
			return true
		}
	}
	return false
}

// sellsFiles reports whether buyers of a product get files.
func (p Product) sellsFiles() bool {
	for _, v := range p.Variants {
		if len(v.Files) > 0 {
			return true
		}
	}
	return false
}

func (r partRef) String() string {
	if r.Handle == "" {
		return r.SKU
	}
	return strings.TrimSuffix(r.Handle+" ("+strings.Join(r.Options, " / ")+")", " ()")
}
