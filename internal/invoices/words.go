package invoices

import (
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"souk/internal/accounts"
	"souk/internal/money"
)

//go:embed text
var texts embed.FS

// A language is the words of invoices, and how it writes days and sums.
type language struct {
	code             string
	words            map[string]string
	countries        map[string]string // but in English, in which accounts knows them
	thousands, point string
	day              string
}

// languages are those in which invoices are written; the first is for all others.
var languages = []language{
	{code: "en", thousands: ",", point: ".", day: "2 January 2006"},
	{code: "de", thousands: ".", point: ",", day: "02.01.2006"},
}

func init() {
	for i := range languages {
		l := &languages[i]
		l.words = mustRead(l.code)
		if l.code != "en" {
			l.countries = mustRead("countries-" + l.code)
		}
	}
}

func mustRead(name string) (words map[string]string) {
	text, err := texts.ReadFile("text/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(text, &words)
	}
	if err != nil {
		panic(fmt.Sprintf("words of invoices in %s: %v", name, err)) // a file of ours, read by every test
	}
	return words
}

// languageOf is the language of a locale, such as de or de-AT.
func languageOf(locale string) language {
	for _, l := range languages {
		if locale == l.code || strings.HasPrefix(locale, l.code+"-") {
			return l
		}
	}
	return languages[0]
}

// say is a word or sentence, with what stands for {these} in it, in pairs.
func (l language) say(key string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(l.words[key])
}

// country is what a country is called.
func (l language) country(code string) string {
	if name := l.countries[code]; name != "" {
		return name
	}
	return accounts.CountryName(code)
}

// date is a day, 2026-11-27, as people write it.
func (l language) date(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return at.Format(l.day)
}

// sum is an amount without its currency: 1,234.50.
func (l language) sum(a money.Amount) string {
	whole, rest, fraction := strings.Cut(a.Decimal(), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(l.thousands)
		}
		b.WriteRune(digit)
	}
	if fraction {
		b.WriteString(l.point + rest)
	}
	return sign + b.String()
}

// rate is a rate in millionths as people write it: 19 %, 7.7 %.
func (l language) rate(ppm int64) string {
	text := strconv.FormatInt(ppm/10_000, 10)
	if rest := ppm % 10_000; rest > 0 {
		text += l.point + strings.TrimRight(fmt.Sprintf("%04d", rest), "0")
	}
	return text + " %"
}
