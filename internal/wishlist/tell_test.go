package wishlist_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestALowerPriceIsToldOnce(t *testing.T) {
	s := open(t)
	lamp, cup := s.Variant(t, apptest.Titled("Lamp"), apptest.Price(10000)), s.Variant(t, apptest.Titled("Cup"), apptest.Price(1000))
	s.add("ann", "/me/wishlist", lamp)
	s.add("ann", "/me/wishlist", cup)
	s.add("ben", "/me/wishlist", cup)
	_, guests := s.guests()
	s.add("", guests, lamp) // whom nobody can write to
	for _, step := range []struct {
		cents, want int
		why         string
	}{
		{9600, 0, "4 % is no news"},
		{9500, 1, "5 % is"},
		{12000, 1, "dearer is not"},
		{9500, 1, "what was told before is not"},
		{9100, 1, "nor what is a little below it"},
		{9025, 2, "5 % below it is"},
	} {
		s.price(lamp, step.cents)
		s.tell()
		s.wantMails(step.why, "price_drop", step.want)
	}
	told := s.mails("price_drop")[1]
	for _, text := range []string{"1 × Lamp", "100.00 USD → 90.25 USD", "http://shop.test/products/", "/unsubscribe?token="} {
		if !strings.Contains(told.Text, text) {
			t.Errorf("the mail lacks %q:\n%s", text, told.Text)
		}
	}
	if !strings.HasPrefix(told.Recipient, "ann") || !strings.Contains(told.Subject, "Lamp") {
		t.Errorf("told %+v", told)
	}
	// Of several things there is one mail; of what fell and rose again before anybody looked, none.
	s.price(lamp, 5000)
	s.price(cup, 500)
	s.tell()
	s.wantMails("two things", "price_drop", 4)
	s.price(lamp, 1000)
	s.price(lamp, 5000)
	s.tell()
	s.wantMails("down and up", "price_drop", 4)
}

func TestWhoDoesNotWantToHearOfPricesDoesNot(t *testing.T) {
	s := open(t)
	lamp := s.Variant(t, apptest.Price(10000))
	s.add("ann", "/me/wishlist", lamp)
	list := "/me/wishlists/" + s.view("ann", "/me/wishlist").ID.String()
	s.call("ann", "PATCH", list, `{"price_drops": false}`).Want(t, 200)
	s.price(lamp, 8000)
	s.tell()
	s.call("ann", "PATCH", list, `{"price_drops": true}`).Want(t, 200)
	s.price(lamp, 7900)
	s.tell()
	s.wantMails("what was cheaper before", "price_drop", 0)
	s.call("ann", "PATCH", "/me/notification-preferences", `{"topics": [{"topic": "wishlist", "email": false}]}`).Want(t, 200)
	s.price(lamp, 5000)
	s.tell()
	s.wantMails("the topic is off", "price_drop", 0)
	s.call("ann", "PATCH", "/me/notification-preferences", `{"topics": [{"topic": "wishlist", "email": true}]}`).Want(t, 200)
	s.exec(`UPDATE users SET email_verified_at = NULL`, nil)
	s.price(lamp, 2000)
	s.tell()
	s.wantMails("the mailbox is not proven", "price_drop", 0)
}

// What had no price yet is measured by its first one.
func TestTheFirstPriceIsNoNewsAndALowerOneIs(t *testing.T) {
	s := open(t)
	lamp := s.Variant(t)
	s.exec(`DELETE FROM prices WHERE variant_id = @v`, pgx.NamedArgs{"v": lamp})
	if item := s.add("ann", "/me/wishlist", lamp); item.PriceThen != nil {
		t.Fatalf("it had a price: %+v", item)
	}
	s.price(lamp, 10000)
	s.tell()
	s.wantMails("its first price", "price_drop", 0)
	s.price(lamp, 8000)
	s.tell()
	s.wantMails("a lower one", "price_drop", 1)
}

func TestTheThresholdIsASetting(t *testing.T) {
	s := open(t)
	lamp := s.Variant(t, apptest.Price(10000))
	s.add("ann", "/me/wishlist", lamp)
	s.InTx(t, func(tx pgx.Tx) error {
		return s.Settings.Set(t.Context(), tx, map[string]json.RawMessage{"wishlist.price_drop_percent": json.RawMessage("30")})
	})
	s.price(lamp, 8000)
	s.tell()
	s.wantMails("20 %", "price_drop", 0)
	s.price(lamp, 7000)
	s.tell()
	s.wantMails("30 %", "price_drop", 1)
}

