package notifications

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	text "text/template"
	"time"
	"unicode/utf8"

	"souk/internal/accounts"
	"souk/internal/id"
)

// A letter is what one recipient is to be told. Its sentences come from the
// catalogue of its locale; what it holds itself is data, and never HTML.
type letter struct {
	Kind    Kind
	User    id.User // zero for guests
	To      string  // an e-mail address
	Name    string  // to greet by; "" greets nobody by name
	Locale  string
	Words   words  // what stands for {these} in the sentences
	Link    string // of the button; "" shows none
	Facts   []fact
	Items   []item
	Totals  []fact
	Invoice id.Invoice // goes with it as a file; zero for none
	optOut  string
}

// words are put in the place of {name}, {order} and so on.
type words map[string]string

// A fact is a line of a small table. Label is a key of the catalogue.
type fact struct{ Label, Value string }

// An item is a line of an order.
type item struct{ Title, Detail, Quantity, Total string }

// page is what the layouts show.
type page struct {
	Lang, Direction             string
	Shop, ShopURL               string
	Subject, Preheader, Heading string
	Greeting                    string
	Paragraphs                  []string
	Facts                       []fact
	Items                       []item
	Totals                      []fact
	Button, Link, LinkHint      string
	Note                        string
	Why                         string // it was sent
	OptOut, OptOutURL           string
}

//go:embed layout.html
var layoutHTML string

//go:embed layout.txt
var layoutText string

// One layout for all kinds, twice: what differs between kinds is words.
var (
	htmlLayout = template.Must(template.New("layout.html").Parse(layoutHTML))
	textLayout = text.Must(text.New("layout.txt").Parse(layoutText))
)

// write turns a letter into a message, without id and event.
func (n *Notifications) write(l letter) (Message, error) {
	c := catalogueFor(l.Locale, n.Locale)
	if l.optOut == "" {
		l.optOut = n.optOut(l.User, l.Kind)
	}
	p := n.page(c, l)
	m := Message{
		Kind: l.Kind.Name, Recipient: l.To, User: l.User, Locale: c.locale, Subject: p.Subject, Invoice: l.Invoice,
	}
	var html, plain bytes.Buffer
	if err := htmlLayout.Execute(&html, p); err != nil {
		return m, fmt.Errorf("write %s as HTML: %w", l.Kind.Name, err)
	}
	if err := textLayout.Execute(&plain, p); err != nil {
		return m, fmt.Errorf("write %s as text: %w", l.Kind.Name, err)
	}
	m.HTML, m.Text = html.String(), tidy(plain.String())
	return m, nil
}

func (n *Notifications) page(c catalogue, l letter) page {
	fill := l.Words.filler(n.ShopName)
	say := func(key string) string { return fill.Replace(c.texts[l.Kind.Name+"."+key]) }
	p := page{
		Lang: c.locale, Direction: c.texts["layout.direction"], Shop: n.ShopName, ShopURL: n.BaseURL + "/",
		Subject: oneLine(say("subject"), 150), Preheader: say("preheader"), Heading: say("heading"),
		Greeting: c.texts["layout.greeting"], Paragraphs: strings.Split(say("body"), "\n\n"),
		Facts: c.labelled(l.Facts), Items: l.Items, Totals: c.labelled(l.Totals),
		Note: say("note"), Why: fill.Replace(c.texts["layout.why_"+string(l.Kind.Topic)]),
	}
	if name := greetable(l.Name); name != "" {
		p.Greeting = strings.ReplaceAll(c.texts["layout.greeting_name"], "{name}", name)
	}
	if l.Link != "" {
		p.Button, p.Link, p.LinkHint = say("button"), l.Link, c.texts["layout.link_hint"]
	}
	if l.optOut != "" {
		p.OptOut, p.OptOutURL = c.texts["layout.opt_out"], l.optOut
	}
	for i := range p.Items {
		p.Items[i].Title, p.Items[i].Detail = oneLine(p.Items[i].Title, 120), oneLine(p.Items[i].Detail, 120)
	}
	return p
}

// filler puts words into sentences. Each is one line and not long, whoever
// wrote it: it may stand in a header.
func (w words) filler(shop string) *strings.Replacer {
	pairs := []string{"{shop}", shop}
	for key, value := range w {
		pairs = append(pairs, "{"+key+"}", oneLine(value, 200))
	}
	return strings.NewReplacer(pairs...)
}

// oneLine is s without what could break a header or turn the text around, cut
// to so many letters.
func oneLine(s string, most int) string {
	if !accounts.OneLine(s) {
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\n' || r == '\r' || r == '\t':
				return ' '
			case r == utf8.RuneError || !accounts.OneLine(string(r)):
				return -1
			}
			return r
		}, s)
	}
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most-1]) + "…"
	}
	return strings.TrimSpace(s)
}

// address is what mail programs make a link of by themselves.
var address = regexp.MustCompile(`(?i)://|www\.|@|[^\s.]\.[a-z]{2,}`)

// greetable is a name that a mail may begin with, or "". Anybody can sign up
// with a stranger's address and call themselves "Win at evil.example": the shop
// must not carry that to the stranger.
func greetable(name string) string {
	name = oneLine(name, 60)
	if address.MatchString(name) {
		return ""
	}
	return name
}

// when is a moment as everybody reads it, wherever they are.
func (n *Notifications) when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

var manyBlanks = regexp.MustCompile(`\n{3,}`)

// tidy takes out the empty lines that a template leaves.
func tidy(s string) string {
	return strings.TrimSpace(manyBlanks.ReplaceAllString(s, "\n\n")) + "\n"
}
