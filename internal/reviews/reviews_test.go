package reviews_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/reviews"
)

// Bad input 36, and who may say something at all.
func TestWhoMayReview(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug, other := shop.Product(t, apptest.Choice("Color", "blue", "red")), shop.Product(t)
	gone := shop.Product(t)
	received(t, shop, "ann", mug, gone)
	shop.User(t, "bob")
	placed := shop.PlacedOrder(t, "bob", 1, mug.Variants[0])
	shop.Send(t, placed.Order.ID, placed.Order.Parts[0], 0) // and it is on its way
	shop.User(t, "cat")
	guests := shop.PlacedOrder(t, "", 1, other.Variants[0])
	shop.Deliver(t, shop.Send(t, guests.Order.ID, guests.Order.Parts[0], 0))
	shop.Call(t, apptest.Admin, "DELETE", "/admin/products/"+gone.ID.String(), "")
	fine := stars(5, "Keeps tea warm.")
	praised := shop.Product(t, apptest.By(shop.Owner(t, "vera")))
	receives(t, shop, "vera", praised)
	shop.Play(t, []apptest.Scenario{
		{Name: "a guest", Method: "POST", URL: at(mug), Body: fine, Status: 401},
		{Name: "who has bought nothing", As: "cat", Method: "POST", URL: at(mug), Body: fine, Status: 403, Code: "purchase_required"},
		{Name: "who sells it", As: "vera", Method: "POST", URL: at(praised), Body: fine, Status: 403, Code: "own_product"},
		{Name: "who waits for it", As: "bob", Method: "POST", URL: at(mug), Body: fine, Status: 403, Code: "purchase_required"},
		{Name: "who has bought another thing", As: "ann", Method: "POST", URL: at(other), Body: fine, Status: 403, Code: "purchase_required"},
		{Name: "what is not sold any more", As: "ann", Method: "POST", URL: at(gone), Body: fine, Status: 404, Code: "product_not_found"},
		{Name: "what never was", As: "ann", Method: "POST", URL: "/products/nothing/reviews", Body: fine, Status: 404, Code: "product_not_found"},
		{Name: "no stars", As: "ann", Method: "POST", URL: at(mug), Body: stars(0, "Bad."), Status: 422},
		{Name: "six stars", As: "ann", Method: "POST", URL: at(mug), Body: stars(6, "Good."), Status: 422},
		{Name: "no words", As: "ann", Method: "POST", URL: at(mug), Body: stars(5, " \n "), Status: 422},
		{Name: "nothing to be seen", As: "ann", Method: "POST", URL: at(mug), Body: stars(5, "\u200c\u200d\u3164"), Status: 422},
		{Name: "zero width", As: "ann", Method: "POST", URL: at(mug), Body: stars(5, "\u200b\u200b"), Status: 422},
		{Name: "a direction turned", As: "ann", Method: "POST", URL: at(mug), Body: stars(5, "Keeps \u202ewarm"), Status: 422},
		{Name: "a bell", As: "ann", Method: "POST", URL: at(mug), Body: `{"rating": 5, "body": "Ding \u0007"}`, Status: 422},
		{Name: "a bell in the title", As: "ann", Method: "POST", URL: at(mug), Body: `{"rating": 5, "title": "Ding \u0007", "body": "x"}`, Status: 422},
		{Name: "an address for a name", As: "ann", Method: "POST", URL: at(mug), Body: `{"rating": 5, "body": "x", "author": "ann@example.com"}`, Status: 422},
		{Name: "5,001 characters", As: "ann", Method: "POST", URL: at(mug), Body: stars(5, strings.Repeat("é", 5001)), Status: 422},
		{Name: "100 kB", As: "ann", Method: "POST", URL: at(mug), Body: stars(5, strings.Repeat("a", 100<<10)), Status: 413},
		{
			Name: "by its slug, with a variant received", As: "ann", Method: "POST", URL: "/products/" + mug.Slug + "/reviews", Body: `{"rating": 5, "title": " Good\t mug ", "body": "<svg onload=alert(1)>\r\nKeeps tea warm."}`,
			Status: 201, Contains: []string{`"<svg onload=alert(1)>\nKeeps tea warm."`, `"Good mug"`, `"status":"published"`, `"author":"ann"`}, Changes: true,
		},
		{Name: "twice", As: "ann", Method: "POST", URL: at(mug), Body: stars(1, "No, it leaks."), Status: 409, Code: "already_reviewed"},
	})
	shop.WantSound(t)
	longest := listed(t, shop, mug, "")
	if len(longest.Data) != 1 || !longest.Data[0].Verified || longest.Data[0].Body != "<svg onload=alert(1)>\nKeeps tea warm." {
		t.Errorf("everybody sees %+v", longest)
	}
}

func TestTheLongestReviewFits(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug := shop.Product(t)
	received(t, shop, "ann", mug)
	escaped := strings.Repeat(`\ud83d\ude00`, 5000) // 60,000 bytes
	shop.Call(t, "ann", "POST", at(mug), `{"rating": 5, "body": "`+escaped+`"}`).Want(t, 201)
}

