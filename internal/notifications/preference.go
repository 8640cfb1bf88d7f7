package notifications

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// A Preference is whether a user hears of a topic, and how.
type Preference struct {
	Topic    Topic `json:"topic" enum:"security,account,orders,wishlist,offers"`
	Required bool  `json:"required" doc:"Whether it is always on."`
	Email    bool  `json:"email"`
}

// Preferences is what a user wants to hear, topic by topic.
func (n *Notifications) Preferences(ctx context.Context, db postgres.DB, user id.User) ([]Preference, error) {
	said, err := choicesOf(ctx, db, user)
	if err != nil {
		return nil, fmt.Errorf("read notification preferences of user %s: %w", user, err)
	}
	list := make([]Preference, 0, len(topics))
	for _, t := range topics {
		p := Preference{Topic: t, Required: t.required(), Email: t.byDefault()}
		for _, c := range said {
			if c.Topic == t && !p.Required {
				p.Email = c.Enabled
			}
		}
		list = append(list, p)
	}
	return list, nil
}

// Prefer switches a topic's e-mail on or off.
func (n *Notifications) Prefer(ctx context.Context, tx pgx.Tx, user id.User, topic Topic, email bool) error {
	if err := setChoice(ctx, tx, user, topic, email); err != nil {
		return fmt.Errorf("set notification preference of user %s: %w", user, err)
	}
	return nil
}

// wants reports whether a message of a kind may go to a user. Guests get what
// belongs to their orders and nothing else.
func (n *Notifications) wants(ctx context.Context, user id.User, kind Kind) (bool, error) {
	if kind.Always || user.IsZero() {
		return true, nil
	}
	list, err := n.Preferences(ctx, n.DB, user)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(list, func(p Preference) bool { return p.Topic == kind.Topic && p.Email }), nil
}

// A wish is a change of one topic.
type wish struct {
	Topic Topic `json:"topic" enum:"security,account,orders,wishlist,offers"`
	Email bool  `json:"email"`
}

func checkWishes(wishes []wish) error {
	var bad errs.Fields
	for i, w := range wishes {
		bad.Require(w.Email || !w.Topic.required(), fmt.Sprintf("/topics/%d/email", i), "required_topic",
			"Mail about access to your account cannot be switched off.")
	}
	return bad.Err()
}
