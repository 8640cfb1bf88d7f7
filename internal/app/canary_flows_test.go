package app_test

import (
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
)

// The people of the canaries, who write their names into every field there is.
const (
	annsMail   = "annz-canary@mail.example"
	annsOther  = "annz-elsewhere@mail.example"
	annsPhone  = "+4915123456702"
	guestsMail = "guestz-canary@mail.example"
)

// setsUp makes the first administrator, who has the link of the terminal.
func (c *canaries) setsUp() {
	var token string
	c.InTx(c.t, func(tx pgx.Tx) (err error) { token, err = c.Accounts.MakeSetupToken(c.t.Context(), tx); return err })
	boss := said{
		"token": c.secret("a wrong token of the set-up", "zq-no-such-setup-token"), "username": "bosszq", "email": c.person("bossz-canary@mail.example"),
		"password": c.secret("the password of the boss", "nine copper kettles sing"),
	}
	c.do("", "POST", "/setup", boss, 400)
	boss["token"] = c.secret("the token of the set-up", token)
	c.Know(apptest.Admin, c.do("", "POST", "/setup", boss, 201).text("access_token"))
}

// signsUp is a registration, and every way to get a password wrong.
func (c *canaries) signsUp() {
	password := c.secret("ann's password", "eleven amber umbrellas drift")
	ann := said{"username": "annzq", "email": c.person(annsMail), "password": password, "name": c.person("Ann Zqcanary"), "phone": c.person(annsPhone)}
	c.Know("ann", c.do("", "POST", "/auth/register", ann, 201).text("access_token"))
	c.do("", "POST", "/auth/register", ann, 409)
	c.do("ann", "POST", "/auth/verify-email", said{"token": c.mailed(annsMail)}, 204)
	c.do("", "POST", "/auth/login", said{"email": annsMail, "password": c.secret("a wrong password", "eleven umber umbrellas drift")}, 401)
	c.do("", "POST", "/auth/login", said{"username": password, "password": password}, 401) // typed into the wrong field
	c.do("", "POST", "/auth/login", said{"email": annsMail, "password": c.secret("a password of the wrong form", "zq password") + "\x00"}, 422)
	c.do("", "POST", "/auth/login", said{"email": annsMail, "password": password, "cookie": true}, 200)

	form := url.Values{"grant_type": {"password"}, "username": {annsMail}, "password": {password}}
	typed := []string{"Content-Type", "application/x-www-form-urlencoded"}
	c.heard("/auth/token", c.Call(c.t, "", "POST", "/auth/token", form.Encode(), typed...).Want(c.t, 200))
	form.Set("password", c.secret("a wrong password in a form", "eleven-olive-umbrellas"))
	c.heard("/auth/token", c.Call(c.t, "", "POST", "/auth/token", form.Encode(), typed...).Want(c.t, 400))

	stolen := c.do("", "POST", "/auth/login", said{"username": "annzq", "password": password}, 200)
	c.do("", "POST", "/auth/refresh", said{"refresh_token": stolen.text("refresh_token")}, 200)
	c.Time.Advance(11 * time.Second)
	c.do("", "POST", "/auth/refresh", said{"refresh_token": stolen.text("refresh_token")}, 401)
	c.do("", "POST", "/auth/refresh", said{"refresh_token": c.secret("a made-up refresh token", "souk_rt_zqcanary")}, 401)
	c.Know("forged", c.secret("a made-up access token", "zqheader.zqclaims.zqsignature"))
	c.do("forged", "GET", "/me", nil, 401)
	c.do("ann", "GET", "/me?access_token="+stolen.text("access_token"), nil, 422)

	c.do("ann", "PATCH", "/me", said{"name": c.person("Ann Lee Zqcanary")}, 200)
	c.do("ann", "POST", "/me/addresses", c.home("Ann"), 201)
}

func (c *canaries) home(who string) said {
	return said{
		"name": c.person(who + " Zqreceiver"), "line1": c.person("1 Zqstreet of " + who), "city": "Berlin", "postal_code": "10115", "country": "DE", "phone": c.person("+4915123456703"),
	}
}

