package server

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Manual is what people read about Writ, as Markdown.
type Manual struct {
	Files    fs.FS // the folder docs
	Commands []ManualPage
}

// ManualPage is one page of it.
type ManualPage struct {
	Name     string // its place under /manual/
	Markdown []byte
}

// manualSections are the parts of the manual in the order in which somebody new needs
// them. A page is in the first whose prefix it has.
var manualSections = []struct{ title, prefix string }{
	{"Begin", "quick-start"},
	{"Begin", "concepts"},
	{"How to", "how-to/"},
	{"Run it", "server"},
	{"Commands", "commands/"},
	{"Look up", "glossary"},
	{"Look up", "problems"},
	{"Look up", ""},
	{"Why it is so", "adr/"},
}

// page is a page that was rendered.
type page struct {
	Name, Title, Section string
	Body                 template.HTML
	plain                string // in small letters, to search in
}

// pages are all pages of a manual by name, rendered when the first is asked for.
type pages struct {
	once    sync.Once
	manual  *Manual
	err     error
	byName  map[string]*page
	ordered []*page
}

func (p *pages) render() error {
	p.once.Do(func() { p.err = p.all() })
	return p.err
}

func (p *pages) all() error {
	p.byName = map[string]*page{}
	source := slices.Clone(p.manual.Commands)
	err := fs.WalkDir(p.manual.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".md" {
			return err
		}
		b, err := fs.ReadFile(p.manual.Files, name)
		source = append(source, ManualPage{strings.TrimSuffix(name, ".md"), b})
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the manual: %w", err)
	}
	for _, s := range source {
		made, err := renderPage(s)
		if err != nil {
			return fmt.Errorf("rendering %s: %w", s.Name, err)
		}
		p.byName[s.Name] = made
		p.ordered = append(p.ordered, made)
	}
	slices.SortFunc(p.ordered, func(a, b *page) int {
		if d := sectionOf(a.Name) - sectionOf(b.Name); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return nil
}

// sectionOf is the section with the longest prefix that fits.
func sectionOf(name string) int {
	best := -1
	for i, s := range manualSections {
		if strings.HasPrefix(name, s.prefix) && (best < 0 || len(s.prefix) > len(manualSections[best].prefix)) {
			best = i
		}
	}
	return best
}

// markdown renders without raw HTML and without inline styles, which pages may not have.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), extension.Strikethrough),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
)

func renderPage(source ManualPage) (*page, error) {
	doc := markdown.Parser().Parse(text.NewReader(source.Markdown))
	p := &page{Name: source.Name, Title: source.Name, Section: manualSections[sectionOf(source.Name)].title}
	var outside []*ast.Link
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			if n.Level == 1 && p.Title == source.Name {
				p.Title = string(plainText(n, source.Markdown))
			}
		case *ast.Link:
			to, inside := manualLink(source.Name, string(n.Destination))
			if !inside {
				outside = append(outside, n)
			}
			n.Destination = []byte(to)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	for _, l := range outside {
		unlink(l)
	}
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, source.Markdown, doc); err != nil {
		return nil, err
	}
	// What scrolls sideways can be reached with the keyboard.
	body := strings.NewReplacer("<pre>", `<pre tabindex="0">`, "<table>", `<div class="wide" tabindex="0"><table>`, "</table>", "</table></div>").Replace(b.String())
	p.Body = template.HTML(body) //nolint:gosec // goldmark wrote it, without raw HTML
	p.plain = strings.ToLower(string(source.Markdown))
	return p, nil
}

// unlink leaves of a link what it says: what it leads to is not in the binary.
func unlink(l *ast.Link) {
	parent := l.Parent()
	for c := l.FirstChild(); c != nil; {
		next := c.NextSibling()
		parent.InsertBefore(parent, l, c)
		c = next
	}
	parent.RemoveChild(parent, l)
}

func plainText(n ast.Node, source []byte) []byte {
	var b bytes.Buffer
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.Bytes()
}

// manualLink is where a link of a page leads once the manual is served; false is
// nowhere.
func manualLink(from, to string) (string, bool) {
	if strings.HasPrefix(to, "#") || strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "/") {
		return to, true
	}
	file, place, _ := strings.Cut(to, "#")
	if place != "" {
		place = "#" + place
	}
	name := path.Join(path.Dir(from), file)
	switch {
	case strings.HasPrefix(name, "../") || name == "..":
		return "", false
	case path.Ext(name) == ".md":
		return "/manual/" + strings.TrimSuffix(name, ".md") + place, true
	case strings.HasPrefix(name, "schemas/") && path.Ext(name) == ".json":
		return "/manual/" + name, true
	}
	return "", false
}

// mount serves the manual.
func (p *pages) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /manual", p.index)
	mux.HandleFunc("GET /manual/{name...}", p.page)
	mux.HandleFunc("GET /problems/{code}", func(w http.ResponseWriter, r *http.Request) {
		code := r.PathValue("code")
		if !problemCode.MatchString(code) {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, "/manual/problems#"+code, http.StatusFound) //nolint:gosec // a page of this server, and a word
	})
}

// index lists the pages, or those that say what is looked for.
func (p *pages) index(w http.ResponseWriter, r *http.Request) {
	if err := p.render(); err != nil {
		broken(w, r, err)
		return
	}
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	view := manualView{Query: query, Nav: p.nav("")}
	if query != "" {
		words := strings.Fields(strings.ToLower(query))
		for _, candidate := range p.ordered {
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(candidate.plain, w) }) {
				view.Found = append(view.Found, candidate)
			}
		}
	}
	show(w, r, "index.html", view)
}

func (p *pages) page(w http.ResponseWriter, r *http.Request) {
	if err := p.render(); err != nil {
		broken(w, r, err)
		return
	}
	name := r.PathValue("name")
	if strings.HasPrefix(name, "schemas/") && path.Ext(name) == ".json" && fs.ValidPath(name) {
		w.Header().Set("Content-Type", "application/schema+json")
		http.ServeFileFS(w, r, p.manual.Files, name) //nolint:gosec // files that are in the binary
		return
	}
	made := p.byName[name]
	if made == nil {
		w.WriteHeader(http.StatusNotFound)
		show(w, r, "index.html", manualView{Nav: p.nav(""), Missing: true})
		return
	}
	show(w, r, "page.html", manualView{Page: made, Nav: p.nav(name)})
}

// manualView is what the templates show.
type manualView struct {
	Page    *page
	Nav     []navSection
	Query   string
	Found   []*page
	Missing bool
}

type navSection struct {
	Title string
	Pages []navPage
	Open  bool
}

type navPage struct {
	Name, Title string
	Here        bool
}

func (p *pages) nav(here string) (list []navSection) {
	for _, made := range p.ordered {
		if len(list) == 0 || list[len(list)-1].Title != made.Section {
			list = append(list, navSection{Title: made.Section})
		}
		last := &list[len(list)-1]
		last.Pages = append(last.Pages, navPage{made.Name, made.Title, made.Name == here})
		last.Open = last.Open || made.Name == here || here == ""
	}
	return list
}
