package credit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
)

const bodyLimit = 16 << 10

func (m *Balances) cardRoutes(r *httpapi.Router) {
	read, write, limit := httpapi.Needs(CanRead), httpapi.Needs(CanWrite), httpapi.BodyLimit(bodyLimit)
	httpapi.Post(r, "/api/v1/gift-cards/balance", m.balance, httpapi.Public("the code is the secret"), limit, httpapi.Limit(httpapi.LimitCoupon),
		httpapi.NeverStored(), httpapi.ID("show-gift-card-balance"), httpapi.Status(http.StatusOK), httpapi.Summary("Say what is left on a gift card"),
		httpapi.Describe("The code travels in the body, where no log keeps it. 404 `gift_card_not_found` of one that is unknown or disabled alike."))
	httpapi.Get(r, "/api/v1/admin/gift-cards", m.list, read, httpapi.Private(), httpapi.Summary("List gift cards, the newest first"),
		httpapi.Describe("`hint` is the last four letters of a code. Codes themselves are not kept, so nobody can list them."))
	httpapi.Post(r, "/api/v1/admin/gift-cards", m.give, write, limit, httpapi.Status(http.StatusCreated), httpapi.ID("give-gift-card"),
		httpapi.Summary("Give a gift card to somebody"), httpapi.Describe("At the shop's expense. Its code is mailed, and shown nowhere else."))
	httpapi.Get(r, "/api/v1/admin/gift-cards/{card}", m.show, read, httpapi.Private(), httpapi.Summary("Show a gift card with what moved its balance"))
	httpapi.Post(r, "/api/v1/admin/gift-cards/{card}/disable", m.disable, write, httpapi.Status(http.StatusOK), httpapi.Summary("Disable a gift card"),
		httpapi.Describe("It pays for nothing from then on. What it holds is still owed: adjust it to nothing to write that off."))
	httpapi.Post(r, "/api/v1/admin/gift-cards/{card}/enable", m.enable, write, httpapi.Status(http.StatusOK), httpapi.Summary("Make a disabled gift card good again"))
	httpapi.Post(r, "/api/v1/admin/gift-cards/{card}/adjust", m.adjustCard, write, limit, httpapi.Status(http.StatusOK), httpapi.Summary("Change what a gift card holds"),
		httpapi.Describe("By an amount, below zero to take some off, for a reason that stands in its entries. 409 `gift_card_bounds` where it would hold less than nothing, or more than it was issued with, less what it has paid: that may come back."))
	httpapi.Post(r, "/api/v1/admin/gift-cards/{card}/send", m.sendAgain, write, httpapi.Status(http.StatusOK), httpapi.Summary("Mail the code of a gift card again"))
}

