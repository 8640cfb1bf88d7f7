package app_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"souk/internal/app/apptest"
	"souk/internal/auth"
	"souk/internal/platform/pgtest"
)

// TestMatrix knocks at every door of the OpenAPI document as everybody, with
// everybody's things: section 3 of the security page. What is refused says so
// in the same words as what does not exist, and changes nothing; what is
// answered is what the document says and holds no mark of anybody else.
//
// It is not parallel: its one long transaction would hold back the relays of the
// shops that run beside it.
func TestMatrix(t *testing.T) {
	m := newMatrix(t)
	for _, op := range m.operations {
		t.Run(op.OperationID, func(t *testing.T) { m.knock(t, op) })
	}
}

// A matrix is the world, the doors and the policy.
type matrix struct {
	*world
	tx         pgx.Tx
	operations []*door
	schemas    *jsonschema.Compiler
	before     apptest.State // every call begins here
	tags       map[string]string
	written    int64
}

// A door is an operation of the document and its rule.
type door struct {
	rule
	OperationID  string
	method, path string
	Parameters   []struct {
		Name, In string
		Required bool
	}
	RequestBody *struct{ Content map[string]json.RawMessage }
	Responses   map[string]struct{ Content map[string]json.RawMessage }
}

func (d *door) requires(header string) bool {
	for _, p := range d.Parameters {
		if p.In == "header" && p.Name == header && p.Required {
			return true
		}
	}
	return false
}

// success is the status of the good answer.
func (d *door) success() string {
	for _, status := range slices.Sorted(maps.Keys(d.Responses)) {
		if status < "400" {
			return status
		}
	}
	return ""
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	tx, err := pgtest.DB(t).Begin(t.Context()) // in a database of its own: triggers lock tables
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // the database goes too
	m := &matrix{world: newWorld(t, tx), tx: tx, tags: map[string]string{}}
	m.read(t)
	watchWrites(t, m.tx)
	m.before = m.State(t)
	m.logs.Reset()
	if _, err := m.tx.Exec(t.Context(), `SAVEPOINT knock`); err != nil {
		t.Fatal(err)
	}
	return m
}

// read joins the document and the policy, and fails where one has what the
// other lacks.
func (m *matrix) read(t *testing.T) {
	t.Helper()
	text, err := m.Router.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]*door
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	m.schemas = jsonschema.NewCompiler()
	if err := m.schemas.AddResource("openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	needs := map[string]auth.Permission{}
	for _, r := range m.Router.Routes() {
		needs[r.OperationID] = r.Permission
		if r.Hidden != "" && r.Permission != "" {
			t.Errorf("%s %s is not in the document, so nobody knocks at it, and not for everybody", r.Method, r.Path)
		}
	}
	rules := map[string]rule{}
	for _, r := range policy() {
		if _, twice := rules[r.op]; twice {
			t.Errorf("the policy has two rules for %s", r.op)
		}
		rules[r.op] = r
	}
	for path, item := range document.Paths {
		for method, d := range item {
			d.method, d.path = strings.ToUpper(method), path
			r, ruled := rules[d.OperationID]
			if !ruled {
				t.Errorf("%s %s has no rule: say in matrix_policy_test.go who may call it, on whose things, and what a good body is:\n\t{op: %q}", d.method, path, d.OperationID)
				continue
			}
			if d.rule = r; r.needs != needs[r.op] {
				t.Errorf("%s needs %q, and by the policy %q", r.op, needs[r.op], r.needs)
			}
			delete(rules, d.OperationID)
			m.operations = append(m.operations, d)
		}
	}
	for op := range rules {
		t.Errorf("the policy rules %s, which is no operation", op)
	}
	slices.SortFunc(m.operations, func(a, b *door) int { return strings.Compare(a.OperationID, b.OperationID) })
}

// knock tries one door as everybody.
func (m *matrix) knock(t *testing.T, d *door) {
	came := false // somebody, with a good answer
	for _, p := range m.principals() {
		if want := m.atDoor(d, p); want != 0 {
			r, ok := m.request(t, d, m.ownSide(d, p))
			if !ok {
				r, _ = m.request(t, d, shop)
			}
			m.refused(t, d, p, r, want)
			continue
		}
		if m.own(t, d, p) {
			came = true
		}
		m.foreign(t, d, p)
	}
	if !came && d.elsewhere == "" {
		t.Errorf("nobody was let in, so nothing is proven: what is a good call?")
	}
}

// atDoor is how the door itself answers a principal, 0 when it lets them in.
func (m *matrix) atDoor(d *door, p principal) int {
	switch {
	case p.barred && !d.anyToken:
		return http.StatusUnauthorized
	case p.barred:
		return 0
	case p.as == "" && d.needs != "":
		return http.StatusUnauthorized
	case !p.may(d.needs), p.looking && d.method != http.MethodGet && !d.harmless, p.unproven && d.fresh:
		return http.StatusForbidden
	}
	return 0
}

