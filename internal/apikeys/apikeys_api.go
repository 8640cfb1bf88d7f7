package apikeys

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// Routes mounts what staff and vendors do with keys. Vendors see and change
// their own, staff the shop's and everybody's.
func (k *Keys) Routes(r *httpapi.Router) {
	k.cursors = r.Cursors
	for _, door := range []struct {
		path        string
		read, write auth.Permission
		vendor      bool
	}{
		{"/api/v1/admin/api-keys", CanRead, CanWrite, false},
		{"/api/v1/vendor/api-keys", auth.VendorSettings, auth.VendorSettings, true},
	} {
		h := handlers{k, door.vendor}
		read, write := httpapi.Needs(door.read), httpapi.Needs(door.write)
		httpapi.Get(r, door.path, h.list, read, httpapi.Private(), httpapi.Summary("List API keys"))
		httpapi.Post(r, door.path, h.create, write, httpapi.StepUp(), httpapi.NeverStored(), httpapi.Status(http.StatusCreated), httpapi.Summary("Make an API key"),
			httpapi.Describe("It can do no more than the caller. The secret is shown this once."))
		httpapi.Get(r, door.path+"/{key}", h.show, read, httpapi.Private(), httpapi.Summary("Show an API key"))
		httpapi.Delete(r, door.path+"/{key}", h.revoke, write, httpapi.Status(http.StatusNoContent), httpapi.Summary("Revoke an API key, at once"))
	}
}

// handlers answer at one of two doors.
type handlers struct {
	*Keys
	vendor bool
}

// scope is whose keys the caller may see; none is everybody's.
func (h handlers) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

type listInput struct{ httpapi.Page }

func (h handlers) list(ctx context.Context, in *listInput) (httpapi.List[Key], error) {
	var after id.APIKey
	if err := h.cursors.Open(httpapi.Scope(ctx), in.After, &after); err != nil {
		return httpapi.List[Key]{}, err
	}
	keys, err := h.List(ctx, h.DB, h.scope(ctx), after, in.Limit+1)
	if err != nil {
		return httpapi.List[Key]{}, err
	}
	return httpapi.ListOf(h.cursors, httpapi.Scope(ctx), keys, in.Limit, func(k Key) any { return k.ID }), nil
}

type createInput struct {
	Body struct {
		Name      string            `json:"name" maxLength:"100" example:"Warehouse"`
		Scopes    []auth.Permission `json:"scopes" maxItems:"100" maxLength:"100" example:"[\"orders.read\"]"`
		ExpiresAt *time.Time        `json:"expires_at,omitempty" doc:"Never unless given."`
		Test      bool              `json:"test,omitempty" doc:"Begin it with sk_test_, to tell it from keys of the real shop."`
	}
}

func (h handlers) create(ctx context.Context, tx pgx.Tx, in *createInput) (Made, error) {
	b := in.Body
	return h.Create(ctx, tx, Wish{Name: b.Name, Vendor: h.scope(ctx), Scopes: b.Scopes, Expires: b.ExpiresAt, Test: b.Test})
}

type keyInput struct {
	Key id.APIKey `path:"key"`
}

func (h handlers) show(ctx context.Context, in *keyInput) (Key, error) {
	return h.Get(ctx, h.DB, h.scope(ctx), in.Key)
}

func (h handlers) revoke(ctx context.Context, tx pgx.Tx, in *keyInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, h.Revoke(ctx, tx, h.scope(ctx), in.Key)
}
