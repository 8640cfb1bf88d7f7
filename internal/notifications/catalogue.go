package notifications

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// A catalogue is every sentence in one language. The keys are
// "kind.subject", ".preheader", ".heading", ".body" (paragraphs, an empty line
// between two), ".button" and ".note" (both may be absent), "layout.…" for what
// all share and "label.…" for the tables.
type catalogue struct {
	locale string
	texts  map[string]string
}

//go:embed text/*.json
var textFiles embed.FS

// source is the language that the others are translated from. A sentence that
// one of them lacks is said in it.
const source = "en"

// catalogues reads text/*.json, once. The first is the source.
var catalogues = sync.OnceValue(func() []catalogue {
	english := mustRead(source + ".json")
	all := []catalogue{{source, english}}
	files, err := textFiles.ReadDir("text")
	if err != nil {
		panic(err) // embedded
	}
	for _, f := range files {
		locale := strings.TrimSuffix(f.Name(), ".json")
		if locale == source {
			continue
		}
		texts := maps.Clone(english)
		maps.Copy(texts, mustRead(f.Name()))
		all = append(all, catalogue{locale, texts})
	}
	return all
})

func mustRead(file string) (texts map[string]string) {
	data, err := textFiles.ReadFile(path.Join("text", file))
	if err == nil {
		err = json.Unmarshal(data, &texts)
	}
	if err != nil {
		panic(fmt.Errorf("read text/%s: %w", file, err)) // embedded, and read by a test
	}
	return texts
}

// locales names the languages that there are.
func locales() []string {
	var names []string
	for _, c := range catalogues() {
		names = append(names, c.locale)
	}
	return names
}

// Languages are those that mails are written in, English first.
func Languages() []language.Tag {
	tags := []language.Tag{language.English}
	for _, name := range locales() {
		if tag := language.MustParse(name); tag != language.English {
			tags = append(tags, tag)
		}
	}
	return tags
}

// matcher finds the nearest language: hi for hi-IN, en for what nobody has
// translated.
var matcher = sync.OnceValue(func() language.Matcher {
	var tags []language.Tag
	for _, name := range locales() {
		tags = append(tags, language.MustParse(name))
	}
	return language.NewMatcher(tags)
})

// catalogueFor is the catalogue of the first wish that can be met.
func catalogueFor(wishes ...string) catalogue {
	for _, wish := range slices.DeleteFunc(wishes, func(s string) bool { return s == "" }) {
		tag, err := language.Parse(wish)
		if err != nil {
			continue
		}
		if _, i, sure := matcher().Match(tag); sure >= language.High {
			return catalogues()[i]
		}
	}
	return catalogues()[0]
}

// labelled is facts with their labels in words.
func (c catalogue) labelled(facts []fact) []fact {
	list := make([]fact, 0, len(facts))
	for _, f := range facts {
		list = append(list, fact{c.texts["label."+f.Label], oneLine(f.Value, 300)})
	}
	return list
}
