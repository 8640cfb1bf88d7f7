package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"souk/internal/errs"
)

// bodyRules is what the body of an operation must look like.
type bodyRules struct {
	schema   *huma.Schema
	registry huma.Registry
	required bool
}

// noBody is the rule of a write that takes no body: an empty one, or {}.
var noBody = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false}

// readBody reads the body whole, finds it sound and valid, and leaves it for
// Huma, which only has to put it into the input.
func (ex *exchange) readBody(buf *bytes.Buffer) error {
	r, op := ex.r, ex.op
	if r.ContentLength > op.bodyLimit {
		return ErrTooLarge
	}
	if r.ContentLength != 0 {
		if err := isJSON(r.Header); err != nil {
			return err
		}
		if _, err := buf.ReadFrom(http.MaxBytesReader(ex.ResponseWriter, r.Body, op.bodyLimit)); err != nil {
			return unreadable(err)
		}
	}
	ex.body = buf.Bytes()
	r.Body = io.NopCloser(bytes.NewReader(ex.body))
	if len(ex.body) == 0 {
		if op.body.required {
			return ErrBodyRequired
		}
		return nil
	}
	return op.body.check(ex.body)
}

// unreadable tells a body that is too large from a client that went away.
func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return ErrTooLarge
	}
	return ErrMalformed.Field("", "unreadable", "The body ended before it was complete.")
}

func isJSON(h http.Header) error {
	if len(h["Content-Encoding"]) > 0 {
		return ErrMediaType
	}
	switch h.Get("Content-Type") {
	case "application/json", "application/json; charset=utf-8": // what nearly everybody sends
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return ErrMediaType
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return ErrMediaType
	}
	h.Set("Content-Type", jsonMedia) // as Huma knows it
	return nil
}

var validations = sync.Pool{New: func() any { return &validationRun{path: huma.NewPathBuffer(make([]byte, 0, 128), 0)} }}

type validationRun struct {
	path *huma.PathBuffer
	res  huma.ValidateResult
}

// check validates a body against its schema.
func (b *bodyRules) check(body []byte) error {
	value, suspects, err := soundJSON(body)
	if err != nil {
		return err
	}
	run := validations.Get().(*validationRun)
	defer validations.Put(run)
	run.path.Reset()
	run.path.Push("body")
	run.res.Reset()
	huma.Validate(b.registry, b.schema, run.path, huma.ModeWriteToServer, value, &run.res)
	var fields errs.Fields
	for _, err := range run.res.Errors {
		fields = append(fields, fieldOf(err))
	}
	fields = append(fields, b.judge(suspects, fields)...)
	return invalid(fields)
}

// invalid is 400 when a name is unknown, else 422.
func invalid(fields errs.Fields) error {
	if len(fields) == 0 {
		return nil
	}
	e := *errs.Validation
	for _, f := range fields {
		if f.Code == ErrUnknownField.Code {
			e = *ErrUnknownField
		}
	}
	if len(fields) > 50 {
		fields = fields[:50] // nobody reads more, and a body can be wrong in 10,000 places
	}
	e.Fields = fields
	return &e
}

// judge refuses the suspects that the schema has no place for: Huma lets a null
// pass for any optional field, takes 1e3 for an integer and 2^40 for an int32.
func (b *bodyRules) judge(suspects []suspect, found errs.Fields) (fields errs.Fields) {
	known := map[string]bool{}
	for _, f := range found {
		known[f.Pointer] = true
	}
	for _, s := range suspects {
		schema := b.at(s.pointer)
		switch {
		case schema == nil || known[s.pointer]:
		case s.kind == isNull && !schema.Nullable && schema.Type != "":
			fields = append(fields, errs.Field{Pointer: s.pointer, Code: "null", Detail: "This cannot be null. Leave it out instead."})
		case s.kind == notWhole && schema.Type == huma.TypeInteger:
			fields = append(fields, errs.Field{Pointer: s.pointer, Code: "wrong_type", Detail: "expected a whole number"})
		case s.kind == wide && schema.Type == huma.TypeInteger && schema.Format == "int32":
			fields = append(fields, errs.Field{Pointer: s.pointer, Code: "out_of_range", Detail: "expected a smaller number"})
		}
	}
	return fields
}

// at is the schema of the value that a pointer leads to, nil for free form.
func (b *bodyRules) at(pointer string) *huma.Schema {
	s := b.resolve(b.schema)
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" || s == nil {
			break
		}
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		next := s.Properties[step]
		if next == nil {
			next, _ = s.AdditionalProperties.(*huma.Schema)
		}
		if s.Type == huma.TypeArray {
			next = s.Items
		}
		s = b.resolve(next)
	}
	return s
}

