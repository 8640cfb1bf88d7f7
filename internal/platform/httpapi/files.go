package httpapi

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"

	"souk/internal/errs"
	"souk/internal/platform/blob"
)

var (
	errNoFile        = errs.Validation.Field("/file", "required", "Send the file as a part called file.")
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

// ServePicture answers with a picture that everybody may see; blob.ErrNotFound
// when there is none. Its name is random and its content never changes, so
// everybody may keep it for ever; nothing in it can act.
func ServePicture(w http.ResponseWriter, r *http.Request, store blob.Store, key string) error {
	file, info, err := store.Open(r.Context(), key)
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
	h.Set("ETag", `"`+path.Base(key)+`"`)
	http.ServeContent(w, r, "", info.Modified, file)
	return nil
}
