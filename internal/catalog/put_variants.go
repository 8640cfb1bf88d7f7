package catalog

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"souk/internal/errs"
	"souk/internal/id"
)

var errBadURL = errs.Validation.Field("/url", "bad_url", "A picture's address begins with https:// or http:// and has at most 2000 characters.")

// fetchable reports whether a picture could be fetched from there at all; the
// outbound client decides where it really goes.
func fetchable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= 2000 && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// fillMedia takes over the pictures of a draft. Those that were uploaded stay;
// those that came from elsewhere and are not named any more go.
func (p *putting) fillMedia(want *Product, d Draft, out *Outcome) {
	images := slices.Clone(d.Images)
	slices.SortStableFunc(images, func(a, b ImageDraft) int { return cmp.Compare(a.Position, b.Position) })
	for _, v := range d.Variants {
		for _, url := range v.pictures() {
			images = append(images, ImageDraft{URL: url})
		}
	}
	if len(images) == 0 && d.Images == nil {
		return
	}
	bySource := map[string]Media{}
	var list []Media
	for _, m := range want.Media {
		switch {
		case m.SourceURL == "" && slices.ContainsFunc(images, func(i ImageDraft) bool { return m.isAt(i.URL) }):
			bySource[uploaded(m)] = m
		case m.SourceURL == "":
			list = append(list, m)
		case d.Images == nil: // only variants name pictures: keep the others
			list = append(list, m)
			bySource[m.SourceURL] = m
		default:
			bySource[m.SourceURL] = m
		}
	}
	for i, image := range images {
		if len(list) > MaxMedia { // that is refused, and a file may name very many
			break
		}
		source := strings.TrimSpace(image.URL)
		if !fetchable(source) {
			out.problem("/images", i, "url", "bad_url", errBadURL.Fields[0].Detail)
			continue
		}
		if slices.ContainsFunc(list, func(m Media) bool { return m.isAt(source) }) {
			continue
		}
		m, ok := bySource[source]
		if own := strings.LastIndex(source, "/media/"); own >= 0 && !ok {
			m, ok = bySource[source[own:]]
		}
		if !ok {
			m = Media{ID: id.New[id.Media](), ProductID: want.ID, SourceURL: source, State: MediaPending}
		}
		fillText(&m.Alt, line(image.Alt))
		list = append(list, m)
	}
	want.Media = list
	want.forgetMedia()
}

// fillVariants takes over the variants of a draft and refuses those that
// cannot be.
func (p *putting) fillVariants(want *Product, d Draft, out *Outcome) {
	options := want.Options
	if d.Options != nil {
		want.Options = cleanOptions(d.Options)
	}
	present := slices.Clone(want.Variants)
	want.Variants = nil
	var seen variantsSeen
	for _, i := range inPosition(d.Variants) {
		draft := d.Variants[i]
		v, at := p.match(present, draft)
		if at < 0 {
			v = newVariant(*want)
		}
		draft.apply(&v, at < 0, want.Media)
		bad := seen.check(*want, v, pointer("/variants", i, ""))
		if draft.Bundle != nil {
			bad = append(bad, v.bundled(*draft.Bundle, p.components, pointer("/variants", i, "bundle"))...)
		}
		if p.skuTaken(v, want.ID) {
			bad.Require(false, pointer("/variants", i, "sku"), ErrSKUTaken.Code, "The vendor sells another product under this SKU.")
		}
		if len(bad) > 0 {
			out.Problems = append(out.Problems, bad...)
			continue
		}
		out.Variants[i] = v.ID
		want.Variants = append(want.Variants, v)
		if at >= 0 {
			present = slices.Delete(present, at, at+1)
		}
	}
	for _, v := range present { // not named by the draft, or refused there
		if p.options.ArchiveMissing && len(d.Variants) > 0 && len(out.Problems) == 0 {
			continue
		}
		if bad := seen.check(*want, v, ""); len(bad) == 0 {
			want.Variants = append(want.Variants, v)
		}
	}
	if len(present) > 0 { // a draft of some of the variants does not say how all of them are ordered
		keepOrder(want.Variants)
		keepValues(want.Options, options, want.Variants)
	}
}

// keepOrder puts the variants that were there where they were, before new ones.
func keepOrder(variants []Variant) {
	slices.SortStableFunc(variants, func(a, b Variant) int {
		switch aIsNew, bIsNew := a.Version == 0, b.Version == 0; {
		case aIsNew && bIsNew:
			return 0
		case aIsNew:
			return 1
		case bIsNew:
			return -1
		}
		return cmp.Compare(a.Position, b.Position)
	})
}

