package importer

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
)

// Routes mounts what staff and vendors do with files. Vendors see, bring in and
// take out their own.
func (im *Importer) Routes(r *httpapi.Router) {
	im.cursors = r.Cursors
	for _, door := range []struct {
		path        string
		read, write auth.Permission
		vendor      bool
	}{
		{"/api/v1/admin/imports", CanRead, CanWrite, false},
		{"/api/v1/vendor/imports", auth.AsVendor, auth.VendorCatalog, true},
	} {
		h := handlers{im, door.vendor}
		read, write := httpapi.Needs(door.read), httpapi.Needs(door.write)
		httpapi.Get(r, door.path, h.list, read, httpapi.Private(), httpapi.Summary("Imports, the last ones first"))
		httpapi.Raw(r, http.MethodPost, door.path, h.receive, append(h.sent(), write)...)
		httpapi.Get(r, door.path+"/{import}", h.show, read, httpapi.Private(), httpapi.Summary("How far an import is, and what came of it"))
		httpapi.Get(r, door.path+"/{import}/problems", h.problems, read, httpapi.Private(), httpapi.Summary("What was refused, or taken otherwise than it stands in the file"))
		httpapi.Get(r, door.path+"/{import}/changes", h.changes, read, httpapi.Private(), httpapi.Summary("What a dry run would change in products that are there"))
		httpapi.Raw(r, http.MethodGet, door.path+"/{import}/refused", h.refused, read, httpapi.Private(), httpapi.Produces("text/csv"),
			httpapi.Summary("The refused rows, to be mended and imported"), httpapi.Describe("A file of the same columns and separator."))
		httpapi.Put(r, door.path+"/{import}/mapping", h.mapColumns, write, httpapi.Summary("Say which column is which field"),
			httpapi.Describe("For an import that waits for it (`needs_mapping`). The next file of these columns is taken the same way."))
		httpapi.Post(r, door.path+"/{import}/cancel", h.cancel, write, httpapi.Summary("Stop an import"), httpapi.Describe("Before its next batch. What is in stays in, unless it was to be all or nothing."))
	}
	handlers{im, false}.exportRoutes(r, "/api/v1/admin/exports", httpapi.Needs(CanReadExports), httpapi.Needs(CanExport))
	handlers{im, true}.exportRoutes(r, "/api/v1/vendor/exports", httpapi.Needs(auth.AsVendor), httpapi.Needs(auth.VendorCatalog))
}

// handlers answer at one of two doors.
type handlers struct {
	*Importer
	vendor bool
}

// scope is whose imports and exports the caller may see; none is everybody's.
func (h handlers) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

// sent are the options of the route that files are sent to.
func (h handlers) sent() []httpapi.Option {
	options := []httpapi.Option{
		httpapi.BodyLimit(MaxFile + httpapi.FormOverhead), httpapi.Status(http.StatusAccepted), httpapi.Summary("Import a file"),
		httpapi.Consumes("multipart/form-data"), httpapi.Returns[Import](),
		httpapi.Describe("The file is the body, with the options in the query, or the part `file` of a form with the options as parts; 50 MiB at most. " +
			"A job reads it. Where its columns are of no known format and no mapping is given or known, `state` is `needs_mapping`."),
		httpapi.QueryParam("format", "The name of one, or auto, which goes by the columns."),
		httpapi.QueryParam("dry_run", "true: find out what would happen, and change nothing."),
		httpapi.QueryParam("all_or_nothing", "true: where anything of the file is refused, take nothing; the import is `failed`, and its problems say why."),
		httpapi.QueryParam("mapping", `JSON: which column is which field, {"Preis": "price"}.`),
	}
	if !h.vendor {
		options = append(options,
			httpapi.QueryParam("publish", "true: put on sale at once what the file does not mark otherwise."),
			httpapi.QueryParam("vendor", "Slug of the vendor who gets all products; without it they go to those that the file names."))
	}
	return options
}

func (h handlers) receive(w http.ResponseWriter, r *http.Request) (err error) {
	upload, err := httpapi.SpoolUpload(r, MaxFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, upload.Close()) }()
	wish, err := h.wish(r.URL.Query(), upload.Texts)
	if err != nil {
		return err
	}
	wish.Vendor = h.scope(r.Context())
	i, err := h.Receive(r.Context(), upload.File, upload.Size, wish)
	if err != nil {
		return err
	}
	httpapi.Subject(r.Context(), i.ID.String())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusAccepted)
	return json.NewEncoder(w).Encode(i)
}

