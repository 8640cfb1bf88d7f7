package feeds_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/feeds"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// pictured gives a product a picture from elsewhere, and lists it.
func pictured(t *testing.T, shop *apptest.App, p apptest.Goods) apptest.Goods {
	t.Helper()
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO media (id, product_id, source_url, state) VALUES (gen_random_uuid(), $1::uuid, 'https://pictures.example/' || $1::uuid, 'pending')`, p.ID)
		return err
	})
	shop.Refresh(t, p.ID)
	return p
}

func write(t *testing.T, shop *apptest.App) {
	t.Helper()
	if err := shop.Feeds.WriteAll(t.Context()); err != nil {
		t.Fatal(err)
	}
}

type rss struct {
	Channel struct {
		Title string `xml:"title"`
		Items []struct {
			ID           string `xml:"http://base.google.com/ns/1.0 id"`
			Title        string `xml:"http://base.google.com/ns/1.0 title"`
			Description  string `xml:"http://base.google.com/ns/1.0 description"`
			Link         string `xml:"http://base.google.com/ns/1.0 link"`
			Image        string `xml:"http://base.google.com/ns/1.0 image_link"`
			Availability string `xml:"http://base.google.com/ns/1.0 availability"`
			Price        string `xml:"http://base.google.com/ns/1.0 price"`
			SalePrice    string `xml:"http://base.google.com/ns/1.0 sale_price"`
			GTIN         string `xml:"http://base.google.com/ns/1.0 gtin"`
			Exists       string `xml:"http://base.google.com/ns/1.0 identifier_exists"`
			Group        string `xml:"http://base.google.com/ns/1.0 item_group_id"`
			Color        string `xml:"http://base.google.com/ns/1.0 color"`
			Type         string `xml:"http://base.google.com/ns/1.0 product_type"`
			Condition    string `xml:"http://base.google.com/ns/1.0 condition"`
		} `xml:"item"`
	} `xml:"channel"`
}

func TestFeedsTellWhatIsOnSale(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug := pictured(t, shop, shop.Product(t, apptest.Titled("Mug & <Cup>"), apptest.Described("<p>Holds&nbsp;tea.</p><p>Or  not &amp; so.</p>"), apptest.Choice("Color", "Blue", "Red"),
		apptest.Price(1500), apptest.Was(2000), apptest.Stock(3), apptest.In("Kitchen", "Mugs"), apptest.Branded("Clay")))
	gone := pictured(t, shop, shop.Product(t, apptest.Titled("Sold out"), apptest.Stock(0)))
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE variants SET barcode = CASE WHEN id = $1::uuid THEN '4006381333931' ELSE '4006381333932' END`, gone.Variants[0])
		return err
	})
	shop.Refresh(t, shop.Product(t, apptest.Titled("Without a picture")).ID)
	members := pictured(t, shop, shop.Product(t, apptest.Titled("For members alone")))
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO product_gates (product_id) VALUES ($1)`, members.ID)
		return err
	})
	pictured(t, shop, shop.Product(t, apptest.Titled("Not reviewed"), apptest.Unreviewed()))
	shop.Call(t, "", "GET", "@/feeds/google.xml", "").Want(t, 503, "feed_not_ready")
	write(t, shop)

	answer := shop.Call(t, "", "GET", "@/feeds/google.xml", "").Want(t, 200)
	var feed rss
	if err := xml.Unmarshal([]byte(answer.Body), &feed); err != nil {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	if len(feed.Channel.Items) != 3 || feed.Channel.Title != "Souk" {
		t.Fatalf("the feed is %+v", feed)
	}
	item := feed.Channel.Items[0]
	for name, c := range map[string][2]string{
		"id": {item.ID, mug.Variants[0].String()}, "title": {item.Title, "Mug & <Cup> - Blue"}, "description": {item.Description, "Holds tea. Or not & so."},
		"link": {item.Link, "http://shop.test/products/goods-1?variant=" + mug.Variants[0].String()}, "availability": {item.Availability, "in_stock"},
		"price": {item.Price, "20.00 USD"}, "sale price": {item.SalePrice, "15.00 USD"}, "group": {item.Group, mug.ID.String()},
		"color": {item.Color, "Blue"}, "type": {item.Type, "Kitchen > Mugs"}, "condition": {item.Condition, "new"}, "gtin, which has a wrong digit": {item.GTIN, ""},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is %q, want %q", name, c[0], c[1])
		}
	}
	if last := feed.Channel.Items[2]; last.Availability != "out_of_stock" || last.GTIN != "4006381333931" || last.Group != "" || strings.Contains(last.Link, "?") {
		t.Errorf("what is sold out: %+v", last)
	}

	var lines []map[string]any
	for line := range strings.Lines(shop.Call(t, "", "GET", "@/feeds/openai.jsonl", "").Want(t, 200).Body) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, one)
	}
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	want := map[string]any{
		"is_eligible_search": true, "is_eligible_checkout": false, "price": "20.00 USD", "sale_price": "15.00 USD", "availability": "in_stock",
		"listing_has_variations": true, "group_id": mug.ID.String(), "brand": "Clay", "product_category": "Kitchen > Mugs",
	}
	for name, value := range want {
		if lines[0][name] != value {
			t.Errorf("%s is %v, want %v", name, lines[0][name], value)
		}
	}
	if diff := cmp.Diff(map[string]any{"Color": "Blue"}, lines[0]["variant_dict"]); diff != "" {
		t.Error(diff)
	}

	shop.Call(t, "", "GET", "@/sitemap.xml", "").Want(t, 200, "<loc>http://shop.test/sitemaps/products-1.xml</loc>", "<loc>http://shop.test/sitemaps/categories-1.xml</loc>")
	shop.Call(t, "", "GET", "@/sitemaps/products-1.xml", "").Want(t, 200, "<loc>http://shop.test/products/goods-1</loc>", "<lastmod>", "http://www.sitemaps.org/schemas/sitemap/0.9")
	if categories := shop.Call(t, "", "GET", "@/sitemaps/categories-1.xml", "").Want(t, 200).Body; strings.Count(categories, "<loc>") != 2 {
		t.Errorf("categories: %s", categories)
	}
	for _, name := range []string{"products-2.xml", "google.xml", "x", "..%2fgoogle.xml"} {
		shop.Call(t, "", "GET", "@/sitemaps/"+name, "").Want(t, 404)
	}
}

// Who has a file is told so until it changes; what was replaced goes when
// nobody can be reading it any more.
func TestAFeedIsCached(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	pictured(t, shop, shop.Product(t, apptest.Titled("Mug")))
	write(t, shop)
	first := shop.Call(t, "", "GET", "@/feeds/google.xml", "").Want(t, 200).Header.Get("ETag")
	write(t, shop)
	shop.Call(t, "", "GET", "@/feeds/google.xml", "", "If-None-Match", first).Want(t, 304)
	files := func() int { return shop.Count(t, `SELECT count(*)::int FROM feed_files`, nil) }
	if n := files(); n != 4 {
		t.Errorf("%d files for 4 feeds", n)
	}
	cup := pictured(t, shop, shop.Product(t, apptest.Titled("Cup"), apptest.In("New")))
	write(t, shop)
	second := shop.Call(t, "", "GET", "@/feeds/google.xml", "", "If-None-Match", first).Want(t, 200, "Cup").Header.Get("ETag")
	if second == first || files() != 9 {
		t.Errorf("tag %s after %s, %d files", second, first, files())
	}
	sweep := func(age string) {
		shop.InTx(t, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE feed_files SET created_at = now() - $1::text::interval`, age)
			return err
		})
		if err := shop.Feeds.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if sweep("1 hour"); files() != 9 {
		t.Errorf("files that may be read were removed: %d are left", files())
	}
	if sweep("4 hours"); files() != 5 {
		t.Errorf("%d files for 5 feeds", files())
	}
	shop.Call(t, "", "GET", "@/feeds/google.xml", "", "If-None-Match", second).Want(t, 304)

	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE products SET status = 'archived', version = version + 1`)
		return err
	})
	products := shop.Count(t, `SELECT count(*)::int FROM listings`, nil)
	shop.Refresh(t, cup.ID)
	write(t, shop)
	if after := shop.Count(t, `SELECT count(*)::int FROM listings`, nil); after != products-1 {
		t.Fatalf("%d listings after %d", after, products)
	}
	if strings.Contains(shop.Call(t, "", "GET", "@/feeds/google.xml", "").Body, "Cup") {
		t.Error("what is off sale is in the feed")
	}
}

// A title that would end its element, a letter that XML does not know, an address
// with letters that mean something there: all of it stays text.
func TestNothingBreaksOutOfAFeed(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	p := pictured(t, shop, shop.Product(t, apptest.Titled("Mug")))
	const slug, title = `a b/"ü"&<?x`, "]]></g:title><g:price>0 USD</g:price>\x01\x0b\U0010FFFF<!--"
	shop.InTx(t, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `UPDATE products SET title = $1, slug = $2 WHERE id = $3`, title, slug, p.ID); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `INSERT INTO media (id, product_id, source_url, state, position) VALUES
			(gen_random_uuid(), $1, 'https://pictures.example/b,c.jpg', 'pending', 1), (gen_random_uuid(), $1, 'https://pictures.example/d.jpg', 'pending', 2)`, p.ID)
		return err
	})
	write(t, shop)
	const escaped = "http://shop.test/products/a%20b%2F%22%C3%BC%22&%3C%3Fx"
	var feed rss
	if err := xml.Unmarshal([]byte(shop.Call(t, "", "GET", "@/feeds/google.xml", "").Want(t, 200).Body), &feed); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("\x01", "\uFFFD", "\x0b", "\uFFFD").Replace(title)
	if item := feed.Channel.Items[0]; len(feed.Channel.Items) != 1 || item.Title != want || item.Price != "10.00 USD" || item.Link != escaped {
		t.Errorf("google: %+v", feed.Channel.Items)
	}
	var line struct {
		Title, URL string
		More       string `json:"additional_image_urls"`
	}
	if err := json.Unmarshal([]byte(shop.Call(t, "", "GET", "@/feeds/openai.jsonl", "").Want(t, 200).Body), &line); err != nil {
		t.Fatal(err)
	}
	if line.Title != title || line.URL != escaped || line.More != "https://pictures.example/b%2Cc.jpg,https://pictures.example/d.jpg" {
		t.Errorf("openai: %+v", line)
	}
	var urls struct {
		Locs []string `xml:"url>loc"`
	}
	if err := xml.Unmarshal([]byte(shop.Call(t, "", "GET", "@/sitemaps/products-1.xml", "").Want(t, 200).Body), &urls); err != nil || !slices.Equal(urls.Locs, []string{escaped}) {
		t.Errorf("sitemap: %v %q", err, urls.Locs)
	}
}

// A file that could not be written is not left for the next hour.
func TestAFeedThatFailedIsWrittenAgain(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	write(t, shop)
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM feeds WHERE name = 'google.xml'`)
		return err
	})
	if err := shop.Feeds.Write(t.Context(), feeds.Due{}); err != nil {
		t.Fatal(err)
	}
	shop.Call(t, "", "GET", "@/feeds/google.xml", "").Want(t, 200)
}

