package blob_test

import (
	"io"
	"os"
	"testing"

	"souk/internal/platform/blob"
)

// A file for the moment is in no folder, so a process that is killed leaves none.
func TestScratchLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	file, err := blob.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	_, err = file.WriteString("text")
	if _, seek := file.Seek(0, io.SeekStart); err != nil || seek != nil {
		t.Fatal(err, seek)
	}
	if text, err := io.ReadAll(file); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
}