// wish reads the options of a file from the query or the parts of a form.
func (h handlers) wish(query url.Values, texts map[string]string) (wish Wish, err error) {
	for name := range query {
		if _, twice := texts[name]; !twice {
			texts[name] = query.Get(name)
		}
	}
	bad := errs.Fields{}
	flag := func(name, text string) bool {
		bad.Require(text == "true" || text == "false" || text == "", name, "invalid", "Say true or false.")
		return text == "true"
	}
	for name, text := range texts {
		switch {
		case name == "format":
			wish.Format = text
		case name == "dry_run":
			wish.DryRun = flag(name, text)
		case name == "all_or_nothing":
			wish.Whole = flag(name, text)
		case name == "mapping" && text != "":
			bad.Require(json.Unmarshal([]byte(text), &wish.Mapping) == nil && len(wish.Mapping) <= maxCells, name, "invalid", `Say which column is which field: {"Preis": "price"}.`)
		case name == "publish" && !h.vendor:
			wish.Publish = flag(name, text)
		case name == "vendor" && !h.vendor:
			wish.Target = text
		case name != "mapping":
			bad.Require(false, "/"+name, "unknown_field", "There is no such option.")
		}
	}
	return wish, bad.Err()
}

type listInput struct{ httpapi.Page }

func (h handlers) list(ctx context.Context, in *listInput) (out httpapi.List[Import], err error) {
	var after id.Import
	scope := httpapi.Scope(ctx)
	if err := h.cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	list, err := listImports(ctx, h.DB, h.scope(ctx), after, in.Limit+1)
	return httpapi.ListOf(h.cursors, scope, list, in.Limit, func(i Import) any { return i.ID }), err
}

type importInput struct {
	Import id.Import `path:"import"`
}

func (h handlers) show(ctx context.Context, in *importInput) (Import, error) {
	return findImport(ctx, h.DB, h.scope(ctx), in.Import)
}

type problemsInput struct {
	Import id.Import `path:"import"`
	httpapi.Page
	Warnings bool `query:"warnings" doc:"true: what went in all the same, but otherwise than it stands in the file."`
}

func (h handlers) problems(ctx context.Context, in *problemsInput) (out httpapi.List[Problem], err error) {
	after, scope, err := h.place(ctx, in.Import, in.Page)
	if err != nil {
		return out, err
	}
	list, err := findings(ctx, h.DB, in.Import, in.Warnings, after, in.Limit+1)
	return httpapi.ListOf(h.cursors, scope, list, in.Limit, func(p Problem) any { return p.Number }), err
}

type changesInput struct {
	Import id.Import `path:"import"`
	httpapi.Page
}

func (h handlers) changes(ctx context.Context, in *changesInput) (out httpapi.List[Change], err error) {
	after, scope, err := h.place(ctx, in.Import, in.Page)
	if err != nil {
		return out, err
	}
	list, err := changes(ctx, h.DB, in.Import, after, in.Limit+1)
	return httpapi.ListOf(h.cursors, scope, list, in.Limit, func(c Change) any { return c.Number }), err
}

// place opens the cursor of a list of an import that the caller may see.
func (h handlers) place(ctx context.Context, of id.Import, page httpapi.Page) (after int, scope string, err error) {
	if _, err := findImport(ctx, h.DB, h.scope(ctx), of); err != nil {
		return 0, "", err
	}
	scope = httpapi.Scope(ctx)
	return after, scope, h.cursors.Open(scope, page.After, &after)
}

func (h handlers) refused(w http.ResponseWriter, r *http.Request) error {
	of, err := id.Parse[id.Import](r.PathValue("import"))
	if err != nil {
		return ErrNoImport
	}
	i, err := findImport(r.Context(), h.DB, h.scope(r.Context()), of)
	if err != nil {
		return err
	}
	kind, ending := "text/csv; charset=utf-8", ".csv"
	if i.Format == linesFormat.name {
		kind, ending = "application/jsonl", ".jsonl"
	}
	attach(w, kind, i.ID.String()+"-refused"+ending)
	return h.WriteRefused(r.Context(), w, i)
}

