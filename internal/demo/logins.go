package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"souk/internal/platform/config"
)

const mailHost = "@demo.test"

// The logins that everybody asks for.
const (
	AdminEmail   = "admin" + mailHost
	ShopperEmail = "shopper" + mailHost
)

// A Login is how somebody of the demo signs in.
type Login struct{ Who, Email, Password string }

// Logins are those of the staff, a shopper and the vendors. Their passwords
// follow from the master key, which only the shop's owner can read, so they can
// be shown again and need not be written down.
func Logins(keys config.Keys) []Login {
	list := []Login{{"Administrator", AdminEmail, ""}, {"Shopper", ShopperEmail, ""}}
	for _, v := range fiction.Vendors {
		who := v.Name
		switch {
		case v.Joined < 0:
			who += " (waits for approval)"
		case v.Suspended > 0:
			who += " (suspended)"
		}
		list = append(list, Login{who, v.Slug + mailHost, ""})
	}
	all := keys.All("demo logins")
	for i := range list {
		mac := hmac.New(sha256.New, all[len(all)-1]) // the oldest: it was there when they were made
		mac.Write([]byte(list[i].Email))
		list[i].Password = readable(mac.Sum(nil))
	}
	return list
}

// readable makes a password of 80 bits, in groups that can be typed.
func readable(random []byte) string {
	text := base32.NewEncoding("23456789abcdefghjkmnpqrstuvwxyzA").EncodeToString(random[:10])
	return strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
}
