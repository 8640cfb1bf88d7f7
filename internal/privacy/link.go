package privacy

// link is where an export can be fetched until it expires, by who has the link.
func (p *Privacy) link(e Export) string {
	return p.BaseURL + "/exports/" + e.File + p.LinkKey.Query(e.File, e.ExpiresAt)
}
