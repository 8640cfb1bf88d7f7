package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"souk/internal/errs"
)

// Translation is what a product says in another language. What is empty is said
// in the shop's.
type Translation struct {
	Title          string            `json:"title,omitempty" maxLength:"300"`
	Description    string            `json:"description,omitempty" maxLength:"100000" doc:"HTML; what could do harm is taken out."`
	SEOTitle       string            `json:"seo_title,omitempty" maxLength:"300"`
	SEODescription string            `json:"seo_description,omitempty" maxLength:"1000"`
	Options        map[string]string `json:"options,omitempty" doc:"Names and values of its options, by how the product calls them: {\"Red\": \"Rot\"}."`
}

// Variant is what a variant of the product is called, which goes by the product or
// by its options.
func (t Translation) Variant(product, title string, options []string) string {
	switch title {
	case product:
		return cmp.Or(t.Title, title)
	case strings.Join(options, " / "):
		return strings.Join(t.Values(options), " / ")
	}
	return title
}

// Values are those of options.
func (t Translation) Values(values []string) []string {
	told := slices.Clone(values)
	for i, value := range values {
		told[i] = cmp.Or(t.Options[value], value)
	}
	return told
}

// CategoryTranslation is a category in another language.
type CategoryTranslation struct {
	Name        string `json:"name,omitempty" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"5000"`
}

// AttributeTranslation is an attribute in another language.
type AttributeTranslation struct {
	Label   string            `json:"label,omitempty" maxLength:"200"`
	Choices map[string]string `json:"choices,omitempty" doc:"Labels of its choices, by value."`
}

// TypeTranslation is a product type in another language.
type TypeTranslation struct {
	Label string `json:"label,omitempty" maxLength:"200"`
}

// in is a type as people read it in a language.
func (t ProductType) in(locale string) ProductType {
	t.Label = cmp.Or(t.Translations[locale].Label, t.Label)
	t.Translations = nil
	return t
}

// in is an attribute as shoppers read it in a language.
func (a Attribute) in(locale string) Attribute {
	t := a.Translations[locale]
	a.Translations = nil
	if t.Label != "" {
		a.Label = t.Label
	}
	a.Choices = slices.Clone(a.Choices)
	for i, choice := range a.Choices {
		if label := t.Choices[choice.Value]; label != "" {
			a.Choices[i].Label = label
		}
	}
	return a
}

// in is a category and what is below it as shoppers read it in a language.
// Above is the path of the one that it is in.
func (b Branch) in(locale, above string) Branch {
	t := b.Translations[locale]
	b.Translations = nil
	if t.Name != "" {
		b.Name = t.Name
	}
	if t.Description != "" {
		b.Description = t.Description
	}
	if b.Path = b.Name; above != "" {
		b.Path = above + pathGlue + b.Name
	}
	children := make([]Branch, 0, len(b.Children))
	for _, child := range b.Children {
		children = append(children, child.in(locale, b.Path))
	}
	b.Children = children
	return b
}

const maxWords = 500

func cleanTranslations(list map[string]Translation) (map[string]Translation, errs.Fields) {
	clean := map[string]Translation{}
	var bad errs.Fields
	bad.Require(len(list) <= maxLocales, "/translations", "too_many", "At most "+strconv.Itoa(maxLocales)+" languages are possible.")
	for locale, t := range list {
		if tag, err := language.Parse(locale); err != nil || tag.String() != locale {
			bad.Require(false, "/translations/"+locale, "not_a_language", "Name a language as in de or pt-BR.")
			continue
		}
		t.Title, t.Description = line(t.Title), sanitise(t.Description)
		t.SEOTitle, t.SEODescription = line(t.SEOTitle), line(t.SEODescription)
		t.Options = cleanWords(t.Options, "/translations/"+locale+"/options", &bad)
		if t.Title != "" || t.Description != "" || t.SEOTitle != "" || t.SEODescription != "" || t.Options != nil {
			clean[locale] = t
		}
	}
	return clean, bad
}

func cleanCategoryTranslations(list map[string]CategoryTranslation) map[string]CategoryTranslation {
	clean := map[string]CategoryTranslation{}
	for locale, t := range list {
		if t = (CategoryTranslation{line(t.Name), line(t.Description)}); t != (CategoryTranslation{}) {
			clean[locale] = t
		}
	}
	return clean
}

func cleanAttributeTranslations(list map[string]AttributeTranslation) (map[string]AttributeTranslation, errs.Fields) {
	clean := map[string]AttributeTranslation{}
	var bad errs.Fields
	for locale, t := range list {
		t.Label = line(t.Label)
		t.Choices = cleanWords(t.Choices, "/translations/"+locale+"/choices", &bad)
		if t.Label != "" || t.Choices != nil {
			clean[locale] = t
		}
	}
	return clean, bad
}

func cleanTypeTranslations(list map[string]TypeTranslation) map[string]TypeTranslation {
	clean := map[string]TypeTranslation{}
	for locale, t := range list {
		if t.Label = line(t.Label); t.Label != "" {
			clean[locale] = t
		}
	}
	return clean
}

// cleanWords tidies words and what they are in another language; nil for none.
func cleanWords(words map[string]string, pointer string, bad *errs.Fields) map[string]string {
	bad.Require(len(words) <= maxWords, pointer, "too_many", "At most "+strconv.Itoa(maxWords)+" are possible.")
	clean := map[string]string{}
	for word, translated := range words {
		word, translated = line(word), line(translated)
		bad.Require(len([]rune(word)) <= 200 && len([]rune(translated)) <= 200, pointer, "too_long", "At most 200 characters are possible.")
		if word != "" && translated != "" {
			clean[word] = translated
		}
	}
	if len(clean) == 0 {
		return nil
	}
	return clean
}

func localesOf[V any](translations map[string]V) []string {
	return slices.Sorted(maps.Keys(translations))
}
