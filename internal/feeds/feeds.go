// Package feeds tells the world outside what is on sale: a product feed for
// Google Merchant Center, one for assistants that follow OpenAI's specification,
// and sitemaps.
//
// Owns: the files and their formats. A job writes them from the listings, every
// hour; whoever asks gets stored bytes, with an ETag that changes with them.
// Tables: feeds, feed_files. It reads listings and what they are made of.
// Raises: [Due].
// Calls: blob, catalog (addresses of pictures), settings.
//
// Only what shoppers find is in them: products that are listed in the shop's
// currency, variants that have a price in it. Feeds want a picture of each.
package feeds

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"time"

	"souk/internal/errs"
	"souk/internal/money"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

// Feeds is the files.
type Feeds struct {
	DB       postgres.DB
	Blobs    blob.Store
	Settings *settings.Settings
	Currency money.Currency
	BaseURL  string // of the shop, without a slash at its end
	ShopName string
}

var country = regexp.MustCompile(`^([A-Z]{2})?$`)

// What staff may decide about feeds.
var (
	StoreCountrySetting = settings.Value[string]{
		Key: "feeds.store_country", Help: "The country that the shop sells from, for feeds of assistants: two letters.",
		Check: country.MatchString, Rule: "Give a country's two letters, or nothing.",
	}
	TargetCountriesSetting = settings.Value[string]{
		Key: "feeds.target_countries", Help: "The countries that the shop sells to, for feeds of assistants: two letters each, with commas.",
		Check: regexp.MustCompile(`^([A-Z]{2}(,[A-Z]{2})*)?$`).MatchString, Rule: "Give countries as DE,AT,CH, or nothing.",
	}
)

// Settings lists what this module declares.
func Settings() []settings.Declared {
	return []settings.Declared{StoreCountrySetting, TargetCountriesSetting}
}

// ErrNoFeed says that there is no such file.
var ErrNoFeed = errs.New(errs.NotFound, "feed_not_found", "There is no such file.")

// errNotMade says that the first files are still to be written.
var errNotMade = errs.New(errs.Unavailable, "feed_not_ready", "This file is not written yet. Come back in some minutes.").After(5 * time.Minute)

// Routes mounts the files.
func (f *Feeds) Routes(r *httpapi.Router) {
	public, hidden := httpapi.Public("what is on sale is for everybody to see"), httpapi.Hidden("files for other shops' and search engines' programs")
	for _, feed := range []struct{ path, name, id string }{
		{"/feeds/google.xml", googleName, "feed-google"},
		{"/feeds/openai.jsonl", openAIName, "feed-openai"},
		{"/sitemap.xml", sitemapName, "sitemap"},
	} {
		httpapi.Raw(r, http.MethodGet, feed.path, f.fixed(feed.name), public, hidden, httpapi.ID(feed.id), httpapi.Produces(blob.TypeOf(feed.name)))
	}
	httpapi.Raw(r, http.MethodGet, "/sitemaps/{file}", f.part, public, hidden, httpapi.ID("sitemap-part"), httpapi.Produces("application/xml"))
}

// fixed serves a file that is always there, once it is written.
func (f *Feeds) fixed(name string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := f.serve(w, r, name)
		if errors.Is(err, ErrNoFeed) {
			return errNotMade
		}
		return err
	}
}

func (f *Feeds) part(w http.ResponseWriter, r *http.Request) error {
	return f.serve(w, r, sitemapFolder+r.PathValue("file"))
}

// serve answers with a file; whoever has it already is told so.
func (f *Feeds) serve(w http.ResponseWriter, r *http.Request, name string) error {
	feed, err := find(r.Context(), f.DB, name)
	if err != nil {
		return err
	}
	file, info, err := f.Blobs.Open(r.Context(), key(feed.File))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	h := w.Header()
	h.Set("Content-Type", blob.TypeOf(name)+"; charset=utf-8")
	h.Set("ETag", `"`+feed.Digest+`"`)
	h.Set("Cache-Control", "public, max-age=600")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", info.Modified, file)
	return nil
}

func key(file string) string { return "feeds/" + file }

// Due says that the files are to be written.
type Due struct{}

// EventName names the event in the log.
func (Due) EventName() string { return "feeds.due" }

// Every is how often the files are written.
const Every = time.Hour

// Look has the files written when they are old, and removes those that nobody
// reads any more.
func (f *Feeds) Look(ctx context.Context) error {
	if err := f.ask(ctx); err != nil {
		return err
	}
	return f.sweep(ctx)
}
