package notifications_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/auth"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/money"
	"souk/internal/notifications"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/config"
	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// flush lets the subscribers see what has happened.
func flush(t *testing.T, shop *apptest.App) {
	t.Helper()
	if err := shop.Relay.Flush(t.Context(), shop.DB); err != nil {
		t.Fatal(err)
	}
}

// told is the messages of a kind.
func told(t *testing.T, shop *apptest.App, kind notifications.Kind) []notifications.Message {
	t.Helper()
	var list []notifications.Message
	for _, m := range messages(t, shop) {
		if m.Kind == kind.Name {
			list = append(list, m)
		}
	}
	return list
}

func one(t *testing.T, shop *apptest.App, kind notifications.Kind) notifications.Message {
	t.Helper()
	list := told(t, shop, kind)
	if len(list) != 1 {
		t.Fatalf("%d messages of %s, want 1", len(list), kind.Name)
	}
	return list[0]
}

func wantText(t *testing.T, m notifications.Message, contains ...string) {
	t.Helper()
	for _, c := range contains {
		if !strings.Contains(m.Text, c) {
			t.Errorf("%s lacks %q:\n%s", m.Kind, c, m.Text)
		}
	}
}

func TestABuyerHearsOfEachStepOfAnOrder(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	ann := shop.User(t, "ann")
	lantern := shop.Variant(t, apptest.Titled("Lantern <b>&"), apptest.Stock(5), apptest.Price(1999))
	placed := shop.PlacedOrder(t, "ann", 2, lantern)
	flush(t, shop)
	confirmed := one(t, shop, notifications.OrderConfirmed)
	wantText(t, confirmed, "2 × Lantern <b>&", "39.98 USD", placed.Order.GrandTotal.String(), "http://shop.test/account#orders")
	if confirmed.Status != notifications.Kept || confirmed.User != ann.ID || confirmed.Recipient != placed.Order.Email || !strings.Contains(confirmed.Subject, placed.Order.Number) {
		t.Errorf("confirmed: %+v", confirmed)
	}
	if strings.Contains(confirmed.HTML, "Lantern <b>") {
		t.Error("a title of a product is HTML in the mail")
	}
	parcel := shop.Send(t, placed.Order.ID, placed.Order.Parts[0], 1)
	flush(t, shop)
	wantText(t, one(t, shop, notifications.OrderShipped), "1 × Lantern", "DHL", "123", parcel.TrackingURL)
	shop.Deliver(t, parcel)
	flush(t, shop)
	wantText(t, one(t, shop, notifications.OrderDelivered), "1 × Lantern")
	shop.Call(t, apptest.Admin, "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "broken"}`, "Idempotency-Key", "c").Want(t, 200)
	flush(t, shop)
	wantText(t, one(t, shop, notifications.OrderPartCancelled), "1 × Lantern", "19.99 USD")
	refused := shop.PlacedOrder(t, "ann", 2, lantern)
	parcel = shop.Send(t, refused.Order.ID, refused.Order.Parts[0], 2)
	shop.Call(t, apptest.Admin, "POST", "/admin/shipments/"+parcel.ID.String()+"/events", `{"status": "returned"}`, "Idempotency-Key", "r").Want(t, 201)
	flush(t, shop)
	wantText(t, one(t, shop, notifications.OrderRefused), "2 × Lantern", "owe nothing", refused.Order.Number)
}

// Whoever cancels what they have paid hears where the money goes.
func TestABuyerHearsWhereTheMoneyForACancelledOrderGoes(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `INSERT INTO settings (key, value) VALUES ('payments.transfer_instructions', '"UPI: market@bank"')`, nil)
		return err
	})
	c := shop.Cart(t, "", 1, shop.Variant(t, apptest.Titled("Lantern"), apptest.Stock(5), apptest.Price(1999)))
	placed := apptest.Read[checkout.Placed](t, shop.Call(t, "", "POST", "/checkout", c.Order("bank_transfer"), "Idempotency-Key", "p").Want(t, 201))
	shop.Call(t, apptest.Admin, "POST", "/admin/payments/"+placed.Payment.ID.String()+"/capture", "", "Idempotency-Key", "c").Want(t, 200)
	shop.Call(t, "", "POST", apptest.OrderPath(placed, "/cancel"), `{}`).Want(t, 200)
	flush(t, shop)
	wantText(t, one(t, shop, notifications.OrderCancelled), "1 × Lantern", "19.99 USD", "We send it to your bank account, within a few days", placed.Order.GrandTotal.String())
}