// hasFactors is an app, its codes, and passkeys that are none.
func (c *canaries) hasFactors() {
	const password = "eleven amber umbrellas drift"
	secret := c.do("ann", "POST", "/me/mfa/totp", nil, 200).text("secret")
	c.do("ann", "POST", "/me/mfa/totp/confirm", said{"code": c.secret("a wrong code", "937461")}, 422)
	codes := c.do("ann", "POST", "/me/mfa/totp/confirm", said{"code": c.code(secret)}, 200)["recovery_codes"].([]any)
	login := func(otp string, status int) {
		members := said{"email": annsMail, "password": password}
		if otp != "" {
			members["otp"] = otp
		}
		c.do("", "POST", "/auth/login", members, status)
	}
	login("", 401)
	login("937461", 401)
	login(c.code(secret), 200)
	login(codes[0].(string), 200)
	login(codes[0].(string), 401)
	c.do("ann", "POST", "/auth/step-up", said{"password": password, "otp": c.code(secret)}, 204)
	c.do("ann", "POST", "/auth/step-up", said{"password": "eleven umber umbrellas drift", "otp": c.code(secret)}, 422)
	c.do("ann", "POST", "/me/mfa/recovery-codes", nil, 200)

	credential := said{"id": c.secret("a passkey's credential", "zqcredential"), "rawId": "zqcredential", "type": "public-key", "response": said{"clientDataJSON": "zqcredential"}}
	begun := c.do("ann", "POST", "/me/mfa/passkeys/start", nil, 200)
	c.do("ann", "POST", "/me/mfa/passkeys", said{"session": begun.text("session"), "name": c.person("Zqphone of Ann"), "credential": credential}, 422)
	begun = c.do("", "POST", "/auth/passkey/start", nil, 200)
	c.do("", "POST", "/auth/passkey/finish", said{"session": begun.text("session"), "credential": credential}, 401)
	c.do("ann", "DELETE", "/me/mfa/totp", nil, 204)
}

// recovers is a forgotten password, a link, another address.
func (c *canaries) recovers() {
	c.do("", "POST", "/auth/password/forgot", said{"email": annsMail}, 202)
	c.do("", "POST", "/auth/password/forgot", said{"email": c.person("nobodyz-canary@mail.example")}, 202)
	c.do("", "POST", "/auth/password/reset", said{"token": c.secret("a wrong token", "zq-no-such-token"), "password": c.secret("ann's second password", "twelve amber umbrellas drift")}, 400)
	c.do("", "POST", "/auth/password/reset", said{"token": c.mailed(annsMail), "password": "twelve amber umbrellas drift"}, 204)
	c.do("", "POST", "/auth/link", said{"email": annsMail}, 202)
	c.Know("ann", c.do("", "POST", "/auth/link/use", said{"token": c.mailed(annsMail)}, 200).text("access_token"))
	c.do("ann", "POST", "/me/email", said{"email": c.person(annsOther)}, 202)
	c.do("ann", "POST", "/auth/email/confirm", said{"token": c.mailed(annsOther)}, 204)
	change := said{"current_password": "eleven umber umbrellas drift", "new_password": c.secret("ann's third password", "thirteen amber umbrellas drift")}
	c.do("ann", "POST", "/auth/password/change", change, 422)
	change["current_password"] = "twelve amber umbrellas drift"
	c.do("ann", "POST", "/auth/password/change", change, 204)
}

// governs is what staff and vendors do with secrets of others.
func (c *canaries) governs() {
	for name, doors := range map[string]string{apptest.Admin: "/admin", "vera": "/vendor"} {
		scope := "orders.read"
		if name == "vera" {
			c.Owner(c.t, "vera")
			scope = "vendor.catalog"
		}
		key := c.do(name, "POST", doors+"/api-keys", said{"name": "till", "scopes": []string{scope}}, 201).text("secret")
		c.Know("key", key)
		c.do("key", "GET", "/products", nil, 200)
		c.do("", "GET", "/products?api_key="+key, nil, 422)
		c.Know("typo", c.secret("a key with a typing error", key[:len(key)-2]+"zz"))
		c.do("typo", "GET", "/products", nil, 401)
	}
	eve := c.User(c.t, "eve")
	c.do("vera", "POST", "/vendor/team/invitations", said{"email": c.person(eve.Email), "role": "viewer"}, 201)
	c.do("eve", "POST", "/vendors/invitations/accept", said{"token": "zq-no-such-token"}, 400)
	c.do("eve", "POST", "/vendors/invitations/accept", said{"token": c.mailed(eve.Email)}, 200)

	hub := said{"slug": "hub", "preset": "github", "client_id": "hub", "client_secret": c.secret("a provider's secret", "zq-provider-secret"), "enabled": true}
	made := c.do(apptest.Admin, "POST", "/admin/login-providers", hub, 201).text("id")
	at := "/admin/login-providers/" + made
	tag := c.Call(c.t, apptest.Admin, "GET", at, "").Want(c.t, 200).Header.Get("ETag")
	c.do(apptest.Admin, "PATCH", at, said{"client_secret": c.secret("a provider's next secret", "zq-provider-secret-2")}, 200, "If-Match", tag)
	apple := said{"slug": "pear", "preset": "apple", "client_id": "pear", "apple": said{"team_id": "A1B2C3D4E5", "key_id": "F6G7H8J9K0", "private_key": c.secret("a provider's key", "zq-no-pem")}}
	c.do(apptest.Admin, "POST", "/admin/login-providers", apple, 422)
	c.elsewhere()

	settings := c.Call(c.t, apptest.Admin, "GET", "/admin/settings", "").Want(c.t, 200).Header.Get("ETag")
	c.do(apptest.Admin, "PATCH", "/admin/settings", said{"settings": said{"accounts.verify_email": false}}, 200, "If-Match", settings)
	c.do(apptest.Admin, "GET", "/admin/users?q="+annsOther, nil, 200)
	c.Know("as ann", c.do(apptest.Admin, "POST", "/admin/users/"+c.do("ann", "GET", "/me", nil, 200).text("id")+"/impersonate", said{"reason": "ticket 7"}, 201).text("access_token"))
	c.do("as ann", "GET", "/me", nil, 200)
}

