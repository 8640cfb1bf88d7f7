package digital

import (
	"cmp"
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (g *Goods) grantRoutes(r *httpapi.Router) {
	const why, path = "the order's token is the secret, or the caller owns it", "/digital-goods"
	httpapi.Get(r, "/api/v1/orders/{id}"+path, g.own, httpapi.Public(why), httpapi.Private(), httpapi.ID("list-order-digital-goods"),
		httpapi.Summary("Files and licence keys of an order"),
		httpapi.Describe("Empty until it is paid for. Keys are masked; `reveal` shows one, `download` makes a link to a file."))
	httpapi.Post(r, "/api/v1/orders/{id}"+path+"/{grant}/download", g.download, httpapi.Public(why), httpapi.ID("download-order-digital-goods"),
		httpapi.NeverStored(), httpapi.Status(http.StatusOK), httpapi.Summary("Make a link to a file of an order"),
		httpapi.Describe("Good for 15 minutes, for whoever has it, with range requests. Each link counts: 409 `download_limit` after `download_limit` of them, "+
			"410 `grant_expired` after `expires_at`, 410 `grant_revoked` when it was paid back."))
	httpapi.Post(r, "/api/v1/orders/{id}"+path+"/{grant}/reveal", g.reveal, httpapi.Public(why), httpapi.ID("reveal-order-licence-key"),
		httpapi.NeverStored(), httpapi.Status(http.StatusOK), httpapi.Summary("Show a licence key of an order"),
		httpapi.Describe("410 `grant_revoked` when it was paid back."))
	httpapi.Raw(r, http.MethodGet, "/downloads/{grant}", g.serve, httpapi.Public("the signature in the link is the secret"), httpapi.Private(),
		httpapi.Hidden("files, whose addresses the API gives"), httpapi.Produces("application/octet-stream"),
		httpapi.QueryParam("expires", "When the link ends."), httpapi.QueryParam("signature", "Proves that we made it."))

	httpapi.Get(r, "/api/v1/admin/orders/{id}"+path, g.anyones, httpapi.Needs(orders.CanRead), httpapi.Private(), httpapi.ID("admin-list-order-digital-goods"),
		httpapi.Summary("Files and licence keys of any order"))
	httpapi.Post(r, "/api/v1/admin/orders/{id}"+path+"/{grant}/revoke", g.revokeAny, httpapi.Needs(orders.CanWrite), httpapi.ID("admin-revoke-order-digital-goods"),
		httpapi.Status(http.StatusOK), httpapi.Summary("Withdraw a file or licence key from a buyer"),
		httpapi.Describe("A key that the buyer has not seen is sold again. When all money of an order goes back, all is withdrawn without this."))
}

type grantList struct {
	Data []Grant `json:"data"`
}

func (g *Goods) own(ctx context.Context, in *orders.Access) (grantList, error) {
	order, err := g.Orders.Find(ctx, g.DB, *in)
	if err != nil {
		return grantList{}, err
	}
	list, err := grantsOf(ctx, g.DB, order)
	for i := range list {
		list[i].Title, list[i].Told = cmp.Or(list[i].Told, list[i].Title), ""
	}
	return grantList{Data: list}, err
}

type grantInput struct {
	orders.Access
	Grant id.Grant `path:"grant"`
}

func (g *Goods) download(ctx context.Context, tx pgx.Tx, in *grantInput) (Link, error) {
	order, err := g.Orders.Find(ctx, tx, in.Access)
	if err != nil {
		return Link{}, err
	}
	return g.Download(ctx, tx, order, in.Grant)
}

func (g *Goods) reveal(ctx context.Context, tx pgx.Tx, in *grantInput) (Shown, error) {
	order, err := g.Orders.Find(ctx, tx, in.Access)
	if err != nil {
		return Shown{}, err
	}
	return g.Reveal(ctx, tx, order, in.Grant)
}

type anyInput struct {
	ID string `path:"id" maxLength:"100"`
}

func (g *Goods) anyones(ctx context.Context, in *anyInput) (grantList, error) {
	order, err := named(ctx, g.DB, in.ID)
	if err != nil {
		return grantList{}, err
	}
	list, err := grantsOf(ctx, g.DB, order)
	return grantList{Data: list}, err
}

type revokeInput struct {
	ID    string   `path:"id" maxLength:"100"`
	Grant id.Grant `path:"grant"`
}

func (g *Goods) revokeAny(ctx context.Context, tx pgx.Tx, in *revokeInput) (Grant, error) {
	order, err := id.Parse[id.Order](in.ID)
	if err != nil {
		return Grant{}, orders.ErrNoOrder
	}
	if err := g.Revoke(ctx, tx, order, in.Grant); err != nil {
		return Grant{}, err
	}
	return grantOf(ctx, tx, order, in.Grant)
}

// named is an order that exists.
func named(ctx context.Context, db postgres.DB, name string) (id.Order, error) {
	order, err := id.Parse[id.Order](name)
	if err != nil {
		return order, orders.ErrNoOrder
	}
	_, err = orders.Read(ctx, db, order)
	return order, err
}