// A member hears how to pay for the next period, and who keeps a way to pay that it is
// taken by that: they must not be told to do nothing if they do not want to go on.
func TestAMemberHearsWhatTheNextPeriodTakes(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	do := func(sql string, args pgx.NamedArgs) {
		t.Helper()
		shop.InTx(t, func(tx pgx.Tx) error { _, err := postgres.Exec(t.Context(), tx, sql, args); return err })
	}
	do(`INSERT INTO settings (key, value) VALUES ('payments.transfer_instructions', '"UPI: market@bank"')`, nil)
	ann := shop.User(t, "ann")
	gold := apptest.Read[memberships.Kept](t, shop.Call(t, apptest.Admin, "POST", "/admin/plans",
		`{"name": "Gold", "interval": {"unit": "day", "count": 30}, "prices": [{"amount": 999, "currency": "USD"}]}`).Want(t, 201))
	joined := apptest.Read[checkout.Joined](t, shop.Call(t, "ann", "POST", "/me/membership", `{"plan_id": "`+gold.ID.String()+`", "payment_method": "bank_transfer",
		"billing": {"name": "Ann", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}}`).Want(t, 201))
	shop.Call(t, apptest.Admin, "POST", "/admin/payments/"+joined.Payment.ID.String()+"/capture", "", "Idempotency-Key", "c").Want(t, 200)
	if err := shop.Checkout.HandOver(t.Context(), checkout.HandOverDue{OrderID: joined.Order.ID}); err != nil {
		t.Fatal(err)
	}
	do(`UPDATE membership_periods SET starts_at = starts_at - interval '28 days', ends_at = ends_at - interval '28 days'`, nil)
	do(`UPDATE memberships SET ends_at = ends_at - interval '28 days', benefits_until = benefits_until - interval '28 days', due_at = now()`, nil)
	if err := shop.Checkout.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	flush(t, shop)
	wantText(t, one(t, shop, notifications.MembershipDue), "9.99 USD", "UPI: market@bank", "you need do nothing")

	do(`INSERT INTO saved_methods (user_id, provider, ref, label) VALUES (@ann, 'bank_transfer', 'x', 'x')`, pgx.NamedArgs{"ann": ann.ID})
	shop.InTx(t, func(tx pgx.Tx) error {
		order, err := postgres.Scalar[id.Order](t.Context(), tx, `SELECT order_id FROM membership_renewals`, nil)
		if err != nil {
			return err
		}
		due, _, err := memberships.RenewalBy(t.Context(), tx, order)
		if err != nil {
			return err
		}
		return events.Raise(t.Context(), tx, due)
	})
	flush(t, shop)
	charge := one(t, shop, notifications.MembershipCharge)
	wantText(t, charge, "9.99 USD, which we take", "end your membership")
	if strings.Contains(charge.Text, "UPI") || strings.Contains(charge.Text, "Pay for") {
		t.Errorf("who is charged is told to pay:\n%s", charge.Text)
	}
}

