// Package web holds what browsers are served, built by `make web` from this
// folder's npm workspace and embedded in the binary.
//
// Owns: dist/. Tables: none. Raises: nothing. Calls: nobody.
package web

import (
	"embed"
	"io/fs"
)

// dist holds only .keep until `make web` has run.
//
//go:embed all:dist
var dist embed.FS

// Dist is the built files: swagger/swagger-ui.css and so on.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
