package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// queue adds the accounts that may be missing, the transactions and their
// entries to a pipeline. Accounts are inserted in one order by everybody,
// so two postings that open the same accounts do not wait in a circle.
func queue(b *postgres.Batch, postings []Posting) {
	var (
		txns, refs     []pgtype.UUID // of transactions
		types, memos   []string
		ats            []pgtype.Timestamptz
		of             []pgtype.UUID // of entries
		ids            []id.LedgerAccount
		kinds, parties []string
		currencies     []string
		vendors        []id.Vendor
		amounts        []int64
	)
	for _, p := range postings {
		txn := pgtype.UUID{Bytes: id.New[id.LedgerTxn](), Valid: true}
		txns, refs = append(txns, txn), append(refs, pgtype.UUID{Bytes: p.RefID, Valid: true})
		types, memos = append(types, p.RefType), append(memos, p.Memo)
		ats = append(ats, orNull(p.At))
		for _, e := range p.Entries {
			of, ids = append(of, txn), append(ids, e.Account.id(e.Amount.Currency))
			kinds, parties = append(kinds, string(e.Account.Kind)), append(parties, e.Account.Party)
			currencies, vendors = append(currencies, string(e.Amount.Currency)), append(vendors, e.Account.Vendor)
			amounts = append(amounts, e.Amount.Minor)
		}
	}
	args := pgx.NamedArgs{
		"txns": txns, "types": types, "refs": refs, "memos": memos, "ats": ats,
		"of": of, "ids": ids, "kinds": kinds, "currencies": currencies, "parties": parties, "vendors": vendors, "amounts": amounts,
	}
	b.Queue(`
		INSERT INTO ledger_accounts (id, kind, currency, party, vendor_id)
		SELECT DISTINCT e.id, e.kind, e.currency, e.party, e.vendor
		FROM unnest(@ids::uuid[], @kinds::text[], @currencies::text[], @parties::text[], @vendors::uuid[])
		     AS e (id, kind, currency, party, vendor)
		ORDER BY e.id
		ON CONFLICT DO NOTHING`, args)
	b.Queue(`
		INSERT INTO ledger_txns (id, ref_type, ref_id, memo, at)
		SELECT t.id, t.type, t.ref, t.memo, coalesce(t.at, now())
		FROM unnest(@txns::uuid[], @types::text[], @refs::uuid[], @memos::text[], @ats::timestamptz[]) WITH ORDINALITY AS t (id, type, ref, memo, at, place)
		ORDER BY t.place`, args)
	b.Queue(`
		INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor)
		SELECT e.txn, e.account, e.currency, e.amount
		FROM unnest(@of::uuid[], @ids::uuid[], @currencies::text[], @amounts::bigint[])
		     WITH ORDINALITY AS e (txn, account, currency, amount, place)
		ORDER BY e.place`, args)
}

func readBalance(ctx context.Context, db postgres.DB, account id.LedgerAccount) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `
		SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entries WHERE account_id = @account`,
		pgx.NamedArgs{"account": account})
}

func readMoved(ctx context.Context, db postgres.DB, a AccountKey, refs [][16]byte) ([]Moved, error) {
	ids := make([]pgtype.UUID, len(refs))
	for i, ref := range refs {
		ids[i] = pgtype.UUID{Bytes: ref, Valid: true}
	}
	return postgres.All[Moved](ctx, db, `
		SELECT t.ref_id, (sum(e.amount_minor)::bigint, e.currency) AS amount
		FROM ledger_txns t JOIN ledger_entries e ON e.txn_id = t.id JOIN ledger_accounts a ON a.id = e.account_id
		WHERE t.ref_id = ANY (@refs::uuid[]) AND t.ref_type = ANY (ARRAY['payment_event', 'provider_payout', 'provider_fee'])
		  AND a.kind = @kind AND a.party = @party
		GROUP BY t.ref_id, e.currency`,
		pgx.NamedArgs{"refs": ids, "kind": string(a.Kind), "party": a.Party})
}

// orNull is a moment, or NULL for the zero time.
func orNull(t time.Time) pgtype.Timestamptz { return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()} }

func readTrials(ctx context.Context, db postgres.DB, at time.Time) ([]Trial, error) {
	return postgres.All[Trial](ctx, db, `
		SELECT a.currency, (sum(t.debit_minor)::bigint, a.currency) AS debit, (sum(t.credit_minor)::bigint, a.currency) AS credit
		FROM ledger_totals(coalesce(@at, 'infinity'::timestamptz)) t
		JOIN ledger_accounts a ON a.id = t.account_id
		GROUP BY a.currency
		ORDER BY a.currency`,
		pgx.NamedArgs{"at": orNull(at)})
}

func readAccounts(ctx context.Context, db postgres.DB, f accountFilter, after id.LedgerAccount) ([]Account, error) {
	return postgres.All[Account](ctx, db, `
		SELECT a.id, a.kind, a.party, a.vendor_id,
		       (coalesce((SELECT sum(e.amount_minor) FROM ledger_entries e WHERE e.account_id = a.id), 0)::bigint, a.currency) AS balance
		FROM ledger_accounts a
		WHERE (@kinds::text[] IS NULL OR a.kind = ANY (@kinds))
		  AND (@vendor::uuid IS NULL OR a.vendor_id = @vendor)
		  AND (@after::uuid IS NULL OR a.id > @after)
		ORDER BY a.id
		LIMIT @limit`,
		pgx.NamedArgs{"kinds": f.Kinds, "vendor": f.Vendor, "after": after, "limit": f.Limit + 1})
}

func countAccounts(ctx context.Context, db postgres.DB, f accountFilter) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `
		SELECT count(*) FROM ledger_accounts
		WHERE (@kinds::text[] IS NULL OR kind = ANY (@kinds)) AND (@vendor::uuid IS NULL OR vendor_id = @vendor)`,
		pgx.NamedArgs{"kinds": f.Kinds, "vendor": f.Vendor})
}

func readLines(ctx context.Context, db postgres.DB, account id.LedgerAccount, before int64, limit int) ([]Line, error) {
	return postgres.All[Line](ctx, db, `
		SELECT e.seq, e.txn_id, t.ref_type, t.ref_id, t.memo, (e.amount_minor, e.currency) AS amount, t.at
		FROM ledger_entries e
		JOIN ledger_txns t ON t.id = e.txn_id
		WHERE e.account_id = @account AND e.seq < @before
		ORDER BY e.seq DESC
		LIMIT @limit`,
		pgx.NamedArgs{"account": account, "before": before, "limit": limit})
}

func accountExists(ctx context.Context, db postgres.DB, account id.LedgerAccount) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (SELECT FROM ledger_accounts WHERE id = @account)`,
		pgx.NamedArgs{"account": account})
}

func countLines(ctx context.Context, db postgres.DB, account id.LedgerAccount) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `
		SELECT count(*) FROM ledger_entries WHERE account_id = @account`,
		pgx.NamedArgs{"account": account})
}
