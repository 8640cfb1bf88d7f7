package outbound

import "net/netip"

// special is what IANA has taken out of the public address space, and what is a
// road to it. https://www.iana.org/assignments/iana-ipv4-special-registry
var special = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local: the cloud's metadata
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarking
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast

	"2001::/23",     // protocol assignments, Teredo (an IPv4 address inside), benchmarking
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4: an IPv4 address inside
	"3fff::/20",     // documentation
)

// global is the whole of public IPv6. Loopback, IPv4-mapped and NAT64
// addresses, unique-local, link-local, site-local and multicast lie outside.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// checkAddr refuses an address that is not public.
func checkAddr(ip netip.Addr) error {
	if ip.Zone() != "" || !ip.Is4() && !global.Contains(ip) {
		return refuse("not a public address")
	}
	for _, prefix := range special {
		if prefix.Contains(ip) {
			return refuse("not a public address")
		}
	}
	return nil
}
