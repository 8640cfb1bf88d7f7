package app_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/hotp"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/auth"
	"souk/internal/id"
)

// A principal is somebody who knocks at every door.
type principal struct {
	name   string
	as     string                     // whose token is sent, see apptest.Know; "" sends none
	self   string                     // the side whose account and orders are its own
	vendor string                     // the side that it works for
	may    func(auth.Permission) bool // what it has a right to

	staff    bool // may see what is everybody's
	barred   bool // its token is not good: 401 wherever a token is looked at
	looking  bool // may look and not touch
	unproven bool // has not proven who it is for some time, or cannot
}

// A new kind of principal is one line here, and its sign-in in world.staff.
func (w *world) principals() []principal {
	customer, owner := only(auth.AsCustomer), only(auth.AsCustomer, auth.AsVendor, auth.VendorCatalog, auth.VendorInventory,
		auth.VendorOrders, auth.VendorFinance, auth.VendorTeam, auth.VendorSettings)
	return []principal{
		{name: "a guest", may: only()},
		{name: "customer a", as: "customer a", self: "customer a", may: customer},
		{name: "customer b", as: "customer b", self: "customer b", may: customer},
		{name: "the owner of vendor a", as: "vendor a", self: "vendor a", vendor: "vendor a", may: owner},
		{name: "the owner of vendor b", as: "vendor b", self: "vendor b", vendor: "vendor b", may: owner},
		{name: "a cataloguer of vendor a", as: "catalog of vendor a", vendor: "vendor a", may: only(auth.AsCustomer, auth.AsVendor, auth.VendorCatalog, auth.VendorInventory)},
		{name: "a shipper of vendor a", as: "orders of vendor a", vendor: "vendor a", may: only(auth.AsCustomer, auth.AsVendor, auth.VendorOrders, auth.VendorInventory)},
		{name: "an accountant of vendor a", as: "finance of vendor a", vendor: "vendor a", may: only(auth.AsCustomer, auth.AsVendor, auth.VendorFinance)},
		{name: "a viewer of vendor a", as: "viewer of vendor a", vendor: "vendor a", may: only(auth.AsCustomer, auth.AsVendor)},
		{name: "the owner of a suspended vendor", as: "suspended", may: customer},
		{name: "an administrator", as: apptest.Admin, staff: true, may: staffRights},
		{name: "an administrator who has to prove it", as: "stale", staff: true, may: staffRights, unproven: true},
		{name: "support", as: "support", staff: true, may: only(auth.AsCustomer, "orders.read", "users.read", "users.impersonate")},
		{name: "a cataloguer of the shop", as: "cataloguer", staff: true, may: only(auth.AsCustomer, "products.read", "products.write", "inventory.read")},
		{name: "an accountant of the shop", as: "accountant", staff: true, may: only(auth.AsCustomer, "payments.read", "ledger.read")},
		{name: "support that looks as customer a", as: "looking", self: "customer a", may: customer, looking: true, unproven: true},
		{name: "a key that reads", as: "key reads", staff: true, may: only("orders.read", "products.read"), unproven: true},
		{name: "a key that writes", as: "key writes", staff: true, may: only("orders.write"), unproven: true},
		{name: "a key of vendor a", as: "key of vendor a", vendor: "vendor a", may: only(auth.AsVendor, auth.VendorCatalog), unproven: true},
		{name: "a disabled user", as: "disabled", barred: true},
		{name: "an expired token", as: "expired", barred: true},
		{name: "a forged token", as: "forged", barred: true},
		{name: "an ended session", as: "ended", barred: true},
		{name: "a revoked key", as: "revoked key", barred: true},
	}
}

func only(has ...auth.Permission) func(auth.Permission) bool {
	return func(p auth.Permission) bool { return p == "" || slices.Contains(has, p) }
}

// staffRights are everything but what comes with working for a vendor.
func staffRights(p auth.Permission) bool { return !strings.HasPrefix(string(p), "vendor.") }

// barred introduces those whose tokens are good no more.
func (w *world) barred() {
	w.User(w.t, "expired", auth.RoleAdmin)
	w.Time.Advance(11 * time.Minute)
	w.Know("forged", strings.Replace(w.Token(w.t, apptest.Admin), ".", ".A", 1))
	gone := w.User(w.t, "disabled", auth.RoleAdmin)
	w.InTx(w.t, func(tx pgx.Tx) error { return w.Accounts.Disable(w.t.Context(), tx, gone.ID) })
	w.User(w.t, "ended", auth.RoleAdmin)
	w.as("ended", "POST", "/auth/logout", "")
	made := w.as(apptest.Admin, "POST", "/admin/api-keys", `{"name": "Lost till", "scopes": ["orders.read"]}`)
	w.Know("revoked key", made.text("secret"))
	w.as(apptest.Admin, "DELETE", "/admin/api-keys/"+made.text("id"), "")
}

