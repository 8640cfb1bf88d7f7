package app_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// noMarks fails the test when an answer or the log holds the mark of somebody
// whom the principal may not see; a refusal holds nobody's.
func (m *matrix) noMarks(t *testing.T, p principal, r request, g got) {
	t.Helper()
	var header strings.Builder
	_ = g.Header.Write(&header)
	for _, k := range m.marks {
		if strings.Contains(g.logged, k.text) {
			t.Errorf("%s: %s %s logs %q: %s", p.name, r.method, r.path, k.text, g.logged)
		}
		if (strings.Contains(g.Body, k.text) || strings.Contains(header.String(), k.text)) && (!g.good() || !p.sees(k) && !slices.Contains(k.sides, r.side)) {
			t.Errorf("%s: %s %s shows %q: %.2000s", p.name, r.method, r.path, k.text, g.Body)
		}
	}
}

// sees reports whether a mark is of the principal's own; staff see all.
func (p principal) sees(k mark) bool {
	return p.staff || slices.Contains(k.sides, p.self) || slices.Contains(k.sides, p.vendor) ||
		p.as == "" && slices.Contains(k.sides, "guest")
}

// asDocumented fails the test when a good answer is not what the document says:
// it lists every property and allows no other.
func (m *matrix) asDocumented(t *testing.T, d *door, g got) {
	t.Helper()
	if d.Responses[d.success()].Content["application/json"] == nil {
		return
	}
	escaped := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(d.path)
	schema, err := m.schemas.Compile("openapi.json#/paths/" + escaped + "/" + strings.ToLower(d.method) + "/responses/" + d.success() + "/content/application~1json/schema")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(g.Body))
	if err != nil {
		t.Fatalf("%v: %s", err, g.Body)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("the answer is not what the document says: %v\n%.2000s", err, g.Body)
	}
}

// public are kinds of ids that everybody may name in a cart or on a wishlist: what
// is for sale, by whom, and how it is sent.
var public = []string{"plan_", "var_", "prod_", "vend_", "sopt_"}

// swap repeats a good call of side a with each id in it replaced by each of the
// same kind that others have: no other thing is shown, and none is touched.
func (m *matrix) swap(t *testing.T, d *door, p principal, r request) {
	t.Helper()
	if p.self != "customer a" && p.vendor != "vendor a" || d.whose == nobodys || d.whose == shops {
		return
	}
	for _, mine := range anID.FindAllString(r.path+" "+r.body, -1) {
		kind := mine[:strings.IndexByte(mine, '_')+1]
		if (d.whose == buyers || d.whose == users) && slices.Contains(public, kind) {
			continue
		}
		for _, theirs := range m.foreignIDs(kind) {
			swapped := r
			swapped.path, swapped.body = strings.Replace(r.path, mine, theirs, 1), strings.Replace(r.body, mine, theirs, 1)
			got := m.call(t, p, swapped)
			if got.good() && (d.method != http.MethodGet || strings.Contains(got.Body, theirs)) {
				t.Errorf("%s names %s for %s and is answered %d: %s %s %s: %.500s", p.name, theirs, mine, got.Status, swapped.method, swapped.path, swapped.body, got.Body)
			}
			if len(got.changed) > 0 {
				t.Errorf("%s names %s for %s and changes %v: %s %s", p.name, theirs, mine, got.changed, swapped.method, swapped.path)
			}
			m.noMarks(t, p, swapped, got)
		}
	}
}

// foreignIDs are those of a kind that customer b and vendor b have.
func (m *matrix) foreignIDs(kind string) []string {
	var ids []string
	for _, side := range []string{"customer b", "vendor b"} {
		for _, thing := range m.sides[side] {
			if strings.HasPrefix(thing, kind) && !slices.Contains(ids, thing) {
				ids = append(ids, thing)
			}
		}
	}
	return ids
}

// What is mailed in a world holds no mark of anybody but the one whom it is
// mailed to.
func TestMailsHoldNobodyElsesMarks(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	w := newWorld(t, pool)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- w.Relay.Run(ctx) }()
	apptest.Await(t, "all mail is written", func() bool {
		return w.Count(t, `
			SELECT (SELECT count(*) FROM events e WHERE NOT EXISTS (SELECT FROM event_cursors c WHERE c.follower = 'relay' AND (c.xid, c.seq) >= (e.xid, e.seq)))::int
			     + (SELECT count(*) FROM river_job WHERE args ? 'record' AND state NOT IN ('completed', 'cancelled', 'discarded'))::int`, nil) == 0
	})
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	type mail struct {
		Recipient string `db:"recipient"`
		Kind      string `db:"kind"`
		Text      string `db:"said"`
	}
	mails, err := postgres.All[mail](t.Context(), pool, `SELECT recipient, kind, subject || html || text AS said FROM messages`, nil)
	if err != nil {
		t.Fatal(err)
	}
	marked := 0
	for _, m := range mails {
		for _, k := range w.marks {
			if !strings.Contains(m.Text, k.text) {
				continue
			}
			invites := m.Kind == "vendor_invitation" && strings.HasPrefix(k.text, "Zqname vendor") // it says who invites
			if marked++; !w.isOf(m.Recipient, k) && !invites {
				t.Errorf("the mail %s to %s holds %q", m.Kind, m.Recipient, k.text)
			}
		}
	}
	for _, k := range w.marks {
		if strings.Contains(w.logs.String(), k.text) {
			t.Errorf("the log holds %q", k.text)
		}
	}
	if len(mails) < 20 || marked < 10 {
		t.Errorf("%d mails hold %d marks: the test sees too little", len(mails), marked)
	}
}

// isOf reports whether a mark is of a side that has a mailbox.
func (w *world) isOf(mailbox string, k mark) bool {
	for _, box := range w.marks {
		if strings.EqualFold(box.text, mailbox) && slices.Contains(k.sides, box.sides[0]) {
			return true
		}
	}
	return false
}
