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
	smallHigh = 4.0
	headHigh  = 6.0
	gap       = 4.0        // between columns
	bottom    = 297 - 24.0 // where a page ends
)

// Sizes of letters, in points.
const (
	bodySize  = 9.0
	smallSize = 7.5
	leastSize = 5.0
	sumSize   = 11.0 // of what a document comes to
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
		if isShaped(r) || r > 0xFFFF { // which PDFs would need another encoding for
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
	first int // page of the document
}

// writePDF sets some documents, each from a page of its own, and always to the same
// bytes. ErrNotPrintable where a text has letters that it cannot set.
func writePDF(list []Invoice) ([]byte, error) {
	face, err := noto()
	if err != nil {
		return nil, fmt.Errorf("read the typeface of invoices: %w", err)
	}
	p := newPress(face)
	p.SetCatalogSort(true)
	p.SetCreationDate(list[0].IssuedAt.UTC())
	p.SetModificationDate(list[0].IssuedAt.UTC())
	p.SetTitle(list[0].Number, true)
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

// newPress has an empty sheet before it.
func newPress(face typeface) *press {
	p := &press{Fpdf: fpdf.New("P", "mm", "A4", "")}
	p.AddUTF8FontFromBytes("noto", "", face.regular)
	p.AddUTF8FontFromBytes("noto", "B", face.bold)
	p.SetMargins(margin, margin, margin)
	p.SetCellMargin(0)
	p.SetAutoPageBreak(true, 297-bottom)
	p.SetFooterFunc(p.footer)
	return p
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
	p.AddPage() // under the last page of the document before goes its own footer
	p.sheet, p.first = s, p.PageNo()
	p.ink()
	p.font("B", 17)
	p.MultiCell(0, 9, s.Title+" "+s.Number, "", "L", false)
	p.Ln(5)
	p.parties()
	p.facts()
	p.lines()
	p.sums()
	p.notes()
	p.foot()
	p.RegisterAlias(p.pagesAlias(), strconv.Itoa(p.PageNo()-p.first+1))
}

// pagesAlias stands for how many pages the document has until that is known. It is
// replaced wherever it stands, so it has a letter that no text may have.
func (p *press) pagesAlias() string { return fmt.Sprintf("\x02%d\x02", p.first) }

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
	p.rule(width)
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
	p.rule(width)
	p.Ln(5)
}

func (p *press) rule(long float64) {
	p.SetDrawColor(205, 210, 220)
	p.SetLineWidth(0.2)
	p.Line(p.GetX(), p.GetY(), p.GetX()+long, p.GetY())
}

// room begins a page where so much does not fit on this one, and reports whether it
// did.
func (p *press) room(high float64) bool {
	if p.GetY()+high <= bottom {
		return false
	}
	p.AddPage()
	return true
}

// textHigh is how high a text becomes in a column.
func (p *press) textHigh(text string, wide, high float64) float64 {
	return float64(len(p.SplitText(text, wide))) * high
}

// A grid is how wide the columns of a table are, and how large its letters.
type grid struct {
	widths []float64
	size   float64
}

// gridOf gives each column the room that its widest figure needs, and the first what
// they leave: a third at least, for which letters become smaller.
func (p *press) gridOf(head []string, rows [][]string, room float64) grid {
	for size := bodySize; ; size -= 0.5 {
		g := grid{make([]float64, len(head)), size}
		g.widths[0] = room
		for at := 1; at < len(head); at++ {
			g.widths[at] = gap + p.widest(head[at], rows, at, size)
			g.widths[0] -= g.widths[at]
		}
		if g.widths[0] >= room/3 || size <= leastSize {
			return g
		}
	}
}

// widest is the room that a column needs.
func (p *press) widest(head string, rows [][]string, column int, size float64) float64 {
	p.font("", smallSize)
	wide := p.GetStringWidth(head)
	p.font("", size)
	for _, row := range rows {
		wide = max(wide, p.GetStringWidth(row[column]))
	}
	return wide
}

// lines is the table of what was sold. A line that does not fit on the page begins
// the next one, under the head again; the last takes along what all of it comes to.
func (p *press) lines() {
	var rows [][]string
	for _, r := range p.sheet.Rows {
		rows = append(rows, r.cells())
	}
	g := p.gridOf(p.sheet.Head, rows, width)
	for at, r := range p.sheet.Rows {
		needs := p.rowHigh(r, g)
		if at == 0 {
			needs += headHigh
		}
		if at == len(p.sheet.Rows)-1 {
			needs += p.closeHigh()
		}
		if p.room(needs) || at == 0 {
			p.head(p.sheet.Head, g)
		}
		p.line(r, g)
	}
	p.Ln(5)
}

// cells is a row as the columns have it.
func (r row) cells() []string {
	list := []string{r.Title}
	for _, f := range r.Figures {
		list = append(list, f.Value)
	}
	return list
}

func (p *press) head(texts []string, g grid) {
	x := p.GetX()
	p.font("", smallSize)
	p.soft()
	for at, text := range texts {
		p.CellFormat(g.widths[at], headHigh-1, text, "", 0, align(at), false, 0, "")
	}
	p.ink()
	p.SetXY(x, p.GetY()+headHigh-1)
	p.rule(sum(g.widths))
	p.SetXY(x, p.GetY()+1)
}

// align is left for the first column, and right for figures.
func align(column int) string {
	if column == 0 {
		return "L"
	}
	return "R"
}

func sum(widths []float64) (wide float64) {
	for _, w := range widths {
		wide += w
	}
	return wide
}

func (p *press) rowHigh(r row, g grid) float64 {
	p.font("", g.size)
	high := p.textHigh(r.Title, g.widths[0], lineHigh)
	if r.Detail != "" {
		p.font("", min(g.size, smallSize))
		high += p.textHigh(r.Detail, g.widths[0], smallHigh)
	}
	return high + 2
}

func (p *press) line(r row, g grid) {
	top, high := p.GetY(), p.rowHigh(r, g)
	p.figures(r.cells(), g)
	if r.Detail != "" {
		p.font("", min(g.size, smallSize))
		p.soft()
		p.MultiCell(g.widths[0], smallHigh, r.Detail, "", "L", false)
		p.ink()
	}
	p.SetXY(margin, top+high-1)
	p.rule(width)
	p.SetXY(margin, top+high)
}

// figures is a row of a table: the first text takes as many lines as it needs.
func (p *press) figures(texts []string, g grid) {
	x, top := p.GetX(), p.GetY()
	p.font("", g.size)
	p.SetX(x + g.widths[0])
	for at := 1; at < len(texts); at++ {
		p.CellFormat(g.widths[at], lineHigh, texts[at], "", 0, "R", false, 0, "")
	}
	p.SetXY(x, top)
	p.MultiCell(g.widths[0], lineHigh, texts[0], "", "L", false)
	p.SetX(x)
}

// sums is tax by rate at the left and what it comes to at the right.
func (p *press) sums() {
	top := p.GetY()
	g := p.taxGrid()
	p.head(p.sheet.TaxHead, g)
	for _, r := range p.sheet.TaxRows {
		p.figures(r, g)
	}
	low := p.GetY()
	x := margin + width - p.sumsWide()
	for at, f := range p.sheet.Sums {
		style, size, high := p.sumStyle(at)
		p.font(style, size)
		p.SetXY(x, top)
		p.CellFormat(0, high, f.Label, "", 0, "L", false, 0, "")
		p.SetX(x)
		p.CellFormat(0, high, f.Value, "", 0, "R", false, 0, "")
		top += high
	}
	p.SetXY(margin, max(low, top)+5)
}

// sumStyle is how a sum is set: the last one, which counts, larger than the others.
func (p *press) sumStyle(at int) (style string, size, high float64) {
	if at == len(p.sheet.Sums)-1 {
		return "B", sumSize, 7
	}
	return "", bodySize, 5
}

// sumsWide is the room that labels and amounts of sums need, or what looks well.
func (p *press) sumsWide() float64 {
	wide := 62.0
	for at, f := range p.sheet.Sums {
		style, size, _ := p.sumStyle(at)
		p.font(style, size)
		wide = max(wide, p.GetStringWidth(f.Label)+gap+p.GetStringWidth(f.Value))
	}
	return wide
}

func (p *press) taxGrid() grid {
	return p.gridOf(p.sheet.TaxHead, p.sheet.TaxRows, width-p.sumsWide()-2*gap)
}

// closeHigh is the room for all that stands below the lines; no more than half a
// page, so that a long note goes over pages.
func (p *press) closeHigh() float64 {
	g := p.taxGrid()
	p.font("", g.size)
	high := headHigh
	for _, r := range p.sheet.TaxRows {
		high += p.textHigh(r[0], g.widths[0], lineHigh)
	}
	sums := 0.0
	for at := range p.sheet.Sums {
		_, _, one := p.sumStyle(at)
		sums += one
	}
	p.font("", bodySize)
	high = max(high, sums)
	for _, note := range p.sheet.Notes {
		high += p.textHigh(note, width, lineHigh)
	}
	p.font("", smallSize)
	for _, line := range p.sheet.Foot {
		high += p.textHigh(line, width, smallHigh)
	}
	return min(high+15, (bottom-margin)/2)
}

func (p *press) notes() {
	p.font("", bodySize)
	for _, note := range p.sheet.Notes {
		p.MultiCell(0, lineHigh, note, "", "L", false)
	}
}

// foot is what the seller has to say below all that.
func (p *press) foot() {
	p.Ln(4)
	p.soft()
	p.font("", smallSize)
	for _, line := range p.sheet.Foot {
		p.MultiCell(0, smallHigh, line, "", "L", false)
	}
	p.ink()
}

// footer stands on each page: which document it is of, and which page of that.
func (p *press) footer() {
	p.SetXY(margin, -14)
	p.font("", smallSize)
	p.soft()
	page := p.sheet.language.say("page", "n", strconv.Itoa(p.PageNo()-p.first+1), "all", p.pagesAlias())
	p.CellFormat(0, 5, p.sheet.Title+" "+p.sheet.Number+" · "+page, "", 0, "L", false, 0, "")
	p.ink()
}
