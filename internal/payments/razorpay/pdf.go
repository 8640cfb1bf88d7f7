package razorpay

import (
	"bytes"
	"fmt"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/encoding/charmap"
)

// pdf makes a document of a text, in a type that every reader of PDF brings along.
func pdf(text string) ([]byte, error) {
	const margin, line = 20, 5 // millimetres
	doc := fpdf.New("P", "mm", "A4", "")
	doc.SetMargins(margin, margin, margin)
	doc.SetAutoPageBreak(true, margin)
	doc.SetCompression(false) // it is a page or two
	doc.AddPage()
	doc.SetFont("Helvetica", "", 10)
	doc.MultiCell(0, line, western(text), "", "L", false)
	var out bytes.Buffer
	if err := doc.Output(&out); err != nil {
		return nil, fmt.Errorf("write letter: %w", err)
	}
	return out.Bytes(), nil
}

// western writes a text in the letters of that type. What it does not have, as
// Devanagari, is a question mark: the summary of a dispute has it as it is.
func western(text string) string {
	var letters []byte
	for _, r := range text {
		letter, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			letter = '?'
		}
		letters = append(letters, letter)
	}
	return string(letters)
}