// Who had chosen a lower plan that the shop gives up stays with theirs, and hears of
// it: the next period costs more than they have said.
func TestAMemberHearsThatALowerPlanIsGone(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	ann := shop.User(t, "ann")
	plan := func(name string, rank int) memberships.Kept {
		return apptest.Read[memberships.Kept](t, shop.Call(t, apptest.Admin, "POST", "/admin/plans",
			fmt.Sprintf(`{"name": %q, "rank": %d, "interval": {"unit": "day", "count": 30}, "prices": [{"amount": 999, "currency": "USD"}]}`, name, rank)).Want(t, 201))
	}
	gold, silver := plan("Gold", 2), plan("Silver", 1)
	shop.InTx(t, func(tx pgx.Tx) error {
		now, err := postgres.Scalar[time.Time](t.Context(), tx, `SELECT now() AS now`, nil)
		if err != nil {
			return err
		}
		none := money.Zero("USD")
		m := memberships.Join(ann.ID, nil, now, memberships.Purchase{Plan: gold.Plan, Paid: none, Value: none, SetOff: none, Method: "bank_transfer", Order: shop.PlacedOrder(t, "ann", 1, shop.Variant(t)).Order.ID})
		return shop.Memberships.Save(t.Context(), tx, &m)
	})
	shop.Call(t, "ann", "POST", "/me/membership/downgrade", fmt.Sprintf(`{"plan_id": %q}`, silver.ID)).Want(t, 200, `"next_plan_id":"`+silver.ID.String(), `"plan_rank":2`)
	for range 2 {
		shop.Call(t, apptest.Admin, "POST", "/admin/plans/"+silver.ID.String()+"/archive", "").Want(t, 200)
		flush(t, shop)
	}
	if is := shop.Call(t, "ann", "GET", "/me/membership", "").Want(t, 200, `"kind":"downgrade_dropped"`); strings.Contains(is.Body, "next_plan_id") {
		t.Errorf("the next period is still of another plan: %s", is.Body)
	}
	wantText(t, one(t, shop, notifications.DowngradeDropped), "next period is of Gold again", "/account#membership")
}

func TestAGuestHearsOfAnOrderWithoutALinkToIt(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	placed := shop.PlacedOrder(t, "", 1, shop.Variant(t, apptest.Stock(5)))
	shop.Call(t, "", "POST", apptest.OrderPath(placed, "/cancel"), `{}`, "Idempotency-Key", "c").Want(t, 200)
	flush(t, shop)
	wantText(t, one(t, shop, notifications.OrderCancelled), placed.Order.Number)
	confirmed := one(t, shop, notifications.OrderConfirmed)
	if strings.Contains(confirmed.Text, "/account/orders") || strings.Contains(confirmed.Text, placed.Order.AccessToken) {
		t.Errorf("a guest got\n%s", confirmed.Text)
	}
}

func TestAUserHearsOfWhatHappensToTheAccount(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	ann := shop.User(t, "ann")
	session := id.New[id.Session]()
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `
			INSERT INTO sessions (id, user_id, device, address, expires_at)
			VALUES (@id, @user, 'Firefox on Linux', '192.0.2.77', now() + interval '1 day')`,
			pgx.NamedArgs{"id": session, "user": ann.ID})
		return err
	})
	token := mailToken(t, shop, ann, accounts.VerifyEmail, ann.Email)
	raise(t, shop, accounts.VerificationAsked{UserID: ann.ID, TokenID: token})
	raise(t, shop, accounts.SignedIn{UserID: ann.ID, SessionID: session})
	raise(t, shop, accounts.SignedIn{UserID: ann.ID, SessionID: session, NewDevice: true})
	raise(t, shop, accounts.RefreshReused{UserID: ann.ID, SessionID: session})
	raise(t, shop, accounts.RegisteredAgain{UserID: ann.ID})
	raise(t, shop, accounts.RolesChanged{UserID: ann.ID, Roles: []string{auth.RoleAdmin, auth.RoleCustomer}})
	raise(t, shop, accounts.Disabled{UserID: ann.ID})
	flush(t, shop)
	wantText(t, one(t, shop, notifications.VerifyEmail), "http://shop.test/account/verify#token=", ann.Email)
	wantText(t, one(t, shop, notifications.NewDevice), "Firefox on Linux", "192.0.2.77", "http://shop.test/account")
	wantText(t, one(t, shop, notifications.SessionEnded), "Firefox on Linux", "192.0.2.77")
	wantText(t, one(t, shop, notifications.RegisteredAgain), ann.Email, "http://shop.test/account/forgot")
	wantText(t, one(t, shop, notifications.RolesChanged), "admin, customer")
	wantText(t, one(t, shop, notifications.AccountDisabled))

	raise(t, shop, accounts.Erased{UserID: ann.ID})
	flush(t, shop)
	shop.WantRows(t, "messages", 0)
}

