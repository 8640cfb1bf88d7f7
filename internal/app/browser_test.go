package app_test

import (
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
)

// A wrong password is told at the form, and nobody gets in.
func TestSignInPage(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	b := shop.Browser(t)
	b.Open("/account/sign-in")
	b.Type("[name=name]", "nobody@example.com")
	b.Type("[name=password]", "quite wrong words")
	b.Click("#password .primary")
	b.Sees("#notice", "do not belong together")
	b.Picture("sign-in-wrong")
}
