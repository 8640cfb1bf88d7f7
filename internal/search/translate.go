package search

import (
	"maps"
	"slices"
	"strings"

	"souk/internal/id"
)

// facetLabels is what an attribute and one of its values are called in another
// language; "" as in the shop's.
type facetLabels struct {
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`
}

// labels are those of a value by locale.
func (a attributeFact) labels(value string) map[string]facetLabels {
	all := map[string]facetLabels{}
	for locale, t := range a.Translations {
		all[locale] = facetLabels{t.Label, t.Choices[value]}
	}
	return all
}

// locales are the languages in which something of the product is said.
func (f *facts) locales() []string {
	all := map[string]bool{}
	for locale := range f.product.Translations {
		all[locale] = true
	}
	for key := range f.attributes {
		for locale := range f.described[key].Translations {
			all[locale] = true
		}
	}
	for _, c := range f.categories {
		for _, a := range c.Ancestors {
			for locale := range f.translated[a].Translations {
				all[locale] = true
			}
		}
	}
	for _, c := range f.components {
		for locale := range c.Translations {
			all[locale] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// translations are pages in other languages, where they say something else.
func (f *facts) translations(pages []pageRow) []pageRow {
	var list []pageRow
	for _, locale := range f.locales() {
		in := f.in(locale)
		for _, page := range pages {
			t := in.page(page.Currency)
			if t.Locale = locale; page.Card != "" {
				t.Card = encode(in.card(page.Currency))
			}
			if t.Card != page.Card || t.Head != page.Head || !slices.Equal(t.Variants, page.Variants) {
				list = append(list, t)
			}
		}
	}
	return list
}

// in is facts as they are told in a language.
func (f *facts) in(locale string) *facts {
	told, t := *f, f.product.Translations[locale]
	p := &told.product
	told.locale = locale
	tell(&p.Title, t.Title)
	tell(&p.Description, t.Description)
	tell(&p.SEOTitle, t.SEOTitle)
	tell(&p.SEODescription, t.SEODescription)
	told.categories = slices.Clone(f.categories)
	for i := range told.categories {
		f.tellCategory(&told.categories[i], locale)
	}
	told.options = slices.Clone(f.options)
	for i := range told.options {
		o := &told.options[i]
		tell(&o.Name, t.Options[o.Name])
		o.Values = t.Values(o.Values)
	}
	told.variants = slices.Clone(f.variants)
	for i := range told.variants {
		v := &told.variants[i]
		v.Title = t.Variant(f.product.Title, v.Title, v.Options)
		v.Options = t.Values(v.Options)
	}
	told.components = slices.Clone(f.components)
	for i := range told.components {
		c := &told.components[i]
		t := c.Translations[locale]
		c.Title = t.Variant(c.ProductTitle, c.Title, c.Options)
		tell(&c.ProductTitle, t.Title)
	}
	return &told
}

// tellCategory names a category and its path.
func (f *facts) tellCategory(c *categoryFact, locale string) {
	names := strings.Split(c.Path, pathGlue)
	for i, a := range c.Ancestors {
		if i < len(names) {
			tell(&names[i], f.categoryName(a, locale))
		}
	}
	c.Path = strings.Join(names, pathGlue)
	tell(&c.Name, f.categoryName(c.ID, locale))
}

// pathGlue stands between the names of a category's path; no name holds it.
const pathGlue = " > "

func (f *facts) categoryName(c id.Category, locale string) string {
	return f.translated[c].Translations[locale].Name
}

// tell puts a translation in place of a text, where there is one.
func tell(text *string, translation string) {
	if translation != "" {
		*text = translation
	}
}

// translatedTexts is what the product is found by in other languages.
func (f *facts) translatedTexts() []string {
	texts := []string{}
	for _, locale := range f.locales() {
		in, t := f.in(locale), f.product.Translations[locale]
		var words []string
		for _, text := range []string{t.Title, plain(t.Description)} {
			if text != "" {
				words = append(words, text)
			}
		}
		for i, c := range in.categories {
			if c.Path != f.categories[i].Path {
				words = append(words, c.Path)
			}
		}
		if len(words) > 0 {
			texts = append(texts, strings.Join(words, " ; "))
		}
	}
	return texts
}