func TestWhoMayApproveARefundHearsOfIt(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	asks, support, gone := shop.User(t, "asks", auth.RoleAdmin), shop.User(t, "support", auth.RoleAdmin), shop.User(t, "gone", auth.RoleAdmin)
	shop.User(t, "ann")
	placed := shop.PlacedOrder(t, "ann", 1, shop.Variant(t, apptest.Stock(5)))
	ask := func(by id.User) {
		t.Helper()
		shop.InTx(t, func(tx pgx.Tx) error {
			_, err := postgres.Exec(t.Context(), tx, `UPDATE users SET disabled_at = now() WHERE id = @gone`, pgx.NamedArgs{"gone": gone.ID})
			if err != nil {
				return err
			}
			_, err = orders.AskRefund(t.Context(), tx, orders.RefundRequest{
				Order: placed.Order.ID, Amount: money.Of(1234, "USD"), Body: []byte(`{"shipping": true, "reason": "late"}`), AskedBy: by.String(),
			})
			return err
		})
		flush(t, shop)
	}
	ask(asks.ID)
	var to []string
	for _, m := range told(t, shop, notifications.RefundToApprove) {
		to = append(to, m.Recipient)
		wantText(t, m, "12.34 USD", placed.Order.Number, "http://shop.test/api/v1/admin/refund-requests?state=waiting")
	}
	if !slices.Contains(to, support.Email) || slices.Contains(to, asks.Email) || slices.Contains(to, gone.Email) {
		t.Errorf("told are %v", to)
	}
}

// A dispute is told to those who can answer it, as long as it wants an answer.
func TestWhoMayRefundHearsOfADispute(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	support := shop.User(t, "support", auth.RoleAdmin)
	shop.User(t, "ann")
	placed := shop.PlacedOrder(t, "ann", 1, shop.Variant(t, apptest.Stock(5)))
	open, over := id.New[id.Dispute](), id.New[id.Dispute]()
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `
			INSERT INTO payment_disputes (id, payment_id, ref, currency, amount_minor, reason, status, due_by)
			VALUES (@open, @payment, 'dp_1', 'USD', 1234, 'general', 'needs_response', '2026-12-03T10:00:00Z'), (@over, @payment, 'dp_2', 'USD', 1234, 'general', 'won', NULL)`,
			pgx.NamedArgs{"open": open, "over": over, "payment": placed.Payment.ID})
		return err
	})
	for _, which := range []id.Dispute{open, over} {
		raise(t, shop, payments.DisputeOpened{DisputeID: which})
		raise(t, shop, payments.DisputeDue{DisputeID: which})
	}
	flush(t, shop)
	for _, kind := range []notifications.Kind{notifications.DisputeOpened, notifications.DisputeDue} {
		var to []string
		for _, m := range told(t, shop, kind) {
			to = append(to, m.Recipient)
			wantText(t, m, "12.34 USD", placed.Order.Number, "2026-12-03 10:00:00 UTC", "http://shop.test/api/v1/admin/disputes/"+open.String())
		}
		slices.Sort(to)
		if !slices.Contains(to, support.Email) || len(slices.Compact(slices.Clone(to))) != len(to) {
			t.Errorf("of %s are told %v", kind.Name, to)
		}
	}
}

