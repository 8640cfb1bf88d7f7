package app_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// TestMatrix knocks at every door of the OpenAPI document as everybody, with
// everybody's things: section 3 of the security page. What is refused says so
// in the same words as what does not exist, and changes nothing; what is
// answered is what the document says and holds no mark of anybody else.
func TestMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	for _, op := range m.operations {
		t.Run(op.OperationID, func(t *testing.T) { m.knock(t, op) })
	}
}

// A matrix is the world, the doors and the policy.
type matrix struct {
	*world
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
	m := &matrix{world: newWorld(t), tags: map[string]string{}}
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
			d.rule = r
			delete(rules, d.OperationID)
			m.operations = append(m.operations, d)
		}
	}
	for _, r := range m.Router.Routes() {
		if r.Hidden != "" && r.Permission != "" {
			t.Errorf("%s %s is not in the document, so nobody knocks at it, and not for everybody", r.Method, r.Path)
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
	case !p.may(d.needs), p.looking && d.method != http.MethodGet, p.unproven && d.fresh:
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
	return true
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

// A request is a call that is ready to be made.
type request struct {
	side, method, path, body string
	header                   map[string]string
	about                    bool // a thing that somebody owns
	stream                   bool
}

// request makes a call on a side's things; false where the side has none.
func (m *matrix) request(t *testing.T, d *door, side string) (request, bool) {
	things, taken := m.sides[side], false
	if old, ok := strings.CutPrefix(side, gone); ok {
		things = maps.Clone(m.sides[old])
		for name := range m.sides[old] {
			if was := m.sides[old][gone+name]; was != "" {
				things[name] = was
			}
		}
		for _, name := range d.pathThings() {
			taken = taken || m.sides[old][gone+name] != ""
		}
		if !taken {
			return request{}, false
		}
	}
	return m.requestOn(t, d, side, things)
}

func (m *matrix) requestOn(t *testing.T, d *door, side string, s things) (request, bool) {
	r := request{side: side, method: d.method, header: map[string]string{}, stream: strings.HasPrefix(d.OperationID, "stream-")}
	complete := true
	fill := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(name string) string {
			thing, there := s[name[1:len(name)-1]]
			complete = complete && there
			r.about = r.about || anID.MatchString(thing)
			return thing
		})
	}
	r.path = fill(d.template())
	if d.query != "" {
		r.path += "?" + fill(d.query)
	}
	r.body = fill(d.body)
	if d.body != "" {
		r.header["Content-Type"] = cmp.Or(d.mime, "application/json")
	}
	if d.requires("Idempotency-Key") {
		r.header["Idempotency-Key"] = "one"
	}
	if complete && (d.match != "" || d.requires("If-Match")) {
		r.header["If-Match"] = cmp.Or(d.match, m.tag(t, d, r.path))
	}
	return r, complete
}

var (
	placeholder = regexp.MustCompile(`\{[a-z][a-z -]*\}`)
	anID        = regexp.MustCompile(`\b[a-z]+_[0-9a-hjkmnp-tv-z]{26}\b`)
)

// template is the path with the names of things.
func (d *door) template() string {
	segments := strings.Split(d.path, "/")
	for i, s := range segments {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			segments[i] = "{" + d.thing(strings.TrimSuffix(name, "}"), segments[i-1]) + "}"
		}
	}
	return strings.Join(segments, "/")
}

// thing is what a parameter behind a segment names.
func (d *door) thing(parameter, behind string) string {
	if named := d.with[parameter]; named != "" {
		return named
	}
	if parameter != "id" {
		return parameter
	}
	if stem, ok := strings.CutSuffix(behind, "ies"); ok {
		return stem + "y"
	}
	return strings.TrimSuffix(behind, "s")
}

func (d *door) pathThings() []string {
	names := placeholder.FindAllString(d.template(), -1)
	for i, n := range names {
		names[i] = n[1 : len(n)-1]
	}
	return names
}

// missing is a call on things that never were, in place of those that the path
// names, or the body where the path names none; false where there are none.
func (m *matrix) missing(t *testing.T, d *door, side string) (request, bool) {
	names := d.pathThings()
	if d.whose == nobodys || d.whose == shops && len(names) == 0 {
		return request{}, false
	}
	s := maps.Clone(m.sides[side])
	if len(names) == 0 {
		for _, name := range placeholder.FindAllString(d.query+d.body, -1) {
			names = append(names, name[1:len(name)-1])
		}
	}
	for _, name := range names {
		s[name] = nonexistent(cmp.Or(s[name], m.sides["customer a"][name], m.sides["vendor a"][name]))
	}
	r, ok := m.requestOn(t, d, "nobody: they do not exist", s)
	return r, ok && r.about
}

