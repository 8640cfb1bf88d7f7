package notifications

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/platform/httpapi"
)

func (n *Notifications) preferenceRoutes(r *httpapi.Router) {
	me := httpapi.Needs(auth.AsCustomer)
	httpapi.Get(r, "/api/v1/me/notification-preferences", n.listPreferences, me, httpapi.Private(),
		httpapi.Summary("List what I hear about"), httpapi.Describe("Order confirmations, cancellations and what I ask for myself come whatever I choose here."))
	httpapi.Patch(r, "/api/v1/me/notification-preferences", n.editPreferences, me,
		httpapi.Summary("Choose what I hear about"), httpapi.Describe("Topics that are left out stay as they are. `security` cannot be switched off."))
}

// preferences is the answer of both.
type preferences struct {
	Topics []Preference `json:"topics"`
}

func (n *Notifications) listPreferences(ctx context.Context, _ *struct{}) (preferences, error) {
	list, err := n.Preferences(ctx, n.DB, auth.From(ctx).User)
	return preferences{list}, err
}

type editPreferencesInput struct {
	Body struct {
		Topics []wish `json:"topics" minItems:"1" maxItems:"10"`
	}
}

func (n *Notifications) editPreferences(ctx context.Context, tx pgx.Tx, in *editPreferencesInput) (preferences, error) {
	if err := checkWishes(in.Body.Topics); err != nil {
		return preferences{}, err
	}
	me := auth.From(ctx).User
	for _, w := range in.Body.Topics { // four at most that differ
		if err := n.Prefer(ctx, tx, me, w.Topic, w.Email); err != nil {
			return preferences{}, err
		}
	}
	list, err := n.Preferences(ctx, tx, me)
	return preferences{list}, err
}