func TestPeopleChooseWhatTheyHear(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	ann := shop.User(t, "ann")
	const mine = "/me/notification-preferences"
	shop.Call(t, "", "GET", mine, "").Want(t, 401)
	shop.Call(t, "ann", "GET", mine, "").Want(t, 200, `"topic":"security","required":true,"email":true`, `"topic":"orders","required":false,"email":true`, `"topic":"offers","required":false,"email":false`)
	no := shop.Call(t, "ann", "PATCH", mine, `{"topics": [{"topic": "orders", "email": false}, {"topic": "security", "email": false}]}`).Want(t, 422, "/topics/1/email", "required_topic")
	if no.Code() != "validation_failed" {
		t.Error(no.Body)
	}
	shop.Call(t, "ann", "PATCH", mine, `{"topics": [{"topic": "gossip", "email": false}]}`).Want(t, 422)
	shop.WantRows(t, "notification_preferences", 0)
	shop.Call(t, "ann", "PATCH", mine, `{"topics": [{"topic": "orders", "email": false}, {"topic": "offers", "email": true}]}`).
		Want(t, 200, `"topic":"orders","required":false,"email":false`, `"topic":"offers","required":false,"email":true`, `"topic":"account","required":false,"email":true`)

	placed := shop.PlacedOrder(t, "ann", 1, shop.Variant(t, apptest.Stock(5)))
	shop.Send(t, placed.Order.ID, placed.Order.Parts[0], 0)
	raise(t, shop, accounts.PasswordChanged{UserID: ann.ID})
	flush(t, shop)
	one(t, shop, notifications.OrderConfirmed) // owed
	one(t, shop, notifications.PasswordChanged)
	if unwanted := told(t, shop, notifications.OrderShipped); len(unwanted) > 0 {
		t.Errorf("told what was switched off: %+v", unwanted)
	}
}

// RFC 8058: the mail program's POST is enough, and a look changes nothing.
func TestOneClickStopsATopic(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	ann := shop.User(t, "ann")
	raise(t, shop, accounts.RolesChanged{UserID: ann.ID, Roles: []string{"customer"}})
	flush(t, shop)
	link := regexp.MustCompile(`http://shop\.test(/unsubscribe\?token=\S+)`).FindStringSubmatch(one(t, shop, notifications.RolesChanged).Text)
	if link == nil {
		t.Fatal("no link to stop such mails")
	}
	path := "@" + link[1]
	shop.Call(t, "", "GET", path, "").Want(t, 200, `<form method="post"`)
	shop.WantRows(t, "notification_preferences", 0)
	for _, forged := range []string{
		path + "x", strings.Replace(path, ".account.", ".orders.", 1), strings.Replace(path, ".account.", ".security.", 1), "@/unsubscribe?token=", "@/unsubscribe",
	} {
		shop.Call(t, "", "POST", forged, "").Want(t, 404)
	}
	shop.WantRows(t, "notification_preferences", 0)
	shop.Call(t, "", "POST", path, "List-Unsubscribe=One-Click", "Content-Type", "application/x-www-form-urlencoded").Want(t, 200, "Done")
	raise(t, shop, accounts.RolesChanged{UserID: ann.ID, Roles: []string{"customer", "vendor"}})
	flush(t, shop)
	one(t, shop, notifications.RolesChanged) // still the first
	shop.Call(t, "ann", "GET", "/me/notification-preferences", "").Want(t, 200, `"topic":"account","required":false,"email":false`)
}

func TestOldMessagesAreDropped(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	raise(t, shop, accounts.PasswordChanged{UserID: shop.User(t, "ann").ID})
	raise(t, shop, accounts.PasswordChanged{UserID: shop.User(t, "ben").ID})
	flush(t, shop)
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `UPDATE messages SET created_at = now() - interval '31 days' WHERE recipient LIKE 'ann%'`, nil)
		return err
	})
	if err := shop.Notifications.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := messages(t, shop); len(left) != 1 || !strings.HasPrefix(left[0].Recipient, "ben") {
		t.Errorf("left: %+v", left)
	}
}

func at(address string) apptest.Option { return func(c *config.Config) { c.BaseURL = address } }

