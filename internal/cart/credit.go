package cart

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/credit"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// maxGiftCards bounds the gift cards of one cart.
const maxGiftCards = 10

// ErrNotOwned says that only somebody's own cart is paid with their store credit.
var ErrNotOwned = errs.New(errs.Conflict, "cart_not_owned", "This cart is nobody's yet. Claim it first.")

// A Credit is a gift card, or the store credit of the cart's owner, and what it
// pays of the cart. Gift cards pay first, in the order in which they were put in.
type Credit struct {
	Card    id.GiftCard  `db:"id"` // zero: store credit
	Hint    string       `db:"hint"`
	Balance money.Amount `db:"balance"`
	Used    bool         `db:"used"` // false of store credit that the cart is not to be paid with
	Most    *int64       `db:"most"` // of store credit; nil: all that there is
	State   string       `db:"state"`

	Pays   money.Amount `db:"-"`
	Detail string       `db:"-"` // why it pays nothing
}

// spend says what each credit pays of a cart without a fee. What is left of the
// total is for a way to pay.
func (r *reading) spend(p *Priced) {
	t := p.Quote.Totals
	left := t.GrandTotal.Minus(t.Rounding)
	p.Due, p.Credits = t.GrandTotal, r.credits
	buysCards := slices.ContainsFunc(p.Lines, func(l Line) bool { return l.GiftCard })
	for i := range p.Credits {
		c := &p.Credits[i]
		c.Pays = money.Zero(t.GrandTotal.Currency)
		if c.Detail = c.refusal(t.GrandTotal.Currency, buysCards); c.Detail != "" || !c.Used {
			continue
		}
		c.Pays.Minor = min(c.Balance.Minor, left.Minor)
		if c.Most != nil {
			c.Pays.Minor = min(c.Pays.Minor, *c.Most)
		}
		left, p.Due = left.Minus(c.Pays), p.Due.Minus(c.Pays)
	}
}

// refusal is why a credit pays nothing of a cart, "" when it may.
func (c *Credit) refusal(currency money.Currency, buysCards bool) string {
	switch {
	case c.State == "disabled":
		return credit.ErrNotApplicable.Message
	case c.State == "expired":
		return "It has expired."
	case c.Balance.Currency != currency:
		return "It is in " + string(c.Balance.Currency) + "."
	case c.Balance.IsZero():
		return "Nothing is left on it."
	case buysCards:
		return "Gift cards are not bought with gift cards or store credit."
	}
	return ""
}

// A GiftCardView is a gift card in a cart.
type GiftCardView struct {
	ID      id.GiftCard  `json:"id"`
	Hint    string       `json:"hint" doc:"The last letters of its code"`
	Balance money.Amount `json:"balance"`
	Pays    money.Amount `json:"pays" doc:"Of this cart"`
	Detail  string       `json:"detail,omitempty" doc:"Why it pays nothing"`
}

// A StoreCreditView is the store credit of a cart's owner.
type StoreCreditView struct {
	Balance money.Amount  `json:"balance"`
	Use     bool          `json:"use" doc:"The cart is to be paid with it"`
	Most    *money.Amount `json:"most,omitempty" doc:"No more than this"`
	Pays    money.Amount  `json:"pays" doc:"Of this cart"`
	Detail  string        `json:"detail,omitempty" doc:"Why it pays nothing"`
}

// viewCredits adds to a cart's view what pays it.
func (p Priced) viewCredits(v *View) {
	v.GiftCards, v.Due = []GiftCardView{}, p.Due
	for _, c := range p.Credits {
		if !c.Card.IsZero() {
			v.GiftCards = append(v.GiftCards, GiftCardView{c.Card, c.Hint, c.Balance, c.Pays, c.Detail})
			continue
		}
		v.StoreCredit = &StoreCreditView{Balance: c.Balance, Use: c.Used, Pays: c.Pays, Detail: c.Detail}
		if c.Most != nil {
			most := money.Of(*c.Most, c.Balance.Currency)
			v.StoreCredit.Most = &most
		}
	}
}

func (c *Carts) creditRoutes(r *httpapi.Router) {
	public, limit, told := httpapi.Public(secret), httpapi.BodyLimit(bodyLimit), c.Locales.AsWished()
	httpapi.Post(r, "/api/v1/carts/{cart}/gift-cards", c.addGiftCard, told, public, limit, httpapi.Status(200), httpapi.Limit(httpapi.LimitCoupon),
		httpapi.Summary("Pay a cart with a gift card"),
		httpapi.Describe("`gift_cards` tells what it pays, `due` what is left; the total stays what it is. The same code twice is one. 422 `gift_card_not_applicable` where it cannot pay anything: one that is unknown or disabled, expired, spent, in another currency, or for a cart with gift cards in it."))
	httpapi.Delete(r, "/api/v1/carts/{cart}/gift-cards/{card}", c.removeGiftCard, told, public, httpapi.Status(200), httpapi.Summary("Do not pay a cart with a gift card"))
	httpapi.Put(r, "/api/v1/carts/{cart}/store-credit", c.setStoreCredit, told, httpapi.Needs(auth.AsCustomer), limit, httpapi.Summary("Pay a cart with my store credit, or not"),
		httpapi.Describe("With all that there is, or with `most` of it. 409 `cart_not_owned` for a cart that is nobody's yet."))
}

