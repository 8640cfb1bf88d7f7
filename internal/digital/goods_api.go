package digital

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// goodsRoutes mounts the files and keys of variants, at the doors of vendors,
// who see their own, and of staff.
func (g *Goods) goodsRoutes(r *httpapi.Router) {
	for _, door := range []struct {
		path        string
		read, write auth.Permission
		vendor      bool
	}{
		{"/api/v1/admin/variants/{variant}", catalog.CanRead, catalog.CanWrite, false},
		{"/api/v1/vendor/variants/{variant}", auth.AsVendor, auth.VendorCatalog, true},
	} {
		h := handlers{g, door.vendor}
		read, write := httpapi.Needs(door.read), httpapi.Needs(door.write)
		httpapi.Get(r, door.path+"/files", h.files, read, httpapi.Private(), httpapi.Summary("Files that the buyers of a variant may download"))
		httpapi.Raw(r, http.MethodPost, door.path+"/files", h.addFile, write, httpapi.Status(http.StatusCreated),
			httpapi.BodyLimit(MaxFile+httpapi.FormOverhead), httpapi.Consumes("multipart/form-data"), httpapi.Returns[File](),
			httpapi.QueryParam("name", "As the buyer's browser is to save the file: manual.pdf."),
			httpapi.Summary("Add a file to a variant"),
			httpapi.Describe("The file is the body, with `name` in the query, or the part `file` of a form with `name` as a part; 512 MiB at most. "+
				"409 `not_digital` where the variant is shipped (`requires_shipping`)."))
		httpapi.Delete(r, door.path+"/files/{file}", h.removeFile, write, httpapi.Summary("Take a file off a variant"),
			httpapi.Describe("Who has bought it keeps it."))
		httpapi.Get(r, door.path+"/licence-keys", h.keys, read, httpapi.Private(), httpapi.Summary("Licence keys of a variant, the oldest first, masked"))
		httpapi.Post(r, door.path+"/licence-keys", h.addKeys, write, httpapi.Status(http.StatusCreated),
			httpapi.Summary("Add licence keys to a variant"),
			httpapi.Describe("Each is a unit of its stock. 409 `not_digital` where the variant is shipped, `not_tracked` where it is not counted, `stock_counted` where it has other stock."))
		httpapi.Delete(r, door.path+"/licence-keys/{key}", h.revokeKey, write, httpapi.Summary("Withdraw a licence key that is not sold"),
			httpapi.Describe("409 `licence_key_not_free` for one that is sold, `stock_promised` where an order waits for it."))
	}
}

// handlers answer at one of two doors.
type handlers struct {
	*Goods
	vendor bool
}

// scope is whose variants the caller may see; none is everybody's.
func (h handlers) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

// known refuses a variant that does not exist or is another's.
func (h handlers) known(ctx context.Context, variant id.Variant) error {
	found, err := postgres.All[seller](ctx, h.DB, selectVariant, pgx.NamedArgs{"variant": variant, "vendor": h.scope(ctx)})
	if err == nil && len(found) == 0 {
		err = catalog.ErrNoVariant
	}
	return err
}

type variantInput struct {
	Variant id.Variant `path:"variant"`
}

type fileList struct {
	Data []File `json:"data"`
}

func (h handlers) files(ctx context.Context, in *variantInput) (fileList, error) {
	if err := h.known(ctx, in.Variant); err != nil {
		return fileList{}, err
	}
	list, err := postgres.All[File](ctx, h.DB, selectFiles, pgx.NamedArgs{"variant": in.Variant})
	return fileList{Data: list}, err
}

func (h handlers) addFile(w http.ResponseWriter, r *http.Request) (err error) {
	variant, err := id.Parse[id.Variant](r.PathValue("variant"))
	if err != nil {
		return catalog.ErrNoVariant
	}
	if err := h.known(r.Context(), variant); err != nil { // before half a gigabyte is read
		return err
	}
	upload, err := httpapi.SpoolUpload(r, MaxFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, upload.Close()) }()
	name := r.URL.Query().Get("name")
	for field, text := range upload.Texts {
		if field != "name" {
			return errs.Validation.Field("/"+field, "unknown_field", "There is no such option.")
		}
		name = text
	}
	f, err := h.AddFile(r.Context(), h.scope(r.Context()), variant, name, upload.File, upload.Size)
	if err != nil {
		return err
	}
	httpapi.Subject(r.Context(), variant.String()+" "+f.ID.String())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusCreated)
	return json.NewEncoder(w).Encode(f)
}

type fileInput struct {
	Variant id.Variant     `path:"variant"`
	File    id.DigitalFile `path:"file"`
}

func (h handlers) removeFile(ctx context.Context, tx pgx.Tx, in *fileInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, h.RemoveFile(ctx, tx, h.scope(ctx), in.Variant, in.File)
}

type keysInput struct {
	Variant id.Variant `path:"variant"`
	httpapi.Page
	State string `query:"state" enum:"free,granted,revoked"`
}

func (h handlers) keys(ctx context.Context, in *keysInput) (out httpapi.List[Key], err error) {
	if err := h.known(ctx, in.Variant); err != nil {
		return out, err
	}
	var after id.LicenceKey
	scope := httpapi.Scope(ctx)
	if err := h.cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	list, err := postgres.All[Key](ctx, h.DB, selectKeys, pgx.NamedArgs{"variant": in.Variant, "state": in.State, "after": after, "limit": in.Limit + 1})
	return httpapi.ListOf(h.cursors, scope, list, in.Limit, func(k Key) any { return k.ID }), err
}

type addKeysInput struct {
	Variant id.Variant `path:"variant"`
	Body    struct {
		Keys []string `json:"keys" minItems:"1" maxItems:"1000" doc:"Each is one line of at most 1000 characters."`
	}
}

func (h handlers) addKeys(ctx context.Context, tx pgx.Tx, in *addKeysInput) (Added, error) {
	return h.AddKeys(ctx, tx, h.scope(ctx), in.Variant, in.Body.Keys)
}

type keyInput struct {
	Variant id.Variant    `path:"variant"`
	Key     id.LicenceKey `path:"key"`
}

func (h handlers) revokeKey(ctx context.Context, tx pgx.Tx, in *keyInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, h.RevokeKey(ctx, tx, h.scope(ctx), in.Variant, in.Key)
}
