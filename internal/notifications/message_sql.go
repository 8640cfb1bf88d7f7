package notifications

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// claim counts one more attempt at a message that has not left yet, and makes
// its row before the first. It reports false when the message has left.
func claim(ctx context.Context, tx pgx.Tx, m Message) (message id.Message, mine bool, err error) {
	claimed, err := postgres.Column[id.Message](ctx, tx, `
		INSERT INTO messages (id, event_id, kind, recipient, user_id, locale, subject, invoice_id, attempts)
		VALUES (@id, @event, @kind, @recipient, @user, @locale, @subject, @invoice, 1)
		ON CONFLICT ON CONSTRAINT messages_once DO UPDATE
			SET attempts = messages.attempts + 1, status = 'queued', error = '', subject = excluded.subject
			WHERE messages.status IN ('queued', 'failed')
		RETURNING id`,
		pgx.NamedArgs{
			"id": m.ID, "event": m.Event, "kind": m.Kind, "recipient": m.Recipient, "user": m.User, "locale": m.Locale, "subject": m.Subject, "invoice": m.Invoice,
		})
	if err != nil || len(claimed) == 0 {
		return m.ID, false, err
	}
	return claimed[0], true, nil
}

// mark says what became of an attempt.
func mark(ctx context.Context, tx pgx.Tx, m Message) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE messages SET status = @status, error = left(@error, 1000), html = @html, text = @text,
			sent_at = CASE WHEN @status IN ('sent', 'kept') THEN now() END
		WHERE id = @id`,
		pgx.NamedArgs{"id": m.ID, "status": string(m.Status), "error": m.Error, "html": m.HTML, "text": m.Text})
	return err
}

const messageColumns = `id, event_id, kind, recipient, user_id, locale, subject, html, text, invoice_id, status, attempts, error, created_at, sent_at`

func messageByID(ctx context.Context, db postgres.DB, message id.Message) (Message, error) {
	m, err := postgres.Get[Message](ctx, db, `SELECT `+messageColumns+` FROM messages WHERE id = @id`, pgx.NamedArgs{"id": message})
	if errors.Is(err, postgres.ErrNoRow) {
		return m, ErrNoMessage
	}
	if err != nil {
		return m, fmt.Errorf("read message %s: %w", message, err)
	}
	return m, nil
}

// A search for messages; what is empty is any.
type search struct {
	Status    string
	Kind      string
	Recipient string // the whole address
	Part      string // part of the address
	After     id.Message
	Limit     int
}

// findMessages lists messages, the newest first. Ids are made in order.
func findMessages(ctx context.Context, db postgres.DB, s search) ([]Message, error) {
	found, err := postgres.All[Message](ctx, db, `
		SELECT `+messageColumns+` FROM messages
		WHERE (@status::text = '' OR status = @status) AND (@kind::text = '' OR kind = @kind)
		AND (@recipient::text = '' OR lower(recipient) = lower(@recipient))
		AND (@part::text = '' OR strpos(lower(recipient), lower(@part)) > 0)
		AND (@after::uuid IS NULL OR id < @after)
		ORDER BY id DESC LIMIT @limit`,
		pgx.NamedArgs{"status": s.Status, "kind": s.Kind, "recipient": s.Recipient, "part": s.Part, "after": s.After, "limit": s.Limit})
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	return found, nil
}

// countFailed counts the messages since a moment whose last attempt went wrong.
func countFailed(ctx context.Context, db postgres.DB, since time.Time) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM messages WHERE status = 'failed' AND created_at > @since`,
		pgx.NamedArgs{"since": since})
}

// sweep drops messages that are older than a moment.
func sweep(ctx context.Context, tx pgx.Tx, before time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		DELETE FROM messages WHERE id IN (
			SELECT id FROM messages WHERE created_at < @before ORDER BY created_at LIMIT 5000 FOR UPDATE SKIP LOCKED)`,
		pgx.NamedArgs{"before": before})
	if err != nil {
		return fmt.Errorf("drop old messages: %w", err)
	}
	return nil
}

// forget drops what a user was told and wanted to hear.
func forget(ctx context.Context, tx pgx.Tx, user id.User) error {
	if _, err := postgres.Exec(ctx, tx, `DELETE FROM messages WHERE user_id = @user`, pgx.NamedArgs{"user": user}); err != nil {
		return fmt.Errorf("drop messages of user %s: %w", user, err)
	}
	if _, err := postgres.Exec(ctx, tx, `DELETE FROM notification_preferences WHERE user_id = @user`, pgx.NamedArgs{"user": user}); err != nil {
		return fmt.Errorf("drop notification preferences of user %s: %w", user, err)
	}
	return nil
}
