package checkout_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/orders"
)

var occurrence = regexp.MustCompile(`"(instance|request_id)":"[^"]*"`)

// R26, rows 56, 84: an order that is not yours is not there, in the same words.
func TestR26AnOrderThatIsNotYoursIsNotThere(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada, eve := s.customer().String(), s.customer().String()
	mug := s.sell(goods{stock: 100})
	guests, others, hers := s.buy("", 1, mug), s.buy("", 1, mug), s.buy(ada, 1, mug)
	want := ""
	for _, tc := range []struct{ name, who, path string }{
		{"no such order", "", "/orders/" + id.New[id.Order]().String() + "?token=" + guests.Order.AccessToken},
		{"no id", "", "/orders/1?token=" + guests.Order.AccessToken},
		{"no token", "", "/orders/" + guests.Order.ID.String()},
		{"an empty token", "", "/orders/" + guests.Order.ID.String() + "?token="},
		{"a wrong token", "", "/orders/" + guests.Order.ID.String() + "?token=undefined"},
		{"a token short of one letter", "", strings.TrimSuffix(path(guests, ""), guests.Order.AccessToken[31:])},
		{"the token of another order", "", "/orders/" + guests.Order.ID.String() + "?token=" + others.Order.AccessToken},
		{"a customer's order as a guest", "", "/orders/" + hers.Order.ID.String() + "?token=" + guests.Order.AccessToken},
		{"a customer's order as another", eve, "/orders/" + hers.Order.ID.String()},
		{"a guest's order as a customer", eve, "/orders/" + guests.Order.ID.String()},
		{"another's among one's own", eve, "/me/orders/" + hers.Order.ID.String()},
		{"a guest's among one's own", eve, "/me/orders/" + guests.Order.ID.String()},
	} {
		got := occurrence.ReplaceAllString(s.call(tc.who, "GET", tc.path, "").want(404).Body.String(), "")
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%s: %s\nwant %s", tc.name, got, want)
		}
	}
	s.call("", "GET", path(guests, ""), "").want(200, guests.Order.Number)
	s.call(ada, "GET", "/orders/"+hers.Order.ID.String(), "").want(200)
	s.call(eve, "GET", path(guests, ""), "").want(200) // who has the token may sign in meanwhile
	s.call(eve, "GET", "/me/orders", "").want(200, `"data":[]`)

	s.clock.Advance(91 * 24 * time.Hour)
	s.call("", "GET", path(guests, ""), "").want(404)
	s.call(ada, "GET", "/orders/"+hers.Order.ID.String(), "").want(200)
}

// Only the hash of the token is kept.
func TestTheTokenIsNotKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	placed := s.buy("", 1, s.sell(goods{}))
	n := s.count(`SELECT count(*)::int FROM orders o WHERE strpos(o::text, @token) > 0 OR token_hash = sha256(convert_to(@token, 'UTF8'))`,
		pgx.NamedArgs{"token": placed.Order.AccessToken})
	if n != 1 {
		t.Errorf("%d orders hold the hash", n)
	}
	if n := s.count(`SELECT count(*)::int FROM orders o WHERE strpos(o::text, @token) > 0`, pgx.NamedArgs{"token": placed.Order.AccessToken}); n != 0 {
		t.Error("the token itself is in the table")
	}
}

// Row 87: a vendor sees its own lines and where they go, nothing more.
func TestAVendorSeesItsOwnPart(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor, other := s.vendor(), s.vendor()
	mug, pot := s.sell(goods{vendor: vendor, price: 1111}), s.sell(goods{vendor: other, price: 7777})
	placed := s.buy("", 1, mug, pot)
	elsewhere := s.buy("", 1, s.sell(goods{vendor: other}))
	mine := placed.Order.Parts[0]
	if mine.Seller.ID != vendor {
		mine = placed.Order.Parts[1]
	}
	foreign := []string{"ada@example.com", other.String(), pot.String(), "7777", placed.Order.AccessToken, `"email"`, `"payments"`}
	for _, path := range []string{"/vendor/orders/" + mine.ID.String(), "/vendor/orders/" + placed.Order.ID.String(), "/vendor/orders", "/vendor/orders?status=confirmed,shipped"} {
		s.call(vendor.String(), "GET", path, "").want(200, mine.Number, mug.String(), "1 Main St", `"commission":{"amount":167,`).lacks(foreign...)
	}
	s.call(vendor.String(), "GET", "/vendor/orders?status=shipped", "").want(200, `"data":[]`)
	s.call(vendor.String(), "GET", "/vendor/orders/"+elsewhere.Order.ID.String(), "").want(404)
	s.call(vendor.String(), "GET", "/vendor/orders/"+elsewhere.Order.Parts[0].ID.String(), "").want(404)
	s.call("", "GET", "/vendor/orders", "").want(401)
	s.call(s.customer().String(), "GET", "/vendor/orders", "").want(403)
}

