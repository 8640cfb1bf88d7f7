package httpapi_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"souk/internal/platform/httpapi"
)

// subscribe opens the demo's stream and reads its first event.
func (d *door) subscribe(t *testing.T) (*http.Response, *bufio.Reader) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", d.url+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", "6")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(resp.Body)
	var event strings.Builder
	for !strings.HasSuffix(event.String(), "\n\n") {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		event.WriteString(line)
	}
	want := "id: 7\nevent: cup.made\ndata: {\"last\":\"6\",\"name\":\"a\\nb\"}\n\n"
	if event.String() != want || resp.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Fatalf("%v %q", resp.Header, event.String())
	}
	return resp, r
}

// Draining ends streams at once, finishes what was accepted, and takes nothing more.
func TestDrain(t *testing.T) {
	t.Parallel()
	d := withDB(t)
	resp, events := d.subscribe(t)
	defer resp.Body.Close()
	accepted := make(chan answer, 1)
	go func() { accepted <- d.call(t, "POST", "/api/v1/cups", `{"name":"slow"}`) }()
	<-d.entered
	d.stop()
	if rest, err := io.ReadAll(events); err != nil || len(rest) != 0 {
		t.Errorf("the stream ends with %q, %v", rest, err)
	}
	select {
	case err := <-d.ended:
		t.Fatalf("the server left an accepted request: %v", err)
	default:
	}
	close(d.proceed)
	if a := <-accepted; a.StatusCode != 201 {
		t.Errorf("accepted: %d %s", a.StatusCode, a.body)
	}
	if err := <-d.ended; err != nil {
		t.Errorf("serve: %v", err)
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://")); err == nil {
		conn.Close()
		t.Error("the door is still open")
	}
}

// A request that does not end is cut off after the drain time.
func TestDrainGivesUp(t *testing.T) {
	t.Parallel()
	r := httpapi.New(httpapi.Config{})
	entered, forever := make(chan struct{}), make(chan struct{})
	defer close(forever)
	httpapi.Raw(r, "GET", "/stuck", func(http.ResponseWriter, *http.Request) error {
		close(entered)
		<-forever
		return nil
	}, httpapi.Public("a test"))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- (&httpapi.Server{Handler: r.Handler(), Drain: time.Millisecond}).Serve(ctx, ln)
	}()
	go func() {
		if resp, err := http.Get("http://" + ln.Addr().String() + "/stuck"); err == nil {
			resp.Body.Close()
		}
	}()
	<-entered
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "drain") {
		t.Errorf("serve: %v", err)
	}
}

// A look at a stream's head does not wait for events.
func TestStreamHead(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	if a := d.call(t, "HEAD", "/api/v1/events", ""); a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
}

// A client that leaves ends the handler's context.
func TestStreamClientLeaves(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	d := open(t, nil)
	httpapi.Stream(d.router, "/api/v1/leaving", func(ctx context.Context, _ *struct{}, s *httpapi.SSE) error {
		defer close(left)
		if err := s.Open(); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}, httpapi.Public("a test"))
	resp, err := http.Get(d.url + "/api/v1/leaving")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	<-left
}

// A stream on which nothing happens says so every 15 seconds.
func TestStreamHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := httpapi.New(httpapi.Config{})
		httpapi.Stream(r, "/api/v1/quiet", func(ctx context.Context, _ *struct{}, s *httpapi.SSE) error {
			<-ctx.Done()
			return nil
		}, httpapi.Public("a test"))
		client, server := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- httpapi.Serve(ctx, &oneConn{conn: server, closed: make(chan struct{})}, r.Handler()) }()
		if _, err := io.WriteString(client, "GET /api/v1/quiet HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		resp, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(resp.Body)
		for i := range 4 { // past the write timeout of other answers
			line, err := lines.ReadString('\n')
			if err != nil || line != ": here\n" {
				t.Fatalf("%q, %v", line, err)
			}
			if _, err := lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			if got, want := time.Since(began), time.Duration(i+1)*15*time.Second; got != want {
				t.Errorf("heartbeat %d after %s", i, got)
			}
		}
		cancel()
		if _, err := io.ReadAll(lines); err != nil {
			t.Error(err)
		}
		client.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// oneConn is a listener that has one connection to give.
type oneConn struct {
	conn   net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// The 101st connection of one address is closed; a proxy's are not.
func TestConnectionCap(t *testing.T) {
	t.Parallel()
	for _, trusted := range []bool{false, true} {
		server := &httpapi.Server{Handler: httpapi.New(httpapi.Config{}).Handler()}
		if trusted {
			server.Trusted = cidrs("127.0.0.0/8")
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(ctx, ln) }()
		dial := func() net.Conn {
			conn, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}
		served := func(conn net.Conn) bool {
			_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return false
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err == nil && resp.StatusCode == 200
		}
		conns := make([]net.Conn, 100)
		for i := range conns {
			conns[i] = dial()
			if !served(conns[i]) {
				t.Fatalf("connection %d is refused", i)
			}
		}
		extra := dial()
		if got := served(extra); got != trusted {
			t.Errorf("trusted %v: connection 101 served: %v", trusted, got)
		}
		extra.Close()
		for _, c := range conns {
			c.Close()
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// A long upload may take minutes as long as it moves; one that stalls is cut off.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pause time.Duration
		want  string
	}{
		"slow":    {10 * time.Second, "HTTP/1.1 200 OK"},
		"stalled": {16 * time.Second, "HTTP/1.1 400 Bad Request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := httpapi.New(httpapi.Config{Logger: slog.New(slog.DiscardHandler)})
				httpapi.Raw(r, "POST", "/upload", func(w http.ResponseWriter, req *http.Request) error {
					body, err := io.ReadAll(req.Body)
					if err != nil {
						return err
					}
					_, err = w.Write(body)
					return err
				}, httpapi.Public("a test"), httpapi.BodyLimit(10<<20))
				client, server := net.Pipe()
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- httpapi.Serve(ctx, &oneConn{conn: server, closed: make(chan struct{})}, r.Handler()) }()
				var sender sync.WaitGroup
				sender.Go(func() {
					_, err := io.WriteString(client, "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
					for range 9 {
						if err != nil {
							return // cut off
						}
						time.Sleep(tt.pause) // fake time: the point of the test
						_, err = io.WriteString(client, "a")
					}
				})
				line, _ := bufio.NewReader(client).ReadString('\n')
				if got := strings.TrimSpace(line); got != tt.want {
					t.Errorf("answer %q", got)
				}
				client.Close()
				sender.Wait()
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
