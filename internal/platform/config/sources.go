package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"
)

// defaultFile is read when it is there and no other is named.
const defaultFile = "souk.toml"

// Sources finds the value of each setting that is not on the command line: in
// the environment, in the file that VARIABLE_FILE names if it is a secret, or
// in souk.toml. An empty variable counts as absent. It is a kong.Resolver, and
// serves one command line.
type Sources struct {
	loaded  bool
	file    string
	values  map[string]string // of the file, by flag
	origins map[string]string // by flag
}

// A Setting is a value and where it came from, for people: secrets are masked.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"` // "flag", "env SOUK_LISTEN", "file souk.toml" or "default"
}

// Validate is for kong.
func (s *Sources) Validate(*kong.Application) error { return nil }

// Resolve is for kong, which asks for each flag that is not on the command line.
func (s *Sources) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if len(flag.Envs) == 0 || flag.Name == "config" {
		return nil, nil //nolint:nilnil // how a resolver says that it does not know
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	value, origin, err := s.find(flag)
	if err != nil {
		return nil, err
	}
	if origin == "" {
		// kong has taken the variable by now, even when it is empty.
		return emptied(flag), nil
	}
	if err := flag.Parse(kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: value}), reflect.New(flag.Target.Type()).Elem()); err != nil {
		return nil, fmt.Errorf("%s: %w", origin, unquoted(flag, value, err))
	}
	s.origins[flag.Name] = origin
	return value, nil
}

// emptied is the default of a flag whose variable is set to nothing.
func emptied(flag *kong.Flag) any {
	for _, env := range flag.Envs {
		if _, set := os.LookupEnv(env); set && flag.HasDefault {
			return flag.Default
		}
	}
	return nil
}

// unquoted keeps a secret out of what kong says about it.
func unquoted(flag *kong.Flag, value string, err error) error {
	if flag.Tag.Has("secret") {
		return errors.New(strings.ReplaceAll(err.Error(), value, masked))
	}
	return err
}

func (s *Sources) find(flag *kong.Flag) (value, origin string, err error) {
	for _, env := range flag.Envs {
		value := os.Getenv(env)
		if flag.Tag.Has("secret") {
			if value, err = fromFile(env, value); err != nil {
				return "", "", err
			}
		}
		switch {
		case value == "":
		case env == "PORT": // what platforms set: every address, this port
			return ":" + value, "env PORT", nil
		default:
			return value, "env " + env, nil
		}
	}
	if value, ok := s.values[flag.Name]; ok {
		return value, "file " + s.file, nil
	}
	return "", "", nil
}

// fromFile is the content of the file that env_FILE names, or value.
func fromFile(env, value string) (string, error) {
	path := os.Getenv(env + "_FILE")
	if path == "" {
		return value, nil
	}
	if value != "" {
		return "", fmt.Errorf("set %s or %s_FILE, not both", env, env)
	}
	content, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return "", fmt.Errorf("read %s_FILE: %w", env, err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// load reads the file once.
func (s *Sources) load(ctx *kong.Context) error {
	if s.loaded {
		return nil
	}
	s.loaded, s.origins = true, map[string]string{}
	path, named := os.Getenv("SOUK_CONFIG"), true
	for _, part := range ctx.Path {
		if part.Flag != nil && part.Flag.Name == "config" {
			path, _ = ctx.FlagValue(part.Flag).(string)
		}
	}
	if path == "" {
		path, named = defaultFile, false
	}
	content, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	s.file = path
	if s.values, err = parse(content, settings(ctx)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// settings is the flags that are settings, by name: those that have a variable.
func settings(ctx *kong.Context) map[string]*kong.Flag {
	list := map[string]*kong.Flag{}
	for _, flag := range ctx.Model.Flags {
		if len(flag.Envs) > 0 && flag.Name != "config" {
			list[flag.Name] = flag
		}
	}
	return list
}

// parse reads a file of settings: keys are the names of flags, with _ or - and
// in tables or not, so that blob_dir and dir in [blob] are one.
func parse(content []byte, known map[string]*kong.Flag) (map[string]string, error) {
	var tree map[string]any
	if err := toml.Unmarshal(content, &tree); err != nil {
		var where *toml.DecodeError
		if errors.As(err, &where) {
			row, column := where.Position()
			return nil, fmt.Errorf("line %d, column %d: %w", row, column, err)
		}
		return nil, err
	}
	values := map[string]string{}
	var bad []error
	flatten("", tree, func(key string, value any) {
		name := strings.ReplaceAll(strings.ReplaceAll(key, "_", "-"), ".", "-")
		if known[name] == nil {
			bad = append(bad, unknown(key, name, known))
			return
		}
		if _, twice := values[name]; twice {
			bad = append(bad, fmt.Errorf("%q is set twice", key))
		}
		values[name] = text(value)
	})
	return values, errors.Join(bad...)
}

func flatten(prefix string, tree map[string]any, leaf func(key string, value any)) {
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		if table, ok := tree[key].(map[string]any); ok {
			flatten(prefix+key+".", table, leaf)
			continue
		}
		leaf(prefix+key, tree[key])
	}
}

// text is a value as it would stand on the command line.
func text(value any) string {
	list, ok := value.([]any)
	if !ok {
		return fmt.Sprint(value)
	}
	parts := make([]string, 0, len(list))
	for _, v := range list {
		parts = append(parts, strings.ReplaceAll(fmt.Sprint(v), ",", `\,`))
	}
	return strings.Join(parts, ",")
}

func unknown(key, name string, known map[string]*kong.Flag) error {
	nearest, least := "", len(name)/2+1
	for _, candidate := range slices.Sorted(maps.Keys(known)) {
		if d := distance(name, candidate); d < least {
			nearest, least = candidate, d
		}
	}
	if nearest == "" {
		return fmt.Errorf("there is no setting %q", key)
	}
	return fmt.Errorf("there is no setting %q; did you mean %q?", key, strings.ReplaceAll(nearest, "-", "_"))
}

// distance is how many letters differ (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

const masked = "(hidden)"

// Settings is every setting, its value and its origin, in the order of the
// help; secrets are masked.
func (s *Sources) Settings(ctx *kong.Context) []Setting {
	given := map[string]bool{}
	for _, part := range ctx.Path {
		if part.Flag != nil && !part.Resolved {
			given[part.Flag.Name] = true
		}
	}
	var list []Setting
	known := settings(ctx)
	for _, flag := range ctx.Model.Flags {
		if known[flag.Name] == nil {
			continue
		}
		origin := s.origins[flag.Name]
		switch {
		case given[flag.Name]:
			origin = "flag"
		case origin == "":
			origin = "default"
		}
		list = append(list, Setting{flag.Name, shown(flag), origin})
	}
	return list
}

func shown(flag *kong.Flag) string {
	value := flag.Target.Interface()
	if list, ok := value.([]string); ok {
		return strings.Join(list, ",")
	}
	plain := fmt.Sprint(value)
	if plain == "" || !flag.Tag.Has("secret") {
		return plain
	}
	if flag.Tag.Get("secret") == "url" {
		if u, err := url.Parse(plain); err == nil && u.Scheme != "" {
			u.RawQuery = ""
			return u.Redacted()
		}
	}
	return masked
}
