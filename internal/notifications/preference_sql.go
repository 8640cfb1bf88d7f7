package notifications

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// choice is what a user has said about a topic.
type choice struct {
	Topic   Topic `db:"topic"`
	Enabled bool  `db:"enabled"`
}

func choicesOf(ctx context.Context, db postgres.DB, user id.User) ([]choice, error) {
	return postgres.All[choice](ctx, db, `
		SELECT topic, enabled FROM notification_preferences WHERE user_id = @user AND channel = 'email'`,
		pgx.NamedArgs{"user": user})
}

func setChoice(ctx context.Context, tx pgx.Tx, user id.User, topic Topic, enabled bool) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO notification_preferences (user_id, topic, channel, enabled) VALUES (@user, @topic, 'email', @enabled)
		ON CONFLICT (user_id, topic, channel) DO UPDATE SET enabled = excluded.enabled, updated_at = now()`,
		pgx.NamedArgs{"user": user, "topic": string(topic), "enabled": enabled})
	return err
}
