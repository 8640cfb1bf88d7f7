package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/idp"
	"souk/internal/platform/config"
	"souk/internal/platform/pgtest"
)

// Somebody new who comes in several tabs at once has one account, and every tab
// is signed in to it.
func TestManyTabsOfOneNewcomer(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.DB(t), func(c *config.Config) { c.OutboundAllowPrivate = true })
	shop.Client.CheckRedirect = stay
	provider(t, shop, "liar", idp.OIDC, lie(t).URL, withSecret)
	const tabs = 6
	var backs [tabs]*url.URL
	var browsers [tabs]*browser
	for i := range tabs {
		browsers[i] = surf(t, shop)
		backs[i] = visit(t, browsers[i].start("liar", ""))
	}
	var together sync.WaitGroup
	var led [tabs]string
	for i := range tabs {
		together.Go(func() {
			r := shop.Request(t, "", http.MethodGet, strings.TrimPrefix(backs[i].String(), base), "",
				"Cookie", "__Host-souk-oidc="+browsers[i].cookies["__Host-souk-oidc"])
			answer, err := shop.Client.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			led[i] = answer.Header.Get("Location")
			_ = answer.Body.Close() // is empty
		})
	}
	together.Wait()
	for _, to := range led {
		if to != "/account" {
			t.Errorf("a tab was led to %s", to)
		}
	}
	shop.WantRows(t, "oidc_identities", 1)
}

// Of two ways in, two removals at once leave one.
func TestTwoRemovalsLeaveOneWayIn(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.DB(t), func(c *config.Config) { c.OutboundAllowPrivate = true })
	shop.Client.CheckRedirect = stay
	l := lie(t)
	provider(t, shop, "liar", idp.OIDC, l.URL, withSecret)
	provider(t, shop, "twin", idp.OIDC, l.URL, withSecret)
	b := surf(t, shop)
	b.comeBack(visit(t, b.start("liar", "")))
	b.me()
	b.comeBack(visit(t, object(t, b.call("somebody", "POST", "/me/identities/twin/start", `{}`).Want(t, 200).Body)["url"].(string)))
	list := apptest.Read[struct{ Data []idp.Identity }](t, shop.Call(t, "somebody", "GET", "/me/identities", "").Want(t, 200)).Data
	if len(list) != 2 {
		t.Fatalf("connected %+v", list)
	}
	var together sync.WaitGroup
	var status [2]int
	for i, identity := range list {
		together.Go(func() {
			status[i] = shop.Call(t, "somebody", "DELETE", "/me/identities/"+identity.ID.String(), "").Status
		})
	}
	together.Wait()
	if status != [2]int{204, 409} && status != [2]int{409, 204} {
		t.Errorf("answered %v", status)
	}
	shop.WantRows(t, "oidc_identities", 1)
}
