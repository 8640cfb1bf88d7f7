package razorpay

import (
	"bytes"
	"fmt"
	"strings"
)

// A page of a letter: A4, in a type of which all letters are 6 points wide.
const (
	columns = 80
	rows    = 60
)

// pdf makes a document of a text: pages of a typewriter's letters, which every
// reader of PDF brings along (ISO 32000-1, 9.6.2.2). What those cannot write, as
// Devanagari, is a question mark: the summary of a dispute has it as it is.
func pdf(text string) []byte {
	pages := paged(wrapped(text))
	var out bytes.Buffer
	var at []int
	object := func(format string, args ...any) {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", len(at), fmt.Sprintf(format, args...))
	}
	kids := make([]string, len(pages))
	for i := range pages {
		kids[i] = fmt.Sprintf("%d 0 R", 4+2*i)
	}
	out.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Count %d /Kids [%s] >>", len(pages), strings.Join(kids, " "))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>")
	for i, page := range pages {
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 5+2*i)
		var content bytes.Buffer
		content.WriteString("BT /F1 10 Tf 12 TL 56 780 Td\n")
		for _, line := range page {
			fmt.Fprintf(&content, "(%s) Tj T*\n", line)
		}
		content.WriteString("ET")
		object("<< /Length %d >>\nstream\n%s\nendstream", content.Len(), content.String())
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, table)
	return out.Bytes()
}

// wrapped breaks a text into lines, between words where there are any.
func wrapped(text string) (lines []string) {
	for paragraph := range strings.SplitSeq(text, "\n") {
		letters := []rune(strings.TrimSpace(paragraph))
		for len(letters) > columns {
			end := columns
			for end > 0 && letters[end] != ' ' {
				end--
			}
			if end == 0 {
				end = columns
			}
			lines = append(lines, written(letters[:end]))
			letters = []rune(strings.TrimSpace(string(letters[end:])))
		}
		lines = append(lines, written(letters))
	}
	return lines
}

func paged(lines []string) (pages [][]string) {
	for len(lines) > rows {
		pages, lines = append(pages, lines[:rows]), lines[rows:]
	}
	return append(pages, lines)
}

// written is a line as a literal string of PDF. Of the letters beyond ASCII it has
// those that WinAnsi and Unicode number alike.
func written(letters []rune) string {
	var b strings.Builder
	for _, r := range letters {
		switch {
		case r == '(' || r == ')' || r == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(r))
		case r >= ' ' && r <= '~', r >= 0xa0 && r <= 0xff:
			b.WriteByte(byte(r))
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}
