package memberships

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// ErrNoProduct says that there is no such product, or that it is not theirs.
var ErrNoProduct = catalog.ErrNoProduct

func (m *Memberships) gateRoutes(r *httpapi.Router) {
	door := func(prefix string, h gateHandlers, read, write httpapi.Option) {
		httpapi.Get(r, prefix+"/products/{product}/access", h.show, read, httpapi.Private(), httpapi.Summary("Show who may buy a product"))
		httpapi.Put(r, prefix+"/products/{product}/access", h.set, write, httpapi.Summary("Say who may buy a product"),
			httpapi.Describe("Everybody sees it, with a mark. `members`: members of the plans named alone, `until` a moment or for good. "+
				"`early`: members buy it as many hours before others as their plan gives."))
	}
	door("/api/v1/admin", gateHandlers{m, false}, httpapi.Needs(catalog.CanRead), httpapi.Needs(catalog.CanWrite))
	door("/api/v1/vendor", gateHandlers{m, true}, httpapi.Needs(auth.AsVendor), httpapi.Needs(auth.VendorCatalog))
}

// gateHandlers answer at one of two doors: staff act on every product, vendors
// on their own.
type gateHandlers struct {
	*Memberships
	vendor bool
}

func (h gateHandlers) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

type gateInput struct {
	Product id.Product `path:"product"`
}

func (h gateHandlers) show(ctx context.Context, in *gateInput) (Gate, error) {
	return h.GateOf(ctx, h.DB, h.scope(ctx), in.Product)
}

type setGateInput struct {
	Product id.Product `path:"product"`
	Body    struct {
		Access Access     `json:"access" enum:"everyone,members,early"`
		Plans  []id.Plan  `json:"plans,omitempty" maxItems:"100"`
		Until  *time.Time `json:"until,omitempty"`
	}
}

func (h gateHandlers) set(ctx context.Context, tx pgx.Tx, in *setGateInput) (Gate, error) {
	return h.SetGate(ctx, tx, h.scope(ctx), in.Product, Gate{Access: in.Body.Access, Plans: in.Body.Plans, Until: in.Body.Until})
}