func TestOneReviewOfTwoAtOnce(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.DB(t))
	mug := shop.Product(t)
	received(t, shop, "ann", mug)
	var statuses [8]int
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			statuses[i] = shop.Call(t, "ann", "POST", at(mug), stars(1+i%5, strings.Repeat("So it is. ", 3+i))).Status
		})
	}
	all.Wait()
	posted := 0
	for _, status := range statuses {
		switch status {
		case http.StatusCreated:
			posted++
		case http.StatusConflict:
		default:
			t.Errorf("answered %d", status)
		}
	}
	if posted != 1 {
		t.Errorf("%d were posted: %v", posted, statuses)
	}
	shop.WantRows(t, "reviews", 1)
	shop.WantSound(t)
}

// Many buyers at once: the row of the rating is one, and nothing gets lost.
func TestRatingOfManyAtOnce(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.DB(t))
	mug := shop.Product(t, apptest.Stock(100))
	buyers := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for _, who := range buyers {
		received(t, shop, who, mug)
	}
	var all sync.WaitGroup
	for i, who := range buyers {
		all.Go(func() { posts(t, shop, who, mug, 1+i%5) })
	}
	all.Wait()
	wantRating(t, shop, mug, 2.63, 2, 2, 2, 1, 1)
	shop.WantSound(t)
}

func TestAuthorsEditAndRemove(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug := shop.Product(t)
	received(t, shop, "ann", mug)
	received(t, shop, "bob", mug)
	review := posts(t, shop, "ann", mug, 2)
	posts(t, shop, "bob", mug, 5)
	wantRating(t, shop, mug, 3.5, 0, 1, 0, 0, 1)
	tag := shop.Call(t, "ann", "GET", mine(review), "").Want(t, 200, `"status":"published"`).Header.Get("ETag")
	shop.Play(t, []apptest.Scenario{
		{Name: "somebody else's", As: "bob", Method: "PATCH", URL: mine(review), Header: map[string]string{"If-Match": tag}, Body: `{"rating": 5}`, Status: 404},
		{Name: "somebody else's, to look", As: "bob", URL: mine(review), Status: 404},
		{Name: "somebody else's, to remove", As: "bob", Method: "DELETE", URL: mine(review), Status: 404},
		{Name: "blindly", As: "ann", Method: "PATCH", URL: mine(review), Body: `{"rating": 5}`, Status: 428},
		{Name: "another version", As: "ann", Method: "PATCH", URL: mine(review), Header: map[string]string{"If-Match": `"v99"`}, Body: `{"rating": 5}`, Status: 412},
		{Name: "to nothing", As: "ann", Method: "PATCH", URL: mine(review), Header: map[string]string{"If-Match": tag}, Body: `{"body": " "}`, Status: 422},
		{Name: "the stars", As: "ann", Method: "PATCH", URL: mine(review), Header: map[string]string{"If-Match": tag}, Body: `{"rating": 4, "author": "A. L."}`, Status: 200, Contains: []string{`"author":"A. L."`}, Changes: true},
		{Name: "the version before that", As: "ann", Method: "PATCH", URL: mine(review), Header: map[string]string{"If-Match": tag}, Body: `{"rating": 1}`, Status: 412},
	})
	wantRating(t, shop, mug, 4.5, 0, 0, 0, 1, 1)
	shop.Call(t, "ann", "DELETE", mine(review), "").Want(t, 204)
	wantRating(t, shop, mug, 5, 0, 0, 0, 0, 1)
	shop.Call(t, "ann", "GET", mine(review), "").Want(t, 404)
	posts(t, shop, "ann", mug, 1) // whoever has taken it back may say it anew
	wantRating(t, shop, mug, 3, 1, 0, 0, 0, 1)
	shop.WantSound(t)
}

// The same words about two products are spam of one, and doubtful of two.
func TestCopies(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug, bowl := shop.Product(t), shop.Product(t)
	received(t, shop, "ann", mug, bowl)
	received(t, shop, "bob", mug, bowl)
	const praise, same = "The best I have ever bought, truly.", "the BEST  I have ever\nbought - truly!!"
	shop.Call(t, "ann", "POST", at(mug), stars(5, praise)).Want(t, 201, `"status":"published"`)
	if refused := shop.Call(t, "ann", "POST", at(bowl), stars(5, same)).Want(t, 422); !strings.Contains(refused.Body, "repeated_text") {
		t.Error(refused.Body)
	}
	shop.Call(t, "bob", "POST", at(bowl), stars(5, same)).Want(t, 201, `"status":"pending"`)
	wantRating(t, shop, bowl, 0, 0, 0, 0, 0, 0)
	shop.Call(t, "ann", "POST", at(bowl), stars(5, "Very good.")).Want(t, 201, `"status":"published"`)
	shop.Call(t, "bob", "POST", at(mug), stars(5, "Very good.")).Want(t, 201, `"status":"published"`)
	shop.WantSound(t)
}

