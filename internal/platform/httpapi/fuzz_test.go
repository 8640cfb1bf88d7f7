package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"souk/internal/platform/httpapi"
)

// The post office takes parcels: a field of every shape that the API has.

type parcel struct {
	Name   string            `json:"name" minLength:"1" maxLength:"20"`
	Grams  int32             `json:"grams,omitempty"`
	Value  int64             `json:"value,omitempty" minimum:"0"`
	Size   float64           `json:"size,omitempty"`
	Gift   bool              `json:"gift,omitempty"`
	Note   *string           `json:"note,omitempty" nullable:"true"`
	Items  []item            `json:"items,omitempty" maxItems:"3"`
	Labels map[string]string `json:"labels,omitempty"`
	Inner  *parcel           `json:"inner,omitempty"`
	Free   map[string]any    `json:"free,omitempty"`
}

type sending struct{ Body parcel }

type resending struct {
	httpapi.IfMatch
	Body parcel
}

type lookup struct {
	httpapi.Page
	httpapi.DynamicQuery
	Q string `query:"q"`
}

// postOffice remembers what reached its handlers.
type postOffice struct {
	router  *httpapi.Router
	sent    parcel
	version int64
	lookup  *lookup
	scope   string
}

func openPostOffice() *postOffice {
	o := &postOffice{router: httpapi.New(httpapi.Config{LimitsOff: true, CursorKey: []byte("0123456789abcdef"), Authenticate: authenticate})}
	httpapi.Action(o.router, http.MethodPost, "/api/v1/parcels", o.send, httpapi.Public("a demo"), httpapi.NeverStored())
	httpapi.Action(o.router, http.MethodPut, "/api/v1/parcels", o.resend, httpapi.Public("a demo"), httpapi.NeverStored(), httpapi.RequireIdempotencyKey())
	httpapi.Get(o.router, "/api/v1/parcels", o.list, httpapi.Public("a demo"), httpapi.QueryPrefix("attr["))
	return o
}

func (o *postOffice) send(_ context.Context, in *sending) (parcel, error) {
	o.sent = in.Body
	return in.Body, nil
}

func (o *postOffice) resend(_ context.Context, in *resending) (_ parcel, err error) {
	o.version, err = in.Version()
	return in.Body, err
}

func (o *postOffice) list(ctx context.Context, in *lookup) (httpapi.List[parcel], error) {
	o.lookup, o.scope = in, httpapi.Scope(ctx)
	return httpapi.List[parcel]{}, nil
}

