package credit

import (
	"context"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (m *Balances) storeRoutes(r *httpapi.Router) {
	read, write, limit := httpapi.Needs(CanRead), httpapi.Needs(CanWrite), httpapi.BodyLimit(bodyLimit)
	httpapi.Get(r, "/api/v1/me/store-credit", m.mine, httpapi.Needs(auth.AsCustomer), httpapi.Private(), httpapi.ID("show-my-store-credit"),
		httpapi.Summary("Show my store credit"), httpapi.Describe("What there is of it in each currency, and what moved it, the newest first."))
	httpapi.Get(r, "/api/v1/admin/users/{user}/store-credit", m.ofUser, read, httpapi.Private(), httpapi.ID("admin-show-store-credit"),
		httpapi.Summary("Show the store credit of a customer"))
	httpapi.Post(r, "/api/v1/admin/users/{user}/store-credit/grant", m.grant, write, limit, httpapi.Status(http.StatusOK), httpapi.ID("admin-grant-store-credit"),
		httpapi.Summary("Give store credit to a customer"))
	httpapi.Post(r, "/api/v1/admin/users/{user}/store-credit/withdraw", m.takeAway, write, limit, httpapi.Status(http.StatusOK), httpapi.ID("admin-withdraw-store-credit"),
		httpapi.Summary("Take store credit from a customer"), httpapi.Describe("409 `store_credit_too_little` where there is less."))
}

// StoreView is the store credit of a customer.
type StoreView struct {
	Balances []money.Amount `json:"balances" doc:"One for each currency in which there is some"`
	httpapi.List[StoreEntry]
}

type mineInput struct{ httpapi.Page }

func (m *Balances) mine(ctx context.Context, in *mineInput) (StoreView, error) {
	return m.view(ctx, m.DB, auth.From(ctx).User, in.Page)
}

type ofUserInput struct {
	User id.User `path:"user"`
	httpapi.Page
}

func (m *Balances) ofUser(ctx context.Context, in *ofUserInput) (StoreView, error) {
	if err := known(ctx, m.DB, in.User); err != nil {
		return StoreView{}, err
	}
	return m.view(ctx, m.DB, in.User, in.Page)
}

func (m *Balances) view(ctx context.Context, db postgres.DB, user id.User, page httpapi.Page) (v StoreView, err error) {
	var before id.CreditEntry
	if err := m.cursors.Open(httpapi.Scope(ctx), page.After, &before); err != nil {
		return v, err
	}
	if v.Balances, err = m.Of(ctx, db, user); err != nil {
		return v, err
	}
	rows, err := storeEntries(ctx, db, user, before, page.Limit+1)
	if err != nil {
		return v, fmt.Errorf("list store credit of %s: %w", user, err)
	}
	v.List = httpapi.ListOf(m.cursors, httpapi.Scope(ctx), rows, page.Limit, func(e StoreEntry) any { return e.ID })
	return v, nil
}

type moveInput struct {
	User id.User `path:"user"`
	Body struct {
		Amount money.Amount `json:"amount"`
		Reason string       `json:"reason" minLength:"1" maxLength:"500" doc:"The customer sees it"`
	}
}

// StoreBalance is what a customer has after a move.
type StoreBalance struct {
	Balances []money.Amount `json:"balances"`
}

func (m *Balances) grant(ctx context.Context, tx pgx.Tx, in *moveInput) (StoreBalance, error) {
	return m.moved(ctx, tx, in, m.Grant)
}

func (m *Balances) takeAway(ctx context.Context, tx pgx.Tx, in *moveInput) (StoreBalance, error) {
	return m.moved(ctx, tx, in, m.Withdraw)
}

func (m *Balances) moved(ctx context.Context, tx pgx.Tx, in *moveInput, how func(context.Context, pgx.Tx, id.User, money.Amount, string) error) (out StoreBalance, err error) {
	if err := positive(in.Body.Amount).Err(); err != nil {
		return out, err
	}
	if err := known(ctx, tx, in.User); err != nil {
		return out, err
	}
	if err := how(ctx, tx, in.User, in.Body.Amount, in.Body.Reason); err != nil {
		return out, err
	}
	out.Balances, err = m.Of(ctx, tx, in.User)
	return out, err
}
