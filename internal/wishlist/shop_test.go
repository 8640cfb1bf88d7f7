package wishlist_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/wishlist"
)

// shop is the whole shop in a transaction, with Ann and Ben in it.
type shop struct {
	*apptest.App
	t        *testing.T
	followed int64
}

func open(t *testing.T) *shop { return openOn(t, pgtest.Tx(t)) }

func openOn(t *testing.T, db postgres.DB) *shop {
	t.Helper()
	s := &shop{App: apptest.New(t, db), t: t}
	s.User(t, "ann")
	s.User(t, "ben")
	return s
}

func (s *shop) call(as, method, path, body string) apptest.Answer {
	s.t.Helper()
	return s.Call(s.t, as, method, path, body)
}

func (s *shop) view(as, path string) wishlist.View {
	s.t.Helper()
	return apptest.Read[wishlist.View](s.t, s.call(as, "GET", path, "").Want(s.t, 200))
}

// add puts a variant on a list.
func (s *shop) add(as, list string, variant id.Variant) wishlist.ItemView {
	s.t.Helper()
	return apptest.Read[wishlist.ItemView](s.t, s.call(as, "POST", list+"/items", variantBody(variant)).Want(s.t, 200))
}

func variantBody(variant id.Variant) string { return fmt.Sprintf(`{"variant_id": %q}`, variant) }

// named makes another list of a user's and tells its path.
func (s *shop) named(as, name string) string {
	s.t.Helper()
	made := apptest.Read[wishlist.Summary](s.t, s.call(as, "POST", "/me/wishlists", `{"name": "`+name+`"}`).Want(s.t, 201))
	return "/me/wishlists/" + made.ID.String()
}

func (s *shop) guests() (list id.Wishlist, path string) {
	s.t.Helper()
	made := apptest.Read[wishlist.View](s.t, s.call("", "POST", "/wishlists", "").Want(s.t, 201))
	return made.ID, "/wishlists/" + made.ID.String()
}

func (s *shop) exec(sql string, args pgx.NamedArgs) {
	s.t.Helper()
	s.InTx(s.t, func(tx pgx.Tx) error { _, err := postgres.Exec(s.t.Context(), tx, sql, args); return err })
}

func (s *shop) price(variant id.Variant, cents int) {
	s.t.Helper()
	s.call(apptest.Admin, "PUT", "/admin/variants/"+variant.String()+"/prices", fmt.Sprintf(`{"prices": [{"price": {"amount": %d, "currency": "USD"}}]}`, cents)).Want(s.t, 200)
}

func (s *shop) stock(variant id.Variant, delta int) {
	s.t.Helper()
	s.call(apptest.Admin, "POST", "/admin/inventory/adjustments", fmt.Sprintf(`{"variant_id": %q, "delta": %d, "reason": "count"}`, variant, delta)).Want(s.t, 200)
}

// tell lets everybody hear of what has happened: the consumer of the log, the
// sweep, and the mails.
func (s *shop) tell() {
	s.t.Helper()
	s.InTx(s.t, func(tx pgx.Tx) error {
		batch, err := postgres.All[events.Record](s.t.Context(), tx, `
			SELECT xid, seq, id, name, coalesce(subject, '00000000-0000-0000-0000-000000000000') AS subject, coalesce(version, 0) AS version, data, actor, at
			FROM events WHERE seq > @after ORDER BY seq`, pgx.NamedArgs{"after": s.followed})
		if err != nil || len(batch) == 0 {
			return err
		}
		s.followed = batch[len(batch)-1].Seq
		return s.Wishlists.Follow(s.t.Context(), tx, batch)
	})
	if err := s.Wishlists.Tell(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Relay.Flush(s.t.Context(), s.DB); err != nil {
		s.t.Fatal(err)
	}
}

type mail struct {
	Recipient string `db:"recipient"`
	Locale    string `db:"locale"`
	Subject   string `db:"subject"`
	Text      string `db:"text"`
}

// mails are those of a kind, in their order.
func (s *shop) mails(kind string) []mail {
	s.t.Helper()
	list, err := postgres.All[mail](s.t.Context(), s.DB, `SELECT recipient, locale, subject, text FROM messages WHERE kind = @kind ORDER BY id`, pgx.NamedArgs{"kind": kind})
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func (s *shop) wantMails(when, kind string, want int) {
	s.t.Helper()
	if got := s.mails(kind); len(got) != want {
		s.t.Errorf("%s: %d mails of %s, want %d", when, len(got), kind, want)
	}
}
