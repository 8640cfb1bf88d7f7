package razorpay

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	table   = regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`)
	entries = regexp.MustCompile(`(\d{10}) 00000 n \n`)
	streams = regexp.MustCompile(`(?s)/Length (\d+)>>\nstream\n(.*?)\nendstream`)
	shown   = regexp.MustCompile(`(?s)\(((?:[^\\()]|\\.)*)\)Tj`)
	escaped = regexp.MustCompile(`(?s)\\(.)`)
)

// pdfText reads a document as a reader of PDF does, by its table of objects, and
// says which letters it shows: without the spaces, as lines end where they may.
func pdfText(doc []byte) (text string, pages int, err error) {
	end := table.FindSubmatch(doc)
	if end == nil {
		return "", 0, fmt.Errorf("it does not say where its table is: %q", doc)
	}
	start, err := strconv.Atoi(string(end[1]))
	if err != nil || start > len(doc) || !bytes.HasPrefix(doc[start:], []byte("xref\n0 ")) {
		return "", 0, fmt.Errorf("its table is not at %d, %w", start, err)
	}
	for i, entry := range entries.FindAllSubmatch(doc[start:], -1) {
		at, err := strconv.Atoi(string(entry[1]))
		if err != nil || at > len(doc) || !bytes.HasPrefix(doc[at:], fmt.Appendf(nil, "%d 0 obj\n", i+1)) {
			return "", 0, fmt.Errorf("object %d is not at %d, %w", i+1, at, err)
		}
	}
	var letters []byte
	for _, stream := range streams.FindAllSubmatch(doc, -1) {
		if n := strconv.Itoa(len(stream[2])); n != string(stream[1]) {
			return "", 0, fmt.Errorf("a stream of %s bytes is said to have %s", n, stream[1])
		}
		for _, line := range shown.FindAllSubmatch(stream[2], -1) {
			letters = append(letters, escaped.ReplaceAll(line[1], []byte("$1"))...)
		}
	}
	return spaceless(string(letters)), bytes.Count(doc, []byte("/Type /Page\n")), nil
}

var spaceless = strings.NewReplacer(" ", "", "\n", "", "\r", "").Replace

// All that is said is in the letter, however long it is. Letters that its type does
// not have, as those of a name in Devanagari or Chinese, are a question mark each.
func TestALetterIsAPDF(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Nobody was (ever) at home \\ the door was green. ", 150) + "\n\n" + strings.Repeat("x", 200) +
		"\nGrüße, “5 €”\nनमस्ते, 王小明, \U0001f4e6\n"
	doc, err := pdf(text)
	if err != nil {
		t.Fatal(err)
	}
	got, pages, err := pdfText(doc)
	want := spaceless(strings.Repeat("Nobody was (ever) at home \\ the door was green. ", 150)+strings.Repeat("x", 200)) + "Gr\xfc\xdfe,\x935\x80\x94" + "??????,???,?"
	if err != nil || got != want || pages != 2 {
		t.Errorf("%d pages, %v: %q", pages, err, got)
	}
}

func TestAnyTextMakesALetter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		doc, err := pdf(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, pages, err := pdfText(doc); err != nil || got != spaceless(western(text)) || pages < 1 {
			t.Errorf("%d pages, %v: %q, want %q", pages, err, got, western(text))
		}
	})
}
