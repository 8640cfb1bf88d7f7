package importer

import (
	"regexp"
	"strconv"
	"strings"

	"souk/internal/catalog"
	"souk/internal/money"
)

// medusaFormat reads the product export of Medusa 2: a row for each variant,
// all of them with the product's own columns, a column of prices for each
// currency. Categories, collections and types are ids there, which say nothing
// elsewhere, and stock is not in it. Columns are described at
// docs.medusajs.com, "Import Products in Medusa Admin".
var medusaFormat = format{
	name:  "medusa",
	needs: [][]string{{"product handle", "product title", "variant title"}},
	calls: map[string][]string{
		"handle":       {"product handle"},
		"title":        {"product title"},
		"subtitle":     {"product subtitle"},
		"description":  {"product description"},
		"status":       {"product status"},
		"thumbnail":    {"product thumbnail"},
		"material":     {"product material"},
		"gift_card":    {"product is giftcard"},
		"option1":      {"variant option 1 name"},
		"option2":      {"variant option 2 name"},
		"option3":      {"variant option 3 name"},
		"value1":       {"variant option 1 value"},
		"value2":       {"variant option 2 value"},
		"value3":       {"variant option 3 value"},
		"sku":          {"variant sku"},
		"tracked":      {"variant manage inventory"},
		"backorders":   {"variant allow backorder"},
		"weight_grams": {"variant weight"},
	},
	statuses: map[string]catalog.Status{
		"published": catalog.Active, "proposed": catalog.PendingReview, "draft": catalog.InDraft, "rejected": catalog.Rejected,
	},
	unguard:  unguardFormula,
	describe: medusaProduct,
	pictures: medusaPictures,
	sells:    func(*Product, row) bool { return true },
	prices:   medusaPrices,
	finish:   medusaVariant,
}

func medusaProduct(p *Product, first *cells) {
	if gift := first.flag("gift_card"); gift != nil && *gift {
		first.refuse("gift_card", "gift cards cannot be imported as products")
	}
	for _, tag := range numbered(first.row, "product tag ", "") {
		if !strings.HasPrefix(tag, "ptag_") {
			p.Tags = append(p.Tags, tag)
		}
	}
	for _, category := range numbered(first.row, "product category ", "") {
		if !strings.HasPrefix(category, "pcat_") {
			p.Categories = append(p.Categories, categoryPath(category))
		}
	}
	p.addAttribute("material", first.get("material"))
	if isOnlyDefault(p) {
		p.OptionNames = nil
	}
}

// isOnlyDefault tells a product without options, for which Medusa makes one
// with one value.
func isOnlyDefault(p *Product) bool {
	return len(p.OptionNames) == 1 && len(p.rows) == 1 && strings.HasPrefix(strings.ToLower(p.rows[0].get("value1")), "default")
}

func medusaPictures(p *Product, r row) {
	p.addImage(r, r.get("thumbnail"), "")
	for _, url := range numbered(r, "product image ", "") {
		p.addImage(r, url, "")
	}
}

// Prices stand in "Variant Price EUR"; those of a region, in "Variant Price
// Europe [EUR]" or "Variant Price [Europe] EUR", count where there is no other.
var (
	medusaPrice  = regexp.MustCompile(`^variant price ([a-z]{3})$`)
	medusaRegion = regexp.MustCompile(`^variant price (?:.+ \[([a-z]{3})\]|\[.+\] ([a-z]{3}))$`)
)

func medusaPrices(c *cells, p *Product) (prices []Price) {
	seen := map[money.Currency]bool{}
	for _, pattern := range []*regexp.Regexp{medusaPrice, medusaRegion} {
		for i, name := range c.table.header {
			match := pattern.FindStringSubmatch(strings.ToLower(name))
			if match == nil || i >= len(c.cells) || strings.TrimSpace(c.cells[i]) == "" {
				continue
			}
			currency := money.Currency(strings.ToUpper(strings.Join(match[1:], "")))
			switch amount := c.amountOf(strings.ToLower(name), strings.TrimSpace(c.cells[i]), currency); {
			case !currency.Valid():
				c.refuse(strings.ToLower(name), "%q is not a currency", currency)
			case amount != nil && !seen[currency]:
				seen[currency] = true
				prices = append(prices, Price{Amount: *amount, KeepCompareAt: true})
			}
		}
	}
	if len(prices) == 0 && len(c.problems) == 0 && p.Status != catalog.InDraft {
		c.refuse("", "has no price in a column such as Variant Price %s", c.currency)
	}
	return prices
}

// medusaVariant finds the barcode where it is: Medusa has three columns for it.
func medusaVariant(v *Variant, c *cells) {
	for _, column := range []string{"variant barcode", "variant ean", "variant upc"} {
		if v.Barcode == "" {
			v.Barcode = c.code(column)
		}
	}
	if images := numbered(c.row, "variant image ", ""); len(images) > 0 {
		v.Image = images[0]
	}
	for i := maxOptions + 1; c.table.has("variant option " + strconv.Itoa(i) + " name"); i++ {
		if c.get("variant option "+strconv.Itoa(i)+" name") != "" {
			c.refuse("variant option "+strconv.Itoa(i)+" name", "is one option more than the %d that are possible", maxOptions)
		}
	}
}
