package digital

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/orders"
	"souk/internal/platform/postgres"
)

// A Grant is a file or a licence key that the buyer of an order line may have.
type Grant struct {
	ID            id.Grant       `db:"id" json:"id"`
	OrderID       id.Order       `db:"order_id" json:"-"`
	OrderLine     id.OrderLine   `db:"order_line_id" json:"order_line_id"`
	Kind          string         `db:"kind" json:"kind" enum:"file,licence_key"`
	FileID        id.DigitalFile `db:"file_id" json:"-"`
	KeyID         id.LicenceKey  `db:"key_id" json:"-"`
	Title         string         `db:"title" json:"title" doc:"Of the product."`
	Told          string         `db:"told_title" json:"told_title,omitempty" doc:"What its buyer was told, where that is in another language. Buyers find it in title."`
	Name          string         `db:"name" json:"name,omitempty" doc:"Of a file."`
	Size          int64          `db:"size" json:"size,omitempty" doc:"Of a file, in bytes."`
	ContentType   string         `db:"content_type" json:"content_type,omitempty" doc:"Of a file."`
	SHA256        string         `db:"sha256" json:"sha256,omitempty" doc:"Of a file, in hexadecimal."`
	File          string         `db:"file" json:"-"`
	Masked        string         `db:"masked" json:"masked_key,omitempty" doc:"The end of a key; reveal shows all of it."`
	Downloads     int            `db:"downloads" json:"downloads" doc:"Links that were given out."`
	DownloadLimit int            `db:"download_limit" json:"download_limit" doc:"0 is any number."`
	GrantedAt     time.Time      `db:"granted_at" json:"granted_at"`
	UsedAt        *time.Time     `db:"used_at" json:"used_at,omitempty" doc:"When it was first downloaded, or shown."`
	ExpiresAt     *time.Time     `db:"expires_at" json:"expires_at,omitempty" doc:"Until when a file can be downloaded."`
	RevokedAt     *time.Time     `db:"revoked_at" json:"revoked_at,omitempty"`
	Withheld      bool           `db:"withheld" json:"withheld,omitempty" doc:"Revoked until a dispute about the payment is decided: given back when it is won."`
}

// errNoGoods says that something was sold as digital of which there is nothing.
// The shop has to put that right: nobody else can.
var errNoGoods = errs.New(errs.Conflict, "nothing_to_hand_over", "There are no files or free licence keys for what was sold.")

// Grant gives the buyer of an order what its digital units are: every file of
// their variants, and a key for each unit of those that are sold by keys. The
// caller has locked the order, and the stock of the units has left.
func (g *Goods) Grant(ctx context.Context, tx pgx.Tx, w orders.Whole, units []orders.Units) error {
	if len(units) == 0 {
		return nil
	}
	lines, err := readGoods(ctx, tx, w.PlacedAt, units)
	if err != nil {
		return err
	}
	keys, err := take(ctx, tx, lines, units)
	if err != nil {
		return err
	}
	n := newGrants{order: w.ID}
	if n.limit, err = DownloadLimitSetting.Get(ctx, g.Settings); err != nil {
		return err
	}
	if n.days, err = DownloadDaysSetting.Get(ctx, g.Settings); err != nil {
		return err
	}
	for _, l := range lines {
		for _, file := range l.Files {
			n.add(l, file, id.LicenceKey{})
		}
		if !l.Keyed {
			if len(l.Files) == 0 {
				return errNoGoods.With("order_line_id", l.Line)
			}
			continue
		}
		for range quantity(units, l.Line) {
			if len(keys[l.Variant]) == 0 {
				return errNoGoods.With("order_line_id", l.Line)
			}
			n.add(l, id.DigitalFile{}, keys[l.Variant][0])
			keys[l.Variant] = keys[l.Variant][1:]
		}
	}
	return n.insert(ctx, tx)
}

// take takes a key for each unit of lines that are sold by keys, by variant.
func take(ctx context.Context, tx pgx.Tx, lines []goodsOf, units []orders.Units) (map[id.Variant][]id.LicenceKey, error) {
	wanted := map[id.Variant]int{}
	for _, l := range lines {
		if l.Keyed {
			wanted[l.Variant] += quantity(units, l.Line)
		}
	}
	if len(wanted) == 0 {
		return nil, nil //nolint:nilnil // no keys are wanted
	}
	taken, err := queryKeys(ctx, tx, wanted)
	if err != nil {
		return nil, err
	}
	keys := map[id.Variant][]id.LicenceKey{}
	for _, k := range taken {
		keys[k.Variant] = append(keys[k.Variant], k.ID)
	}
	return keys, nil
}

func quantity(units []orders.Units, line id.OrderLine) int {
	at := slices.IndexFunc(units, func(u orders.Units) bool { return u.Line == line })
	if at < 0 {
		return 0
	}
	return units[at].Quantity
}

