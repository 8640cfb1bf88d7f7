package outbound

import (
	"bytes"
	"io"
	"net/http"
)

// HTTP is c for libraries that want an http.Client: the same rules, and no
// answer of more than limit bytes.
func (c *Client) HTTP(limit int64) *http.Client {
	return &http.Client{
		Transport:     transport{c, limit},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type transport struct {
	client *Client
	limit  int64
}

// RoundTrip closes the body of the request, as its contract wants.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }() // it has been sent, or will not be
	}
	answer, err := t.client.Do(r, t.limit)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(answer.Status), StatusCode: answer.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)), Request: r,
	}, nil
}
