package reviews_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/reviews"
)

func set(t *testing.T, shop *apptest.App, setting string) {
	t.Helper()
	tag := shop.Call(t, apptest.Admin, "GET", "/admin/settings", "").Want(t, 200).Header.Get("ETag")
	shop.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {`+setting+`}}`, "If-Match", tag).Want(t, 200)
}

// show is a review as staff see it.
func show(t *testing.T, shop *apptest.App, review reviews.Own) reviews.Case {
	t.Helper()
	return apptest.Read[reviews.Case](t, shop.Call(t, apptest.Admin, "GET", "/admin/reviews/"+review.ID.String(), "").Want(t, 200))
}

func decides(t *testing.T, shop *apptest.App, review reviews.Own, command string, want int) {
	t.Helper()
	body := ""
	if command == "reject" {
		body = `{"reason": "It is about another shop."}`
	}
	shop.Call(t, apptest.Admin, "POST", "/admin/reviews/"+review.ID.String()+"/"+command, body).Want(t, want)
}

func edits(t *testing.T, shop *apptest.App, who string, review reviews.Own, body string) reviews.Own {
	t.Helper()
	tag := shop.Call(t, who, "GET", mine(review), "").Want(t, 200).Header.Get("ETag")
	return apptest.Read[reviews.Own](t, shop.Call(t, who, "PATCH", mine(review), body, "If-Match", tag).Want(t, 200))
}

func TestWhatIsDoubtfulWaits(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug := shop.Product(t, apptest.Stock(50))
	for i, test := range []struct {
		body string
		hold reviews.Hold
	}{
		{"Fine. I paid 5.50 for it, at 10.30 a.m. e.g. in Berlin", ""},
		{"Came quickly. Store it dry! Online it looked darker.\nNice. Shop again? Yes. Click, and it is shut. Info was good .", ""},
		{"See https://example.org/x", reviews.HeldForLinks},
		{"See WWW.example", reviews.HeldForLinks},
		{"Cheaper at tea-pots.shop", reviews.HeldForLinks},
		{"Cheaper at teapots [.] com", reviews.HeldForLinks},
		{"Cheaper at teapots(dot)com", reviews.HeldForLinks},
		{"Cheaper at teapots . com", reviews.HeldForLinks},
		{"Cheaper at ｔｅａｐｏｔｓ．ｃｏｍ", reviews.HeldForLinks},
		{"Write to me: bob@mail.example", reviews.HeldForLinks},
	} {
		who := "buyer" + string(rune('a'+i))
		received(t, shop, who, mug)
		review := apptest.Read[reviews.Own](t, shop.Call(t, who, "POST", at(mug), stars(5, test.body)).Want(t, 201))
		if got := show(t, shop, review); got.HeldFor != test.hold || (got.Status == reviews.StatusPublished) != (test.hold == "") {
			t.Errorf("%q is %s, held for %q", test.body, got.Status, got.HeldFor)
		}
	}
	wantRating(t, shop, mug, 5, 0, 0, 0, 0, 2)
	shop.WantSound(t)
}

func TestTheShopDecidesWhenReviewsArePublished(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug := shop.Product(t, apptest.Stock(50))
	for _, who := range []string{"ann", "bob", "cat"} {
		received(t, shop, who, mug)
	}
	link := stars(5, "See https://example.org")
	set(t, shop, `"reviews.publish": "after_approval"`)
	waiting := posts(t, shop, "ann", mug, 1)
	if waiting.Status != reviews.StatusPending || show(t, shop, waiting).HeldFor != reviews.HeldForApproval {
		t.Errorf("it is %+v", waiting)
	}
	shop.Call(t, "", "GET", at(mug), "").Want(t, 200, `"data":[]`, `"average":0,"count":0`)
	decides(t, shop, waiting, "approve", 200)
	decides(t, shop, waiting, "approve", 409)
	wantRating(t, shop, mug, 1, 1, 0, 0, 0, 0)
	if edited := edits(t, shop, "ann", waiting, `{"rating": 5}`); edited.Status != reviews.StatusPending { // and waits again
		t.Errorf("an edit is %s", edited.Status)
	}
	wantRating(t, shop, mug, 0, 0, 0, 0, 0, 0)
	set(t, shop, `"reviews.publish": "at_once"`)
	shop.Call(t, "bob", "POST", at(mug), link).Want(t, 201, `"status":"published"`)
	set(t, shop, `"reviews.publish": null`)
	shop.Call(t, "cat", "POST", at(mug), link).Want(t, 201, `"status":"pending"`)
	shop.WantSound(t)
}

func TestRejection(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug := shop.Product(t)
	received(t, shop, "ann", mug)
	review := posts(t, shop, "ann", mug, 1)
	shop.Call(t, apptest.Admin, "POST", "/admin/reviews/"+review.ID.String()+"/reject", `{"reason": " "}`).Want(t, 422)
	decides(t, shop, review, "reject", 200)
	decides(t, shop, review, "reject", 409)
	wantRating(t, shop, mug, 0, 0, 0, 0, 0, 0)
	shop.Call(t, "ann", "GET", "/me/reviews", "").Want(t, 200, `"status":"rejected","reason":"It is about another shop."`)
	if err := shop.Relay.Flush(t.Context(), shop.DB); err != nil {
		t.Fatal(err)
	}
	mailed := shop.Count(t, `SELECT count(*)::int FROM messages WHERE kind = 'review_rejected' AND text LIKE '%It is about another shop.%' AND recipient LIKE 'ann%'`, nil)
	if mailed != 1 {
		t.Errorf("the author has %d mails with the reason", mailed)
	}
	// What staff have refused does not come back by an edit, nor by taking it back to post it again.
	shop.Call(t, "ann", "DELETE", mine(review), "").Want(t, 409, "review_withheld")
	edited := edits(t, shop, "ann", review, `{"body": "It is good."}`)
	if edited.Status != reviews.StatusPending || edited.Reason != "" || show(t, shop, review).HeldFor != reviews.HeldForRejection {
		t.Errorf("edited it is %+v", edited)
	}
	shop.Call(t, "ann", "DELETE", mine(review), "").Want(t, 409, "review_withheld")
	if again := edits(t, shop, "ann", review, `{"body": "It is very good."}`); again.Status != reviews.StatusPending {
		t.Errorf("edited twice it is %s", again.Status)
	}
	decides(t, shop, review, "approve", 200)
	wantRating(t, shop, mug, 1, 1, 0, 0, 0, 0)
	shop.Call(t, "ann", "DELETE", mine(review), "").Want(t, 204)
	shop.WantSound(t)
}

func TestReports(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug, bowl := shop.Product(t), shop.Product(t)
	received(t, shop, "ann", mug, bowl)
	review := posts(t, shop, "ann", mug, 1)
	for _, who := range []string{"b", "c", "d", "e", "f", "g"} {
		shop.User(t, who)
	}
	spam, report := `{"reason": "spam"}`, of(review)+"/report"
	shop.Play(t, []apptest.Scenario{
		{Name: "by a guest", Method: "POST", URL: report, Body: spam, Status: 401},
		{Name: "by its author", As: "ann", Method: "POST", URL: report, Body: spam, Status: 403, Code: "own_review"},
		{Name: "for no reason", As: "b", Method: "POST", URL: report, Body: `{"reason": "dull"}`, Status: 422},
		{Name: "as one of another product", As: "b", Method: "POST", URL: at(bowl) + "/" + review.ID.String() + "/report", Body: spam, Status: 404},
		{Name: "the first", As: "b", Method: "POST", URL: report, Body: spam, Status: 204, Changes: true},
		{Name: "the first again", As: "b", Method: "POST", URL: report, Body: spam, Status: 409, Code: "already_reported"},
		{Name: "the second", As: "c", Method: "POST", URL: report, Body: spam, Status: 204, Changes: true},
	})
	wantRating(t, shop, mug, 1, 1, 0, 0, 0, 0)
	shop.Call(t, apptest.Admin, "GET", "/admin/reviews?reported=true&include=total_count", "").Want(t, 200, review.ID.String(), `"report_count":2`, `"total_count":1`)
	bar := posts(t, shop, "ann", bowl, 4)
	for _, who := range []string{"b", "c"} { // staff need not wait for a third to say that it stays
		shop.Call(t, who, "POST", of(bar)+"/report", spam).Want(t, 204)
	}
	decides(t, shop, bar, "approve", 200)
	decides(t, shop, bar, "approve", 409)
	if got := show(t, shop, bar); got.Status != reviews.StatusPublished || got.Reports != 0 {
		t.Errorf("staff have let it stay: %+v", got)
	}
	wantRating(t, shop, bowl, 4, 0, 0, 0, 1, 0)
	shop.Call(t, "d", "POST", report, `{"reason": "fake"}`).Want(t, 204)
	wantRating(t, shop, mug, 0, 0, 0, 0, 0, 0)
	shop.Call(t, "e", "POST", report, spam).Want(t, 404) // it is not there to be reported
	shop.Call(t, apptest.Admin, "GET", "/admin/reviews?status=pending&sort=created_at", "").Want(t, 200, review.ID.String(), `"held_for":"reports"`)
	if edited := edits(t, shop, "ann", review, `{"rating": 5}`); edited.Status != reviews.StatusPending {
		t.Errorf("an edit takes a reported review out of the queue: %s", edited.Status)
	}
	shop.Call(t, "ann", "DELETE", mine(review), "").Want(t, 409, "review_withheld")
	if got := show(t, shop, review); len(got.Reported) != 3 || got.Reports != 3 {
		t.Errorf("reports: %+v", got)
	}
	decides(t, shop, review, "approve", 200)
	wantRating(t, shop, mug, 5, 0, 0, 0, 0, 1)
	shop.Call(t, "b", "POST", report, spam).Want(t, 409) // has had their say
	set(t, shop, `"reviews.reports": 2`)
	shop.Call(t, "e", "POST", report, spam).Want(t, 204)
	wantRating(t, shop, mug, 5, 0, 0, 0, 0, 1) // those from before are settled
	shop.Call(t, "f", "POST", report, spam).Want(t, 204)
	wantRating(t, shop, mug, 0, 0, 0, 0, 0, 0)
	shop.WantSound(t)
}

func TestVotes(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug, bowl := shop.Product(t), shop.Product(t)
	received(t, shop, "ann", mug)
	review := posts(t, shop, "ann", mug, 3)
	shop.User(t, "bob")
	shop.User(t, "cat")
	vote := of(review) + "/vote"
	version := shop.Call(t, "ann", "GET", mine(review), "").Header.Get("ETag")
	shop.Play(t, []apptest.Scenario{
		{Name: "of a guest", Method: "PUT", URL: vote, Status: 401},
		{Name: "for oneself", As: "ann", Method: "PUT", URL: vote, Status: 403, Code: "own_review"},
		{Name: "for one of another product", As: "bob", Method: "PUT", URL: at(bowl) + "/" + review.ID.String() + "/vote", Status: 404, Code: "review_not_found"},
		{Name: "once", As: "bob", Method: "PUT", URL: vote, Status: 200, Contains: []string{`{"helpful_count":1}`}, Changes: true},
		{Name: "twice", As: "bob", Method: "PUT", URL: vote, Status: 200, Contains: []string{`{"helpful_count":1}`}},
		{Name: "of another", As: "cat", Method: "PUT", URL: vote, Status: 200, Contains: []string{`{"helpful_count":2}`}, Changes: true},
		{Name: "taken back", As: "bob", Method: "DELETE", URL: vote, Status: 204, Changes: true},
		{Name: "taken back twice", As: "bob", Method: "DELETE", URL: vote, Status: 204},
	})
	if now := shop.Call(t, "ann", "GET", mine(review), "").Want(t, 200, `"helpful_count":1`).Header.Get("ETag"); now != version {
		t.Errorf("votes make another version of a review: %s, was %s", now, version)
	}
	decides(t, shop, review, "reject", 200)
	shop.Call(t, "bob", "PUT", vote, "").Want(t, 404)
	shop.WantSound(t)
}

// Many votes at once are counted, each once.
func TestVotesAtOnce(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.DB(t))
	mug := shop.Product(t)
	received(t, shop, "ann", mug)
	review := posts(t, shop, "ann", mug, 3)
	voters := []string{"b", "c", "d", "e", "f"}
	var all sync.WaitGroup
	for _, who := range voters {
		shop.User(t, who)
		shop.Token(t, who)
	}
	for _, who := range voters {
		for range 2 {
			all.Go(func() {
				if got := shop.Call(t, who, "PUT", of(review)+"/vote", ""); got.Status != http.StatusOK {
					t.Errorf("answered %d: %s", got.Status, got.Body)
				}
			})
		}
	}
	all.Wait()
	if got := listed(t, shop, mug, "").Data[0].Helpful; got != len(voters) {
		t.Errorf("helped %d, want %d", got, len(voters))
	}
	shop.WantSound(t)
}

func TestVendorsReply(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.DB(t)) // a pool: vendors read under row-level security
	mug, bowl := shop.Product(t, apptest.By(shop.Owner(t, "vera"))), shop.Product(t, apptest.By(shop.Owner(t, "wanda")))
	received(t, shop, "ann", mug, bowl)
	review, others := posts(t, shop, "ann", mug, 2), posts(t, shop, "ann", bowl, 4)
	seen := shop.Call(t, "vera", "GET", "/vendor/reviews?replied=false", "").Want(t, 200, review.ID.String(), `"author":"ann"`, mug.Slug).Body
	if strings.Contains(seen, others.ID.String()) || strings.Contains(seen, "user_") {
		t.Errorf("vera sees %s", seen)
	}
	reply := "/vendor/reviews/" + review.ID.String() + "/reply"
	shop.Call(t, "wanda", "PUT", reply, `{"body": "Ha."}`).Want(t, 404)
	shop.Call(t, "ann", "PUT", reply, `{"body": "Ha."}`).Want(t, 403)
	shop.Call(t, "vera", "PUT", reply, `{"body": " "}`).Want(t, 422)
	shop.Call(t, "vera", "PUT", reply, `{"body": "Sorry.\nWe send another one."}`).Want(t, 200)
	shop.Call(t, "", "GET", at(mug), "").Want(t, 200, `"reply":{"body":"Sorry.\nWe send another one."`)
	shop.Call(t, "vera", "GET", "/vendor/reviews?replied=false", "").Want(t, 200, `"data":[]`)
	shop.Call(t, "wanda", "DELETE", reply, "").Want(t, 404)
	shop.Call(t, "vera", "DELETE", reply, "").Want(t, 204)
	shop.Call(t, "", "GET", at(mug), "").Want(t, 200, `"reply":null`)
	decides(t, shop, review, "reject", 200)
	shop.Call(t, "vera", "GET", "/vendor/reviews", "").Want(t, 200, `"data":[]`)
	shop.Call(t, "vera", "PUT", reply, `{"body": "Right."}`).Want(t, 404)
	shop.WantSound(t)
}

func TestPhotos(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug := shop.Product(t)
	received(t, shop, "ann", mug)
	shop.User(t, "bob")
	review := posts(t, shop, "ann", mug, 4)
	form, mime := photo(t)
	at := mine(review) + "/photos"
	shop.Call(t, "bob", "POST", at, form, "Content-Type", mime).Want(t, 404)
	shop.Call(t, "ann", "POST", at, strings.Replace(form, "PNG", "GNP", 1), "Content-Type", mime).Want(t, 415)
	var with reviews.Own
	for i := range 6 {
		with = apptest.Read[reviews.Own](t, shop.Call(t, "ann", "POST", at, form, "Content-Type", mime).Want(t, 201))
		if len(with.Photos) != i+1 {
			t.Fatalf("%d photos, want %d", len(with.Photos), i+1)
		}
	}
	shop.Call(t, "ann", "POST", at, form, "Content-Type", mime).Want(t, 409, "too_many_photos")
	kept := shop.Call(t, "", "GET", "@"+with.Photos[0].URL, "").Want(t, 200)
	if kind := kept.Header.Get("Content-Type"); kind != "image/jpeg" && kind != "image/png" {
		t.Errorf("a photo is %s", kind)
	}
	shop.Call(t, "", "GET", "@/review-photos/..%2f..%2fsecrets", "").Want(t, 404)
	shop.Call(t, "bob", "DELETE", at+"/"+with.Photos[0].ID.String(), "").Want(t, 404)
	tag := shop.Call(t, "ann", "GET", mine(review), "").Want(t, 200, with.Photos[0].URL).Header.Get("ETag")
	shop.Call(t, "ann", "DELETE", at+"/"+with.Photos[0].ID.String(), "").Want(t, 204)
	if now := shop.Call(t, "ann", "GET", mine(review), "", "If-None-Match", tag).Want(t, 200).Body; strings.Contains(now, with.Photos[0].URL) {
		t.Errorf("the removed photo is in %s", now)
	}
	shop.Call(t, "ann", "DELETE", at+"/"+with.Photos[0].ID.String(), "").Want(t, 404)
	shop.Call(t, "", "GET", "/products/"+mug.Slug+"/reviews", "").Want(t, 200, with.Photos[1].URL)
	sweep := func() {
		t.Helper()
		if err := shop.Reviews.SweepPhotos(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	shop.WantRows(t, "review_photos", 7) // six, and one that was one too many: they may be on their way to a review
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE review_photos SET created_at = created_at - interval '2 hours'`)
		return err
	})
	sweep()
	shop.WantRows(t, "review_photos", 5)
	shop.Call(t, "", "GET", "@"+with.Photos[0].URL, "").Want(t, 404)
	shop.Call(t, "", "GET", "@"+with.Photos[1].URL, "").Want(t, 200)
	set(t, shop, `"reviews.publish": "after_approval"`)
	shop.Call(t, "ann", "POST", at, form, "Content-Type", mime).Want(t, 201, `"status":"pending"`)
	shop.Call(t, "ann", "DELETE", mine(review), "").Want(t, 204)
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE review_photos SET created_at = created_at - interval '2 hours'`)
		return err
	})
	sweep()
	shop.WantRows(t, "review_photos", 0)
	shop.WantSound(t)
}

// A flood of reviews from one account is slowed down.
func TestReviewsAreLimited(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t), apptest.Limited())
	shop.User(t, "ann")
	most := httpapi.DefaultLimits()[httpapi.LimitReview].Caller
	for range most {
		shop.Call(t, "ann", "POST", "/products/nothing/reviews", stars(5, "Spam.")).Want(t, 404)
	}
	shop.Call(t, "ann", "POST", "/products/nothing/reviews", stars(5, "Spam.")).Want(t, 429)
}