// ask makes a request as it comes off the wire, which [httptest.NewRequest]
// would look at first.
func (o *postOffice) ask(method, query, body string, headers map[string]string) answer {
	req := &http.Request{
		Method: method, URL: &url.URL{Path: "/api/v1/parcels", RawQuery: query}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	o.router.Handler().ServeHTTP(w, req)
	return answer{w.Result(), w.Body.String()}
}

// refused looks at a refusal, which is never for want of our care.
func refused(t *testing.T, a answer) problem {
	t.Helper()
	if a.StatusCode < 400 || a.StatusCode >= 500 {
		t.Fatalf("status %d: %s", a.StatusCode, a.body)
	}
	p := a.problem(t)
	for _, field := range p.Errors {
		if field.Code == "" || field.Detail == "" {
			t.Errorf("a field at fault is not explained: %s", a.body)
		}
	}
	return p
}

var isJSON = map[string]string{"Content-Type": "application/json"}

// A body means to the shop what it means to encoding/json, or is refused; and
// what is refused as unsound is unsound.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a","grams":1,"value":2,"size":1.5,"gift":true,"note":null,"items":[{"quantity":1,"shelf":2}],"labels":{"x":"y"},"inner":{"name":"b"},"free":{"a":[1,null,{"b":1e3}]}}`,
		`{"NAME":"a"}`, `{"name":"a","name":"b"}`, `{"name":"a","n\u0061me":"b"}`, `{"name":"a"} {}`, `{"name":"a"}}`, `{"name":null}`,
		"{\"name\":\"a\xff\"}", `{"name":"\ud800"}`, `{"name":"\ud83d\ude00"}`, `{"name":"a\u0000"}`, `{"name":"a","paid":true}`,
		`{"name":"a","free":` + strings.Repeat(`{"a":`, 31) + "1" + strings.Repeat("}", 32), `{"name":"a","free":{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + "}}",
		`{"name":"a","grams":2147483648}`, `{"name":"a","value":9223372036854775807}`, `{"name":"a","value":9223372036854775808}`, `{"name":"a","grams":1e3}`,
		`{"name":"a","size":1e999}`, `{"name":"a","size":-0.0e-0}`, `{"name":"a","size":01}`, `{"name":"\"\\\/\b\f\n\r\t"}`, `{"name":"a","labels":{"a.b":"c","~/":"d","[0]":"e"}}`,
		"\uFEFF{}", " ", "", "null", "[]", "{\"name\":\"a\u2028\ufffd\"}", "\t{\r\n}\n",
	} {
		f.Add(seed)
	}
	o := openPostOffice()
	f.Fuzz(func(t *testing.T, body string) {
		a := o.ask(http.MethodPost, "", body, isJSON)
		if a.StatusCode != http.StatusOK {
			if p := refused(t, a); p.Code == "malformed_body" && unsound([]byte(body)) == "" {
				t.Errorf("%q is refused: %s", body, a.body)
			}
			return
		}
		if why := unsound([]byte(body)); why != "" {
			t.Errorf("%q is taken, with %s", body, why)
		}
		var want parcel
		dec := json.NewDecoder(strings.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&want); err != nil || !reflect.DeepEqual(o.sent, want) {
			t.Errorf("%q is taken for %+v, which to encoding/json is %+v, %v", body, o.sent, want, err)
		}
	})
}

// unsound says by the lights of encoding/json why a body should not be taken
// for JSON, "" when nothing is wrong with it.
func unsound(body []byte) string {
	if !utf8.Valid(body) {
		return "invalid UTF-8"
	}
	if !json.Valid(body) {
		return "bad syntax"
	}
	if bytes.Contains(body, []byte(`\u`)) && strings.ContainsRune(decoded(body), utf8.RuneError) {
		return "half of a surrogate pair" // or its replacement, spelled out
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	return unsoundValue(dec, 1)
}

// decoded is a body without its escapes.
func decoded(body []byte) string {
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		panic(err) // it was valid
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return b.String()
}

func unsoundValue(dec *json.Decoder, depth int) string {
	token, err := dec.Token()
	if err != nil {
		return err.Error()
	}
	open, nests := token.(json.Delim)
	if !nests {
		return unsoundText(token)
	}
	if depth > 32 {
		return "more than 32 levels"
	}
	seen := map[json.Token]bool{}
	for dec.More() {
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return err.Error()
			}
			if seen[key] {
				return "a key twice"
			}
			if why := unsoundText(key); why != "" {
				return why
			}
			seen[key] = true
		}
		if why := unsoundValue(dec, depth+1); why != "" {
			return why
		}
	}
	if _, err := dec.Token(); err != nil {
		return err.Error()
	}
	return ""
}

func unsoundText(token json.Token) string {
	if s, ok := token.(string); ok && strings.ContainsRune(s, 0) {
		return "a NUL"
	}
	return ""
}

// What is read of a query is what net/url reads, each name once and known.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"limit=10&q=a+b", "limit=10&limit=99", "limit=10&%6cimit=99", "colour=red", "LIMIT=1", "attr[a]=b&attr[c]=d", "attr[=1", "limit=1;q=2", "q=%zz", "q=%00", "q=%ff",
		"limit=0", "limit=-1", "limit=1000000000000000000000", "&&=&", "include=total_count", "after=abc", "q", "q&limit=1", "q=\u202e", "%ff=1", strings.Repeat("é", 101) + "=1",
	} {
		f.Add(seed)
	}
	o := openPostOffice()
	f.Fuzz(func(t *testing.T, query string) {
		a := o.ask(http.MethodGet, query, "", nil)
		values, err := url.ParseQuery(query)
		if a.StatusCode != http.StatusOK {
			p := refused(t, a)
			if p.Code != "validation_failed" || len(p.Errors) == 0 {
				t.Errorf("%q: %s", query, a.body)
			}
			if p.Errors[0].Code == "syntax" && err == nil && written(query) {
				t.Errorf("%q is refused: %s", query, a.body)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q is taken: %v", query, err)
		}
		for name, v := range values {
			known := slices.Contains([]string{"q", "limit", "after", "include"}, name)
			if len(v) != 1 || !sound(name) || !sound(v[0]) || !known && !strings.HasPrefix(name, "attr[") {
				t.Errorf("%q is taken with %q", query, name)
			}
			if !known && o.lookup.Values().Get(name) != v[0] {
				t.Errorf("%q: %q is read as %q", query, name, o.lookup.Values().Get(name))
			}
		}
		if o.lookup.Q != values.Get("q") {
			t.Errorf("%q: q is read as %q", query, o.lookup.Q)
		}
	})
}

// written reports whether every parameter is a sound name and a value.
func written(query string) bool {
	for pair := range strings.SplitSeq(query, "&") {
		name, _, hasValue := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err != nil || !sound(name) || pair != "" && !hasValue {
			return false
		}
	}
	return true
}

// sound is what PostgreSQL can hold.
func sound(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// The heads of a request are taken when they are what the API says, and else
// refused by their own code.
func FuzzHeaders(f *testing.F) {
	for _, seed := range [][3]string{
		{"key-1", `"v7"`, "application/json"},
		{"", `"v7"`, "application/json"},
		{strings.Repeat("k", 255), `"v9223372036854775807"`, "application/json; charset=utf-8"},
		{strings.Repeat("k", 256), `"v7"`, "application/json"},
		{"a b", `"v7"`, "application/json"},
		{"é", `"v7"`, "application/json"},
		{"k", "", "application/json"},
		{"k", `"v"`, "application/json"},
		{"k", `"v-7"`, "application/json"},
		{"k", `"v+7"`, "application/json"},
		{"k", `"v007"`, "application/json"},
		{"k", `"v1", "v2"`, "application/json"},
		{"k", `W/"v7"`, "application/json"},
		{"k", "*", "application/json"},
		{"k", `"v7"`, ""},
		{"k", `"v7"`, "text/plain"},
		{"k", `"v7"`, "application/jsonp"},
		{"k", `"v7"`, "application/json; q"},
		{"k", `"v7"`, "application/json; charset=utf-16"},
		{"k", `"v7"`, "application/json; charset=utf-8; charset=utf-16"},
		{"k", `"v7"`, `Application/JSON;charset="UTF-8"`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	o := openPostOffice()
	f.Fuzz(func(t *testing.T, key, match, mediaType string) {
		a := o.ask(http.MethodPut, "", `{"name":"a"}`, map[string]string{"Idempotency-Key": key, "If-Match": match, "Content-Type": mediaType})
		want := "" // and taken
		switch {
		case match == "":
			want = "precondition_required"
		case !visible(key):
			want = "idempotency_key_invalid"
		case !isUTF8JSON(mediaType):
			want = "unsupported_media_type"
		case a.StatusCode != http.StatusOK:
			want = "precondition_failed"
		}
		if want != "" {
			if p := refused(t, a); p.Code != want {
				t.Errorf("%q, %q, %q: %q, want %q", key, match, mediaType, p.Code, want)
			}
			return
		}
		if a.StatusCode != http.StatusOK || httpapi.VersionTag(o.version) != match {
			t.Errorf("%q is taken for version %d: %d %s", match, o.version, a.StatusCode, a.body)
		}
	})
}

func visible(key string) bool {
	return len(key) > 0 && len(key) <= 255 && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
}

func isUTF8JSON(header string) bool {
	mediaType, params, err := mime.ParseMediaType(header)
	charset, given := params["charset"]
	return err == nil && mediaType == "application/json" && (!given || strings.EqualFold(charset, "utf-8"))
}

// The tag of any version is read as that version.
func TestVersionTag(t *testing.T) {
	t.Parallel()
	for _, v := range []int64{-1 << 63, -1, 0, 1, 7, 1<<63 - 1} {
		if got, err := (httpapi.IfMatch{Match: httpapi.VersionTag(v)}).Version(); err != nil || got != v {
			t.Errorf("%s is read as %d, %v", httpapi.VersionTag(v), got, err)
		}
	}
}

// A cursor opens for the caller, the filters and the key it was made for. All
// others, and all that nobody made, are refused alike.
func FuzzCursor(f *testing.F) {
	for _, seed := range [][4]string{
		{"q=a", "q=b", "position", ""},
		{"q=a&attr[x]=1", "attr[x]=1&q=a&limit=5", "", "abc"},
		{"attr[x]=1%0aq=a", "attr[x]=1&q=a", "\u2028", "====="},
		{"attr[x]=a,b", "attr[x]=a&attr[y]=b", `{"a":1}`, "\n"},
		{"attr[x=y]=1", "attr[x]=y]=1", "\xff", strings.Repeat("A", 22)},
		{"attr[a%26b]=1", "attr[a]=&attr[b]=1", "\x00", strings.Repeat("A", 100)},
		{"", "&", "null", "null"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	o := openPostOffice()
	ours, theirs := o.router.Cursors, httpapi.NewCursors([]byte("another key"))
	f.Fuzz(func(t *testing.T, first, second, position, madeUp string) {
		position = strings.ToValidUTF8(position, "\ufffd") // as it is in the database
		annas, ok := o.scopeOf(first, "anna")
		if !ok {
			return
		}
		cursor := ours.Seal(annas, position)
		var got string
		if err := ours.Open(annas, cursor, &got); err != nil || got != position {
			t.Fatalf("%q opens as %q, %v", position, got, err)
		}
		stays := func(cursors httpapi.Cursors, scope, token, why string) {
			t.Helper()
			v := "first page"
			if err := cursors.Open(scope, token, &v); !errors.Is(err, httpapi.ErrCursor) || v != "first page" {
				t.Errorf("%s: %q of %q is opened for %q as %q, %v", why, token, annas, scope, v, err)
			}
		}
		stays(theirs, annas, cursor, "another key")
		if madeUp != "" && strings.NewReplacer("\r", "", "\n", "").Replace(madeUp) != cursor { // base64 passes over line ends
			stays(ours, annas, madeUp, "made up")
		}
		if berts, ok := o.scopeOf(first, "bert"); ok {
			stays(ours, berts, cursor, "another caller")
		}
		if other, ok := o.scopeOf(second, "anna"); ok && !sameFilters(first, second) {
			stays(ours, other, cursor, "other filters")
		} else if ok && other != annas {
			t.Errorf("%q and %q filter alike, but one's cursor does not open for the other", first, second)
		}
	})
}

// scopeOf is the scope of a list as its handler sees it, if it gets there.
func (o *postOffice) scopeOf(query, token string) (string, bool) {
	a := o.ask(http.MethodGet, query, "", map[string]string{"Authorization": "Bearer " + token})
	return o.scope, a.StatusCode == http.StatusOK
}

func sameFilters(first, second string) bool {
	return reflect.DeepEqual(filters(first), filters(second))
}

// filters are the parameters that choose what is listed, not how much of it.
func filters(query string) url.Values {
	values, err := url.ParseQuery(query)
	if err != nil {
		panic(err) // it was taken
	}
	for _, name := range []string{"after", "limit", "include"} {
		values.Del(name)
	}
	return values
}
