package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const (
	jsonMedia = "application/json"
	csvMedia  = "text/csv"
)

// documented is op as Huma wants to know it. It also fills in what op itself
// must know of its input and output.
func (r *Router) documented(op *operation, input, output reflect.Type) huma.Operation {
	registry := r.api.OpenAPI().Components.Schemas
	if op.status == 0 {
		op.status = http.StatusOK
		if output == reflect.TypeFor[Empty]() {
			op.status = http.StatusNoContent
		}
	}
	_, op.ifMatch = reflect.Zero(input).Interface().(interface{ wantsIfMatch() })
	op.query = map[string]bool{}
	fields := parameters(input)
	for _, f := range fields {
		if name := f.Tag.Get("query"); name != "" {
			name, _, _ = strings.Cut(name, ",")
			op.query[name] = true
		}
	}
	d := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path,
		Summary: op.summaryOrID(), Description: op.describe, Tags: []string{tagOf(op.path)},
		DefaultStatus: op.status, Hidden: op.hidden != "",
		SkipValidateBody: true, MaxBodyBytes: -1, BodyReadTimeout: -1, // the guard has done all that
		Responses: map[string]*huma.Response{strconv.Itoa(op.status): r.response(op, output)},
	}
	r.describeAccess(op, &d)
	if body, ok := input.FieldByName("Body"); ok {
		schema := registry.Schema(body.Type, true, typeName(op.id)+"Request")
		teach(registry, body.Type, schema, map[reflect.Type]bool{})
		op.body = &bodyRules{schema: schema, registry: registry, required: body.Type.Kind() != reflect.Pointer}
		d.RequestBody = &huma.RequestBody{
			Required: op.body.required,
			Content:  map[string]*huma.MediaType{jsonMedia: {Schema: schema}},
		}
	} else if op.method != http.MethodGet {
		op.body = &bodyRules{schema: noBody, registry: registry}
	}
	if op.method == http.MethodPost && !op.neverStored {
		d.Parameters = append(d.Parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Required: op.keyRequired,
			Description: "Makes it safe to send the call again: the first answer is given again.",
			Schema:      &huma.Schema{Type: huma.TypeString, MaxLength: ptr(255)},
		})
	}
	for _, prefix := range op.prefixes {
		d.Parameters = append(d.Parameters, &huma.Param{
			Name: strings.TrimSuffix(prefix, "["), In: "query", Style: "deepObject", Explode: ptr(true),
			Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString}},
		})
	}
	return d
}

// finished completes what Huma has made of the parameters.
func (r *Router) finished(op *operation, input reflect.Type) {
	item := r.api.OpenAPI().Paths[op.path]
	if item == nil || op.hidden != "" {
		return
	}
	types := map[string]reflect.Type{}
	for _, f := range parameters(input) {
		for _, in := range []string{"path", "query", "header"} {
			if name, _, _ := strings.Cut(f.Tag.Get(in), ","); name != "" {
				types[in+" "+name] = f.Type
			}
		}
	}
	registry := r.api.OpenAPI().Components.Schemas
	for _, d := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if d == nil || d.OperationID != op.id {
			continue
		}
		for _, p := range d.Parameters {
			if t := types[p.In+" "+p.Name]; t != nil {
				teach(registry, t, p.Schema, map[reflect.Type]bool{})
			}
			if p.Name == "If-Match" && op.ifMatch {
				p.Required = true
			}
		}
	}
}

// parameters are the fields of an input that come from path, query and head.
func parameters(t reflect.Type) (list []reflect.StructField) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			list = append(list, parameters(f.Type)...)
		} else if f.Tag.Get("path") != "" || f.Tag.Get("query") != "" || f.Tag.Get("header") != "" {
			list = append(list, f)
		}
	}
	return list
}

func (r *Router) response(op *operation, output reflect.Type) *huma.Response {
	answer := &huma.Response{Description: http.StatusText(op.status)}
	if op.kind == streams {
		answer.Description = "A stream of server-sent events: id, event, data."
		answer.Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}
		return answer
	}
	if op.returns != nil {
		output = op.returns
	}
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	switch output {
	case reflect.TypeFor[Empty]():
		return answer
	case reflect.TypeFor[CSV]():
		answer.Content = map[string]*huma.MediaType{csvMedia: text}
		return answer
	case reflect.TypeFor[Stored]():
		answer.Content = map[string]*huma.MediaType{jsonMedia: {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}}}
		return answer
	}
	registry := r.api.OpenAPI().Components.Schemas
	schema := registry.Schema(output, true, typeName(op.id)+"Answer")
	teach(registry, output, schema, map[reflect.Type]bool{})
	admitNull(registry, output, schema, map[reflect.Type]bool{})
	answer.Content = map[string]*huma.MediaType{jsonMedia: {Schema: schema}}
	if _, either := reflect.Zero(reflect.PointerTo(output)).Interface().(interface{ file() *CSV }); either {
		answer.Content[csvMedia] = text
	}
	return answer
}

