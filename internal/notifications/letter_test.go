package notifications

import (
	"encoding/json"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"souk/internal/clock"
	"souk/internal/id"
)

// said is a value for everything that a sentence can name.
var said = words{
	"email": "new@example.com", "previous": "old@example.com", "until": "2026-11-25 23:40 UTC", "time": "2026-11-25 23:10 UTC",
	"device": "Firefox, Linux", "factor": "Authenticator app", "roles": "customer, vendor", "vendor": "Harbour Lamps", "inviter": "Ann",
	"role": "manager", "provider": "Google", "product": "Brass lantern", "order": "S7K2M9QX4", "total": "129.90 USD", "amount": "50.00 USD",
	"number": "C2026-000002", "invoice": "I2026-000001", "plan": "Gold", "benefits_until": "2026-12-05",
}

func shop() *Notifications {
	return &Notifications{
		Clock: clock.At(time.Date(2026, 11, 25, 23, 10, 0, 0, time.UTC)), Sender: Database{}, ShopName: "Souk", BaseURL: "https://shop.example",
		Locale: "en", Key: []byte("key"),
	}
}

// full is a letter that shows every part of the layout.
func full(kind Kind, locale string) letter {
	return letter{
		Kind: kind, User: id.New[id.User](), To: "ann@example.com", Name: "Ann", Locale: locale, Words: said, Link: "https://shop.example/account/verify#token=abc",
		Facts: []fact{{"order", "S7K2M9QX4"}}, Items: []item{{"Brass lantern", "Small", "2", "59.90 USD"}}, Totals: []fact{{"total", "129.90 USD"}},
	}
}

func TestEveryKindReadsWellInEveryLanguage(t *testing.T) {
	t.Parallel()
	n := shop()
	if !slices.Contains(locales(), "de") || !slices.Contains(locales(), "hi") {
		t.Fatalf("languages: %v", locales())
	}
	for _, kind := range kinds {
		for _, locale := range locales() {
			l := full(kind, locale)
			if catalogues()[0].texts[kind.Name+".button"] == "" {
				l.Link = ""
			}
			m, err := n.write(l)
			if err != nil {
				t.Errorf("%s in %s: %v", kind.Name, locale, err)
				continue
			}
			if m.Locale != locale {
				t.Errorf("%s was written in %s, want %s", kind.Name, m.Locale, locale)
			}
			for part, body := range map[string]string{"subject": m.Subject, "html": m.HTML, "text": m.Text} {
				if left := regexp.MustCompile(`\{[a-z_]+\}|<no value>|ZgotmplZ`).FindString(body); left != "" {
					t.Errorf("%s in %s: %s holds %s", kind.Name, locale, part, left)
				}
				if strings.TrimSpace(body) == "" {
					t.Errorf("%s in %s: %s is empty", kind.Name, locale, part)
				}
			}
			if optional := strings.Contains(m.HTML, optOutPath) && strings.Contains(m.Text, optOutPath); optional == kind.Always {
				t.Errorf("%s in %s: can be switched off: %v", kind.Name, locale, optional)
			}
		}
	}
}

// A translation says what the source says, with the same words filled in.
func TestTranslationsAreWhole(t *testing.T) {
	t.Parallel()
	english := mustRead("en.json")
	for _, kind := range kinds {
		for _, part := range []string{"subject", "preheader", "heading", "body"} {
			if english[kind.Name+"."+part] == "" {
				t.Errorf("text/en.json lacks %s.%s", kind.Name, part)
			}
		}
	}
	for _, topic := range topics {
		if english["layout.why_"+string(topic)] == "" {
			t.Errorf("text/en.json lacks layout.why_%s", topic)
		}
	}
	named := regexp.MustCompile(`\{[a-z_]+\}`)
	for _, locale := range locales() {
		texts := mustRead(locale + ".json")
		for key, sentence := range english {
			got, want := named.FindAllString(texts[key], -1), named.FindAllString(sentence, -1)
			slices.Sort(got)
			slices.Sort(want)
			if texts[key] == "" || !slices.Equal(slices.Compact(got), slices.Compact(want)) {
				t.Errorf("text/%s.json: %s names %v, want %v", locale, key, got, want)
			}
		}
		for key := range maps.Keys(texts) {
			if _, known := english[key]; !known {
				t.Errorf("text/%s.json: nothing says %s", locale, key)
			}
		}
	}
}

