package app

import (
	"fmt"
	"net/http"

	"souk/internal/platform/httpapi"
)

// frontRoutes is what a browser finds at the door until there is a storefront.
func (a *App) frontRoutes() {
	httpapi.Raw(a.Router, http.MethodGet, "/{$}", a.front, httpapi.Public("the front door"), httpapi.Hidden("a page for people"))
}

func (a *App) front(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	_, err := fmt.Fprint(w, frontPage)
	return err
}

const frontPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Souk</title>
<style>
  :root { color-scheme: light dark; --ink: #1d2330; --soft: #5b6474; --line: #dfe3ea; --paper: #fbfaf7; --brand: #b4470e; }
  @media (prefers-color-scheme: dark) { :root { --ink: #eceef3; --soft: #a6aebd; --line: #343b49; --paper: #14171d; --brand: #ff9d5c; } }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 system-ui, sans-serif; }
  main { max-width: 42rem; margin: 0 auto; padding: 12vh 1.25rem 4rem; }
  h1 { font-size: 2.4rem; line-height: 1.15; margin: 0 0 .5rem; letter-spacing: -.02em; }
  p { color: var(--soft); margin: 0 0 2rem; }
  ul { list-style: none; padding: 0; margin: 0; border-top: 1px solid var(--line); }
  li { border-bottom: 1px solid var(--line); }
  a { display: block; padding: .9rem 0; color: inherit; text-decoration: none; }
  a b { color: var(--brand); }
  a span { display: block; color: var(--soft); font-size: .93rem; }
  a:hover b, a:focus-visible b { text-decoration: underline; }
</style>
<main>
  <h1>This is a Souk.</h1>
  <p>An open marketplace in one binary. The shop is run through its API for now.</p>
  <ul>
    <li><a href="/docs"><b>API documentation</b><span>Try every call in the browser; it works offline.</span></a></li>
    <li><a href="/api/v1/products?facets=true"><b>Products</b><span>The listing with its facets, as JSON.</span></a></li>
    <li><a href="/openapi.json"><b>OpenAPI 3.1</b><span>The contract, for client generators.</span></a></li>
    <li><a href="/postman.json"><b>Postman collection</b><span>The same calls, ready to send.</span></a></li>
    <li><a href="/llms.txt"><b>llms.txt</b><span>An overview for language models.</span></a></li>
  </ul>
</main>
</html>
`