func TestStaffFindOrders(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{stock: 100})
	var placed []string
	for range 5 {
		placed = append(placed, s.buy("", 1, mug).Order.Number)
	}
	s.call("", "GET", "/admin/orders", "").want(401)
	s.call(s.customer().String(), "GET", "/admin/orders", "").want(403)
	type list struct {
		Data       []orders.View `json:"data"`
		HasMore    bool          `json:"has_more"`
		NextCursor string        `json:"next_cursor"`
		TotalCount int           `json:"total_count"`
	}
	page := decode[list](s.call("staff", "GET", "/admin/orders?limit=3&include=total_count", "").want(200))
	rest := decode[list](s.call("staff", "GET", "/admin/orders?limit=3&after="+page.NextCursor, "").want(200))
	if len(page.Data) != 3 || !page.HasMore || len(rest.Data) != 2 || rest.HasMore || page.TotalCount != 5 {
		t.Fatalf("pages of %d and %d of %d", len(page.Data), len(rest.Data), page.TotalCount)
	}
	for i, o := range append(page.Data, rest.Data...) {
		if o.Number != placed[4-i] || len(o.Items) != 1 || len(o.Parts) != 1 || len(o.Payments) != 1 {
			t.Errorf("%d is %s with %d items", i, o.Number, len(o.Items))
		}
	}
	for query, want := range map[string]int{
		"q=" + strings.ToLower(placed[2]): 1, "q=ADA@": 5, "q=nobody": 0, "q=%25": 0, "status=confirmed": 5, "status=shipped,cancelled": 0,
		"payment_status=authorized": 5, "fulfillment_status=delivered": 0,
		"created_at[gte]=2020-01-01T00:00:00Z": 5, "created_at[lt]=2020-01-01T00:00:00Z": 0, "sort=-created_at": 5,
		"q=ada@example.com&status=confirmed": 5, "vendor=" + id.New[id.Vendor]().String(): 0, "user=" + id.New[id.User]().String(): 0,
	} {
		if got := len(decode[list](s.call("staff", "GET", "/admin/orders?"+query, "").want(200)).Data); got != want {
			t.Errorf("%s finds %d, want %d", query, got, want)
		}
	}
	for _, query := range []string{"status=lost", "created_at[gte]=yesterday", "sort=email", "email=x", "after=x", "limit=0", "limit=101"} {
		if got := s.call("staff", "GET", "/admin/orders?"+query, "").Code; got != 422 {
			t.Errorf("%s answers %d, want 422", query, got)
		}
	}
	s.call("staff", "GET", "/admin/payments?method=cod&status=authorized", "").want(200, `"has_more":false`, `"method":"cod"`)
	s.call("staff", "GET", "/admin/payments?include=total_count&order="+page.Data[0].ID.String(), "").want(200, `"total_count":1`)
	s.call("staff", "GET", "/admin/payments/"+decode[list](s.call("staff", "GET", "/admin/orders", "")).Data[0].Payments[0].ID.String(), "").want(200, `"cause":"placed"`)
}

// Row 82: a note is text, however it looks, and not longer than is read.
func TestNotes(t *testing.T) {
	t.Parallel()
	s := open(t)
	placed := s.buy("", 1, s.sell(goods{}))
	notes := "/admin/orders/" + placed.Order.ID.String() + "/notes"
	s.call("staff", "POST", notes, `{"body": "<script>alert(1)</script>"}`).want(201, `"body":"<script>alert(1)</script>"`)
	s.call("staff", "GET", notes, "").want(200, "<script>")
	s.call("staff", "GET", "/admin/orders/"+placed.Order.ID.String(), "").want(200, "<script>", `"trace":[{`, `"actor":`)
	s.call("", "GET", path(placed, ""), "").want(200).lacks("<script>", `"actor"`, `"trace"`, `"notes"`)
	s.call("staff", "POST", notes, `{"body": "  "}`).want(422)
	s.call("staff", "POST", notes, `{"body": "`+strings.Repeat("a", 5001)+`"}`).want(422)
	s.call("staff", "POST", notes, `{"body": "`+strings.Repeat("a", 1<<20)+`"}`).want(413)
	s.call("staff", "POST", "/admin/orders/"+id.New[id.Order]().String()+"/notes", `{"body": "x"}`).want(404)
	s.call("staff", "GET", "/admin/orders/"+id.New[id.Order]().String()+"/notes", "").want(404)
}

func TestStaffReadTheBooks(t *testing.T) {
	t.Parallel()
	s := open(t)
	placed := s.buy("", 1, s.sell(goods{}))
	s.deliver(s.ship(placed)...)
	type list struct {
		Data []struct {
			ID   string `json:"id"`
			Kind string `json:"kind"`
		} `json:"data"`
	}
	accounts := decode[list](s.call("staff", "GET", "/admin/ledger", "").want(200, `"kind":"psp_clearing"`, `"party":"cod"`))
	if len(accounts.Data) != 3 { // no tax
		t.Errorf("%d accounts", len(accounts.Data))
	}
	only := decode[list](s.call("staff", "GET", "/admin/ledger?kind=psp_clearing", "").want(200))
	s.call("staff", "GET", "/admin/ledger/"+only.Data[0].ID+"/entries", "").want(200, `"ref_type":"payment_event"`, placed.Order.Number)
	s.call("staff", "GET", "/admin/ledger/"+id.New[id.LedgerAccount]().String()+"/entries", "").want(404)
	s.call("staff", "GET", "/admin/ledger/trial-balance", "").want(200, `"debit":{"amount":1500,"currency":"USD"},"credit":{"amount":1500,"currency":"USD"}`)
	s.call(s.customer().String(), "GET", "/admin/ledger", "").want(403)
}
