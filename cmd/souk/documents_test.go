package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// commandLine is the parser as main builds it, without reading settings.
func commandLine(t *testing.T) *kong.Application {
	t.Helper()
	parser, err := kong.New(&cli{}, kong.Name("souk"))
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model
}

// The table of settings in the guide is what the command takes.
func TestGuideTellsEverySetting(t *testing.T) {
	t.Parallel()
	guide := read(t, "../../docs/operating.md")
	told := map[string][2]string{} // variables and default, by flag
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\| (`[A-Z].*?`) \\| (?:`(.*?)`)? ?\\|").FindAllStringSubmatch(guide, -1) {
		told[row[1]] = [2]string{strings.ReplaceAll(strings.ReplaceAll(row[2], "`", ""), " ", ""), row[3]}
	}
	for _, flag := range commandLine(t).Flags {
		if len(flag.Envs) == 0 || flag.Name == "config" {
			continue
		}
		want := [2]string{strings.Join(flag.Envs, ","), flag.Default}
		if flag.IsBool() && want[1] == "" {
			want[1] = "false"
		}
		if got, there := told[flag.Name]; !there || got != want {
			t.Errorf("docs/operating.md says of %s %q (%v), want %q", flag.Name, got, there, want)
		}
		delete(told, flag.Name)
	}
	for name := range told {
		t.Errorf("docs/operating.md tells of %s, which is no setting", name)
	}
}

// documents are what people read first.
var documents = []string{
	"README.md", "ARCHITECTURE.md", "STYLE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/getting-started.md", "docs/checkout.md", "docs/wishlists.md",
	"docs/importing.md", "docs/operating.md", "docs/events.md", "docs/mail.md", "docs/sellers.md", "docs/privacy.md", "docs/second-factors.md", "docs/access.md", "docs/adr/README.md",
	"docs/catalogue.md", "docs/reviews.md", "docs/feeds.md", "docs/search.md", "docs/digital-goods.md", "docs/pricing.md", "docs/pricing-cases.md", "docs/promotions.md", "docs/price-lists.md", "docs/gift-cards.md", "docs/memberships.md", "docs/tax.md", "docs/ledger.md", "docs/reconciliation.md",
}

// Files that a document names or links to are there.
func TestDocumentsNameFilesThatExist(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile("`((?:api|bench|cmd|docs|internal|migrations|scripts|web)/[\\w./-]*)`")
	linked := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, file := range documents {
		text := read(t, "../../"+file)
		for _, match := range named.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat("../../" + match[1]); err != nil {
				t.Errorf("%s names %s: %v", file, match[1], err)
			}
		}
		for _, match := range linked.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("../..", filepath.Dir(file), match[1])); err != nil {
				t.Errorf("%s links to %s: %v", file, match[1], err)
			}
		}
	}
}

// Every `souk …` that a document shows is a command that exists.
func TestDocumentsNameCommandsThatExist(t *testing.T) {
	t.Parallel()
	var known []string
	for _, command := range commandLine(t).Children {
		known = append(known, command.Name)
		for _, sub := range command.Children {
			known = append(known, command.Name+" "+sub.Name)
		}
	}
	shown := 0
	for _, file := range documents {
		for _, match := range regexp.MustCompile("(?m)(?:^ *|`|; |bin/)souk ([a-z]+)(?: ([a-z][a-z0-9-]*))?").FindAllStringSubmatch(read(t, "../../"+file), -1) {
			shown++
			whole := strings.TrimSpace(match[1] + " " + match[2])
			hasSubs := slices.ContainsFunc(known, func(name string) bool { return strings.HasPrefix(name, match[1]+" ") })
			if !slices.Contains(known, match[1]) || hasSubs && match[2] != "" && !slices.Contains(known, whole) {
				t.Errorf("%s shows `souk %s`, and there is no such command", file, whole)
			}
		}
	}
	if shown < 20 {
		t.Errorf("found only %d commands in the documents", shown)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
