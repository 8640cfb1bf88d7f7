package app_test

import (
	"cmp"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// flush lets the subscribers see what has happened: mail is written.
func flush(t *testing.T, a *apptest.App) {
	t.Helper()
	if err := a.Relay.Flush(t.Context(), a.DB); err != nil {
		t.Fatal(err)
	}
}

// inbox is what was mailed to an address, the oldest first; "" is all mail.
func inbox(t *testing.T, a *apptest.App, to string) []string {
	t.Helper()
	mails, err := postgres.Column[string](t.Context(), a.DB, `
		SELECT subject || E'\n' || text || E'\n' || html FROM messages WHERE @to IN ('', lower(recipient)) ORDER BY id`, pgx.NamedArgs{"to": strings.ToLower(to)})
	if err != nil {
		t.Fatal(err)
	}
	return mails
}

var aToken = regexp.MustCompile(`#token=([\w-]+)`)

// newestToken is the one in the newest mail to an address.
func newestToken(t *testing.T, a *apptest.App, to string) string {
	t.Helper()
	mails := inbox(t, a, to)
	if len(mails) == 0 {
		t.Fatalf("nothing was mailed to %s", to)
	}
	found := aToken.FindStringSubmatch(mails[len(mails)-1])
	if found == nil {
		t.Fatalf("the mail to %s has no link: %s", to, mails[len(mails)-1])
	}
	return found[1]
}

// mailedTo is the token that an address is mailed now.
func mailedTo(t *testing.T, a *apptest.App, to string) string {
	t.Helper()
	flush(t, a)
	return newestToken(t, a, to)
}

// told is an answer but for what is random in it.
func told(w apptest.Answer) string { return scrubbed(w) + fmt.Sprint(names(w)) }

// Bad input 93, and R35: asking for a mail, and registering where mailboxes come
// first, is answered alike whether or not there is such an account; the owner is
// told, and not without end.
func TestNobodyLearnsWhoHasAnAccount(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	ann, gone := a.User(t, "ann"), a.User(t, "gone")
	a.User(t, "mallory")
	a.InTx(t, func(tx pgx.Tx) error {
		if err := a.Settings.Set(t.Context(), tx, map[string]json.RawMessage{accounts.VerifyEmailSetting.Key: []byte("true")}); err != nil {
			return err
		}
		return a.Accounts.Disable(t.Context(), tx, gone.ID)
	})
	tries := 0
	for _, door := range []struct {
		as, path string
		more     map[string]string
	}{
		{"", "/auth/password/forgot", nil},
		{"", "/auth/link", nil},
		{"mallory", "/me/email", nil},
		{"", "/auth/register", map[string]string{"password": apptest.Password}},
	} {
		want := ""
		for _, email := range []string{"nobody@example.com", ann.Email, strings.ToUpper(ann.Email), gone.Email} {
			members := map[string]string{"email": email}
			if maps.Copy(members, door.more); door.more != nil {
				tries++
				members["username"] = fmt.Sprint("newcomer", tries)
			}
			got := a.Call(t, door.as, "POST", door.path, body(t, members)).Want(t, 202)
			if want = cmp.Or(want, told(got)); told(got) != want {
				t.Errorf("%s tells %s from nobody: %s\nwant %s", door.path, email, told(got), want)
			}
		}
	}
	flush(t, a)
	// The newest link of each kind, two changes to the address, and one sign-up: then five mails an hour have been asked for.
	if mails := inbox(t, a, ann.Email); len(mails) != 5 {
		t.Errorf("the owner has %d mails, want 5", len(mails))
	}
	for _, mail := range inbox(t, a, gone.Email) {
		if aToken.MatchString(mail) {
			t.Errorf("one who may not sign in is mailed a link: %s", mail)
		}
	}
}

// Bad input 94: a token is for one user and one purpose, once, for half an
// hour; whatever else comes is answered in the same words.
func TestTokensOfMails(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	bob := a.User(t, "bob")
	ask := map[string]func(email string) string{} // by the door that takes the token: asks for one
	for door, asks := range map[string]string{"/auth/password/reset": "/auth/password/forgot", "/auth/link/use": "/auth/link"} {
		ask[door] = func(email string) string {
			a.Call(t, "", "POST", asks, `{"email": "`+email+`"}`).Want(t, 202)
			return mailedTo(t, a, email)
		}
	}
	made := 0
	ask["/auth/email/confirm"] = func(string) string {
		made++
		wanted := fmt.Sprintf("changed-%d@example.com", made)
		a.Call(t, "bob", "POST", "/me/email", `{"email": "`+wanted+`"}`).Want(t, 202)
		return mailedTo(t, a, wanted)
	}
	ask["/auth/verify-email"] = func(email string) string {
		a.InTx(t, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE users SET email_verified_at = NULL`)
			return err
		})
		a.Call(t, "bob", "POST", "/auth/verify-email/resend", "").Want(t, 202)
		return mailedTo(t, a, email)
	}
	use := func(as, door, token string) apptest.Answer {
		members := map[string]string{"token": token}
		if door == "/auth/password/reset" {
			members["password"] = "seven brass lanterns"
		}
		return a.Call(t, as, "POST", door, body(t, members))
	}
	good := map[string]string{}
	for door, asks := range ask {
		good[door] = asks(bob.Email)
	}
	want := told(use("", "/auth/verify-email", "made up").Want(t, 400, "invalid_token"))
	want = strings.ReplaceAll(want, "/auth/verify-email", "")
	refuse := func(name, door, token string) {
		t.Helper()
		if got := told(use("", door, token)); strings.ReplaceAll(got, door, "") != want {
			t.Errorf("%s, %s: %s\nwant %s", door, name, got, want)
		}
	}
	before := a.State(t)
	for door := range ask {
		for other, token := range good {
			if other != door {
				refuse("of "+other, door, token)
			}
		}
		token := good[door]
		refuse("none", door, "")
		refuse("truncated", door, token[:len(token)-1])
		refuse("lengthened", door, token+"A")
		refuse("look-alikes", door, strings.Replace(token, token[:1], "\u0430", 1))
		refuse("full width", door, strings.Replace(token, token[:1], "\uff21", 1))
		refuse("in spaces", door, " "+token+" ")
		refuse("SQL", door, "' OR 1=1 --")
	}
	if changed := before.Changed(a.State(t)); len(changed) > 0 {
		t.Errorf("bad tokens changed %v", changed)
	}

	// Of another user: it is theirs still, whoever brings it.
	ann := a.User(t, "ann")
	use("ann", "/auth/password/reset", good["/auth/password/reset"]).Want(t, 204)
	a.Call(t, "", "POST", "/auth/login", `{"email": "`+ann.Email+`", "password": "`+apptest.Password+`"}`).Want(t, 200)
	a.Call(t, "", "POST", "/auth/login", `{"email": "`+bob.Email+`", "password": "seven brass lanterns"}`).Want(t, 200)
	refuse("used", "/auth/password/reset", good["/auth/password/reset"])
	refuse("asked for before the password was changed", "/auth/link/use", good["/auth/link/use"])

	older := ask["/auth/link/use"](ann.Email)
	newer := ask["/auth/link/use"](ann.Email)
	refuse("the older of two", "/auth/link/use", older)
	a.Time.Advance(30*time.Minute - time.Second)
	use("", "/auth/link/use", newer).Want(t, 200)
	refuse("used", "/auth/link/use", newer)
	late := ask["/auth/password/reset"](ann.Email)
	a.Time.Advance(30*time.Minute + time.Second)
	refuse("expired a second ago", "/auth/password/reset", late)
}

// Bad inputs 15 and 95: links lead to the address in the settings, whatever host
// the request that they come of has named.
func TestLinksLeadToTheShop(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	ann := a.User(t, "ann")
	a.Owner(t, "vera")
	a.Call(t, apptest.Admin, "POST", "/admin/login-providers", `{"slug": "hub", "preset": "github", "client_id": "c", "client_secret": "s", "enabled": true}`).Want(t, 201)
	cart := a.Cart(t, "", 1, a.Variant(t))
	for _, ask := range []struct {
		as, method, path, body string
		status                 int
	}{
		{"", "POST", "/auth/register", `{"username": "newcomer", "email": "newcomer@example.com", "password": "` + apptest.Password + `"}`, 201},
		{"", "POST", "/auth/password/forgot", `{"email": "` + ann.Email + `"}`, 202},
		{"", "POST", "/auth/link", `{"email": "` + ann.Email + `"}`, 202},
		{"ann", "POST", "/me/email", `{"email": "changed@example.com"}`, 202},
		{"ann", "POST", "/me/export", "", 202},
		{"vera", "POST", "/vendor/team/invitations", `{"email": "invited@example.com", "role": "viewer"}`, 201},
		{"", "POST", "/checkout", cart.Order("cod"), 201},
		{"", "GET", "/auth/oidc/hub/start", "", 303},
	} {
		r := a.Request(t, ask.as, ask.method, ask.path, ask.body, "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.example", "Idempotency-Key", "95")
		r.Host = "evil.example"
		response, err := a.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		var header strings.Builder
		_ = response.Header.Write(&header)
		if response.StatusCode != ask.status || strings.Contains(header.String(), "evil.example") {
			t.Errorf("%s is answered %d, %s", ask.path, response.StatusCode, header.String())
		}
		if location := response.Header.Get("Location"); ask.status == 303 && !strings.Contains(location, "redirect_uri=http%3A%2F%2Fshop.test%2F") {
			t.Errorf("a login elsewhere leads to %s", location)
		}
	}
	flush(t, a)
	mails, links := inbox(t, a, ""), 0
	for _, mail := range mails {
		links += strings.Count(mail, `href="http://shop.test/`)
		if strings.Contains(mail, "evil.example") {
			t.Errorf("a mail names the forged host: %s", mail)
		}
	}
	if len(mails) < 7 || links < 7 {
		t.Errorf("%d mails hold %d links: the test sees too little", len(mails), links)
	}
}

// Bad input 96: a new password has 10 characters that are hard to guess, or up
// to 128, in any script, and is the same whichever way Unicode writes it.
func TestNewPasswords(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	const composed, apart = "sch\u00f6ne gr\u00fc\u00dfe an \u00e5ngstr\u00f6m", "scho\u0308ne gru\u0308\u00dfe an a\u030angstro\u0308m"
	for i, try := range []struct{ name, password, later string }{
		{"10 characters", "v8#Lq2!xZp", ""},
		{"64 characters", strings.Repeat("tundra kettle ", 4) + "orbiting", ""},
		{"128 characters", manyLetters, ""},
		{"emoji", "🐢🌵🚲🎻🧊🪁🍋🛶🧭🎈", ""},
		{"letters in one piece", composed, apart},
		{"letters in two pieces", apart, composed},
	} {
		t.Run(try.name, func(t *testing.T) {
			name := fmt.Sprint("person", i)
			who := map[string]string{"username": name, "email": name + "@example.com", "password": try.password}
			a.Call(t, "", "POST", "/auth/register", body(t, who)).Want(t, 201)
			for _, spelling := range []string{try.password, cmp.Or(try.later, try.password)} {
				a.Call(t, "", "POST", "/auth/login", body(t, map[string]string{"username": name, "password": spelling})).Want(t, 200)
			}
		})
	}
}

// manyLetters is 128 of them that look random.
var manyLetters = func() string { sum := sha512.Sum512(nil); return hex.EncodeToString(sum[:]) }()

func body(t *testing.T, members map[string]string) string {
	t.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Bad input 96: every door that takes a new password refuses the same ones, and
// a link that was opened with one of them is good for another try.
func TestBadNewPasswords(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	ann := a.User(t, "ann")
	a.Call(t, "", "POST", "/auth/password/forgot", `{"email": "`+ann.Email+`"}`).Want(t, 202)
	reset, setup := mailedTo(t, a, ann.Email), ""
	a.InTx(t, func(tx pgx.Tx) (err error) { setup, err = a.Accounts.MakeSetupToken(t.Context(), tx); return err })
	var table []apptest.Scenario
	for _, bad := range []struct {
		name, password string
		status         int
		why            string
	}{
		{"7 characters", "v8#Lq2!", 422, `"too_short"`},
		{"129 characters", manyLetters + "0", 422, `"too_long"`},
		{"10,000 characters", strings.Repeat("tundra kt ", 1000), 413, `"body_too_large"`},
		{"of the top list", "password123", 422, `"too_weak"`},
		{"7 spaces", strings.Repeat(" ", 7), 422, `"too_short"`},
		{"20 spaces", strings.Repeat(" ", 20), 422, `"too_weak"`},
		{"NUL", "seven purple\x00lanterns", 422, `"nul"`},
	} {
		for _, door := range []struct {
			as, path, member string
			more             map[string]string
		}{
			{"", "/auth/register", "password", map[string]string{"username": "newcomer", "email": "newcomer@example.com"}},
			{"", "/auth/password/reset", "password", map[string]string{"token": reset}},
			{"ann", "/auth/password/change", "new_password", map[string]string{"current_password": apptest.Password}},
			{"", "/setup", "password", map[string]string{"token": setup, "username": "boss", "email": "boss@example.com"}},
		} {
			members := maps.Clone(door.more)
			members[door.member] = bad.password
			table = append(table, apptest.Scenario{
				Name: "row 96 " + bad.name + " " + door.path, As: door.as, Method: "POST", URL: door.path, Body: body(t, members), Status: bad.status, Contains: []string{bad.why},
			})
		}
	}
	a.Play(t, table)
	a.Call(t, "", "POST", "/auth/password/reset", body(t, map[string]string{"token": reset, "password": "seven brass lanterns"})).Want(t, 204)
}

// Bad input 103: nobody makes themselves more than they are with a field that
// the door does not know.
func TestMassAssignment(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.User(t, "ann")
	var table []apptest.Scenario
	for _, more := range []string{
		`"is_staff": true`, `"is_admin": true`, `"email_verified": true`, `"verified": true`, `"email_verified_at": "2020-01-01T00:00:00Z"`, `"store_credit": 100000`,
		`"role": "admin"`, `"roles": ["admin"]`, `"permissions": ["users.write"]`, `"id": "user_1"`, `"user_id": "user_1"`, `"vendor_id": "vend_1"`, `"created_at": "2020-01-01T00:00:00Z"`,
		`"disabled_at": null`, `"version": 9`, `"password_hash": "x"`, `"Email": "x@example.com"`, `"__proto__": {"is_staff": true}`, `"user": {"roles": ["admin"]}`,
	} {
		for _, door := range []struct{ as, method, path, body string }{
			{"", "POST", "/auth/register", `{"username": "mallory", "email": "mallory@example.com", "password": "` + apptest.Password + `"`},
			{"ann", "PATCH", "/me", `{"name": "Ann"`},
			{"ann", "POST", "/vendors/apply", `{"name": "Ann's"`},
		} {
			table = append(table, apptest.Scenario{
				Name: "row 103 " + door.path + " " + more, As: door.as, Method: door.method, URL: door.path, Body: door.body + ", " + more + "}", Status: 400, Code: "unknown_field",
			})
		}
	}
	a.Play(t, table)
	a.WantRows(t, "vendors", 0)
}
