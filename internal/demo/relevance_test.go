package demo_test

import (
	"bufio"
	"encoding/json"
	"math"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/demo"
	"souk/internal/platform/pgtest"
	"souk/internal/search"
)

// wanted is how good the answers to the graded queries must be. Without the
// weight of titles, or with another order, they are not.
const wanted = 0.89

// shown is how many products of an answer are looked at.
const shown = 10

// Shoppers find what they mean: the answers to queries whose products people
// have graded, from 0 (has nothing to do with it) to 3 (just that), are near the
// best order there is. The measure is nDCG (Järvelin and Kekäläinen, "Cumulated
// gain-based evaluation of IR techniques", 2002).
func TestAnswersAreRelevant(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, pgtest.DB(t))
	today := a.Time.Now()
	a.Time.Advance(present.Sub(today))
	if _, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: demo.Scale{Products: 264, Customers: 5, Orders: 150, Months: 4}}); err != nil {
		t.Fatal(err)
	}
	a.Time.Advance(today.Sub(present))
	graded := readGrades(t)
	mean := func(sort string) (sum float64) {
		for query, grades := range graded {
			titles := titlesOf(t, a, query, sort)
			score := ndcg(titles, grades)
			sum += score
			if sort == "relevance" {
				t.Logf("%.3f %s: %s", score, query, strings.Join(titles, ", "))
			}
		}
		return sum / float64(len(graded))
	}
	if got := mean("relevance"); got < wanted {
		t.Errorf("nDCG@%d of %d queries is %.3f, want %.2f", shown, len(graded), got, wanted)
	} else {
		t.Logf("nDCG@%d of %d queries is %.3f", shown, len(graded), got)
	}
	if got := mean("-popularity"); got >= wanted {
		t.Errorf("by popularity it is %.3f: the table does not tell a good order from another", got)
	}
}

// readGrades is the grade of each product for each query.
func readGrades(t *testing.T) map[string]map[string]int {
	t.Helper()
	file, err := os.Open("testdata/relevance.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	graded := map[string]map[string]int{}
	lines := bufio.NewScanner(file)
	lines.Scan() // the names of the columns
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		grade, err := strconv.Atoi(fields[1])
		if err != nil || len(fields) != 3 {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if graded[fields[0]] == nil {
			graded[fields[0]] = map[string]int{}
		}
		graded[fields[0]][fields[2]] = grade
	}
	if lines.Err() != nil || len(graded) < 30 {
		t.Fatalf("%d queries, %v", len(graded), lines.Err())
	}
	return graded
}

func titlesOf(t *testing.T, a *apptest.App, query, sort string) []string {
	t.Helper()
	answer := a.Call(t, "", "GET", "/products?limit="+strconv.Itoa(shown)+"&sort="+sort+"&q="+url.QueryEscape(query), "").Want(t, 200)
	var listing search.Listing
	if err := json.Unmarshal([]byte(answer.Body), &listing); err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, card := range listing.Data {
		titles = append(titles, card.Title)
	}
	return titles
}

// ndcg is the gain of an answer, each place worth less than the one before, as
// a share of what the best order of all graded products gains.
func ndcg(titles []string, grades map[string]int) float64 {
	gain := func(grades []int) (sum float64) {
		for i, grade := range grades[:min(len(grades), shown)] {
			sum += (math.Exp2(float64(grade)) - 1) / math.Log2(float64(i+2))
		}
		return sum
	}
	var got, best []int
	for _, title := range titles {
		got = append(got, grades[title])
	}
	for _, grade := range grades {
		best = append(best, grade)
	}
	slices.Sort(best)
	slices.Reverse(best)
	return gain(got) / gain(best)
}
