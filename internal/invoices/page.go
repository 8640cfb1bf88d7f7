package invoices

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
)

var (
	//go:embed page.html expired.html
	pageFiles embed.FS
	//go:embed page.css
	pageCSS string

	pages = template.Must(template.New("").Funcs(template.FuncMap{"style": func() template.CSS { return template.CSS(pageCSS) }}).ParseFS(pageFiles, "*.html"))

	// The page has its style with it, so that it can be kept as one file, and may use
	// nothing else.
	pagePolicy = "default-src 'none'; style-src 'sha256-" + hashOf(pageCSS) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// writePage is a document as a page, in one file.
func writePage(i Invoice) ([]byte, error) { return render("page.html", sheetOf(i)) }

func render(name string, data any) ([]byte, error) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		return nil, fmt.Errorf("show %s: %w", name, err)
	}
	return page.Bytes(), nil
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}