func TestNamesThatAreShown(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug := shop.Product(t, apptest.Stock(50))
	for who, test := range map[string]struct{ name, want string }{
		"ada":   {"Ada  Lovelace", `"author":"Ada L."`},
		"plain": {"Plato", `"author":"Plato"`},
		"three": {"Ana María Úbeda", `"author":"Ana Ú."`},
		"none":  {"", `"author":""`},
		"mail":  {"Ann ann@example.com", `"author":""`},
		"long":  {strings.Repeat("x", 90) + " y", `"author":"` + strings.Repeat("x", 57) + ` y."`},
	} {
		received(t, shop, who, mug)
		shop.Call(t, who, "PATCH", "/me", `{"name": "`+test.name+`"}`).Want(t, 200)
		shop.Call(t, who, "POST", at(mug), stars(4, "Good.")).Want(t, 201, test.want)
	}
}

func TestReviewsInEveryOrder(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug := shop.Product(t, apptest.Stock(50))
	given := []int{3, 5, 1, 5, 4, 3}
	var all []reviews.Own
	for i, n := range given {
		who := "buyer" + string(rune('a'+i))
		received(t, shop, who, mug)
		all = append(all, posts(t, shop, who, mug, n))
	}
	for _, vote := range []struct {
		who    string
		review int
	}{{"buyera", 3}, {"buyerb", 3}, {"buyerc", 0}, {"buyerd", 5}, {"buyere", 5}} {
		shop.Call(t, vote.who, "PUT", of(all[vote.review])+"/vote", "").Want(t, 200)
	}
	for query, want := range map[string][]int{
		"":                         {5, 4, 3, 2, 1, 0},
		"?sort=-created_at":        {5, 4, 3, 2, 1, 0},
		"?sort=rating":             {2, 0, 5, 4, 1, 3},
		"?sort=-rating":            {3, 1, 4, 5, 0, 2},
		"?sort=-helpful":           {5, 3, 0, 4, 2, 1},
		"?rating=5":                {3, 1},
		"?rating=3,1&sort=-rating": {5, 0, 2},
		"?rating=2":                {},
	} {
		for _, limit := range []string{"1", "2", "100"} {
			var got []id.Review
			sep := "?"
			if query != "" {
				sep = "&"
			}
			for after := ""; ; {
				page := listed(t, shop, mug, query+sep+"include=total_count&limit="+limit+after)
				for _, r := range page.Data {
					got = append(got, r.ID)
				}
				if page.TotalCount == nil || *page.TotalCount != int64(len(want)) || page.Rating.Count != len(given) {
					t.Errorf("%s: counts %v and %d", query, page.TotalCount, page.Rating.Count)
				}
				if !page.HasMore {
					break
				}
				after = "&after=" + page.NextCursor
			}
			for i := range want {
				if len(got) != len(want) || got[i] != all[want[i]].ID {
					t.Errorf("%s by %s: %v, want the reviews %v", query, limit, got, want)
					break
				}
			}
		}
	}
	shop.Call(t, "", "GET", at(mug)+"?sort=body", "").Want(t, 422)
	shop.Call(t, "", "GET", at(mug)+"?rating=6", "").Want(t, 422)
	first := listed(t, shop, mug, "?limit=1")
	shop.Call(t, "", "GET", at(mug)+"?limit=1&sort=rating&after="+first.NextCursor, "").Want(t, 422)
}

// A rating is in the listing and on the page as soon as search has read the log.
func TestRatingsAreListed(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug, bowl := shop.Product(t), shop.Product(t)
	received(t, shop, "ann", mug, bowl)
	received(t, shop, "bob", mug)
	posts(t, shop, "ann", mug, 4)
	last := posts(t, shop, "bob", mug, 5)
	posts(t, shop, "ann", bowl, 2)
	flush := func() {
		t.Helper()
		if err := shop.Search.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	flush()
	shop.Call(t, "", "GET", "/products/"+mug.Slug, "").Want(t, 200, `"rating":{"average":4.5,"count":2}`)
	only := shop.Call(t, "", "GET", "/products?rating%5Bgte%5D=4", "").Want(t, 200, mug.ID.String(), `"rating":{"average":4.5,"count":2}`)
	if strings.Contains(only.Body, bowl.ID.String()) {
		t.Error("a bowl of two stars is among those of four")
	}
	sorted := shop.Call(t, "", "GET", "/products?sort=-rating", "").Want(t, 200).Body
	if strings.Index(sorted, mug.ID.String()) > strings.Index(sorted, bowl.ID.String()) {
		t.Error("two stars come before four")
	}
	shop.Call(t, "bob", "DELETE", mine(last), "").Want(t, 204)
	flush()
	shop.Call(t, "", "GET", "/products/"+mug.Slug, "").Want(t, 200, `"rating":{"average":4,"count":1}`)
	shop.WantSound(t)
}
