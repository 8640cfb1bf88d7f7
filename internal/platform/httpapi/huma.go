package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"souk/internal/errs"
)

// Huma's defaults let much through; these settings are global there. What else
// hardens it: the guard reads and validates bodies before Huma does, answers
// are written by the exchange, and no error text of Huma reaches a client but
// through fieldOf.
func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError {
		return &Problem{Status: status}
	}
	// Huma asks for an error to write; the exchange writes it at once, so that
	// what Huma then does with it finds the answer given.
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, found ...error) huma.StatusError {
		r, _ := humago.Unwrap(ctx)
		from(r.Context()).refuse(inputError(status, found))
		return &Problem{Status: status}
	}
}

// Error makes a Problem what Huma calls a status error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is for Huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is for Huma's document.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func humaConfig(config Config) huma.Config {
	format := huma.Format{
		Marshal:   func(io.Writer, any) error { return nil }, // the exchange has written
		Unmarshal: unmarshal,
	}
	title := config.Title
	if title == "" {
		title = "Souk API"
	}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:    "3.1.0",
			Info:       &huma.Info{Title: title, Version: config.Version},
			Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", schemaNames())},
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat: "application/json",
	}
}

// inputError is what Huma's findings say to the caller. A path parameter that
// does not parse names nothing, so it is 404 like any other name of nothing.
func inputError(status int, found []error) error {
	if status >= 500 {
		return errors.Join(found...)
	}
	var fields errs.Fields
	for _, err := range found {
		var d huma.ErrorDetailer
		if errors.As(err, &d) && strings.HasPrefix(d.ErrorDetail().Location, "path.") {
			return ErrNotFound
		}
		f := fieldOf(err)
		if quoted, qerr := strconv.QuotedPrefix(f.Detail); qerr == nil {
			f.Pointer, _ = strconv.Unquote(quoted)
			f.Code, f.Detail = "wrong_type", strings.TrimPrefix(f.Detail, quoted)
		}
		fields = append(fields, f)
	}
	if len(fields) == 0 {
		return ErrMalformed
	}
	return invalid(fields)
}

// unmarshal fills an input with a body that was found sound and valid. What
// its type still refuses (2^40 for an int32) is told by its pointer.
func unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		return wrongValue{"/" + strings.ReplaceAll(wrong.Field, ".", "/"), "This is out of range or of the wrong type."}
	}
	return wrongValue{"", "Some value does not have the right form."}
}

// schemaNames names schemas after their types. Where two packages use one name
// the later gets its package before it: Item, CartItem; ListItem, ListCartItem.
func schemaNames() func(reflect.Type, string) string {
	taken := map[string]reflect.Type{}
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := huma.DefaultSchemaNamer(t, hint)
		if t.Kind() != reflect.Struct {
			return name
		}
		free := func(name string) bool { return taken[name] == nil || taken[name] == t }
		if outer, inner, generic := strings.Cut(strings.TrimSuffix(t.Name(), "]"), "["); generic && !free(name) {
			name = outer + capital(packageOf(inner)) + capital(inner[strings.LastIndexByte(inner, '.')+1:])
		} else if !free(name) {
			name = capital(packageOf(t.PkgPath()+".")) + name
		}
		for base, n := name, 2; !free(name); n++ {
			name = base + strconv.Itoa(n)
		}
		taken[name] = t
		return name
	}
}

// packageOf is "tax" for souk/internal/tax.Zone.
func packageOf(qualified string) string {
	path := qualified[:max(strings.LastIndexByte(qualified, '.'), 0)]
	return path[strings.LastIndexByte(path, '/')+1:]
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
