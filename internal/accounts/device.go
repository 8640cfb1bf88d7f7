package accounts

import "github.com/mileusna/useragent"

// device is what people call that from which a request comes: "Firefox on
// Windows". Versions are left out, so that an update is no new device.
func (c Client) device() string {
	seen := useragent.Parse(c.userAgent())
	switch {
	case seen.Name == "" || len(seen.Name) > 60:
		return "Unknown device"
	case seen.OS == "" || len(seen.OS) > 60:
		return seen.Name
	}
	return seen.Name + " on " + seen.OS
}