// The mailbox holds links that let in.
func TestTheMailboxOpensOnlyAtTheMachineItself(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	home := apptest.Serve(t, pool, at("http://localhost"))
	public := apptest.Serve(t, pool, at("https://shop.example"))
	sending := apptest.Serve(t, pool, at("http://localhost"), func(c *config.Config) { c.SMTPURL, c.MailFrom = "smtp://localhost", "shop@example.com" })
	demo := apptest.Serve(t, pool, at("https://demo.example"))
	demo.Notifications.Open = true
	billed(t, home, "", home.Variant(t))
	flush(t, home)
	m := one(t, home, notifications.Invoice)

	for name, c := range map[string]struct {
		shop    *apptest.App
		host    string
		headers []string
		want    int
	}{
		"at the machine":                 {home, "", nil, 200},
		"by the name localhost":          {home, "localhost:8080", nil, 200},
		"through a proxy":                {home, "", []string{"X-Forwarded-For", "127.0.0.1"}, 404},
		"through a proxy that says less": {home, "", []string{"Via", "1.1 proxy"}, 404},
		"by a name that was rebound":     {home, "evil.example", nil, 404},
		"of a shop that the world sees":  {public, "", nil, 404},
		"of a shop that sends":           {sending, "", nil, 404},
		"of a demo":                      {demo, "demo.example", []string{"X-Forwarded-For", "203.0.113.9"}, 200},
		"of a demo by a rebound name":    {demo, "evil.example", nil, 404},
	} {
		for _, path := range []string{"@/dev/mail", "@/dev/mail/" + m.ID.String(), "@/dev/mail/" + m.ID.String() + "/body", "@/dev/mail/" + m.ID.String() + "/file"} {
			r := c.shop.Request(t, "", "GET", path, "", c.headers...)
			if c.host != "" {
				r.Host = c.host
			}
			response, err := c.shop.Client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != c.want {
				t.Errorf("%s: %s answers %d, want %d", name, path, response.StatusCode, c.want)
			}
		}
	}
}

func TestTheMailboxShowsMailWithoutLettingItAct(t *testing.T) {
	t.Parallel()
	shop := apptest.Serve(t, pgtest.DB(t), at("http://localhost"))
	ann, ben := shop.User(t, "ann"), shop.User(t, "ben")
	raise(t, shop, accounts.PasswordChanged{UserID: ann.ID})
	raise(t, shop, accounts.RolesChanged{UserID: ben.ID, Roles: []string{"<img src=x onerror=alert(1)>"}})
	flush(t, shop)
	m := one(t, shop, notifications.RolesChanged)

	all := shop.Call(t, "", "GET", "@/dev/mail", "").Want(t, 200, ann.Email, ben.Email)
	if strings.Index(all.Body, ben.Email) > strings.Index(all.Body, ann.Email) {
		t.Error("the newest is not the first")
	}
	found := shop.Call(t, "", "GET", "@/dev/mail?to="+url.QueryEscape(strings.ToUpper(ann.Email)), "").Want(t, 200, ann.Email)
	if strings.Contains(found.Body, ben.Email) {
		t.Error("a search for ann finds ben")
	}
	shop.Call(t, "", "GET", "@/dev/mail?to=%25", "").Want(t, 200, "Nobody with")
	page := shop.Call(t, "", "GET", "@/dev/mail/"+m.ID.String(), "").Want(t, 200, `sandbox="allow-popups allow-popups-to-escape-sandbox"`)
	text := shop.Call(t, "", "GET", "@/dev/mail/"+m.ID.String()+"?as=text", "").Want(t, 200, "&lt;img src=x")
	body := shop.Call(t, "", "GET", "@/dev/mail/"+m.ID.String()+"/body", "").Want(t, 200, `<base target="_blank">`, "&lt;img src=x")
	for name, answer := range map[string]apptest.Answer{"list": all, "page": page, "text": text, "body": body} {
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "script") || strings.Contains(answer.Body, "<img") {
			t.Errorf("%s: policy %q", name, policy)
		}
	}
	if !strings.Contains(body.Header.Get("Content-Security-Policy"), "sandbox allow-popups") {
		t.Error("the mail is not in a sandbox")
	}
	shop.Call(t, "", "GET", "@/dev/mail/nonsense", "").Want(t, http.StatusNotFound)
	shop.Call(t, "", "GET", "@/dev/mail/"+id.New[id.Message]().String(), "").Want(t, http.StatusNotFound)
}
