package server

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/writhq/writ/internal/httpapi"
)

// description serves the API's own description.
func (s *Server) description(w http.ResponseWriter, r *http.Request) {
	text, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		httpapi.WriteProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	_, _ = w.Write(text)
}

// NoConsole is what a browser is told where the binary holds no console.
const NoConsole = "This binary was built without the console. Build it with: make console\n"

// consoleFiles serves the console: its files as they are, and its one page for every
// other path, since the console finds its own way.
func consoleFiles(files fs.FS) http.Handler {
	page, err := readFile(files, "index.html")
	if err != nil {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, NoConsole, http.StatusNotFound)
		})
	}
	served := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "only reading is possible here", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name != "" && !fs.ValidPath(name) {
			http.NotFound(w, r)
			return
		}
		if strings.HasPrefix(name, "assets/") {
			// What is in there is named by its content.
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			servePacked(w, r, files, name, served)
			return
		}
		if info, err := fs.Stat(files, name); name != "" && name != "index.html" && err == nil && info.Mode().IsRegular() {
			served.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		http.ServeContent(w, r, "index.html", time.Time{}, bytes.NewReader(page))
	})
}

// servePacked serves what the build packed ahead, to whoever takes it.
func servePacked(w http.ResponseWriter, r *http.Request, files fs.FS, name string, plain http.Handler) {
	w.Header().Add("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		plain.ServeHTTP(w, r)
		return
	}
	packed, err := readFile(files, name+".gz")
	if err != nil {
		plain.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(packed))
}

func readFile(files fs.FS, name string) ([]byte, error) {
	if files == nil {
		return nil, fs.ErrNotExist
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return io.ReadAll(f)
}