// keepValues does the same for the values of options.
func keepValues(options, was []Option, variants []Variant) {
	for i := range min(len(options), len(was)) {
		inUse := func(value string) bool {
			return slices.Contains(options[i].Values, value) || slices.ContainsFunc(variants, func(v Variant) bool {
				return i < len(v.Options) && v.Options[i] == value
			})
		}
		var values []string
		for _, value := range slices.Concat(was[i].Values, options[i].Values) {
			if inUse(value) && !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
		options[i].Values = values
	}
}

// match finds the variant that a draft means: the one with its options, or
// else the one with its SKU.
func (p *putting) match(present []Variant, d VariantDraft) (Variant, int) {
	options, sku := lines(d.Options), line(d.SKU)
	i := slices.IndexFunc(present, func(v Variant) bool { return slices.Equal(v.Options, options) })
	if i < 0 && sku != "" {
		i = slices.IndexFunc(present, func(v Variant) bool { return v.SKU == sku })
	}
	if i < 0 {
		return Variant{}, -1
	}
	return present[i], i
}

func (d VariantDraft) apply(v *Variant, isNew bool, media []Media) {
	fillText(&v.SKU, line(d.SKU))
	fillText(&v.Barcode, line(d.Barcode))
	fillText(&v.TaxClass, line(d.TaxClass))
	v.Options = lines(d.Options)
	if d.WeightGrams != 0 {
		v.WeightGrams = d.WeightGrams
	}
	if d.Dimensions != (Dimensions{}) {
		v.Dimensions = d.Dimensions
	}
	if d.Content != (Content{}) {
		v.Content = d.Content
	}
	if d.MinQuantity != 0 {
		v.MinQuantity = d.MinQuantity
	}
	if d.MaxQuantity != 0 {
		v.MaxQuantity = d.MaxQuantity
	}
	fillFlag(&v.Taxable, d.Taxable, d.Unsaid.Taxable && !isNew)
	fillFlag(&v.RequiresShipping, d.RequiresShipping, d.Unsaid.RequiresShipping && !isNew)
	fillFlag(&v.Tracked, d.Tracked, d.Unsaid.Tracked && !isNew)
	var shown []id.Media
	for _, url := range d.pictures() {
		if i := slices.IndexFunc(media, func(m Media) bool { return m.isAt(strings.TrimSpace(url)) }); i >= 0 && !slices.Contains(shown, media[i].ID) {
			shown = append(shown, media[i].ID)
		}
	}
	switch {
	case len(d.ImageURLs) > 0:
		v.show(shown)
	case len(shown) > 0:
		v.showFirst(shown[0])
	}
}

// pictures are those that a variant shows.
func (d VariantDraft) pictures() []string {
	if len(d.ImageURLs) == 0 && d.ImageURL != "" {
		return []string{d.ImageURL}
	}
	return d.ImageURLs
}

// isAt reports whether a picture is the one at an address, whatever the shop was
// called then: the names of those that were uploaded are random.
func (m Media) isAt(url string) bool {
	if m.SourceURL != "" {
		return m.SourceURL == url
	}
	return m.BlobKey != "" && strings.HasSuffix(url, uploaded(m))
}

// uploaded is where the shop has a picture in its largest size.
func uploaded(m Media) string {
	return PictureURL(m.BlobKey, m.ContentType, m.Width, m.Height, pictureSizes[len(pictureSizes)-1])
}

func fillFlag(field *bool, flag, keep bool) {
	if !keep {
		*field = flag
	}
}

// skuTaken reports whether another product of the vendor has the SKU, in the
// database or among the drafts before this one.
func (p *putting) skuTaken(v Variant, product id.Product) bool {
	if v.SKU == "" {
		return false
	}
	if owner, ok := p.owners[v.SKU]; ok && owner.ProductID != product {
		return true
	}
	first, ok := p.claimed[v.SKU]
	return ok && first != product
}

// inPosition are the indexes of variants in the order that their positions
// ask for.
func inPosition(variants []VariantDraft) []int {
	order := make([]int, len(variants))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(variants[a].Position, variants[b].Position) })
	return order
}

func goodPath(path []string) bool {
	names := pathNames(path)
	return len(names) > 0 && len(joined(path)) <= maxPath && !slices.ContainsFunc(names, func(n string) bool { return len([]rune(n)) > 200 })
}

func joined(path []string) string { return strings.Join(pathNames(path), pathGlue) }

// pointer leads into a list of the draft: /variants/3/sku.
func pointer(list string, i int, field string) string {
	p := list + "/" + strconv.Itoa(i)
	if field != "" {
		p += "/" + field
	}
	return p
}
