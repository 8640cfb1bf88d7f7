package app_test

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

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
	tag, of := `"v1"`, strings.TrimSuffix(path, "/approve")
	for _, as := range readers {
		if got := m.Call(t, as, "GET", "@"+of, ""); got.Status == http.StatusOK {
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
