package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// MediaPlace names a picture in an edit.
type MediaPlace struct {
	ID     id.Media `json:"id"`
	Alt    *string  `json:"alt,omitempty" maxLength:"1000" doc:"What is to be seen, for those who do not see it."`
	Remove bool     `json:"remove,omitempty" doc:"Takes it off the product."`
}

// MediaShown is a picture in the diff of a change.
type MediaShown struct {
	ID    id.Media   `json:"id"`
	Alt   string     `json:"alt"`
	URL   string     `json:"url" doc:"Where it can be looked at."`
	State MediaState `json:"state"`
}

// arrange puts the pictures that are named first, in their order; the others
// follow as they were.
func (p *Product) arrange(places []MediaPlace) (bad errs.Fields) {
	rest, named := slices.Clone(p.Media), []Media{}
	for i, place := range places {
		at := slices.IndexFunc(rest, func(m Media) bool { return m.ID == place.ID })
		bad.Require(at >= 0, "/media/"+strconv.Itoa(i)+"/id", "not_found", "The product has no such picture, or you name it twice.")
		if at < 0 {
			continue
		}
		m := rest[at]
		rest = slices.Delete(rest, at, at+1)
		if !place.Remove {
			set(&m.Alt, place.Alt, line)
			named = append(named, m)
		}
	}
	p.Media = append(named, rest...)
	p.forgetMedia()
	return bad
}

// without leaves out what a product does not have any more.
func without(places []MediaPlace, media []Media) []MediaPlace {
	return slices.DeleteFunc(slices.Clone(places), func(place MediaPlace) bool {
		return !slices.ContainsFunc(media, func(m Media) bool { return m.ID == place.ID })
	})
}

// places is what makes the pictures of a product those that are wanted.
func places(media, wanted []Media) []MediaPlace {
	list := []MediaPlace{}
	for _, m := range wanted {
		list = append(list, MediaPlace{ID: m.ID, Alt: new(m.Alt)})
	}
	for _, m := range media {
		if !slices.ContainsFunc(wanted, func(w Media) bool { return w.ID == m.ID }) {
			list = append(list, MediaPlace{ID: m.ID, Remove: true})
		}
	}
	return list
}

// proposeMedia adds what a vendor does to the pictures of a product to the
// change that waits, and tells how the product would look.
func (c *Catalog) proposeMedia(ctx context.Context, tx pgx.Tx, p Product, edit func(*Product) error) (Product, error) {
	wish, err := c.wish(ctx, tx, p)
	if err != nil {
		return Product{}, err
	}
	want := wish
	want.Media = slices.Clone(wish.Media)
	if err := edit(&want); err != nil {
		return Product{}, err
	}
	want.finish()
	if err := want.check().Err(); err != nil {
		return Product{}, err
	}
	change, err := c.propose(ctx, tx, p, fields(ProductEdit{Media: new(places(p.Media, want.Media))}))
	if err != nil {
		return Product{}, err
	}
	var added []mediaRow
	var gone []id.Media
	for _, m := range want.Media {
		if !slices.ContainsFunc(wish.Media, func(w Media) bool { return w.ID == m.ID }) {
			if m.State == MediaPending {
				m.State = MediaProposed
			}
			added = append(added, rowOfMedia(m))
		}
	}
	for _, m := range wish.Media {
		if !m.ChangeID.IsZero() && !slices.ContainsFunc(want.Media, func(w Media) bool { return w.ID == m.ID }) {
			gone = append(gone, m.ID)
		}
	}
	b := postgres.NewBatch()
	if len(added) > 0 {
		b.Queue(insertProposedMedia, pgx.NamedArgs{"change": change, "rows": added})
	}
	queue(b, removeMedia, "ids", gone)
	if err := b.Send(ctx, tx); err != nil {
		return Product{}, fmt.Errorf("propose pictures of product %s: %w", p.ID, err)
	}
	p.PendingChange = change
	return c.wish(ctx, tx, p)
}

