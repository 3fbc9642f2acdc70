package console

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var built embed.FS

// Files are the built files, or nil where the console was not built.
func Files() fs.FS {
	files, err := fs.Sub(built, "dist")
	if err != nil {
		return nil
	}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil
	}
	return files
}
