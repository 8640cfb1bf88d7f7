package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Row 110 of the bad inputs: an image by URL.
func TestRefusedByItsText(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"http://127.0.0.1", "https://127.0.0.1", "https://169.254.169.254/latest/meta-data/", "https://[::1]",
		"https://[::ffff:10.0.0.1]", "https://[::ffff:8.8.8.8]", "https://0x7f.1", "https://0x7F000001", "https://2130706433", "https://017700000001",
		"https://127.1", "https://10.0.0.1", "https://172.16.0.1", "https://192.168.1.1", "https://100.64.0.1", "https://198.18.0.1",
		"https://0.0.0.0", "https://224.0.0.1", "https://255.255.255.255", "https://192.0.0.1",
		"https://[fc00::1]", "https://[fe80::1]", "https://[fe80::1%25eth0]", "https://[ff02::1]", "https://[::]",
		"https://[64:ff9b::a00:1]", "https://[2002:a00:1::]", "https://[2001:0:a00:1::]", "https://[::10.0.0.1]",
		"file:///etc/passwd", "gopher://example.com", "ftp://example.com", "//example.com", "example.com", "https:example.com", "https://",
		"https://example.com:22", "https://example.com:80", "http://example.com", "https://user@example.com", "https://user:pass@example.com",
		"https://example.com.0x1", "https://1.2.3.4.5", "https://.", "https://exa mple.com", "https://example.com:443:1", "\x00",
	} {
		if err := new(Client).Check(address); !errors.Is(err, ErrRefused) {
			t.Errorf("Check %q: %v", address, err)
		}
		if _, err := new(Client).Get(t.Context(), address, Usual); !errors.Is(err, ErrRefused) {
			t.Errorf("Get %q: %v", address, err)
		}
	}
	for _, address := range []string{"https://example.com", "https://example.com:8443/a?b", "https://8.8.8.8:443", "https://[2606:4700::1111]/", "https://4chan.example"} {
		if err := new(Client).Check(address); err != nil {
			t.Errorf("Check %q: %v", address, err)
		}
	}
}

// Names are checked by what they point to, when they are dialled.
func TestRefusedWhenDialled(t *testing.T) {
	t.Parallel()
	for _, ip := range []string{"127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "0.0.0.0"} {
		client := &Client{resolver: names(t, func(int64) string { return ip })}
		if err := client.Check("https://inside.example"); err != nil {
			t.Errorf("%s: the name alone was refused: %v", ip, err)
		}
		if _, err := client.Get(t.Context(), "https://inside.example", Usual); !errors.Is(err, ErrRefused) {
			t.Errorf("a name for %s: %v", ip, err)
		}
	}
}

// DNS rebinding: the name is public when somebody looks and private when it is
// dialled.
func TestRefusedWhenTheNameChanges(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	client := &Client{resolver: names(t, func(n int64) string {
		asked.Store(n)
		if n == 1 {
			return "8.8.8.8"
		}
		return "127.0.0.1"
	})}
	looked, err := client.resolver.LookupNetIP(t.Context(), "ip4", "rebinding.example")
	if err != nil || len(looked) != 1 || checkAddr(looked[0].Unmap()) != nil {
		t.Fatalf("the first look: %v, %v", looked, err)
	}
	if _, err := client.Get(t.Context(), "https://rebinding.example", Usual); !errors.Is(err, ErrRefused) {
		t.Errorf("dialled: %v", err)
	}
	if asked.Load() < 2 {
		t.Error("the name was not asked again")
	}
}

func TestRefusesItsOwnAddresses(t *testing.T) {
	t.Parallel()
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range own {
		if err := checkNotOwn(netip.MustParsePrefix(addr.String()).Addr()); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if err := checkNotOwn(netip.MustParseAddr("8.8.8.8")); err != nil {
		t.Error(err)
	}
}

func TestPortIsCheckedWhenDialled(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]error{"8.8.8.8:443": nil, "8.8.8.8:8443": nil, "8.8.8.8:22": ErrRefused, "[2606:4700::1111]:443": nil, "[::1]:443": ErrRefused, "nonsense": ErrRefused} {
		if err := new(Client).control("tcp", address, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	reached := false
	mux := http.NewServeMux()
	mux.HandleFunc("/small", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "0123456789") })
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/inside", http.StatusFound) })
	mux.HandleFunc("/inside", func(http.ResponseWriter, *http.Request) { reached = true })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "a")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	client := &Client{AllowPrivate: true}

	if answer, err := client.Get(t.Context(), server.URL+"/small", 10); err != nil || string(answer.Body) != "0123456789" || answer.Status != 200 {
		t.Errorf("small: %+v, %v", answer, err)
	}
	if answer, err := client.Get(t.Context(), server.URL+"/small", 9); !errors.Is(err, ErrTooLarge) || string(answer.Body) != "012345678" {
		t.Errorf("one too many: %q, %v", answer.Body, err)
	}
	if answer, err := client.Get(t.Context(), server.URL+"/redirect", Usual); err != nil || answer.Status != 302 || reached {
		t.Errorf("redirect: %+v, %v, followed: %t", answer, err, reached)
	}
	if answer, err := client.Get(t.Context(), server.URL+"/endless", Usual); !errors.Is(err, ErrTooLarge) || len(answer.Body) != Usual {
		t.Errorf("endless: %d bytes, %v", len(answer.Body), err)
	}
	impatient := &Client{AllowPrivate: true, Timeout: 50 * time.Millisecond}
	if _, err := impatient.Get(t.Context(), server.URL+"/slow", Usual); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("slow: %v", err)
	}
	if _, err := client.Get(t.Context(), strings.Replace(server.URL, "://", "://user@", 1), Usual); !errors.Is(err, ErrRefused) {
		t.Errorf("a name in the address: %v", err)
	}
	if err := client.Check("file:///etc/passwd"); !errors.Is(err, ErrRefused) {
		t.Errorf("a file: %v", err)
	}
}

// names is a resolver that asks a DNS server of one record: whatever answer
// says to the n-th question of the address's family.
func names(t *testing.T, answer func(n int64) string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		var asked int64
		packet := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			if _, err := server.WriteTo(reply(packet[:n], &asked, answer), from); err != nil {
				return
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// reply is RFC 1035 for one question: the header, the question, and a record
// if the question is for the family of the answer.
func reply(question []byte, asked *int64, answer func(int64) string) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5
	kind := question[end-3]
	msg := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:end]...)
	const a, aaaa = 1, 28
	if kind != a && kind != aaaa {
		return msg
	}
	ip := netip.MustParseAddr(answer(*asked + 1))
	if ip.Is4() != (kind == a) {
		return msg
	}
	*asked++
	msg[7] = 1
	msg = append(msg, 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, byte(len(ip.AsSlice())))
	return append(msg, ip.AsSlice()...)
}
