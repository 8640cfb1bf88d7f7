package invoices

import (
	"bytes"
	"fmt"
	"io/fs"
	"strconv"
	"sync"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"souk/web"
)

// On an A4 sheet, in millimetres.
const (
	margin    = 18.0
	width     = 210 - 2*margin
	lineHigh  = 4.6
	foot      = 24.0 // from the lower edge
	bodySize  = 9.0  // points
	smallSize = 7.5
)

// A typeface is one that is embedded in each PDF, as much of it as is used.
type typeface struct {
	regular, bold []byte
	letters       *sfnt.Font // of the regular one
}

// noto is Noto Sans: Latin, Greek and Cyrillic letters, and the signs of currencies.
var noto = sync.OnceValues(func() (typeface, error) {
	var t typeface
	var err error
	if t.regular, err = fs.ReadFile(web.Dist(), "fonts/NotoSans-Regular.ttf"); err != nil {
		return t, err
	}
	if t.bold, err = fs.ReadFile(web.Dist(), "fonts/NotoSans-Bold.ttf"); err != nil {
		return t, err
	}
	t.letters, err = sfnt.Parse(t.regular)
	return t, err
})

// has reports whether a text can be set: each letter stands in the typeface, and
// the script needs no shaping beyond setting one letter after the other.
func (t typeface) has(text string) bool {
	var buf sfnt.Buffer
	for _, r := range text {
		if r == '\n' {
			continue
		}
		if isShaped(r) {
			return false
		}
		glyph, err := t.letters.GlyphIndex(&buf, r)
		if err != nil || glyph == 0 {
			return false
		}
	}
	return true
}

// isShaped reports whether a letter belongs to a script whose letters change by
// their neighbours: from Hebrew, which runs to the left, to Tibetan. Noto Sans has
// Devanagari all the same.
func isShaped(r rune) bool { return 0x0590 <= r && r < 0x10A0 || 0xA8E0 <= r && r < 0xA900 }

// A press sets documents.
type press struct {
	*fpdf.Fpdf
	sheet sheet
}

// writePDF sets some documents, each from a page of its own, and always to the same
// bytes. ErrNotPrintable where a text has letters that it cannot set.
func writePDF(list []Invoice) ([]byte, error) {
	face, err := noto()
	if err != nil {
		return nil, fmt.Errorf("read the typeface of invoices: %w", err)
	}
	p := &press{Fpdf: fpdf.New("P", "mm", "A4", "")}
	p.AddUTF8FontFromBytes("noto", "", face.regular)
	p.AddUTF8FontFromBytes("noto", "B", face.bold)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, foot)
	p.SetCatalogSort(true)
	p.SetCreationDate(list[0].IssuedAt.UTC())
	p.SetModificationDate(list[0].IssuedAt.UTC())
	p.SetTitle(list[0].Number, true)
	p.SetFooterFunc(p.footer)
	p.AliasNbPages("{all}")
	for _, i := range list {
		s := sheetOf(i)
		if !s.every(func(text *string) bool { *text = norm.NFC.String(*text); return face.has(*text) }) {
			return nil, ErrNotPrintable.With("invoice_id", i.ID)
		}
		p.SetLang(s.Lang)
		p.document(s)
	}
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("write invoice %s: %w", list[0].Number, err)
	}
	return out.Bytes(), nil
}

// every asks something of each text of a sheet that its writer chose.
func (s *sheet) every(ask func(text *string) bool) bool {
	texts := []*string{&s.Number}
	for _, list := range [][]string{s.Seller, s.Buyer, s.Notes, s.Foot} {
		for i := range list {
			texts = append(texts, &list[i])
		}
	}
	for i := range s.Facts {
		texts = append(texts, &s.Facts[i].Value)
	}
	for i := range s.Rows {
		texts = append(texts, &s.Rows[i].Title, &s.Rows[i].Detail)
	}
	for _, row := range s.TaxRows {
		texts = append(texts, &row[0])
	}
	for _, text := range texts {
		if !ask(text) {
			return false
		}
	}
	return true
}

func (p *press) document(s sheet) {
	p.sheet = s
	p.AddPage()
	p.font("B", 17)
	p.MultiCell(0, 9, s.Title+" "+s.Number, "", "L", false)
	p.Ln(5)
	p.parties()
	p.facts()
	p.lines()
	p.sums()
	p.notes()
}

func (p *press) font(style string, size float64) { p.SetFont("noto", style, size) }

func (p *press) soft() { p.SetTextColor(90, 98, 114) }
func (p *press) ink()  { p.SetTextColor(20, 24, 33) }

// parties are who sells and who buys, side by side.
func (p *press) parties() {
	top, low := p.GetY(), 0.0
	for at, party := range []struct {
		head  string
		lines []string
	}{{p.sheet.From, p.sheet.Seller}, {p.sheet.To, p.sheet.Buyer}} {
		x := margin + float64(at)*width/2
		p.SetXY(x, top)
		p.font("", smallSize)
		p.soft()
		p.CellFormat(width/2-4, lineHigh, party.head, "", 2, "L", false, 0, "")
		p.ink()
		for i, line := range party.lines {
			style := ""
			if i == 0 {
				style = "B"
			}
			p.font(style, bodySize)
			p.SetX(x)
			p.MultiCell(width/2-4, lineHigh, line, "", "L", false)
		}
		low = max(low, p.GetY())
	}
	p.SetXY(margin, low+6)
}