// nonexistent is an id of the same kind that names nothing.
func nonexistent(thing string) string {
	if !anID.MatchString(thing) {
		return thing
	}
	kind, _, _ := strings.Cut(thing, "_")
	_, letters, _ := strings.Cut(id.Event(uuid.New()).String(), "_")
	return kind + "_" + letters
}

// tag is the version of what a path shows, to whoever may see all of it.
func (m *matrix) tag(t *testing.T, d *door, path string) string {
	if known, ok := m.tags[path]; ok {
		return known
	}
	readers := []string{apptest.Admin}
	if d.whose != shops {
		readers = []string{"vendor a", "vendor b", "customer a", "customer b"}
	}
	tag := `"v1"`
	for _, as := range readers {
		if got := m.Call(t, as, "GET", "@"+path, ""); got.Status == http.StatusOK {
			tag = cmp.Or(got.Header.Get("ETag"), tag)
			break
		}
	}
	m.undo(t)
	m.tags[path] = tag
	return tag
}

// A got is an answer, and which tables the call has changed.
type got struct {
	apptest.Answer
	changed []string
	logged  string
}

func (g got) good() bool { return g.Status < 400 }

// call makes a call, looks what it did and undoes it.
func (m *matrix) call(t *testing.T, p principal, r request) got {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var headers []string
	for name, value := range r.header {
		headers = append(headers, name, value)
	}
	req := m.Request(t, p.as, r.method, "@"+r.path, r.body, headers...).WithContext(ctx)
	req.RequestURI, req.RemoteAddr = req.URL.RequestURI(), "192.0.2.1:1234"
	if req.Body == nil {
		req.Body = http.NoBody
	}
	recorder := &recorder{ResponseRecorder: httptest.NewRecorder()}
	if r.stream {
		recorder.flushed = stop
	}
	m.Router.Handler().ServeHTTP(recorder, req)
	g := got{Answer: apptest.Answer{Status: recorder.Code, Header: recorder.Header(), Body: recorder.Body.String()}, logged: m.logs.String()}
	m.logs.Reset()
	if m.wrote(t) {
		g.changed = m.before.Changed(m.State(t))
		m.undo(t)
	}
	if g.Status >= 500 && g.Status != http.StatusServiceUnavailable {
		t.Errorf("%s: %s %s failed with %d: %s", p.name, r.method, r.path, g.Status, g.logged)
	}
	return g
}

// A recorder ends a stream when its first events have been sent.
type recorder struct {
	*httptest.ResponseRecorder
	flushed func()
}

func (r *recorder) Flush() {
	r.ResponseRecorder.Flush()
	if r.flushed != nil && r.Body.Len() > 0 {
		r.flushed()
	}
}

// watchWrites has every changed row counted by a sequence, which no rollback
// takes back: so calls that write nothing cost nothing to check.
func watchWrites(t *testing.T, tx pgx.Tx) {
	t.Helper()
	_, err := tx.Exec(t.Context(), `
		CREATE SEQUENCE matrix_writes;
		CREATE FUNCTION matrix_written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('matrix_writes'); RETURN NULL; END $$;
		DO $$ DECLARE name text; BEGIN
			FOR name IN SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
				EXECUTE format('CREATE TRIGGER zz_matrix AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION matrix_written()', name);
				EXECUTE format('CREATE TRIGGER zz_matrix_all AFTER TRUNCATE ON %s EXECUTE FUNCTION matrix_written()', name);
			END LOOP;
		END $$;
		SELECT nextval('matrix_writes')`)
	if err != nil {
		t.Fatal(err)
	}
}

// wrote reports whether a row was written since it was last asked.
func (m *matrix) wrote(t *testing.T) bool {
	t.Helper()
	n, err := postgres.Scalar[int64](t.Context(), m.tx, `SELECT last_value FROM matrix_writes`, nil)
	if err != nil {
		t.Fatalf("the call has broken the transaction: %v", err)
	}
	since := n != m.written
	m.written = n
	return since
}

func (m *matrix) undo(t *testing.T) {
	t.Helper()
	if _, err := m.tx.Exec(t.Context(), `ROLLBACK TO SAVEPOINT knock`); err != nil {
		t.Fatal(err)
	}
}

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