func TestNothingIsToldOfWhatIsNotOnSale(t *testing.T) {
	s := open(t)
	lamp := s.Product(t, apptest.Price(10000), apptest.Stock(0))
	s.add("ann", "/me/wishlist", lamp.Variants[0])
	list := "/me/wishlists/" + s.view("ann", "/me/wishlist").ID.String()
	s.call("ann", "PATCH", list, `{"back_in_stock": true}`).Want(t, 200)
	s.call(apptest.Admin, "POST", "/admin/products/"+lamp.ID.String()+"/hide", "").Want(t, 200)
	s.price(lamp.Variants[0], 5000)
	s.stock(lamp.Variants[0], 5)
	s.tell()
	s.wantMails("hidden", "price_drop", 0)
	s.wantMails("hidden", "back_in_stock", 0)
	s.call(apptest.Admin, "POST", "/admin/products/"+lamp.ID.String()+"/approve", "").Want(t, 200)
	s.tell()
	s.wantMails("on sale again", "price_drop", 1)
	s.wantMails("on sale again", "back_in_stock", 1)
}

func TestWhoMaySellAgainIsHeardOf(t *testing.T) {
	s := open(t)
	vera := s.Owner(t, "vera")
	lamp := s.Variant(t, apptest.Price(10000), apptest.By(vera))
	s.add("ann", "/me/wishlist", lamp)
	vendor := "/admin/vendors/" + s.view("ann", "/me/wishlist").Items[0].Vendor.ID.String()
	s.call(apptest.Admin, "POST", vendor+"/suspend", `{"reason": "late"}`).Want(t, 200)
	s.price(lamp, 5000)
	s.tell()
	s.wantMails("suspended", "price_drop", 0)
	s.call(apptest.Admin, "POST", vendor+"/approve", "").Want(t, 200)
	s.tell()
	s.wantMails("selling again", "price_drop", 1)
}

// Stock is not followed for guests: what they bring along is as it is now.
func TestAGuestsThingsAreLookedAtWhenTheyAreMerged(t *testing.T) {
	s := open(t)
	mug, lamp := s.Variant(t), s.Variant(t, apptest.Stock(1))
	s.add("ann", "/me/wishlist", mug)
	s.call("ann", "PATCH", "/me/wishlists/"+s.view("ann", "/me/wishlist").ID.String(), `{"back_in_stock": true}`).Want(t, 200)
	guest, path := s.guests()
	s.add("", path, lamp)
	s.stock(lamp, -1)
	s.tell()
	s.call("ann", "POST", "/me/wishlists/claim", fmt.Sprintf(`{"wishlist_id": %q}`, guest)).Want(t, 200)
	s.stock(lamp, 1)
	s.tell()
	s.wantMails("sold out as a guest, and back since", "back_in_stock", 1)
}

func TestNewStockIsToldOnce(t *testing.T) {
	s := open(t)
	lamp := s.Variant(t, apptest.Stock(1))
	s.add("ann", "/me/wishlist", lamp)
	s.add("ben", "/me/wishlist", lamp) // who does not want to hear of it
	list := "/me/wishlists/" + s.view("ann", "/me/wishlist").ID.String()
	s.call("ann", "PATCH", list, `{"back_in_stock": true}`).Want(t, 200)
	s.stock(lamp, 4)
	s.tell()
	s.wantMails("more of what was there", "back_in_stock", 0)
	s.PlacedOrder(t, "ben", 5, lamp)
	s.tell()
	s.wantMails("sold out", "back_in_stock", 0)
	s.stock(lamp, 3)
	s.tell()
	s.wantMails("back", "back_in_stock", 1)
	s.stock(lamp, 3)
	s.tell()
	s.wantMails("more", "back_in_stock", 1)
	s.stock(lamp, -6)
	s.tell()
	s.stock(lamp, 6)
	s.tell()
	s.wantMails("out and in on one day", "back_in_stock", 1)
	s.stock(lamp, -6)
	s.tell()
	s.exec(`UPDATE wishlist_items SET restock_told_at = restock_told_at - interval '25 hours'`, nil)
	s.stock(lamp, 6)
	s.tell()
	s.wantMails("a day later", "back_in_stock", 2)
}

