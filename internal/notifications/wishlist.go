package notifications

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/wishlist"
)

const (
	alertPage   = "/account/alert#token="
	productPage = "/products/"
)

// PricesFell tells a user what of their lists costs less than when they put it
// there. What is no longer so, or no longer on sale, is not told.
func (n *Notifications) PricesFell(ctx context.Context, e wishlist.PricesFell) error {
	return n.tellOfWishes(ctx, PriceDrop, e.UserID, e.ItemIDs, func(i wishlist.Item) bool { return fell(i.PriceThen, i.Price) })
}

// BackInStock tells a user what of their lists can be bought again.
func (n *Notifications) BackInStock(ctx context.Context, e wishlist.BackInStock) error {
	return n.tellOfWishes(ctx, BackInStock, e.UserID, e.ItemIDs, func(i wishlist.Item) bool { return i.InStock })
}

// tellOfWishes writes to users whose mailbox is proven: who signs up with a
// stranger's address has no mail sent there.
func (n *Notifications) tellOfWishes(ctx context.Context, kind Kind, to id.User, ids []id.WishlistItem, isNews func(wishlist.Item) bool) error {
	user, err := n.Users.Get(ctx, n.DB, to)
	if err != nil || !user.EmailVerified || user.DisabledAt != nil || user.ErasedAt != nil {
		return err
	}
	locale, err := n.Locales.Choose(ctx, catalog.LocaleWish{Locale: n.localeOf(user)})
	if err != nil {
		return err
	}
	found, err := n.Wishlists.ItemsOf(catalog.In(ctx, locale), n.DB, to, ids)
	if err != nil {
		return err
	}
	l := letter{Kind: kind}
	for _, i := range found {
		if !i.OnSale || !isNews(i) {
			continue
		}
		if l.Link == "" {
			l.Link, l.Words = n.BaseURL+productPage+i.ProductSlug, words{"product": i.ProductTitle}
		}
		l.Items = append(l.Items, item{i.Title(), change(kind, i.PriceThen, i.Price), strconv.Itoa(i.Quantity), amount(i.Price)})
	}
	if len(l.Items) == 0 {
		return nil
	}
	return n.tell(ctx, to, l)
}

// AlertAsked asks whoever reads a mailbox whether they want to be told.
func (n *Notifications) AlertAsked(ctx context.Context, e wishlist.AlertAsked) error {
	a, token, err := n.Wishlists.ToMail(ctx, n.DB, e.AlertID)
	if errors.Is(err, wishlist.ErrNoAlert) || err == nil && (a.Confirmed || !a.OnSale) {
		return nil
	}
	if err != nil {
		return err
	}
	return n.post(ctx, letter{
		Kind: AlertConfirm, User: a.UserID, To: a.Email, Locale: cmp.Or(a.Locale, n.Locale), Link: n.BaseURL + alertPage + token,
		Words: words{"product": a.ProductTitle, "until": n.when(a.ExpiresAt)}, optOut: n.endAlerts(a.ID),
	})
}

// AlertDue tells somebody without an account that what they wait for has happened.
func (n *Notifications) AlertDue(ctx context.Context, e wishlist.AlertDue) error {
	a, _, err := n.Wishlists.ToMail(ctx, n.DB, e.AlertID)
	if errors.Is(err, wishlist.ErrNoAlert) || err == nil && (!a.Confirmed || !a.OnSale) {
		return nil
	}
	if err != nil {
		return err
	}
	kind := BackInStock
	if a.Kind == wishlist.PriceDrop {
		kind = PriceDrop
		if !fell(a.PriceThen, a.Price) {
			return nil
		}
	}
	return n.post(ctx, letter{
		Kind: kind, User: a.UserID, To: a.Email, Locale: cmp.Or(a.Locale, n.Locale), Link: n.BaseURL + productPage + a.ProductSlug,
		Words: words{"product": a.ProductTitle}, optOut: n.endAlerts(a.ID),
		Items: []item{{a.Title(), change(kind, a.PriceThen, a.Price), "1", amount(a.Price)}},
	})
}

func fell(then, now *money.Amount) bool {
	return then != nil && now != nil && then.Currency == now.Currency && now.Minor < then.Minor
}

// change is what a price was and is, which no language translates.
func change(kind Kind, then, now *money.Amount) string {
	if kind != PriceDrop {
		return ""
	}
	return then.String() + " → " + now.String()
}

func amount(a *money.Amount) string {
	if a == nil {
		return ""
	}
	return a.String()
}