type addGiftCardInput struct {
	catalog.LocaleWish
	Cart id.Cart `path:"cart"`
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"200"`
	}
}

func (c *Carts) addGiftCard(ctx context.Context, tx pgx.Tx, in *addGiftCardInput) (View, error) {
	var added []id.GiftCard
	r, err := c.write(ctx, tx, in.Cart, touchCart, nil, func(b *postgres.Batch) {
		b.Read(addGiftCard, pgx.NamedArgs{"cart": in.Cart, "hash": credit.Hash(in.Body.Code), "most": maxGiftCards}, func(rows pgx.Rows) (err error) {
			added, err = pgx.CollectRows(rows, pgx.RowTo[id.GiftCard])
			return err
		})
	})
	if err != nil {
		return View{}, err
	}
	if len(added) == 0 {
		return View{}, credit.ErrNotApplicable
	}
	p, err := r.price(false)
	if err != nil {
		return View{}, err
	}
	at := slices.IndexFunc(p.Credits, func(c Credit) bool { return c.Card == added[0] })
	if detail := p.Credits[at].Detail; detail != "" {
		return View{}, credit.ErrNotApplicable.With("reason", detail)
	}
	return p.View(), nil
}

type removeGiftCardInput struct {
	catalog.LocaleWish
	Cart id.Cart     `path:"cart"`
	Card id.GiftCard `path:"card"`
}

func (c *Carts) removeGiftCard(ctx context.Context, tx pgx.Tx, in *removeGiftCardInput) (View, error) {
	r, err := c.write(ctx, tx, in.Cart, touchCart, nil, func(b *postgres.Batch) {
		b.QueueOne(removeGiftCard, pgx.NamedArgs{"cart": in.Cart, "card": in.Card}, credit.ErrNoGiftCard)
	})
	if err != nil {
		return View{}, err
	}
	p, err := r.price(false)
	return p.View(), err
}

type setStoreCreditInput struct {
	catalog.LocaleWish
	Cart id.Cart `path:"cart"`
	Body struct {
		Use  bool          `json:"use"`
		Most *money.Amount `json:"most,omitempty" doc:"All that there is unless told"`
	}
}

func (c *Carts) setStoreCredit(ctx context.Context, tx pgx.Tx, in *setStoreCreditInput) (View, error) {
	args := pgx.NamedArgs{"use": in.Body.Use, "most": (*int64)(nil)}
	if most := in.Body.Most; most != nil {
		if most.Minor < 1 {
			return View{}, errs.Validation.Field("/most/amount", "out_of_range", "Pay one unit or more with it, or none: use is false then.")
		}
		args["most"] = &most.Minor
	}
	r, err := c.write(ctx, tx, in.Cart, setStoreCredit, args, nil)
	if err != nil {
		return View{}, err
	}
	if most := in.Body.Most; most != nil && most.Currency != r.cart.Currency {
		return View{}, errs.Validation.Field("/most/currency", "other_currency", "The cart is in "+string(r.cart.Currency)+".")
	}
	p, err := r.price(false)
	return p.View(), err
}

const (
	// Store credit comes after the gift cards.
	readCredits = `
		SELECT id, hint, balance, used, most, state FROM (
		SELECT g.id, g.hint, (g.balance_minor, g.currency) AS balance, true AS used, NULL::bigint AS most,
		       CASE WHEN g.status <> 'active' THEN 'disabled' WHEN g.expires_at <= now() THEN 'expired' ELSE '' END AS state, cc.added_at
		FROM cart_gift_cards cc JOIN gift_cards g ON g.id = cc.gift_card_id
		WHERE cc.cart_id = @cart
		UNION ALL
		SELECT NULL, '', (s.balance_minor, s.currency), c.store_credit, c.store_credit_most, '', NULL
		FROM carts c JOIN store_credits s ON s.user_id = c.user_id AND s.currency = c.currency
		WHERE c.id = @cart AND s.balance_minor > 0) credits
		ORDER BY added_at NULLS LAST, id`

	addGiftCard = `
		INSERT INTO cart_gift_cards (cart_id, gift_card_id)
		SELECT @cart, g.id FROM gift_cards g
		WHERE g.code_hash = @hash AND g.status = 'active' AND (SELECT count(*) FROM cart_gift_cards WHERE cart_id = @cart AND gift_card_id <> g.id) < @most
		ON CONFLICT (cart_id, gift_card_id) DO UPDATE SET gift_card_id = EXCLUDED.gift_card_id
		RETURNING gift_card_id`

	removeGiftCard = `DELETE FROM cart_gift_cards WHERE cart_id = @cart AND gift_card_id = @card`

	adoptGiftCards = `
		INSERT INTO cart_gift_cards (cart_id, gift_card_id, added_at) SELECT @cart, gift_card_id, added_at FROM cart_gift_cards WHERE cart_id = @guest
		ON CONFLICT DO NOTHING`

	setStoreCredit = `
		UPDATE carts SET store_credit = @use, store_credit_most = @most, version = version + 1, updated_at = now()
		WHERE order_id IS NULL AND user_id = @user AND ` + theirsFragment + ` RETURNING ` + cartColumnsFragment
)
