package stripetest

import (
	"encoding/json"
	"strings"
)

// object is one of Stripe's, as it is written.
type object map[string]any

// link is a property that is another object's name unless it is expanded.
type link struct {
	id   string // "" where there is none
	open func() object
}

// MarshalJSON writes the name.
func (l link) MarshalJSON() ([]byte, error) {
	if l.id == "" {
		return []byte("null"), nil
	}
	return json.Marshal(l.id)
}

// hidden is a property that is not there unless it is expanded.
type hidden func() object

// deepest is how far Stripe expands. https://docs.stripe.com/expand
const deepest = 4

// expand opens a property, and those within it.
func expand(o object, path string) *failure {
	names := strings.Split(path, ".")
	if len(names) > deepest {
		return invalid("expand", "You cannot expand more than 4 levels of a property.")
	}
	return open(o, names, path)
}

func open(o object, names []string, path string) *failure {
	name, rest := names[0], names[1:]
	var within []object
	switch v := o[name].(type) {
	case link:
		if v.id == "" {
			return nil
		}
		full := v.open()
		o[name], within = full, []object{full}
	case hidden:
		full := v()
		o[name], within = full, []object{full}
	case object:
		within = []object{v}
	case []object:
		within = v
	default:
		return invalid("expand", "This property cannot be expanded ("+path+").")
	}
	if _, isLink := o[name].(link); len(rest) == 0 || isLink {
		return nil
	}
	for _, v := range within {
		if f := open(v, rest, path); f != nil {
			return f
		}
	}
	return nil
}

// shut drops what was not asked for.
func shut(v any) {
	switch v := v.(type) {
	case object:
		for name, value := range v {
			if _, ok := value.(hidden); ok {
				delete(v, name)
				continue
			}
			shut(value)
		}
	case []object:
		for _, o := range v {
			shut(o)
		}
	}
}

// page is a list, the newest first, as it was asked for.
func page(url string, newest []object, c *call) object {
	limit := int(c.number("limit"))
	if limit == 0 {
		limit = 10
	}
	after := c.form.Get("starting_after")
	list := []object{}
	more := false
	for _, o := range newest {
		switch {
		case after != "":
			if o["id"] == after {
				after = ""
			}
		case len(list) == limit:
			more = true
		default:
			list = append(list, o)
		}
	}
	return object{"object": "list", "url": url, "has_more": more, "data": list}
}
