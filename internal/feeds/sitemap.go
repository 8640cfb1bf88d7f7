package feeds

import (
	"context"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

const (
	sitemapName   = "sitemap.xml"
	sitemapFolder = "sitemaps/"
	sitemapSpace  = "http://www.sitemaps.org/schemas/sitemap/0.9"
)

// maxURLs is how many one sitemap may hold (sitemaps.org, "Protocol").
var maxURLs = 50_000

type sitemapURL struct {
	XMLName xml.Name
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

// writeSitemaps writes sitemaps of products and categories, and the index that
// names them.
func (f *Feeds) writeSitemaps(ctx context.Context) error {
	products, err := f.sitemapsOf(ctx, "products", selectProductPlaces, f.productURL)
	if err != nil {
		return err
	}
	categories, err := f.sitemapsOf(ctx, "categories", selectCategoryPlaces, f.categoryURL)
	if err != nil {
		return err
	}
	parts := append(products, categories...)
	err = f.make(ctx, sitemapName, func(d *draft) error {
		return d.sitemap("sitemapindex", func(out *xml.Encoder) error {
			for _, part := range parts {
				d.items++
				if err := out.Encode(sitemapURL{XMLName: xml.Name{Local: "sitemap"}, Loc: f.BaseURL + "/" + part}); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, f.DB, func(tx pgx.Tx) error { return dropParts(ctx, tx, parts) })
}

// sitemapsOf writes the sitemaps of one kind of page, as many as it takes, and
// answers with their names.
func (f *Feeds) sitemapsOf(ctx context.Context, kind, sql string, address func(slug string) string) (names []string, err error) {
	var after uuid.UUID
	for {
		places, err := postgres.All[place](ctx, f.DB, sql, pgx.NamedArgs{"currency": f.Currency, "after": after, "limit": maxURLs})
		if err != nil {
			return nil, fmt.Errorf("read %s for sitemaps: %w", kind, err)
		}
		if len(places) == 0 {
			return names, nil
		}
		after = places[len(places)-1].ID
		name := fmt.Sprintf("%s%s-%d.xml", sitemapFolder, kind, len(names)+1)
		err = f.make(ctx, name, func(d *draft) error {
			d.items = len(places)
			return d.sitemap("urlset", func(out *xml.Encoder) error {
				for _, p := range places {
					if err := out.Encode(p.entry(address)); err != nil {
						return err
					}
				}
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
}

func (p place) entry(address func(slug string) string) sitemapURL {
	u := sitemapURL{XMLName: xml.Name{Local: "url"}, Loc: address(p.Slug)}
	if p.Changed != nil {
		u.LastMod = p.Changed.UTC().Format(time.DateOnly)
	}
	return u
}

// sitemap writes the frame around what a sitemap names.
func (d *draft) sitemap(root string, write func(*xml.Encoder) error) error {
	if _, err := fmt.Fprintf(d, "%s<%s xmlns=%q>\n", xml.Header, root, sitemapSpace); err != nil {
		return err
	}
	if err := write(xml.NewEncoder(d)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(d, "\n</%s>\n", root)
	return err
}
