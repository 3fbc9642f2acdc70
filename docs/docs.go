// Package docs is the manual's text, so that the binary can serve it where nobody has
// the repository.
//
// Invariants:
//  1. What is written here is read as Markdown and served without a script, whoever
//     wrote it.
//  2. Every link within docs/ leads to a page or a place in one; a test looks.
//
// What it does not do: it renders nothing.
package docs

import "embed"

// Files are the pages, the schemas of the commands' answers, and the API's description.
//
//go:embed *.md adr/*.md how-to/*.md schemas/*.json
var Files embed.FS
