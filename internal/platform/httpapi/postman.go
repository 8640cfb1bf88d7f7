package httpapi

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// operations are those of the document with a tag, by path and method.
func (r *Router) operations(tag string) (list []*huma.Operation) {
	for _, item := range r.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil && slices.Contains(op.Tags, tag) {
				list = append(list, op)
			}
		}
	}
	slices.SortFunc(list, func(a, b *huma.Operation) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return list
}

type object = map[string]any

// postman is the document as a Postman collection, v2.1.
func (r *Router) postman() object {
	if _, err := r.OpenAPI(); err != nil {
		return object{}
	}
	doc := r.api.OpenAPI()
	var folders []object
	for _, tag := range doc.Tags {
		var items []object
		for _, op := range r.operations(tag.Name) {
			items = append(items, r.postmanItem(op))
		}
		folders = append(folders, object{"name": tag.Name, "item": items})
	}
	return object{
		"info": object{
			"name": doc.Info.Title, "description": doc.Info.Description,
			"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
		},
		"item": folders,
		"auth": object{"type": "bearer", "bearer": []object{{"key": "token", "value": "{{access_token}}", "type": "string"}}},
		"variable": []object{
			{"key": "base_url", "value": r.config.BaseURL},
			{"key": "access_token", "value": ""},
		},
	}
}

func (r *Router) postmanItem(op *huma.Operation) object {
	var path []string
	for segment := range strings.SplitSeq(strings.Trim(op.Path, "/"), "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			segment = ":" + strings.TrimSuffix(name, "}")
		}
		path = append(path, segment)
	}
	variables, query, header := []object{}, []object{}, []object{}
	for _, p := range op.Parameters {
		entry := object{"key": p.Name, "value": "", "description": p.Description}
		switch p.In {
		case "path":
			variables = append(variables, entry)
		case "query":
			entry["disabled"] = !p.Required
			query = append(query, entry)
		case "header":
			entry["disabled"] = !p.Required
			if p.Name == "Idempotency-Key" {
				entry["value"] = "{{$guid}}"
			}
			header = append(header, entry)
		}
	}
	request := object{
		"method": op.Method, "description": op.Description,
		"url": object{
			"raw":  "{{base_url}}/" + strings.Join(path, "/"),
			"host": []string{"{{base_url}}"}, "path": path, "query": query, "variable": variables,
		},
	}
	if len(op.Security) == 0 {
		request["auth"] = object{"type": "noauth"}
	}
	if op.RequestBody != nil && op.RequestBody.Content[jsonMedia] != nil {
		header = append(header, object{"key": "Content-Type", "value": jsonMedia})
		example, err := json.MarshalIndent(r.example(op.RequestBody.Content[jsonMedia].Schema, 0), "", "  ")
		if err == nil {
			request["body"] = object{"mode": "raw", "raw": string(example), "options": object{"raw": object{"language": "json"}}}
		}
	}
	request["header"] = header
	return object{"name": op.Summary, "request": request}
}

// example is a value that shows the form of a schema: what is required, and
// what has an example of its own.
func (r *Router) example(s *huma.Schema, depth int) any {
	for s != nil && s.Ref != "" {
		s = r.api.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil || depth > 8:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		o := object{}
		for name, p := range s.Properties {
			if slices.Contains(s.Required, name) || len(p.Examples) > 0 {
				o[name] = r.example(p, depth+1)
			}
		}
		return o
	case huma.TypeArray:
		return []any{r.example(s.Items, depth+1)}
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case huma.TypeBoolean:
		return true
	}
	return ""
}
