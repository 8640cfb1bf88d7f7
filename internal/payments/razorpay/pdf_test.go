package razorpay

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A reader of PDF finds each object where the table says, and each line of a letter
// on its pages.
func TestALetterIsAPDF(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Nobody was (ever) at home \\ the door was green. ", 90) + "\n\n" + strings.Repeat("x", 200) + "\nGrüße, नमस्ते"
	doc := pdf(text)
	table, err := strconv.Atoi(string(regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(doc)[1]))
	if err != nil || !bytes.HasPrefix(doc[table:], []byte("xref\n0 ")) {
		t.Fatalf("the table is not at %d, %v", table, err)
	}
	for i, entry := range regexp.MustCompile(`(\d{10}) 00000 n \n`).FindAllSubmatch(doc, -1) {
		at, err := strconv.Atoi(string(entry[1]))
		if head := fmt.Sprintf("%d 0 obj\n", i+1); err != nil || !bytes.HasPrefix(doc[at:], []byte(head)) {
			t.Errorf("object %d is not at %d, %v", i+1, at, err)
		}
	}
	for _, stream := range regexp.MustCompile(`(?s)/Length (\d+) >>\nstream\n(.*?)\nendstream`).FindAllSubmatch(doc, -1) {
		if n := fmt.Sprint(len(stream[2])); n != string(stream[1]) {
			t.Errorf("a stream of %s bytes is said to have %s", n, stream[1])
		}
	}
	if n := bytes.Count(doc, []byte("/Type /Page ")); n != 1 && n != 2 {
		t.Errorf("it has %d pages", n)
	}
	for _, want := range []string{`was \(ever\) at`, `home \\ the`, "Gr\xfc\xdfe, ??????", strings.Repeat("x", columns) + ") Tj"} {
		if !bytes.Contains(doc, []byte(want)) {
			t.Errorf("%q is not in it", want)
		}
	}
}
