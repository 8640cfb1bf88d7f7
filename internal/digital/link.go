package digital

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// link is where the file of a grant can be fetched for a while.
func (g *Goods) link(grant id.Grant) Link {
	expires := g.Clock.Now().Add(linkLife).UTC().Truncate(time.Second)
	return Link{URL: g.BaseURL + "/downloads/" + grant.String() + g.LinkKey.Query(grant.String(), expires), ExpiresAt: expires}
}

// serve answers with the file of a link, or with a part of it. The link counts,
// not the requests: a download that broke off goes on where it was. No cache
// keeps it, no browser shows it as a page of ours.
func (g *Goods) serve(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("grant")
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return ErrNoGrant
	}
	if err := g.LinkKey.Check(name, query, g.Clock.Now(), ErrNoGrant, httpapi.ErrLinkExpired); err != nil {
		return err
	}
	grant, err := id.Parse[id.Grant](name)
	if err != nil {
		return ErrNoGrant
	}
	found, err := grantOf(r.Context(), g.DB, id.Order{}, grant)
	switch {
	case err != nil:
		return err
	case found.RevokedAt != nil:
		return ErrRevoked
	}
	file, info, err := g.Blobs.Open(r.Context(), File{File: found.File}.key())
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	h := w.Header()
	h.Set("Content-Type", found.ContentType)
	h.Set("Content-Disposition", attachment(found.Name))
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+found.SHA256+`"`)
	http.ServeContent(w, r, "", info.Modified, file)
	return nil
}

// attachment has a file saved under its name: in ASCII for clients that know
// nothing else, and as it is written (RFC 6266).
func attachment(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r > unicodeASCII {
			return '_'
		}
		return r
	}, name)
	if plain == name {
		return mime.FormatMediaType("attachment", map[string]string{"filename": name})
	}
	return mime.FormatMediaType("attachment", map[string]string{"filename": plain}) + "; filename*=UTF-8''" + url.PathEscape(name)
}

const unicodeASCII = 127