// facts stand in a table of three columns.
func (p *press) facts() {
	const columns = 3
	p.rule()
	for at := 0; at < len(p.sheet.Facts); at += columns {
		row := p.sheet.Facts[at:min(at+columns, len(p.sheet.Facts))]
		top := p.GetY() + 1.5
		low := top
		for i, f := range row {
			x := margin + float64(i)*width/columns
			p.SetXY(x, top)
			p.font("", smallSize)
			p.soft()
			p.CellFormat(width/columns-3, 4, f.Label, "", 2, "L", false, 0, "")
			p.ink()
			p.font("", bodySize)
			p.SetX(x)
			p.MultiCell(width/columns-3, lineHigh, f.Value, "", "L", false)
			low = max(low, p.GetY())
		}
		p.SetXY(margin, low)
	}
	p.Ln(2)
	p.rule()
	p.Ln(5)
}

func (p *press) rule() {
	p.SetDrawColor(205, 210, 220)
	p.SetLineWidth(0.2)
	p.Line(margin, p.GetY(), margin+width, p.GetY())
}

// columns are the widths of the table of lines, the first of which takes what the
// others leave.
func (p *press) columns() []float64 {
	widths := make([]float64, len(p.sheet.Head))
	left := width
	p.font("", bodySize)
	for at := 1; at < len(widths); at++ {
		widths[at] = p.GetStringWidth(p.sheet.Head[at])
		for _, r := range p.sheet.Rows {
			widths[at] = max(widths[at], p.GetStringWidth(r.Figures[at-1].Value))
		}
		widths[at] += 4
		left -= widths[at]
	}
	widths[0] = left
	return widths
}

// lines is the table of what was sold. A line that does not fit on the page begins
// the next one, under the head again.
func (p *press) lines() {
	widths := p.columns()
	p.head(p.sheet.Head, widths)
	for _, r := range p.sheet.Rows {
		p.font("", bodySize)
		high := float64(len(p.SplitText(r.Title, widths[0]-2))) * lineHigh
		if r.Detail != "" {
			p.font("", smallSize)
			high += float64(len(p.SplitText(r.Detail, widths[0]-2))) * 4
		}
		if p.GetY()+high+3 > 297-foot {
			p.AddPage()
			p.head(p.sheet.Head, widths)
		}
		p.line(r, widths, high)
	}
	p.Ln(5)
}

func (p *press) head(texts []string, widths []float64) {
	p.font("", smallSize)
	p.soft()
	for at, text := range texts {
		align := "R"
		if at == 0 {
			align = "L"
		}
		p.CellFormat(widths[at], 5, text, "", 0, align, false, 0, "")
	}
	p.Ln(5)
	p.ink()
	p.rule()
}

func (p *press) line(r row, widths []float64, high float64) {
	top := p.GetY() + 1.2
	p.SetXY(margin, top)
	p.font("", bodySize)
	p.MultiCell(widths[0]-2, lineHigh, r.Title, "", "L", false)
	if r.Detail != "" {
		p.font("", smallSize)
		p.soft()
		p.MultiCell(widths[0]-2, 4, r.Detail, "", "L", false)
		p.ink()
	}
	p.SetXY(margin+widths[0], top)
	p.font("", bodySize)
	for at, f := range r.Figures {
		p.CellFormat(widths[at+1], lineHigh, f.Value, "", 0, "R", false, 0, "")
	}
	p.SetXY(margin, top+high+1)
	p.rule()
}

// sums is tax by rate at the left and what it comes to at the right, on one page.
func (p *press) sums() {
	const left, right = 98.0, 70.0
	if p.GetY()+float64(max(len(p.sheet.TaxRows)+1, len(p.sheet.Sums)+1))*6 > 297-foot {
		p.AddPage()
	}
	top := p.GetY()
	widths := []float64{left - 62, 18, 22, 22}
	p.head(p.sheet.TaxHead, widths)
	p.font("", bodySize)
	for _, r := range p.sheet.TaxRows {
		y := p.GetY()
		p.MultiCell(widths[0], lineHigh, r[0], "", "L", false)
		low := p.GetY()
		p.SetXY(margin+widths[0], y)
		for at, text := range r[1:] {
			p.CellFormat(widths[at+1], lineHigh, text, "", 0, "R", false, 0, "")
		}
		p.SetXY(margin, low)
	}
	low := p.GetY()
	p.SetXY(margin+width-right, top)
	for i, f := range p.sheet.Sums {
		style, high := "", 5.5
		if i == len(p.sheet.Sums)-1 {
			style, high = "B", 7
		}
		p.font(style, bodySize+float64(len(style))*2)
		p.SetX(margin + width - right)
		p.CellFormat(right/2, high, f.Label, "", 0, "L", false, 0, "")
		p.CellFormat(right/2, high, f.Value, "", 1, "R", false, 0, "")
	}
	p.SetXY(margin, max(low, p.GetY())+5)
}

func (p *press) notes() {
	p.font("", bodySize)
	for _, note := range p.sheet.Notes {
		p.MultiCell(0, lineHigh, note, "", "L", false)
	}
	if len(p.sheet.Foot) == 0 {
		return
	}
	p.Ln(4)
	p.soft()
	p.font("", smallSize)
	for _, line := range p.sheet.Foot {
		p.MultiCell(0, 4, line, "", "L", false)
	}
	p.ink()
}

// footer stands on each page: which document it is of, and which page.
func (p *press) footer() {
	p.SetY(-14)
	p.font("", smallSize)
	p.soft()
	p.CellFormat(width/2, 5, p.sheet.Title+" "+p.sheet.Number, "", 0, "L", false, 0, "")
	p.CellFormat(width/2, 5, p.sheet.language.say("page", "n", strconv.Itoa(p.PageNo()), "all", "{all}"), "", 0, "R", false, 0, "")
	p.ink()
}