func TestTheNearestLanguageIsSpoken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ user, shop, want string }{
		{"de", "en", "de"}, {"de-AT", "en", "de"}, {"hi-IN", "en", "hi"}, {"", "de", "de"}, {"fi", "de", "de"}, {"fi", "ja", "en"}, {"", "", "en"}, {"no such", "hi", "hi"},
	} {
		if got := catalogueFor(c.user, c.shop).locale; got != c.want {
			t.Errorf("user %q, shop %q: %s, want %s", c.user, c.shop, got, c.want)
		}
	}
}

// What a translation lacks is said in English, not left out.
func TestAMissingSentenceIsSaidInEnglish(t *testing.T) {
	t.Parallel()
	texts := maps.Clone(mustRead("en.json"))
	var part map[string]string
	if err := json.Unmarshal([]byte(`{"test.heading": "Es geht"}`), &part); err != nil {
		t.Fatal(err)
	}
	maps.Copy(texts, part)
	p := shop().page(catalogue{"de", texts}, letter{Kind: Test, Words: said})
	if p.Heading != "Es geht" || p.Subject != "Mail from Souk works" {
		t.Errorf("heading %q, subject %q", p.Heading, p.Subject)
	}
}

// Whatever customers and vendors call themselves and their goods, it is text.
func TestWhatPeopleWriteIsInert(t *testing.T) {
	t.Parallel()
	const marker = `<img src=x onerror=alert(1)>"'}}{{.Link}}` + "\r\nBcc: all@evil.example\r\n\r\n<script>alert(2)</script>\u202e"
	n := shop()
	for _, kind := range kinds {
		all := words{}
		for key := range said {
			all[key] = marker
		}
		m, err := n.write(letter{
			Kind: kind, User: id.New[id.User](), To: "ann@example.com", Name: "<img src=x onerror=alert(1)>\r\nBcc: all", Locale: "en", Words: all,
			Link:  "https://shop.example/#token=abc",
			Facts: []fact{{"device", marker}}, Items: []item{{marker, marker, "1", "1.00 USD"}}, Totals: []fact{{"total", marker}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, alive := range []string{"<img", "<script", "\u202e"} {
			if strings.Contains(m.HTML, alive) {
				t.Errorf("%s: the HTML holds %q", kind.Name, alive)
			}
		}
		if strings.ContainsAny(m.Subject, "\r\n\u202e") {
			t.Errorf("%s: the subject is %q", kind.Name, m.Subject)
		}
		if strings.Contains(m.Text, "\nBcc:") || strings.ContainsAny(m.Text, "\r\u202e") {
			t.Errorf("%s: the text lets lines be written:\n%s", kind.Name, m.Text)
		}
		wantOnlyHeaders(t, m)
	}
}

// wantOnlyHeaders reads the mail as a server would and looks for headers that
// nobody meant to send.
func wantOnlyHeaders(t *testing.T, m Message) {
	t.Helper()
	m.ID = id.New[id.Message]()
	msg, err := (&SMTP{From: "Souk <shop@example.com>", ReplyTo: "help@example.com"}).compose(m, "https://shop.example/unsubscribe?token=x")
	if err != nil {
		t.Fatal(err)
	}
	var wire strings.Builder
	if _, err := msg.WriteTo(&wire); err != nil {
		t.Fatal(err)
	}
	read, err := mail.ReadMessage(strings.NewReader(wire.String()))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Auto-Submitted", "Content-Language", "Content-Type", "Date", "From", "List-Unsubscribe", "List-Unsubscribe-Post", "Message-Id", "Mime-Version",
		"Reply-To", "Subject", "To", "X-Auto-Response-Suppress",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(read.Header))); diff != "" {
		t.Errorf("%s: headers: %s", m.Kind, diff)
	}
	if got, want := read.Header.Get("Message-Id"), "<"+m.ID.String()+"@example.com>"; got != want {
		t.Errorf("Message-ID %s, want %s", got, want)
	}
}

// Mail programs make links of addresses; a stranger's mailbox must not get the
// shop's mail with somebody's advertisement in the greeting.
func TestANameThatIsAnAddressIsNotGreeted(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ann": "Ann", "Jean-Luc P. Moreau": "Jean-Luc P. Moreau", "St. John": "St. John", "अंजलि": "अंजलि", "O'Neill <3": "O'Neill <3",
		"win at evil.example": "", "https://evil.example": "", "www.evil": "", "me@evil.example": "", "": "",
	} {
		if got := greetable(name); got != want {
			t.Errorf("%q is greeted as %q, want %q", name, got, want)
		}
	}
}
