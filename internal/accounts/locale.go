package accounts

import (
	"golang.org/x/text/language"
)

// longestLocale is that of RFC 5646, section 4.4.1.
const longestLocale = 35

// locale is a language tag in its usual spelling, when the shop speaks that
// language: de-at becomes de-AT and is spoken where German is.
func (u *Users) locale(tag string) (string, bool) {
	if len(tag) > longestLocale {
		return "", false
	}
	wanted, err := language.Parse(tag)
	if err != nil || len(wanted.Variants()) > 0 || len(wanted.Extensions()) > 0 {
		return "", false
	}
	_, _, confidence := language.NewMatcher(u.languages()).Match(wanted)
	spelled := wanted.String()
	return spelled, confidence >= language.High && len(spelled) <= longestLocale
}

func (u *Users) languages() []language.Tag {
	if len(u.Languages) == 0 {
		return []language.Tag{language.English}
	}
	return u.Languages
}