func TestSitemapsAreCut(t *testing.T) {
	defer feeds.SetMaxURLs(2)()
	shop := apptest.New(t, pgtest.Tx(t))
	products := make([]id.Product, 5)
	for i := range products {
		products[i] = shop.Product(t, apptest.Titled(fmt.Sprint("Mug ", i))).ID
	}
	shop.Refresh(t, products...)
	write(t, shop)
	index := shop.Call(t, "", "GET", "@/sitemap.xml", "").Want(t, 200).Body
	all := ""
	for i, want := range []int{2, 2, 1} {
		name := fmt.Sprintf("/sitemaps/products-%d.xml", i+1)
		part := shop.Call(t, "", "GET", "@"+name, "").Want(t, 200).Body
		if strings.Count(part, "<loc>") != want || !strings.Contains(index, name) {
			t.Errorf("%s: %s", name, part)
		}
		all += part
	}
	slugs, err := postgres.Column[string](t.Context(), shop.DB, `SELECT slug FROM products`, nil)
	if err != nil || len(slugs) != 5 {
		t.Fatal(slugs, err)
	}
	for _, slug := range slugs {
		if !strings.Contains(all, "/products/"+slug+"</loc>") {
			t.Errorf("%s is missing", slug)
		}
	}
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM listings WHERE product_id <> $1`, products[0])
		return err
	})
	write(t, shop)
	shop.Call(t, "", "GET", "@/sitemaps/products-2.xml", "").Want(t, 404)
}

// The files are written by a job, without anybody's asking.
func TestFeedsAreWrittenByAJob(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	apptest.Await(t, "the sitemap", func() bool {
		return shop.Call(t, "", "GET", "@/sitemap.xml", "").Status == 200
	})
}
