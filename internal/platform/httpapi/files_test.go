package httpapi

import (
	"bufio"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"souk/internal/errs"
)

// Who promises more than is sent is told so, and leaves no file behind.
func TestUploadsThatBreakOff(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	said := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		upload, err := SpoolUpload(r, 1<<20)
		if err == nil {
			err = upload.Close()
		}
		said <- err
	}))
	defer server.Close()
	const form = "multipart/form-data; boundary=x"
	for name, c := range map[string]struct {
		kind, body string
		want       *errs.Error
	}{
		"a body":              {"text/csv", "a,b\n1,2\n", errCutOff},
		"the file of a form":  {form, "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na,b\n", errCutOff},
		"a text of a form":    {form, "--x\r\nContent-Disposition: form-data; name=\"vendor\"\r\n\r\na", errMalformedForm},
		"the head of a part":  {form, "--x\r\nContent-Dispo", errMalformedForm},
		"a form without ends": {"multipart/form-data", "--\r\n", errMalformedForm},
		"no kind of file":     {"text/", "a", ErrMediaType},
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		out := bufio.NewWriter(conn)
		_, err = out.WriteString("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nContent-Type: " + c.kind + "\r\n\r\n" + c.body)
		if err := errors.Join(err, out.Flush(), conn.Close()); err != nil {
			t.Fatal(err)
		}
		if err := <-said; !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// A disk that takes no more is the shop's trouble, in a form as well.
func TestADiskThatIsFull(t *testing.T) {
	full, err := os.Open(os.DevNull) // to be read only
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	u := Upload{File: full, Texts: map[string]string{}}
	body := "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na,b\r\n--x--\r\n"
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	form, err := r.MultipartReader()
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"a body": u.take(strings.NewReader("a,b"), 10), "a form": u.takeForm(form, 10)} {
		var disk *fs.PathError
		if !errors.As(err, &disk) || refusal(err) != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