// attach says that an answer is a file to be saved, which no cache keeps.
func attach(w http.ResponseWriter, kind, name string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

type mapInput struct {
	Import id.Import `path:"import"`
	Body   struct {
		Mapping Mapping `json:"mapping" doc:"{column: field}"`
	}
}

func (h handlers) mapColumns(ctx context.Context, tx pgx.Tx, in *mapInput) (Import, error) {
	return h.Map(ctx, tx, h.scope(ctx), in.Import, in.Body.Mapping)
}

func (h handlers) cancel(ctx context.Context, tx pgx.Tx, in *importInput) (Import, error) {
	return h.Cancel(ctx, tx, h.scope(ctx), in.Import)
}

// exportRoutes mounts one door's exports.
func (h handlers) exportRoutes(r *httpapi.Router, door string, read, write httpapi.Option) {
	httpapi.Get(r, door, h.listExports, read, httpapi.Private(), httpapi.Summary("Exports of the catalogue, the last ones first"))
	ask := []httpapi.Option{
		write, httpapi.Status(http.StatusAccepted), httpapi.Summary("Export the catalogue"),
		httpapi.Describe("A job writes the file, which is kept for a day: Souk's own CSV or JSON Lines, which lose nothing, or Shopify's CSV."),
	}
	if h.vendor {
		httpapi.Post(r, door, h.askOwnExport, ask...)
	} else {
		httpapi.Post(r, door, h.askExport, ask...)
	}
	httpapi.Get(r, door+"/{export}", h.showExport, read, httpapi.Private(), httpapi.Summary("An export of the catalogue"))
	httpapi.Raw(r, http.MethodGet, door+"/{export}/file", h.serveExport, read, httpapi.Private(), httpapi.Produces("text/csv"),
		httpapi.Summary("The file of an export"))
}

func (h handlers) listExports(ctx context.Context, in *listInput) (out httpapi.List[ProductExport], err error) {
	var after id.ProductExport
	scope := httpapi.Scope(ctx)
	if err := h.cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	list, err := listExports(ctx, h.DB, h.scope(ctx), after, in.Limit+1)
	return httpapi.ListOf(h.cursors, scope, list, in.Limit, func(e ProductExport) any { return e.ID }), err
}

type askInput struct {
	Body struct {
		Format string `json:"format,omitempty" enum:"souk,souk-jsonl,shopify" default:"souk"`
		Vendor string `json:"vendor,omitempty" maxLength:"80" doc:"Slug of the only vendor whose products are wanted."`
	}
}

func (h handlers) askExport(ctx context.Context, tx pgx.Tx, in *askInput) (ProductExport, error) {
	return h.Ask(ctx, tx, in.Body.Format, in.Body.Vendor)
}

type askOwnInput struct {
	Body struct {
		Format string `json:"format,omitempty" enum:"souk,souk-jsonl,shopify" default:"souk"`
	}
}

func (h handlers) askOwnExport(ctx context.Context, tx pgx.Tx, in *askOwnInput) (ProductExport, error) {
	return h.AskOwn(ctx, tx, in.Body.Format, h.scope(ctx))
}

type exportInput struct {
	Export id.ProductExport `path:"export"`
}

func (h handlers) showExport(ctx context.Context, in *exportInput) (ProductExport, error) {
	return findExport(ctx, h.DB, h.scope(ctx), in.Export)
}

func (h handlers) serveExport(w http.ResponseWriter, r *http.Request) error {
	of, err := id.Parse[id.ProductExport](r.PathValue("export"))
	if err != nil {
		return ErrNoExport
	}
	e, err := findExport(r.Context(), h.DB, h.scope(r.Context()), of)
	if err != nil {
		return err
	}
	if e.State != "ready" {
		return ErrNotReady.With("state", e.State)
	}
	attach(w, blob.TypeOf(e.File), e.ID.String()+endings[e.Format])
	if e.Size == 0 {
		return nil
	}
	file, info, err := h.Blobs.Open(r.Context(), e.key())
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	http.ServeContent(w, r, "", info.Modified, file)
	return nil
}
