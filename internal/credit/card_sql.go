package credit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

const cardColumnsFragment = `
	g.id, g.code_hash, g.hint, (g.initial_minor, g.currency) AS initial, (g.balance_minor, g.currency) AS balance, g.status, g.expires_at,
	g.order_id, g.order_line_id, g.email, g.name, g.message, g.send_at, g.sent_at, g.created_at, g.version`

// Card reads a gift card whatever its status.
func (m *Balances) Card(ctx context.Context, db postgres.DB, card id.GiftCard) (GiftCard, error) {
	return oneCard(ctx, db, `SELECT `+cardColumnsFragment+` FROM gift_cards g WHERE g.id = @card`, pgx.NamedArgs{"card": card})
}

func byHash(ctx context.Context, db postgres.DB, hash []byte) (GiftCard, error) {
	return oneCard(ctx, db, `SELECT `+cardColumnsFragment+` FROM gift_cards g WHERE g.code_hash = @hash AND g.status = 'active'`, pgx.NamedArgs{"hash": hash})
}

func oneCard(ctx context.Context, db postgres.DB, sql string, args pgx.NamedArgs) (GiftCard, error) {
	found, err := postgres.Get[GiftCard](ctx, db, sql, args)
	if errors.Is(err, postgres.ErrNoRow) {
		return GiftCard{}, ErrNoGiftCard
	}
	if err != nil {
		return GiftCard{}, fmt.Errorf("read gift card: %w", err)
	}
	return found, nil
}

// issue writes cards with the entries that they begin with.
func (m *Balances) issue(ctx context.Context, tx pgx.Tx, cards []NewCard, months int, reason string) ([]issued, error) {
	var (
		made                                      []issued
		ids                                       []id.GiftCard
		entries                                   []id.CreditEntry
		hashes                                    [][]byte
		hints, currencies, emails, names, letters []string
		amounts                                   []int64
		orders                                    []id.Order
		lines                                     []id.OrderLine
		numbers                                   []int
		sends, ends                               []*time.Time
	)
	for _, c := range cards {
		card, entry := id.New[id.GiftCard](), id.New[id.CreditEntry]()
		code := codeOf(m.CodeKeys[0], card)
		made = append(made, issued{card, entry})
		ids, entries, hashes, hints = append(ids, card), append(entries, entry), append(hashes, hashOf(code)), append(hints, hintOf(code))
		currencies, amounts = append(currencies, string(c.Amount.Currency)), append(amounts, c.Amount.Minor)
		orders, lines, numbers = append(orders, c.Order), append(lines, c.Line), append(numbers, c.Number)
		emails, names, letters = append(emails, c.Gift.Email), append(names, c.Gift.Name), append(letters, c.Gift.Message)
		sends, ends = append(sends, c.Gift.SendAt), append(ends, c.ExpiresAt)
	}
	b := postgres.NewBatch()
	b.Queue(`
		INSERT INTO gift_cards (id, code_hash, hint, currency, initial_minor, balance_minor, expires_at, order_id, order_line_id, number, email, name, message, send_at)
		SELECT c.id, c.hash, c.hint, c.currency, c.amount, c.amount,
		       coalesce(c.ends, CASE WHEN @months::int > 0 THEN now() + make_interval(months => @months) END),
		       c.ord, c.line, c.number, c.email, c.name, c.message, coalesce(c.send, now())
		FROM unnest(@ids::uuid[], @hashes::bytea[], @hints::text[], @currencies::text[], @amounts::bigint[], @ends::timestamptz[], @orders::uuid[], @lines::uuid[],
			@numbers::int[], @emails::text[], @names::text[], @messages::text[], @sends::timestamptz[])
			AS c (id, hash, hint, currency, amount, ends, ord, line, number, email, name, message, send)`,
		pgx.NamedArgs{
			"ids": ids, "hashes": hashes, "hints": hints, "currencies": currencies, "amounts": amounts, "orders": orders, "lines": lines, "numbers": numbers,
			"emails": emails, "names": names, "messages": letters, "sends": sends, "ends": ends, "months": months,
		})
	b.Queue(`
		INSERT INTO gift_card_entries (id, gift_card_id, kind, delta_minor, reason, actor)
		SELECT e.id, e.card, 'issued', e.amount, @reason, @actor FROM unnest(@entries::uuid[], @ids::uuid[], @amounts::bigint[]) AS e (id, card, amount)`,
		pgx.NamedArgs{"entries": entries, "ids": ids, "amounts": amounts, "reason": reason, "actor": auth.From(ctx).Name()})
	return made, b.Send(ctx, tx)
}