// staff introduces those who work for the shop, and its keys.
func (w *world) staff() {
	for name, rights := range map[string]string{
		"support":    `"orders.read", "users.read", "users.impersonate"`,
		"cataloguer": `"products.read", "products.write", "inventory.read"`,
		"accountant": `"payments.read", "ledger.read"`,
	} {
		w.as(apptest.Admin, "POST", "/admin/roles", `{"name": "`+name+`", "label": "`+name+`", "permissions": [`+rights+`]}`)
		user := "/admin/users/" + w.User(w.t, name).ID.String()
		tag := w.Call(w.t, apptest.Admin, "GET", user, "").Header.Get("ETag")
		w.as(apptest.Admin, "PUT", user+"/roles", `{"roles": ["`+name+`"]}`, "If-Match", tag)
	}
	stale := w.User(w.t, "stale", auth.RoleAdmin)
	w.exec(`UPDATE sessions SET authenticated_at = authenticated_at - interval '1 hour' WHERE user_id = @user`, pgx.NamedArgs{"user": stale.ID})
	w.Know("looking", w.as("support", "POST", "/admin/users/"+w.sides["customer a"]["user"]+"/impersonate", `{"reason": "ticket 7"}`).text("access_token"))
	w.key(apptest.Admin, "/admin", "key reads", `"orders.read", "products.read"`)
	w.key(apptest.Admin, "/admin", "key writes", `"orders.write"`)
	w.key("vendor a", "/vendor", "key of vendor a", `"vendor.catalog"`)
	vendor := w.Owner(w.t, "suspended")
	w.as(apptest.Admin, "POST", "/admin/vendors/"+vendor.String()+"/suspend", `{"reason": "Fraud"}`)
}

// key makes an API key and uses it once: the first use of an hour is noted.
func (w *world) key(as, door, name, scopes string) {
	made := w.as(as, "POST", door+"/api-keys", `{"name": "`+name+`", "scopes": [`+scopes+`]}`)
	w.Know(name, made.text("secret"))
	w.Call(w.t, name, "GET", "/products", "").Want(w.t, 200)
}

// teamOf gives a vendor people with each role, and one more to be let go; the
// customers of the other side are invited.
func (w *world) teamOf(side, invited string) {
	for _, role := range []string{"catalog", "orders", "finance", "viewer"} {
		name := role + " of " + side
		user := w.User(w.t, dashed(name))
		w.Know(name, w.Token(w.t, dashed(name)))
		w.as(name, "POST", "/vendors/invitations/accept", `{"token": "`+w.invite(side, user.Email, role)+`"}`)
		w.sides[side]["member"] = user.ID.String()
	}
	w.sides[invited]["invitation token"] = w.invite(side, w.mine(w.sides[invited]["email"], side), "viewer")
}

func (w *world) invite(side, email, role string) (token string) {
	w.t.Helper()
	made, err := id.Parse[id.Invitation](w.as(side, "POST", "/vendor/team/invitations", `{"email": "`+email+`", "role": "`+role+`"}`).text("id"))
	if err != nil {
		w.t.Fatal(err)
	}
	mail, err := w.Vendors.MailedInvitation(w.t.Context(), w.DB, made)
	if err != nil {
		w.t.Fatal(err)
	}
	return mail.Token
}

// secretsOfSignIn are the tokens that were mailed to somebody.
func (w *world) secretsOfSignIn(side string) {
	s := w.sides[side]
	w.InTx(w.t, func(tx pgx.Tx) error { // people of tests have proven their mailboxes, and then nothing is left to verify
		_, err := tx.Exec(w.t.Context(), `UPDATE users SET email_verified_at = NULL WHERE email = @email`, pgx.NamedArgs{"email": s["email"]})
		return err
	})
	for name, ask := range map[string]struct {
		as, path, body string
		purpose        accounts.Purpose
	}{
		"reset token":   {"", "/auth/password/forgot", `{"email": "` + s["email"] + `"}`, accounts.ResetPassword},
		"sign-in token": {"", "/auth/link", `{"email": "` + s["email"] + `"}`, accounts.SignInByMail},
		"verify token":  {side, "/auth/verify-email/resend", "", accounts.VerifyEmail},
		"change token":  {side, "/me/email", `{"email": "` + w.mine("changed@example.com", side) + `"}`, accounts.ChangeEmail},
	} {
		w.as(ask.as, "POST", ask.path, ask.body)
		w.answerMailRequests()
		s[name] = w.mailed(s, ask.purpose)
	}
}

// answerMailRequests does what the relay does where it runs.
func (w *world) answerMailRequests() {
	w.t.Helper()
	for _, request := range w.column(`SELECT id FROM mail_requests`) {
		if err := w.Accounts.AnswerMailRequest(w.t.Context(), accounts.MailAsked{RequestID: id.MailToken(request)}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) mailed(s things, purpose accounts.Purpose) string {
	w.t.Helper()
	tokens := w.column(`SELECT id FROM mail_tokens WHERE user_id = @user AND purpose = @purpose ORDER BY id DESC`, pgx.NamedArgs{"user": w.userOf(s), "purpose": purpose})
	if len(tokens) == 0 {
		w.t.Fatalf("nothing was mailed to %s", purpose)
	}
	mail, err := w.Accounts.MailedToken(w.t.Context(), w.DB, id.MailToken(tokens[0]))
	if err != nil {
		w.t.Fatal(err)
	}
	return mail.Token
}

// factors gives the owner of vendor a an app, and has customer b begin with one.
func (w *world) factors() {
	enroll := func(side string) (code func() string) {
		secret := w.as(side, "POST", "/me/mfa/totp", "").text("secret")
		return func() string {
			code, err := hotp.GenerateCode(secret, uint64(w.Time.Now().Unix()/30))
			if err != nil {
				w.t.Fatal(err)
			}
			return code
		}
	}
	app := enroll("vendor a")
	w.as("vendor a", "POST", "/me/mfa/totp/confirm", `{"code": "`+app()+`"}`)
	w.sides["customer b"]["code"] = enroll("customer b")()
	for _, side := range []string{"customer a", "vendor b"} {
		w.sides[side]["code"] = "123456"
	}
}

// upload is a picture in a form.
var upload, uploadType = func() (string, string) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "a.png")
	if err == nil {
		err = png.Encode(part, image.NewRGBA(image.Rect(0, 0, 400, 400)))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		panic(err) // written to memory
	}
	return body.String(), form.FormDataContentType()
}()
