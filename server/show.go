package server

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"regexp"

	"github.com/writhq/writ/internal/httpapi"
)

//go:embed pages
var pageFiles embed.FS

var templates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

var problemCode = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// show renders a page whole before the first byte of it is sent.
func show(w http.ResponseWriter, r *http.Request, name string, view any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, view); err != nil {
		broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func broken(w http.ResponseWriter, r *http.Request, err error) { httpapi.WriteProblem(w, r, err) }

func styles(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.ServeFileFS(w, r, pageFiles, "pages/pages.css")
}