// adjust moves the balance of a card that there is, and writes it down. The CHECK
// keeps it within bounds, and more than those leave room for what orders may give
// back.
func adjust(ctx context.Context, tx pgx.Tx, card id.GiftCard, by money.Amount, reason string) (id.CreditEntry, error) {
	entry := id.New[id.CreditEntry]()
	args := pgx.NamedArgs{"card": card, "by": by.Minor, "currency": string(by.Currency), "entry": entry, "reason": reason, "actor": auth.From(ctx).Name()}
	b := postgres.NewBatch()
	b.Queue(`SELECT FROM gift_cards WHERE id = @card FOR NO KEY UPDATE`, args) // so that the next statement sees all that was paid
	b.QueueOne(`
		WITH moved AS (
			UPDATE gift_cards g SET balance_minor = balance_minor + @by::bigint, updated_at = now(), version = version + 1
			WHERE id = @card AND currency = @currency AND (@by::bigint < 0 OR balance_minor + @by::bigint <= initial_minor + coalesce((
				SELECT sum(delta_minor) FROM gift_card_entries e WHERE e.gift_card_id = g.id AND e.kind IN ('redeemed', 'returned')), 0))
			RETURNING id
		)
		INSERT INTO gift_card_entries (id, gift_card_id, kind, delta_minor, reason, actor) SELECT @entry, id, 'adjusted', @by::bigint, @reason, @actor FROM moved`, args, ErrBounds)
	if err := b.Send(ctx, tx); err != nil {
		return entry, fmt.Errorf("adjust gift card %s: %w", card, err)
	}
	return entry, nil
}

func setStatus(ctx context.Context, tx pgx.Tx, card id.GiftCard, to Status) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE gift_cards SET status = @to, updated_at = now(), version = version + 1 WHERE id = @card AND status <> @to`,
		pgx.NamedArgs{"card": card, "to": string(to)})
	return err
}

func void(ctx context.Context, tx pgx.Tx, line id.OrderLine, n int) (int64, error) {
	return postgres.Exec(ctx, tx, `
		WITH unused AS (
			SELECT id FROM gift_cards
			WHERE order_line_id = @line AND status = 'active' AND balance_minor = initial_minor
			ORDER BY id LIMIT @n FOR NO KEY UPDATE
		), voided AS (
			UPDATE gift_cards g SET balance_minor = 0, status = 'disabled', updated_at = now(), version = version + 1
			FROM unused WHERE g.id = unused.id RETURNING g.id, g.initial_minor
		)
		INSERT INTO gift_card_entries (id, gift_card_id, kind, delta_minor, actor)
		SELECT gen_random_uuid(), id, 'voided', -initial_minor, @actor FROM voided`,
		pgx.NamedArgs{"line": line, "n": n, "actor": auth.From(ctx).Name()})
}

func entriesOf(ctx context.Context, db postgres.DB, card id.GiftCard) ([]Entry, error) {
	return postgres.All[Entry](ctx, db, `
		SELECT e.id, e.kind, (e.delta_minor, g.currency) AS amount, p.order_id, e.reason, e.actor, e.at
		FROM gift_card_entries e
		JOIN gift_cards g ON g.id = e.gift_card_id
		LEFT JOIN payments p ON p.id = e.payment_id
		WHERE e.gift_card_id = @card
		ORDER BY e.at DESC, e.id DESC`, pgx.NamedArgs{"card": card})
}

const cardFilterFragment = `
	    (@status::text[] IS NULL OR g.status = ANY (@status))
	AND (@hint = '' OR g.hint = @hint)
	AND (@order::uuid IS NULL OR g.order_id = @order)`

func (f cardFilter) args() pgx.NamedArgs {
	return pgx.NamedArgs{"status": f.Status, "hint": f.Hint, "order": f.Order}
}

func listCards(ctx context.Context, db postgres.DB, f cardFilter, before id.GiftCard) ([]GiftCard, error) {
	args := f.args()
	args["before"], args["limit"] = before, f.Limit+1
	return postgres.All[GiftCard](ctx, db, `
		SELECT `+cardColumnsFragment+` FROM gift_cards g
		WHERE `+cardFilterFragment+` AND (@before::uuid IS NULL OR g.id < @before)
		ORDER BY g.id DESC LIMIT @limit`, args)
}

func countCards(ctx context.Context, db postgres.DB, f cardFilter) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM gift_cards g WHERE `+cardFilterFragment, f.args())
}