type balanceInput struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"200"`
	}
}

// Holding is what whoever has the code of a gift card learns of it.
type Holding struct {
	Hint      string       `json:"hint" doc:"The last letters of its code"`
	Balance   money.Amount `json:"balance"`
	ExpiresAt *time.Time   `json:"expires_at,omitempty"`
}

func (m *Balances) balance(ctx context.Context, tx pgx.Tx, in *balanceInput) (Holding, error) {
	found, err := m.Lookup(ctx, tx, in.Body.Code)
	return Holding{found.Hint, found.Balance, found.ExpiresAt}, err
}

type cardFilter struct {
	httpapi.Page
	Status []string `query:"status" enum:"active,disabled"`
	Hint   string   `query:"hint" maxLength:"4" doc:"The last letters of the code"`
	Order  id.Order `query:"order" doc:"With which it was bought"`
}

func (m *Balances) list(ctx context.Context, in *cardFilter) (httpapi.List[GiftCard], error) {
	var before id.GiftCard
	if err := m.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return httpapi.List[GiftCard]{}, err
	}
	in.Hint = strings.ToUpper(in.Hint)
	rows, err := listCards(ctx, m.DB, *in, before)
	if err != nil {
		return httpapi.List[GiftCard]{}, fmt.Errorf("list gift cards: %w", err)
	}
	page := httpapi.ListOf(m.cursors, httpapi.Scope(ctx), rows, in.Limit, func(c GiftCard) any { return c.ID })
	if in.WantsTotal() {
		total, err := countCards(ctx, m.DB, *in)
		if err != nil {
			return page, fmt.Errorf("count gift cards: %w", err)
		}
		page.TotalCount = &total
	}
	return page, nil
}

type giveInput struct {
	Body struct {
		Amount    money.Amount `json:"amount"`
		Gift      Gift         `json:"gift" doc:"Whom it is for"`
		ExpiresAt *time.Time   `json:"expires_at,omitempty"`
		Reason    string       `json:"reason" minLength:"1" maxLength:"500" doc:"For the books"`
	}
}

func (m *Balances) give(ctx context.Context, tx pgx.Tx, in *giveInput) (GiftCard, error) {
	b := in.Body
	now := m.Clock.Now()
	bad := b.Gift.Problems("/gift", now)
	bad = append(bad, positive(b.Amount)...)
	bad.Require(b.ExpiresAt == nil || b.ExpiresAt.After(now), "/expires_at", "past", "It would be worth nothing at once.")
	if err := bad.Err(); err != nil {
		return GiftCard{}, err
	}
	return m.Give(ctx, tx, NewCard{Amount: b.Amount, Gift: b.Gift, ExpiresAt: b.ExpiresAt}, b.Reason)
}

// mostGiven bounds what one call gives: a slip of the hand is no fortune.
const mostGiven = 100_000_000

func positive(a money.Amount) (bad errs.Fields) {
	bad.Require(a.Currency.Valid(), "/amount/currency", "unknown_currency", "This is not the ISO 4217 code of a currency.")
	bad.Require(0 < a.Minor && a.Minor <= mostGiven, "/amount/amount", "out_of_range", "Give an amount above zero, of a hundred million minor units at most.")
	return bad
}

type cardInput struct {
	Card id.GiftCard `path:"card"`
}

// CardView is a gift card with what moved its balance, the newest first.
type CardView struct {
	GiftCard
	Entries []Entry `json:"entries"`
}

func (m *Balances) show(ctx context.Context, in *cardInput) (CardView, error) {
	card, err := m.Card(ctx, m.DB, in.Card)
	if err != nil {
		return CardView{}, err
	}
	entries, err := entriesOf(ctx, m.DB, in.Card)
	if err != nil {
		return CardView{}, fmt.Errorf("read entries of gift card %s: %w", in.Card, err)
	}
	return CardView{card, entries}, nil
}

func (m *Balances) disable(ctx context.Context, tx pgx.Tx, in *cardInput) (GiftCard, error) {
	return m.SetStatus(ctx, tx, in.Card, Disabled)
}

func (m *Balances) enable(ctx context.Context, tx pgx.Tx, in *cardInput) (GiftCard, error) {
	return m.SetStatus(ctx, tx, in.Card, Active)
}

type adjustInput struct {
	Card id.GiftCard `path:"card"`
	Body struct {
		Amount money.Amount `json:"amount" doc:"Below zero to take some off"`
		Reason string       `json:"reason" minLength:"1" maxLength:"500"`
	}
}

func (m *Balances) adjustCard(ctx context.Context, tx pgx.Tx, in *adjustInput) (GiftCard, error) {
	b := in.Body
	if b.Amount.Minor == 0 || b.Amount.Minor < -mostGiven || b.Amount.Minor > mostGiven {
		return GiftCard{}, errs.Validation.Field("/amount/amount", "out_of_range", "Give an amount that is not zero, of a hundred million minor units at most.")
	}
	card, err := m.Card(ctx, tx, in.Card)
	if err != nil {
		return GiftCard{}, err
	}
	if card.Balance.Currency != b.Amount.Currency {
		return GiftCard{}, errs.Validation.Field("/amount/currency", "other_currency", "The gift card is in "+string(card.Balance.Currency)+".")
	}
	return m.Adjust(ctx, tx, in.Card, b.Amount, b.Reason)
}

func (m *Balances) sendAgain(ctx context.Context, tx pgx.Tx, in *cardInput) (GiftCard, error) {
	if _, err := m.Card(ctx, tx, in.Card); err != nil {
		return GiftCard{}, err
	}
	card, _, err := m.ToMail(ctx, tx, in.Card)
	if errors.Is(err, ErrNoGiftCard) {
		return GiftCard{}, ErrNotSendable
	}
	if err != nil {
		return GiftCard{}, err
	}
	if err := events.Raise(ctx, tx, GiftCardDue{card.ID}); err != nil {
		return GiftCard{}, err
	}
	return m.Card(ctx, tx, in.Card)
}