// Revoke withdraws one grant of an order. A key that nobody has seen is free
// again; doing it twice is doing it once.
func (g *Goods) Revoke(ctx context.Context, tx pgx.Tx, order id.Order, grant id.Grant) error {
	if _, err := orders.Lock(ctx, tx, order); err != nil {
		return err
	}
	if _, err := grantOf(ctx, tx, order, grant); err != nil {
		return err
	}
	return g.revoke(ctx, tx, order, grant)
}

// RevokeAll withdraws every grant of an order, which the caller has locked.
func (g *Goods) RevokeAll(ctx context.Context, tx pgx.Tx, order id.Order) error {
	return g.revoke(ctx, tx, order, id.Grant{})
}

// Withhold withdraws every grant of an order until a dispute about its money is
// decided. A key stays its buyer's, seen or not: it may have to be given back. The
// caller has locked the order.
func (g *Goods) Withhold(ctx context.Context, tx pgx.Tx, order id.Order) error {
	_, err := postgres.Exec(ctx, tx, withholdGrants, pgx.NamedArgs{"order": order})
	if err != nil {
		return fmt.Errorf("withhold grants of order %s: %w", order, err)
	}
	return nil
}

// GiveBack gives a buyer what was withheld of an order, which the caller has locked.
// The days in which a file can be downloaded go on.
func (g *Goods) GiveBack(ctx context.Context, tx pgx.Tx, order id.Order) error {
	_, err := postgres.Exec(ctx, tx, giveBackGrants, pgx.NamedArgs{"order": order})
	if err != nil {
		return fmt.Errorf("give back grants of order %s: %w", order, err)
	}
	return nil
}

func (g *Goods) revoke(ctx context.Context, tx pgx.Tx, order id.Order, grant id.Grant) error {
	unseen, err := postgres.All[unseenKey](ctx, tx, revokeGrants, pgx.NamedArgs{"order": order, "grant": grant})
	if err != nil {
		return fmt.Errorf("revoke grants of order %s: %w", order, err)
	}
	if len(unseen) == 0 {
		return nil
	}
	back, keys := map[id.Variant]int{}, make([]id.LicenceKey, len(unseen))
	for i, k := range unseen {
		keys[i] = k.Key
		back[k.Variant]++
	}
	for _, variant := range sorted(back) { // the order of the stock's locks
		returned := inventory.Adjustment{Variant: variant, Delta: back[variant], Reason: "return", Note: order.String()}
		if err := g.Stock.AdjustSerialised(ctx, tx, id.Vendor{}, returned); err != nil {
			return fmt.Errorf("return licence keys of order %s: %w", order, err)
		}
	}
	if _, err := postgres.Exec(ctx, tx, freeKeys, pgx.NamedArgs{"keys": keys}); err != nil {
		return fmt.Errorf("free licence keys of order %s: %w", order, err)
	}
	return nil
}

func sorted(counts map[id.Variant]int) []id.Variant {
	list := make([]id.Variant, 0, len(counts))
	for variant := range counts {
		list = append(list, variant)
	}
	slices.SortFunc(list, func(a, b id.Variant) int { return bytes.Compare(a[:], b[:]) })
	return list
}

// A Link is where a file can be fetched for a while by whoever has it.
type Link struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Download makes a link to the file of a grant and counts it.
func (g *Goods) Download(ctx context.Context, tx pgx.Tx, order id.Order, grant id.Grant) (Link, error) {
	counted, err := countDownload(ctx, tx, order, grant)
	if err != nil {
		return Link{}, err
	}
	if !counted {
		return Link{}, g.refusal(ctx, tx, order, grant)
	}
	return g.link(grant), nil
}

// refusal says why a file cannot be downloaded.
func (g *Goods) refusal(ctx context.Context, db postgres.DB, order id.Order, grant id.Grant) error {
	found, err := grantOf(ctx, db, order, grant)
	switch {
	case err != nil:
		return err
	case found.FileID.IsZero():
		return ErrNoGrant
	case found.RevokedAt != nil:
		return ErrRevoked
	case found.DownloadLimit > 0 && found.Downloads >= found.DownloadLimit:
		return ErrUsedUp.With("download_limit", found.DownloadLimit)
	}
	return ErrExpired
}

// Shown is a licence key in the clear.
type Shown struct {
	Key string `json:"key"`
}

// Reveal shows the licence key of a grant to its buyer. From then on it is
// nobody else's, whatever becomes of the order.
func (g *Goods) Reveal(ctx context.Context, tx pgx.Tx, order id.Order, grant id.Grant) (Shown, error) {
	found, err := grantOf(ctx, tx, order, grant)
	switch {
	case err != nil:
		return Shown{}, err
	case found.KeyID.IsZero():
		return Shown{}, ErrNoGrant
	}
	shown, err := markShown(ctx, tx, grant)
	switch {
	case err != nil:
		return Shown{}, err
	case !shown:
		return Shown{}, ErrRevoked
	}
	key, err := g.open(ctx, tx, found.KeyID)
	return Shown{Key: key}, err
}
