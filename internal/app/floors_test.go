package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floors is the order of the house, from the roof to the ground. A package may
// import what stands on a floor below its own, or to its left on its own floor.
// To add a module, add its name where its imports allow.
var floors = [][]string{
	{"app"},
	{"storefront", "console"},
	{"search", "feeds", "notifications", "privacy", "webhooks", "reports", "verify"},
	{"cart", "checkout", "reconcile", "simulator", "payouts", "importer"},
	{
		"mfa", "accounts", "idp", "vendors", "apikeys", "catalog", "inventory", "tax", "ledger", "shipping", "payments", "pricing", "promotions", "credit",
		"memberships", "orders", "invoices", "digital", "reviews", "wishlist",
	},
	{"platform/httpapi", "platform/pgtest"},
	{"platform/events", "platform/telemetry"},
	{"platform/audit", "platform/settings", "platform/vault", "platform/picture"},
	{"platform/postgres", "platform/redis", "platform/config", "platform/blob", "platform/outbound"},
	{"errs", "id", "clock", "crash", "money", "auth", "taxid"},
}

// tenants may stand outside the floors: programs around the shop, not parts of it.
// Nothing of the house imports them; they import what they like.
var tenants = []string{"app/apptest", "demo", "torture"}

func TestFloors(t *testing.T) {
	place := map[string][2]int{} // floor, position on it
	for f, names := range floors {
		for p, name := range names {
			place[name] = [2]int{f, p}
		}
	}
	for importer, imports := range houseImports(t) {
		from, ok := place[module(importer)]
		if !ok {
			if !slices.Contains(tenants, importer) {
				t.Errorf("internal/%s stands on no floor: add it to the list in floors_test.go", importer)
			}
			continue
		}
		for _, imported := range imports {
			if module(imported) == module(importer) {
				continue
			}
			to, ok := place[module(imported)]
			switch {
			case slices.Contains(tenants, imported) && importer != "app":
				t.Errorf("%s imports %s, which is not part of the shop", importer, imported)
			case ok && to[0] < from[0]:
				t.Errorf("%s imports %s, which is above it: calls go down, events go up", importer, imported)
			case ok && to[0] == from[0] && to[1] > from[1]:
				t.Errorf("%s imports %s, which is to its right on the same floor", importer, imported)
			}
		}
	}
}

func TestModulesDoNotKnowHuma(t *testing.T) {
	_ = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.Contains(path, "platform/httpapi") {
			return err
		}
		for _, imported := range fileImports(t, path) {
			if strings.HasPrefix(imported, "github.com/danielgtaylor/huma") {
				t.Errorf("%s imports Huma: modules import httpapi only", path)
			}
		}
		return nil
	})
}

func TestNoRoomWithoutAName(t *testing.T) {
	nameless := []string{"util", "utils", "common", "models", "types", "helpers", "misc", "shared"}
	for pkg := range houseImports(t) {
		if slices.Contains(nameless, filepath.Base(pkg)) {
			t.Errorf("internal/%s: name it for what it holds", pkg)
		}
	}
}

// module is the part of a package's path that has a place on a floor:
// payments/cod belongs to payments.
func module(pkg string) string {
	parts := strings.Split(pkg, "/")
	if parts[0] == "platform" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	if slices.Contains(tenants, pkg) {
		return pkg
	}
	return parts[0]
}

// houseImports maps each package under internal to those that it imports,
// tests left out, both without the prefix.
func houseImports(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == ".." || strings.Contains(path, "testdata") {
			return err
		}
		if found := imports(t, path); found != nil {
			all[strings.TrimPrefix(filepath.ToSlash(path), "../")] = found
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("found only %d packages under internal", len(all))
	}
	return all
}

// imports lists the packages of the house that the Go files of dir import; nil
// when dir holds no Go file.
func imports(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		if found == nil {
			found = []string{}
		}
		for _, imported := range fileImports(t, file) {
			if name, ok := strings.CutPrefix(imported, "souk/internal/"); ok && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return found
}

func fileImports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range parsed.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}
