package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"testing"
)

// filled is an index of many parts, some of whose documents are gone.
func filled(seed uint64) (*Index, *naive) {
	r, n := newRandom(seed), newNaive()
	for range smallestBase + 100 {
		d := r.document()
		n.docs[d.Product] = d
	}
	ix := New(testOptions(), slices.Values(n.list()))
	for range 40 {
		r.apply(ix, n)
	}
	return ix, n
}

func written(t *testing.T, sn *Snapshot) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := sn.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An index that was written and read again is the same in every structure, and
// goes on as if nothing had happened.
func TestReadEqualsWritten(t *testing.T) {
	t.Parallel()
	ix, n := filled(11)
	if sizes := ix.Snapshot().Sizes(); len(sizes) < 2 {
		t.Fatalf("the test needs more segments than %v", sizes)
	}
	file := written(t, ix.Snapshot())
	again, err := Read(testOptions(), bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	check(t, again.Snapshot(), n)
	for i, p := range ix.Snapshot().parts {
		equal(t, &Snapshot{parts: []part{p}}, &Snapshot{parts: again.Snapshot().parts[i : i+1]})
	}
	if !bytes.Equal(file, written(t, again.Snapshot())) {
		t.Error("what was read is written in another way")
	}
	r := newRandom(12)
	for range 300 {
		compare(t, again.Snapshot(), n, *r.query())
	}
	for range 20 {
		r.apply(again, n)
	}
	again.MergeBase()
	check(t, again.Snapshot(), n)
	equal(t, again.Snapshot(), New(testOptions(), slices.Values(n.list())).Snapshot())
}

func TestEmptyIndexIsWrittenAndRead(t *testing.T) {
	t.Parallel()
	file := written(t, New(testOptions(), slices.Values([]*Document{})).Snapshot())
	again, err := Read(testOptions(), bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	d := newRandom(1).document()
	again.Apply([]*Document{d}, nil)
	check(t, again.Snapshot(), newNaive(d))
}

// A file that ends early is an error, wherever it ends; and no length in it is
// believed beyond its size.
func TestReadRefusesHalfAFile(t *testing.T) {
	t.Parallel()
	r, n := newRandom(13), newNaive()
	for range 20 {
		d := r.document()
		n.docs[d.Product] = d
	}
	file := written(t, New(testOptions(), slices.Values(n.list())).Snapshot())
	for size := range len(file) {
		if _, err := Read(testOptions(), bytes.NewReader(file[:size]), int64(size)); err == nil {
			t.Fatalf("%d of %d bytes were read as an index", size, len(file))
		}
	}
	if _, err := Read(testOptions(), io.MultiReader(bytes.NewReader(bytes.Repeat([]byte{0xff}, 8)), bytes.NewReader(file)), int64(len(file))); err == nil {
		t.Error("a list of any length was believed")
	}
}

// What is written may change only with [Format]: an index that another binary
// wrote would be searched for words that it took apart in another way.
func TestFormatChangesWithItsNumber(t *testing.T) {
	t.Parallel()
	r, n := newRandom(14), newNaive()
	for range 200 {
		d := r.document()
		n.docs[d.Product] = d
	}
	file := written(t, New(testOptions(), slices.Values(n.list())).Snapshot())
	sum := sha256.Sum256(file)
	const want = "6a4ee0cee78b8139"
	if got := hex.EncodeToString(sum[:8]); got != want {
		t.Errorf("documents are written as %s, not as %s: raise Format, which is %d, and take the new value over here", got, want, Format)
	}
}