// Many watchers are told in parts; nobody is left out, nobody told twice.
func TestManyWatchers(t *testing.T) {
	s := open(t)
	lamp := s.Variant(t, apptest.Price(10000))
	s.exec(`
		WITH people AS (
			INSERT INTO users (id, username, email) SELECT gen_random_uuid(), 'watcher' || n, 'watcher' || n || '@example.com' FROM generate_series(1, 2500) n RETURNING id
		), made AS (
			INSERT INTO wishlists (id, user_id, name, is_default) SELECT gen_random_uuid(), id, 'x', true FROM people RETURNING id
		)
		INSERT INTO wishlist_items (id, wishlist_id, variant_id, currency, added_minor, told_minor)
		SELECT gen_random_uuid(), id, @lamp, 'USD', 10000, 10000 FROM made`, pgx.NamedArgs{"lamp": lamp})
	s.price(lamp, 9000)
	s.tell()
	if n := s.Count(t, `SELECT count(*)::int FROM events WHERE name = 'wishlist.prices_fell'`, nil); n != 2500 {
		t.Errorf("%d people are told", n)
	}
	s.WantRows(t, "wishlist_due", 0)
}

// Two sweeps at once tell once.
func TestSweepsAtOnceTellOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	lamp := s.Variant(t, apptest.Price(10000))
	s.add("ann", "/me/wishlist", lamp)
	s.price(lamp, 5000)
	var sweeps sync.WaitGroup
	for range 4 {
		s.exec(`INSERT INTO wishlist_due (variant_id) VALUES (@v) ON CONFLICT DO NOTHING`, pgx.NamedArgs{"v": lamp})
		sweeps.Go(func() {
			if err := s.Wishlists.Tell(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	sweeps.Wait()
	if n := s.Count(t, `SELECT count(*)::int FROM events WHERE name = 'wishlist.prices_fell'`, nil); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// A price that falls while the sweep looks at the one before is told by the next.
func TestWhatMovesDuringASweepIsToldLater(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	lamp := s.Variant(t, apptest.Price(10000))
	s.add("ann", "/me/wishlist", lamp)
	follow := func() error {
		return postgres.InTx(t.Context(), s.DB, func(tx pgx.Tx) error {
			data, err := json.Marshal(map[string][]id.Variant{"variant_ids": {lamp}})
			if err != nil {
				return err
			}
			return s.Wishlists.Follow(t.Context(), tx, []events.Record{{Name: "pricing.prices_changed", Data: data}})
		})
	}
	s.price(lamp, 9000)
	if err := follow(); err != nil {
		t.Fatal(err)
	}
	waiting := func() int {
		return s.Count(t, `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`, nil)
	}
	swept, followed := make(chan error, 1), make(chan error, 1)
	s.InTx(t, func(tx pgx.Tx) error { // the sweep waits for this item, and knows the price of 90
		if _, err := tx.Exec(t.Context(), `SELECT id FROM wishlist_items FOR UPDATE`); err != nil {
			return err
		}
		go func() { swept <- s.Wishlists.Tell(t.Context()) }()
		apptest.Await(t, "the sweep", func() bool { return waiting() == 1 })
		s.price(lamp, 5000)
		go func() { followed <- follow() }()
		apptest.Await(t, "the log", func() bool { return len(followed) == 1 || waiting() == 2 })
		return nil
	})
	if err := errors.Join(<-swept, <-followed); err != nil {
		t.Fatal(err)
	}
	if err := s.Wishlists.Tell(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.Count(t, `SELECT count(*)::int FROM events WHERE name = 'wishlist.prices_fell'`, nil); n != 2 {
		t.Errorf("told %d times, want of 90 and of 50", n)
	}
}

func (s *shop) ask(product apptest.Goods, kind, email string) {
	s.t.Helper()
	s.call("", "POST", "/products/"+product.Slug+"/notify", fmt.Sprintf(`{"variant_id": %q, "email": %q, "kind": %q}`, product.Variants[0], email, kind)).
		Want(s.t, 202, "If this mailbox has not been asked yet")
}

var mailed = regexp.MustCompile(`/account/alert#token=(\S+)`)

// confirm opens the link in the newest mail that asks for a proof.
func (s *shop) confirm() {
	s.t.Helper()
	asked := s.mails("alert_confirm")
	link := mailed.FindStringSubmatch(asked[len(asked)-1].Text)
	if link == nil {
		s.t.Fatalf("no link in %s", asked[len(asked)-1].Text)
	}
	s.call("", "POST", "/product-alerts/confirm", fmt.Sprintf(`{"token": %q}`, link[1])).Want(s.t, 200, `"slug":"goods-`)
}

func TestAGuestIsToldAfterTheMailboxSaidYes(t *testing.T) {
	s := open(t)
	lamp := s.Product(t, apptest.Titled("Lamp"), apptest.Price(10000), apptest.Stock(0))
	s.ask(lamp, "back_in_stock", "eve@example.com")
	s.ask(lamp, "back_in_stock", "EVE@example.com") // the same, whoever asks
	s.tell()
	s.wantMails("asked", "alert_confirm", 1)
	s.stock(lamp.Variants[0], 5)
	s.tell()
	s.wantMails("not proven", "back_in_stock", 0)
	s.call("", "POST", "/product-alerts/confirm", `{"token": "nonsense"}`).Want(t, 400, "invalid_token")
	s.confirm()
	s.confirm() // twice is once
	s.tell()
	s.wantMails("proven, and back since", "back_in_stock", 1)
	if m := s.mails("back_in_stock")[0]; m.Recipient != "eve@example.com" || !strings.Contains(m.Text, "Lamp") || !strings.Contains(m.Text, "/unsubscribe?token=alert_") {
		t.Errorf("told %+v", m)
	}
	s.stock(lamp.Variants[0], -5)
	s.tell()
	s.stock(lamp.Variants[0], 5)
	s.tell()
	s.wantMails("once", "back_in_stock", 1)
	s.ask(lamp, "back_in_stock", "eve@example.com") // and again, for the next time
	s.tell()
	s.wantMails("asked once more", "alert_confirm", 2)
}

func TestAGuestHearsOfEachNewLowUntilOneClick(t *testing.T) {
	s := open(t)
	lamp := s.Product(t, apptest.Price(10000))
	s.call("", "POST", "/products/"+lamp.ID.String()+"/notify",
		fmt.Sprintf(`{"variant_id": %q, "email": "eve@example.com", "kind": "price_drop", "locale": "de"}`, lamp.Variants[0])).Want(t, 202)
	s.tell()
	s.confirm()
	for _, cents := range []int{9000, 10000, 9000, 8000} {
		s.price(lamp.Variants[0], cents)
		s.tell()
	}
	s.wantMails("two new lows", "price_drop", 2)
	last := s.mails("price_drop")[1]
	if last.Locale != "de" || !strings.Contains(last.Text, "100.00 USD → 80.00 USD") {
		t.Errorf("told %+v", last)
	}
	link := regexp.MustCompile(`http://shop\.test(/unsubscribe\?token=\S+)`).FindStringSubmatch(last.Text)
	token, _ := url.QueryUnescape(link[1])
	s.call("", "GET", "@"+link[1], "").Want(t, 200, `<form method="post"`)
	s.WantRows(t, "product_alerts", 1)
	for _, forged := range []string{link[1] + "x", strings.Replace(token, "alert_", "alert_0", 1), strings.Replace(link[1], ".alerts.", ".wishlist.", 1)} {
		s.call("", "POST", "@"+forged, "").Want(t, 404)
	}
	other := s.Product(t, apptest.Stock(0))
	s.ask(other, "back_in_stock", "eve@example.com")
	s.tell()
	for range 2 {
		s.Call(t, "", "POST", "@"+link[1], "List-Unsubscribe=One-Click", "Content-Type", "application/x-www-form-urlencoded").Want(t, 200, "Done")
		if n := s.Count(t, `SELECT count(*)::int FROM product_alerts WHERE confirmed_at IS NOT NULL`, nil); n != 0 {
			t.Errorf("%d alerts go on", n)
		}
	}
	s.price(lamp.Variants[0], 1000)
	s.tell()
	s.wantMails("ended", "price_drop", 2)
	s.Time.Advance(2 * time.Hour)
	s.ask(other, "back_in_stock", "eve@example.com")
	s.tell()
	s.wantMails("who has said no is not asked the same again", "alert_confirm", 2)
}

func TestAMailboxIsNotFloodedWithQuestions(t *testing.T) {
	s := open(t)
	var goods []apptest.Goods
	for range 7 {
		goods = append(goods, s.Product(t))
	}
	for _, g := range goods {
		s.ask(g, "price_drop", "eve@example.com")
	}
	s.tell()
	s.wantMails("seven questions", "alert_confirm", 5)
	s.ask(goods[0], "price_drop", "eve@example.com")
	s.tell()
	s.wantMails("the same at once", "alert_confirm", 5)
	s.Time.Advance(2 * time.Hour)
	s.ask(goods[0], "price_drop", "eve@example.com")
	s.tell()
	s.wantMails("the same later", "alert_confirm", 5) // five wait for an answer
	s.confirm()
	for range 5 {
		s.ask(goods[0], "price_drop", "eve@example.com")
		s.tell()
		s.Time.Advance(2 * time.Hour)
	}
	s.wantMails("once one is answered, the same once more", "alert_confirm", 6)
	s.Time.Advance(4 * 24 * time.Hour)
	if err := s.Wishlists.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.WantRows(t, "product_alerts", 1)
}

func TestAsksThatAreRefused(t *testing.T) {
	s := open(t)
	lamp, draft := s.Product(t), s.Product(t)
	s.call(apptest.Admin, "POST", "/admin/products/"+draft.ID.String()+"/hide", "").Want(t, 200)
	for name, c := range map[string]struct {
		product, body string
		want          int
	}{
		"another product's variant": {lamp.Slug, fmt.Sprintf(`{"variant_id": %q, "email": "e@example.com", "kind": "price_drop"}`, draft.Variants[0]), 404},
		"a hidden product":          {draft.Slug, fmt.Sprintf(`{"variant_id": %q, "email": "e@example.com", "kind": "price_drop"}`, draft.Variants[0]), 404},
		"no product":                {"nothing", fmt.Sprintf(`{"variant_id": %q, "email": "e@example.com", "kind": "price_drop"}`, lamp.Variants[0]), 404},
		"no mailbox":                {lamp.Slug, fmt.Sprintf(`{"variant_id": %q, "email": "e@example.com\nBcc: x@example.com", "kind": "price_drop"}`, lamp.Variants[0]), 422},
		"another kind":              {lamp.Slug, fmt.Sprintf(`{"variant_id": %q, "email": "e@example.com", "kind": "gossip"}`, lamp.Variants[0]), 422},
		"no currency":               {lamp.Slug, fmt.Sprintf(`{"variant_id": %q, "email": "e@example.com", "kind": "price_drop", "currency": "XXQ"}`, lamp.Variants[0]), 422},
	} {
		if got := s.call("", "POST", "/products/"+c.product+"/notify", c.body); got.Status != c.want {
			t.Errorf("%s: answered %d: %s", name, got.Status, got.Body)
		}
	}
	s.WantRows(t, "product_alerts", 0)
}

// Both tabs ask at once: there is one alert and one mail.
func TestTwoAsksAtOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	lamp := s.Product(t)
	var tabs sync.WaitGroup
	for range 4 {
		tabs.Go(func() {
			got := s.Call(t, "", "POST", "/products/"+lamp.Slug+"/notify", fmt.Sprintf(`{"variant_id": %q, "email": "eve@example.com", "kind": "price_drop"}`, lamp.Variants[0]))
			if got.Status != 202 {
				t.Errorf("answered %d: %s", got.Status, got.Body)
			}
		})
	}
	tabs.Wait()
	s.WantRows(t, "product_alerts", 1)
	if n := s.Count(t, `SELECT count(*)::int FROM events WHERE name = 'wishlist.alert_asked'`, nil); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestTheErasedWishForNothing(t *testing.T) {
	s := open(t)
	lamp := s.Product(t)
	me := s.call("ann", "GET", "/me", "").Want(t, 200).Body
	email := regexp.MustCompile(`"email":"([^"]+)"`).FindStringSubmatch(me)[1]
	s.add("ann", "/me/wishlist", lamp.Variants[0])
	s.ask(lamp, "price_drop", strings.ToUpper(email)) // as a guest, with the mailbox of an account
	s.ask(lamp, "price_drop", "eve@example.com")
	s.call("ann", "DELETE", "/me", "").Want(t, 204)
	s.tell()
	s.WantRows(t, "wishlists", 0)
	s.WantRows(t, "wishlist_items", 0)
	s.WantRows(t, "product_alerts", 1)
}

// The shop as it runs: the log is followed, and an order that sells something
// out is noticed.
func TestARunningShopFollowsItsOrders(t *testing.T) {
	t.Parallel()
	s := apptest.Run(t, pgtest.DB(t))
	s.User(t, "ann")
	lamp := s.Variant(t, apptest.Stock(1))
	s.Call(t, "ann", "POST", "/me/wishlist/items", variantBody(lamp)).Want(t, 200)
	s.PlacedOrder(t, "", 1, lamp)
	apptest.Await(t, "the order", func() bool {
		due, err := postgres.Column[id.Variant](t.Context(), s.DB, `SELECT variant_id FROM wishlist_due`, nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(due) == 1 && due[0] == lamp
	})
}