// elsewhere is a sign-in at a provider that says no, and one that nobody began.
func (c *canaries) elsewhere() {
	to := c.Call(c.t, "", "GET", "/auth/oidc/hub/start", "", "Accept", "text/html").Want(c.t, 303)
	c.heard("/auth/oidc/hub/start", to)
	address, err := url.Parse(to.Header.Get("Location"))
	if err != nil {
		c.t.Fatal(err)
	}
	state := c.secret("a state", address.Query().Get("state"))
	c.secret("a challenge", address.Query().Get("code_challenge"))
	cookie := strings.Split(to.Header.Get("Set-Cookie"), ";")[0]
	back := "/auth/oidc/hub/callback?code=" + c.secret("a provider's code", "zqprovidercode") + "&state="
	c.Call(c.t, "", "GET", back+"zqnostate", "", "Accept", "text/html", "Cookie", cookie).Want(c.t, 303)
	c.Call(c.t, "", "GET", "/auth/oidc/hub/callback?error=access_denied&state="+state, "", "Accept", "text/html", "Cookie", cookie).Want(c.t, 303)
}

// buys is a guest's order and one of Ann's, with what both write on the way.
func (c *canaries) buys() {
	mug := c.Variant(c.t)
	basket := c.Basket(c.t, "", 1, mug)
	c.do("", "PUT", basket.Path("/addresses"), said{"email": c.person(guestsMail), "phone": c.person("+4915123456704"), "shipping": c.home("Guest")}, 200)
	cart := c.Ship(c.t, "", basket)
	var order said
	for range 2 {
		order = c.heard("/checkout", c.Call(c.t, "", "POST", "/checkout", cart.Order("cod"), "Idempotency-Key", "zq").Want(c.t, 201))["order"].(map[string]any)
	}
	at, token := "/orders/"+order.text("id"), order.text("access_token")
	c.do("", "GET", at+"?token="+token, nil, 200)
	c.do("", "GET", at+"?token="+c.secret("a wrong token of an order", "zqnosuchtokenoforders"), nil, 404)
	c.do(apptest.Admin, "POST", "/admin"+at+"/notes", said{"body": "Guest Zqreceiver has called"}, 201)
	c.do("", "POST", at+"/cancel?token="+token, said{"reason": "Guest Zqreceiver has moved"}, 200)
	c.PlacedOrder(c.t, "ann", 1, mug)
}

// leaves is a copy of all that is known, and its end.
func (c *canaries) leaves() {
	c.do("ann", "POST", "/me/export", nil, 202)
	c.settle()
	link := c.linkIn(c.do("ann", "GET", "/me/export", nil, 200).text("url"), "/exports/")
	for name, values := range link.Query() {
		if name != "expires" {
			c.secret("the "+name+" of a link to a copy", values[0])
		}
	}
	c.Call(c.t, "", "GET", "@"+link.RequestURI(), "").Want(c.t, 200)
	c.do("ann", "DELETE", "/me", nil, 204)
	c.do("eve", "POST", "/auth/logout", nil, 204)
}
