package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"souk/internal/errs"
)

// LinkKey signs links that open something for a while to whoever has them, so that
// a browser can fetch it without a token.
type LinkKey []byte

// ErrLinkExpired says that a link was good once, where nothing more is to be said.
var ErrLinkExpired = errs.New(errs.Gone, "link_expired", "This link has expired. Ask for a new one.")

// Query is what stands behind the path of a link to a thing, good until a moment,
// to the second.
func (k LinkKey) Query(thing string, until time.Time) string {
	expires := strconv.FormatInt(until.Unix(), 10)
	return "?" + url.Values{"expires": {expires}, "signature": {k.sign(thing, expires)}}.Encode()
}

// Check is unknown for a link that was never given out, and expired for one that was.
func (k LinkKey) Check(thing string, query url.Values, now time.Time, unknown, expired error) error {
	expires := query.Get("expires")
	if !hmac.Equal([]byte(query.Get("signature")), []byte(k.sign(thing, expires))) {
		return unknown
	}
	seconds, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return unknown
	}
	if !now.Before(time.Unix(seconds, 0)) {
		return expired
	}
	return nil
}

func (k LinkKey) sign(thing, expires string) string {
	mac := hmac.New(sha256.New, k)
	fmt.Fprintf(mac, "%s %s", thing, expires)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