// ownSide is the side whose things a principal may call an operation on.
func (m *matrix) ownSide(d *door, p principal) string {
	switch d.whose {
	case vendorsOwn:
		return cmp.Or(p.vendor, "vendor a")
	case users:
		return cmp.Or(p.self, "nobody")
	case buyers:
		return cmp.Or(p.self, "guest")
	}
	if d.anyToken {
		return "customer a" // whose secrets they are
	}
	return shop
}

// own calls an operation on the principal's own things, and reports whether
// that was good.
func (m *matrix) own(t *testing.T, d *door, p principal) bool {
	side := m.ownSide(d, p)
	if d.whose == buyers && m.sides[side]["cart"] == "" {
		side = "guest" // who has bought nothing may still know a guest's secret
	}
	r, ok := m.request(t, d, side)
	if !ok {
		return false
	}
	got := m.call(t, p, r)
	switch {
	case got.Status == d.otherwise:
		m.noMarks(t, p, r, got)
		return false
	case fmt.Sprint(got.Status) != d.success():
		t.Errorf("%s calls it on things of %s: answered %d, want %s: %.500s", p.name, side, got.Status, d.success(), got.Body)
		return false
	}
	m.noMarks(t, p, r, got)
	m.asDocumented(t, d, got)
	m.swap(t, d, p, r)
	m.careless(t, d, p, r)
	return true
}

// careless repeats a good call without saying which version was edited, or which
// attempt it is: bad inputs 21 and 22 at every door that asks for them.
func (m *matrix) careless(t *testing.T, d *door, p principal, r request) {
	t.Helper()
	without := func(header, instead string, want int) {
		t.Helper()
		if !d.requires(header) {
			return
		}
		careless := r
		careless.header = maps.Clone(r.header)
		delete(careless.header, header)
		if instead != "" {
			careless.header[header] = instead
		}
		m.refused(t, d, p, careless, want)
	}
	without("If-Match", "", http.StatusPreconditionRequired)
	without("If-Match", `"v7000000"`, http.StatusPreconditionFailed)
	without("Idempotency-Key", "", http.StatusBadRequest)
	without("Idempotency-Key", strings.Repeat("k", 256), http.StatusBadRequest)
}

// foreign calls an operation on things of others, on things that are gone and
// on things that never were: all are answered in the same words, and nothing
// changes.
func (m *matrix) foreign(t *testing.T, d *door, p principal) {
	own := m.ownSide(d, p)
	missing, ok := m.missing(t, d, own)
	if !ok {
		return
	}
	want := m.refused(t, d, p, missing, http.StatusNotFound)
	if r, ok := m.request(t, d, gone+own); ok {
		m.refused(t, d, p, r, cmp.Or(d.past, http.StatusNotFound))
	}
	mine, _ := m.request(t, d, own)
	for _, side := range m.otherSides(d, own) {
		if r, ok := m.request(t, d, side); ok && r.about && r.path+r.body != mine.path+mine.body {
			if got := m.refused(t, d, p, r, http.StatusNotFound); got != want && got != "" && want != "" {
				t.Errorf("%s can tell things of %s from those that do not exist: %s\nand %s", p.name, side, got, want)
			}
		}
	}
}

// otherSides are those whose things are not the principal's.
func (m *matrix) otherSides(d *door, own string) []string {
	var sides []string
	switch d.whose {
	case vendorsOwn:
		sides = []string{"vendor a", "vendor b"}
	case users:
		sides = []string{"customer a", "customer b", "vendor a", "vendor b", "guest"}
	case buyers:
		sides = []string{"customer a", "customer b", "guest with another's token", "guest without a token"}
	}
	return slices.DeleteFunc(sides, func(s string) bool { return s == own })
}

// gone before a side means what that side had.
const gone = "gone "

// refused sends a call that must be refused with a status, and returns what was
// said, without the names of the occurrence.
func (m *matrix) refused(t *testing.T, d *door, p principal, r request, want int) string {
	t.Helper()
	got := m.call(t, p, r)
	if got.Status != want || !got.IsProblem() {
		t.Errorf("%s calls it on things of %s: answered %d, want %d: %s %s %.500s", p.name, r.side, got.Status, want, r.method, r.path, got.Body)
		return ""
	}
	if len(got.changed) > 0 {
		t.Errorf("%s is refused with %d and changes %v: %s %s", p.name, want, got.changed, r.method, r.path)
	}
	m.noMarks(t, p, r, got)
	return occurrence.ReplaceAllString(got.Body, "")
}

var occurrence = regexp.MustCompile(`"(instance|request_id)":"[^"]*"`)