// admitNull says of what is a pointer in an answer that it may be null. Huma
// leaves that out where the type has a schema of its own or is a text.
func admitNull(registry huma.Registry, t reflect.Type, s *huma.Schema, seen map[reflect.Type]bool) {
	for s != nil && s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case s == nil || seen[t]:
	case t.Kind() == reflect.Slice:
		admitNull(registry, t.Elem(), s.Items, seen)
	case t.Kind() == reflect.Struct:
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous && name == "" {
				admitNull(registry, f.Type, s, seen)
				continue
			}
			property := s.Properties[name]
			if property == nil {
				continue
			}
			admitNull(registry, f.Type, property, seen)
			switch {
			case f.Type.Kind() != reflect.Pointer || strings.Contains(options, "omit"):
			case property.Ref != "":
				s.Properties[name] = &huma.Schema{Description: property.Description, OneOf: []*huma.Schema{{Ref: property.Ref}, {Type: "null"}}}
			case property.Type != "":
				property.Nullable = true
			}
		}
	}
}

func (r *Router) describeAccess(op *operation, d *huma.Operation) {
	if op.permission != "" {
		d.Security = []map[string][]string{{"bearerAuth": {}}, {"password": {}}}
		d.Extensions = map[string]any{"x-permission": string(op.permission)}
	} else {
		d.Security = []map[string][]string{}
		d.Extensions = map[string]any{"x-public": op.public}
	}
}

var inPath = regexp.MustCompile(`\{([^}]+)\}`)

// documentRaw describes a handler that Huma does not see.
func (r *Router) documentRaw(op *operation) {
	if op.status == 0 {
		op.status = http.StatusOK
	}
	if op.hidden != "" {
		return
	}
	d := &huma.Operation{
		OperationID: op.id, Method: op.method, Path: openPath(op.path),
		Summary: op.summaryOrID(), Description: op.describe, Tags: []string{tagOf(op.path)},
		Responses: map[string]*huma.Response{},
	}
	r.describeAccess(op, d)
	for _, m := range inPath.FindAllStringSubmatch(d.Path, -1) {
		d.Parameters = append(d.Parameters, &huma.Param{Name: m[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for _, p := range op.params {
		d.Parameters = append(d.Parameters, &huma.Param{Name: p.name, In: p.in, Description: p.doc, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	registry := r.api.OpenAPI().Components.Schemas
	answer := &huma.Response{Description: http.StatusText(op.status)}
	media := op.produces
	schema := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	if op.returns != nil {
		schema = registry.Schema(op.returns, true, typeName(op.id)+"Answer")
		teach(registry, op.returns, schema, map[reflect.Type]bool{})
		if media == "" {
			media = jsonMedia
		}
	}
	if media != "" {
		answer.Content = map[string]*huma.MediaType{media: {Schema: schema}}
	}
	d.Responses[strconv.Itoa(op.status)] = answer
	d.Responses["default"] = &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: registry.Schema(reflect.TypeFor[Problem](), true, "")},
	}}
	if op.consumes != "" {
		d.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			op.consumes: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}}
	}
	r.api.OpenAPI().AddOperation(d)
}

// openPath is a pattern of the mux as OpenAPI writes it.
func openPath(pattern string) string {
	return strings.NewReplacer("...}", "}", "{$}", "").Replace(pattern)
}

// describe makes the document. Maps are marshalled sorted, so it is the same
// each time.
func (r *Router) describe() ([]byte, error) {
	doc := r.api.OpenAPI()
	doc.Info.Description = "The marketplace's API. Errors are RFC 9457 problems; branch on their `code`. Lists are paged by `limit` and `after`. " +
		"Send an `Idempotency-Key` with each POST to be able to send it again."
	doc.Servers = []*huma.Server{{URL: "/"}} // where the document came from: the page at /docs may call nobody else
	doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearerAuth": {Type: "http", Scheme: "bearer", Description: "An access token of /auth/login, or an API key."},
		"password": {Type: "oauth2", Description: "Signs in with a user name and a password.", Flows: &huma.OAuthFlows{
			Password: &huma.OAuthFlow{TokenURL: "/api/v1/auth/token", RefreshURL: "/api/v1/auth/token", Scopes: map[string]string{}},
		}},
	}
	tags := map[string]bool{}
	for _, op := range r.ops {
		if op.hidden == "" {
			tags[tagOf(op.path)] = true
		}
	}
	doc.Tags = nil
	for tag := range tags {
		doc.Tags = append(doc.Tags, &huma.Tag{Name: tag})
	}
	slices.SortFunc(doc.Tags, func(a, b *huma.Tag) int { return strings.Compare(a.Name, b.Name) })
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("marshal openapi document: %w", err)
	}
	return append(b, '\n'), nil
}

// tagOf is the noun of a path: "products", "admin products".
func tagOf(path string) string {
	segments := strings.Split(strings.Trim(strings.TrimPrefix(path, "/api/v1"), "/"), "/")
	if (segments[0] == "admin" || segments[0] == "vendor") && len(segments) > 1 {
		return segments[0] + " " + segments[1]
	}
	return segments[0]
}

func (op *operation) summaryOrID() string {
	if op.summary != "" {
		return op.summary
	}
	return capital(strings.ReplaceAll(op.id, "-", " "))
}

// typeName is an operation's id as the name of a schema.
func typeName(operation string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(operation, "-") {
		b.WriteString(capital(word))
	}
	return b.String()
}

func ptr[T any](v T) *T { return &v }