func (b *bodyRules) resolve(s *huma.Schema) *huma.Schema {
	for s != nil && s.Ref != "" {
		s = b.registry.SchemaFromRef(s.Ref)
	}
	return s
}

// fieldOf turns one of Huma's findings into ours. It never carries the value.
func fieldOf(err error) errs.Field {
	var d huma.ErrorDetailer
	if !errors.As(err, &d) {
		return errs.Field{Code: "invalid", Detail: "This is not valid."}
	}
	detail := d.ErrorDetail()
	f := errs.Field{Pointer: pointerOf(detail.Location), Code: codeOf(detail.Message), Detail: detail.Message}
	if name, ok := strings.CutPrefix(detail.Message, "expected required property "); ok {
		name = strings.TrimSuffix(name, " to be present")
		f.Pointer, f.Detail = string(appendPointer([]byte(f.Pointer), name)), "This is required."
	}
	if strings.HasPrefix(detail.Message, "expected string to be RFC") || strings.HasPrefix(detail.Message, "invalid value") {
		f.Detail, _, _ = strings.Cut(detail.Message, ":") // the rest may quote the value
	}
	if f.Code == ErrUnknownField.Code {
		f.Detail = "This is not known here."
	}
	if len(f.Pointer) > 200 { // made of the caller's own names
		f.Pointer = f.Pointer[:200]
	}
	return f
}

// inList is the place of a value in a parameter that is a list.
var inList = regexp.MustCompile(`\[[0-9]+\]$`)

// pointerOf turns body.items[0].quantity into /items/0/quantity, and
// query.status[1] into status.
func pointerOf(location string) string {
	where, rest, _ := strings.Cut(location, ".")
	if where != "body" && !strings.HasPrefix(where, "body[") {
		return inList.ReplaceAllString(rest, "")
	}
	var p []byte
	for _, step := range strings.FieldsFunc(location[len("body"):], func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		p = appendPointer(p, step)
	}
	return string(p)
}

var codes = []struct{ prefix, code string }{
	{validation.MsgUnexpectedProperty, "unknown_field"},
	{"expected required", "required"},
	{"required ", "required"},
	{"expected property", "required"},
	{"expected length >=", "too_short"},
	{"expected length <=", "too_long"},
	{"expected number >", "too_small"},
	{"expected number <", "too_large"},
	{"expected array length >=", "too_few"},
	{"expected array length <=", "too_many"},
	{"expected object with at least", "too_few"},
	{"expected object with at most", "too_many"},
	{"expected array items to be unique", "duplicate"},
	{"expected value to be one of", "not_allowed"},
	{"expected string to", "bad_format"},
	{"expected duration", "bad_format"},
	{"invalid value", "bad_format"},
	{"invalid date/time", "bad_format"},
	{"expected ", "wrong_type"},
	{"invalid ", "wrong_type"},
}

func codeOf(message string) string {
	for _, c := range codes {
		if strings.HasPrefix(message, c.prefix) {
			return c.code
		}
	}
	return "invalid"
}

// patterned is a type whose text has a form that can be said in a regular
// expression: the ids.
type patterned interface{ Pattern() string }

// teach gives the schema of t the patterns of the types within, so that a bad
// id is refused by the pointer to it and documented.
func teach(registry huma.Registry, t reflect.Type, s *huma.Schema, seen map[reflect.Type]bool) {
	for s != nil && s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s == nil {
		return
	}
	if p, ok := reflect.Zero(t).Interface().(patterned); ok && s.Type == huma.TypeString {
		if s.Pattern != p.Pattern() { // many operations have the type
			s.Pattern = p.Pattern()
			s.PrecomputeMessages()
		}
		return
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		teach(registry, t.Elem(), s.Items, seen)
	case reflect.Map:
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
			teach(registry, t.Elem(), values, seen)
		}
	case reflect.Struct:
		if seen[t] {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous && name == "":
				for f.Type.Kind() == reflect.Pointer {
					f.Type = f.Type.Elem()
				}
				if f.Type.Kind() == reflect.Struct {
					teach(registry, f.Type, s, seen)
				}
			case f.IsExported():
				if name == "" {
					name = f.Name
				}
				teach(registry, f.Type, s.Properties[name], seen)
			}
		}
	}
}

// wrongValue is what a value that the schema let through and its type refuses
// becomes: Huma passes on only the text of the error, so the pointer travels
// in it.
type wrongValue struct{ pointer, detail string }

func (w wrongValue) Error() string { return strconv.Quote(w.pointer) + w.detail }
