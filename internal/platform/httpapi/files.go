package httpapi

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"regexp"

	"souk/internal/errs"
	"souk/internal/platform/blob"
)

var (
	errNoFile        = errs.Validation.Field("/file", "required", "Send the file as a part called file.")
	errCutOff        = errs.New(errs.Malformed, ErrMalformed.Code, "The body ended before it was complete.")
	errMalformedForm = errs.New(errs.Malformed, "malformed_form", "The form cannot be read.")
)

// FormOverhead is what a form may be larger than the file in it.
const FormOverhead = 64 << 10

// longestText is the longest text of a form that is read, in bytes.
const longestText = 4000

// ReadUpload takes the parts of a form: file, of at most most bytes, and texts
// before or behind it. What the sender calls the file does not matter.
func ReadUpload(r *http.Request, most int64) (file []byte, texts map[string]string, err error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, nil, ErrMediaType
	}
	form, texts := multipart.NewReader(r.Body, params["boundary"]), map[string]string{}
	for range 10 {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, brokenForm(err)
		}
		if part.FormName() != "file" {
			text, err := io.ReadAll(io.LimitReader(part, longestText))
			if err != nil {
				return nil, nil, brokenForm(err)
			}
			texts[part.FormName()] = string(text)
			continue
		}
		if file, err = io.ReadAll(io.LimitReader(part, most+1)); err != nil {
			return nil, nil, brokenForm(err)
		}
		if int64(len(file)) > most {
			return nil, nil, ErrTooLarge
		}
	}
	if file == nil {
		return nil, nil, errNoFile
	}
	return file, texts, nil
}

// brokenForm tells a body that is too large or was cut off from one that is no
// form.
func brokenForm(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return errMalformedForm
}

// pictureNames is what files of pictures are called: random, and how large where
// there are several.
var pictureNames = regexp.MustCompile(`^[0-9a-f]{32}(-[0-9]{1,5})?\.(jpg|png)$`)

// Pictures answers with the pictures in a folder of a store, which everybody may
// see, each by the {file} of the path; missing is the answer where there is
// none. Its name is random and its content never changes, so everybody may keep
// it for ever; nothing in it can act.
func Pictures(store blob.Store, folder string, missing *errs.Error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		name := r.PathValue("file")
		if !pictureNames.MatchString(name) {
			return missing
		}
		file, info, err := store.Open(r.Context(), folder+name)
		if errors.Is(err, blob.ErrNotFound) {
			return missing
		}
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // it was only read
		h := w.Header()
		h.Set("Content-Type", info.ContentType)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("ETag", `"`+name+`"`)
		http.ServeContent(w, r, "", info.Modified, file)
		return nil
	}
}

// An Upload is a file that was sent, on this machine's disk, and the texts that
// came with it in a form.
type Upload struct {
	File  *os.File // at its beginning
	Size  int64
	Texts map[string]string
}

// Close gives the file up.
func (u Upload) Close() error { return u.File.Close() }

// SpoolUpload takes a file of at most most bytes that is too large for memory:
// the body itself, or the part called file of a form. Close it.
func SpoolUpload(r *http.Request, most int64) (u Upload, err error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && r.Header.Get("Content-Type") != "" {
		return Upload{}, ErrMediaType
	}
	file, err := blob.Scratch()
	if err != nil {
		return Upload{}, err
	}
	u = Upload{File: file, Texts: map[string]string{}}
	if kind == "multipart/form-data" {
		err = u.takeForm(multipart.NewReader(r.Body, params["boundary"]), most)
	} else {
		err = u.take(r.Body, most)
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return Upload{}, errors.Join(err, u.Close())
	}
	return u, nil
}

// take writes a body to the disk. A full one is not the sender's fault.
func (u *Upload) take(body io.Reader, most int64) (err error) {
	u.Size, err = io.Copy(u.File, io.LimitReader(body, most+1))
	var disk *fs.PathError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &disk):
		return fmt.Errorf("keep an upload: %w", err)
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return errCutOff
	case u.Size > most:
		return ErrTooLarge
	}
	return nil
}

func (u *Upload) takeForm(form *multipart.Reader, most int64) error {
	found := false
	for range 20 {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return brokenForm(err)
		}
		if part.FormName() == "file" && !found {
			if err := u.take(part, most); err != nil {
				return err
			}
			found = true
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, longestText*10))
		if err != nil {
			return brokenForm(err)
		}
		u.Texts[part.FormName()] = string(text)
	}
	if !found {
		return errNoFile
	}
	return nil
}
