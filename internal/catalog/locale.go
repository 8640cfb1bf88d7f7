package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/text/language"

	"souk/internal/errs"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/settings"
)

// LocalesSetting names the languages in which goods are described besides the
// shop's own.
var LocalesSetting = settings.Value[string]{
	Key:  "catalog.locales",
	Help: "Languages besides the shop's own in which goods are described, separated by commas, as in de, hi, pt-BR.",
	Check: func(names string) bool {
		_, err := offeredLocales("en", names)
		return err == nil
	},
	Rule: "Name at most 20 languages as in de, hi, pt-BR, separated by commas.",
}

const maxLocales = 20

// Locales are the languages in which goods are described. A locale is a tag of
// BCP 47 in its usual spelling; "" is the shop's own language. Without any, nil,
// there is only that.
type Locales struct {
	Settings *settings.Settings
	Own      string // English when empty

	known atomic.Pointer[offered]
}

// offered is what a value of the setting means.
type offered struct {
	text    string
	names   []string // the shop's own first, as ""
	matcher language.Matcher
}

func offeredLocales(own, text string) (*offered, error) {
	home, err := language.Parse(own)
	if err != nil {
		return nil, fmt.Errorf("read the shop's language: %w", err)
	}
	o := &offered{text: text, names: []string{""}}
	tags := []language.Tag{home}
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		tag, err := language.Parse(name)
		if err != nil {
			return nil, fmt.Errorf("read language %q: %w", name, err)
		}
		if tag != home && !slices.Contains(o.names, tag.String()) {
			o.names, tags = append(o.names, tag.String()), append(tags, tag)
		}
	}
	if len(o.names) > maxLocales+1 {
		return nil, fmt.Errorf("%d languages are too many", len(o.names)-1)
	}
	o.matcher = language.NewMatcher(tags)
	return o, nil
}

func (l *Locales) offered(ctx context.Context) (*offered, error) {
	if l == nil {
		return &offered{names: []string{""}}, nil
	}
	text, err := LocalesSetting.Get(ctx, l.Settings)
	if err != nil {
		return nil, err
	}
	if o := l.known.Load(); o != nil && o.text == text {
		return o, nil
	}
	o, err := offeredLocales(l.home(), text)
	if err == nil {
		l.known.Store(o)
	}
	return o, err
}

func (l *Locales) home() string {
	if l == nil || l.Own == "" {
		return "en"
	}
	return l.Own
}

// LocaleWish is embedded in the input of what is answered in several languages.
type LocaleWish struct {
	Locale string `query:"locale" maxLength:"35" pattern:"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$" doc:"BCP 47, as in de or pt-BR. What is not translated is told in the shop's language."`
	Accept string `header:"Accept-Language" doc:"Counts where no locale is asked for."`
}

// Choose is the language that comes nearest to a wish.
func (l *Locales) Choose(ctx context.Context, wish LocaleWish) (string, error) {
	o, err := l.offered(ctx)
	if err != nil || len(o.names) == 1 {
		return "", err
	}
	var wanted []language.Tag
	if wish.Locale != "" {
		tag, err := language.Parse(wish.Locale)
		if err != nil {
			return "", errs.Validation.Field("locale", "invalid", "Name a language as in de or pt-BR.")
		}
		wanted = append(wanted, tag)
	} else if wanted, _, err = language.ParseAcceptLanguage(wish.Accept); err != nil {
		return "", nil // a header that nobody can read wishes for nothing
	}
	_, at, sure := o.matcher.Match(wanted...)
	if sure < language.High {
		return "", nil
	}
	return o.names[at], nil
}

// Tell says in the answer which language it is in, and that it depends on the
// one that is asked for.
func (l *Locales) Tell(ctx context.Context, locale string) {
	if locale == "" {
		locale = l.home()
	}
	httpapi.SetHeader(ctx, "Content-Language", locale)
	httpapi.SetHeader(ctx, "Vary", "Accept-Language")
}

// AsWished is an option of routes that tell of goods, and whose inputs embed a
// [LocaleWish]: their handlers find in the context which language comes nearest,
// and their answers say it.
func (l *Locales) AsWished() httpapi.Option {
	return httpapi.First(func(ctx context.Context, in any) (context.Context, error) {
		locale, err := l.Choose(ctx, in.(interface{ wish() LocaleWish }).wish())
		if err != nil {
			return ctx, err
		}
		l.Tell(ctx, locale)
		return In(ctx, locale), nil
	})
}

func (w LocaleWish) wish() LocaleWish { return w }

type localeKey struct{}

// In is a context in which goods are told in a language.
func In(ctx context.Context, locale string) context.Context {
	return context.WithValue(ctx, localeKey{}, locale)
}

// LocaleOf is the language in which goods are told; "" is the shop's own.
func LocaleOf(ctx context.Context) string {
	locale, _ := ctx.Value(localeKey{}).(string)
	return locale
}

// check refuses translations into languages that the shop does not offer;
// those that are there already may stay.
func (l *Locales) check(ctx context.Context, wanted, present []string) error {
	var bad errs.Fields
	for _, locale := range wanted {
		if slices.Contains(present, locale) {
			continue
		}
		o, err := l.offered(ctx)
		if err != nil {
			return err
		}
		bad.Require(locale != "" && slices.Contains(o.names, locale), "/translations/"+locale, "not_offered",
			"The shop does not offer this language. Offered: "+strings.Join(slices.Concat(o.names[1:], []string{"none else"}), ", ")+".")
	}
	return bad.Err()
}