// wish is a product with the pictures that its pending change would give it.
func (c *Catalog) wish(ctx context.Context, db postgres.DB, p Product) (Product, error) {
	if p.PendingChange.IsZero() {
		return p, nil
	}
	list, err := postgres.All[ProposedChange](ctx, db, selectPendingChange, pgx.NamedArgs{"id": p.PendingChange})
	if err != nil || len(list) == 0 {
		return p, err
	}
	proposed, err := c.proposedMedia(ctx, db, list)
	if err != nil {
		return p, err
	}
	return p.wished(list[0], proposed), nil
}

// wished is a product with the pictures that a change would give it.
func (p Product) wished(change ProposedChange, proposed []Media) Product {
	p.Media = slices.Clone(p.Media)
	for _, m := range proposed {
		if m.ChangeID == change.ID {
			p.Media = append(p.Media, m)
		}
	}
	if change.Edit.Media != nil {
		p.arrange(without(*change.Edit.Media, p.Media))
	}
	for i := range p.Media {
		p.Media[i].Position = i
	}
	return p
}

// proposedMedia are the pictures that wait with changes.
func (c *Catalog) proposedMedia(ctx context.Context, db postgres.DB, changes []ProposedChange) ([]Media, error) {
	var ids []id.ProductChange
	for _, change := range changes {
		if change.Edit.Media != nil {
			ids = append(ids, change.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := postgres.All[Media](ctx, db, selectProposedMedia, pgx.NamedArgs{"changes": ids})
	if err != nil {
		return nil, fmt.Errorf("read pictures of %d changes: %w", len(ids), err)
	}
	for i := range list {
		list[i] = list[i].withSizes()
	}
	return list, nil
}

func shown(media []Media) []MediaShown {
	list := []MediaShown{}
	for _, m := range media {
		url := PictureURL(m.BlobKey, m.ContentType, m.Width, m.Height, 960)
		if url == "" {
			url = m.SourceURL
		}
		list = append(list, MediaShown{m.ID, m.Alt, url, m.State})
	}
	return list
}

// adopt gives a product the pictures of a change, and leaves out of the edit
// those that are gone since.
func (c *Catalog) adopt(ctx context.Context, tx pgx.Tx, change ProposedChange) (ProductEdit, error) {
	e := change.Edit.ProductEdit
	if e.Media == nil {
		return e, nil
	}
	if _, err := postgres.Exec(ctx, tx, adoptMedia, pgx.NamedArgs{"change": change.ID, "product": change.ProductID, "behind": MaxMedia}); err != nil {
		return e, fmt.Errorf("adopt pictures of change %s: %w", change.ID, err)
	}
	now, err := c.Product(ctx, tx, change.VendorID, change.ProductID)
	if err != nil {
		return e, err
	}
	e.Media = new(without(*e.Media, now.Media))
	return e, nil
}

const selectPendingChange = `
	SELECT c.id, c.product_id, c.vendor_id, '' AS product, c.edit, c.diff, c.state, c.reason, c.created_at, c.decided_at
	FROM product_changes c WHERE c.id = @id AND c.state = 'pending'`

const insertProposedMedia = `
	INSERT INTO media (id, change_id, position, alt, source_url, state, blob_key, content_type, width, height)
	SELECT id, @change, position, alt, source_url, state, blob_key, content_type, width, height
	FROM jsonb_to_recordset(@rows::jsonb) AS r(
	    id uuid, position int, alt text, source_url text, state text, blob_key text, content_type text, width int, height int)`

const selectProposedMedia = `
	SELECT ` + mediaColumns + `
	FROM media WHERE change_id = ANY(@changes) AND state <> 'removed' ORDER BY change_id, position, id`

// adoptMedia puts them behind those that are there; the edit orders them.
const adoptMedia = `
	UPDATE media SET product_id = @product, change_id = NULL, position = @behind::int + position, due_at = now(),
	       state = CASE state WHEN 'proposed' THEN 'pending' ELSE state END
	WHERE change_id = @change AND state <> 'removed'`

// dropProposedMedia leaves the files to the sweep.
const dropProposedMedia = `
	UPDATE media SET state = 'removed', due_at = now() WHERE change_id = @change AND state <> 'removed'`
