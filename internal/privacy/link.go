package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// link is where an export can be fetched until it expires, by who has the link.
func (p *Privacy) link(e Export) string {
	expires := strconv.FormatInt(e.ExpiresAt.Unix(), 10)
	return p.BaseURL + "/exports/" + e.File + "?" + url.Values{"expires": {expires}, "signature": {p.sign(e.File, expires)}}.Encode()
}

func (p *Privacy) sign(file, expires string) string {
	mac := hmac.New(sha256.New, p.LinkKey)
	fmt.Fprintf(mac, "%s %s", file, expires)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// checkLink is ErrNoExport for a link that was never given out, and
// ErrExportExpired for one that was.
func (p *Privacy) checkLink(file string, query url.Values) error {
	expires := query.Get("expires")
	if !hmac.Equal([]byte(query.Get("signature")), []byte(p.sign(file, expires))) {
		return ErrNoExport
	}
	seconds, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return ErrNoExport
	}
	if !p.Clock.Now().Before(time.Unix(seconds, 0)) {
		return ErrExportExpired
	}
	return nil
}
