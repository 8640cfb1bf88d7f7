package feeds

import (
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"

	"souk/internal/catalog"
	"souk/internal/money"
)

// Where the storefront shows things.
func (f *Feeds) productURL(slug string) string {
	return f.BaseURL + "/products/" + url.PathEscape(slug)
}

func (f *Feeds) categoryURL(slug string) string {
	return f.BaseURL + "/categories/" + url.PathEscape(slug)
}

func (f *Feeds) vendorURL(slug string) string { return f.BaseURL + "/vendors/" + url.PathEscape(slug) }

// link leads to the variant on its product's page.
func (f *Feeds) link(o offer) string {
	if o.Variants == 1 {
		return f.productURL(o.Slug)
	}
	return f.productURL(o.Slug) + "?variant=" + o.Variant.String()
}

// pictures are the variant's, its own first.
func (f *Feeds) pictures(o offer) []string {
	var urls []string
	for _, m := range o.Media {
		at := catalog.PictureURL(m.Key, m.Type, m.Width, m.Height, 1600)
		if at == "" {
			urls = append(urls, m.Source)
			continue
		}
		urls = append(urls, f.BaseURL+at)
	}
	if o.Shown > 0 {
		own := urls[o.Shown-1]
		urls = slices.Insert(slices.Delete(urls, o.Shown-1, o.Shown), 0, own)
	}
	return urls
}

// name is the product's title with what tells the variant from others.
func (o offer) name() string {
	if len(o.Options) == 0 {
		return o.Title
	}
	return o.Title + " - " + strings.Join(o.Options, " / ")
}

// prices are the usual price and, where it is lower, the one that is asked for.
func (o offer) prices() (usual, sale string) {
	price := money.Of(o.Amount, o.currency).String()
	if o.CompareAt > o.Amount {
		return money.Of(o.CompareAt, o.currency).String(), price
	}
	return price, ""
}

// inStock reports whether the variant can be sent at once.
func (o offer) inStock() bool { return !o.Counted || o.Free > 0 }

// onOrder reports whether it can be bought all the same.
func (o offer) onOrder() bool { return !o.inStock() && o.Free+o.Backorder > 0 }

// is is the value of an option or attribute of any of some names.
func (o offer) is(names ...string) string {
	for i, option := range o.OptionNames {
		if slices.Contains(names, strings.ToLower(option)) && i < len(o.Options) {
			return o.Options[i]
		}
	}
	for _, name := range names {
		if values := o.Attributes[name]; len(values) > 0 {
			return strings.Join(values[:min(len(values), 3)], "/")
		}
	}
	return ""
}

// oneOf is a value that a specification knows, "" for any other.
func oneOf(value string, known ...string) string {
	if value = strings.ToLower(value); slices.Contains(known, value) {
		return value
	}
	return ""
}

// gtin is the barcode where it is one that the world over means one article.
func (o offer) gtin() string {
	n := len(o.Barcode)
	if n != 8 && n != 12 && n != 13 && n != 14 || strings.Trim(o.Barcode, "0123456789") != "" {
		return ""
	}
	sum := 0
	for i, c := range []byte(o.Barcode[:n-1]) {
		weight := 1
		if (n-1-i)%2 == 1 {
			weight = 3
		}
		sum += int(c-'0') * weight
	}
	if (10-sum%10)%10 != int(o.Barcode[n-1]-'0') {
		return ""
	}
	return o.Barcode
}

var strict = sync.OnceValue(func() *bluemonday.Policy { return bluemonday.StrictPolicy().AddSpaceWhenStrippingTag(true) })

// plain is the words of a description, of at most so many characters.
func plain(description string, most int) string {
	return clipped(strings.Join(strings.Fields(html.UnescapeString(strict().Sanitize(description))), " "), most)
}

// clipped is the beginning of a text.
func clipped(text string, most int) string {
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most])
	}
	return text
}
