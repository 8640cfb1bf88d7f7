package wishlist

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
)

func (w *Wishlists) alertRoutes(r *httpapi.Router) {
	httpapi.Post(r, "/api/v1/products/{product}/notify", w.ask, httpapi.Public("guests may ask to be told"), httpapi.ID("notify-product"),
		httpapi.Limit(httpapi.LimitAlert), httpapi.Status(http.StatusAccepted), httpapi.BodyLimit(bodyLimit), httpapi.Summary("Ask to be told when something gets cheaper or is there again"),
		httpapi.Describe("The mailbox is asked first. The answer is the same whether or not it has been asked before."))
	httpapi.Post(r, "/api/v1/product-alerts/confirm", w.confirm, httpapi.Public("the token in the mail is the proof"), httpapi.ID("confirm-product-alert"),
		httpapi.Limit(httpapi.LimitAlert), httpapi.NeverStored(), httpapi.Status(200), httpapi.BodyLimit(bodyLimit), httpapi.Summary("Say that I asked to be told"))
}

type askInput struct {
	Product string `path:"product" maxLength:"200" doc:"Id or slug."`
	Body    struct {
		Variant  id.Variant     `json:"variant_id"`
		Email    string         `json:"email" maxLength:"254"`
		Kind     AlertKind      `json:"kind" enum:"price_drop,back_in_stock"`
		Currency money.Currency `json:"currency,omitempty" maxLength:"3" doc:"In which the price is watched; the shop's unless told"`
		Locale   string         `json:"locale,omitempty" maxLength:"35" doc:"Language of the mails, as in de; the shop's unless told"`
	}
}

// asked is what everybody hears.
type asked struct {
	Detail string `json:"detail"`
}

func (w *Wishlists) ask(ctx context.Context, tx pgx.Tx, in *askInput) (asked, error) {
	b := in.Body
	err := w.Ask(ctx, tx, Asked{Product: in.Product, Variant: b.Variant, Email: b.Email, Kind: b.Kind, Currency: b.Currency, Locale: b.Locale})
	return asked{"If this mailbox has not been asked yet, it gets a mail with a link. Open the link, and you will be told."}, err
}

type confirmInput struct {
	Body struct {
		Token string `json:"token" maxLength:"100"`
	}
}

func (w *Wishlists) confirm(ctx context.Context, tx pgx.Tx, in *confirmInput) (Confirmed, error) {
	return w.Confirm(ctx, tx, in.Body.Token)
}
