// Package console is the pages that people work in, as files that the server gives
// to a browser. What is in src/ becomes dist/ (make console) and is embedded from
// there; without it the rest builds and runs, and there is no console.
//
// Vocabulary. A feature of the console has the folder's name that it has everywhere:
// src/features/<feature>/. src/ui/ is what pages are made of and holds no word of the
// model; src/client/ is how they ask; src/api/ is generated from docs/openapi.json.
//
// Invariants:
//  1. A page runs no inline script and no inline style element, loads nothing from
//     elsewhere and makes no script of text.
//  2. No token is ever held where a script could read it: who signed in is a cookie
//     that scripts cannot see, and a key that cannot leave the browser.
//  3. What a person may do is what the server said with the object; nothing is decided
//     here.
//  4. What is filtered, sorted and opened lies in the address, so that a page can be
//     sent to somebody else.
//  5. No built and no third-party file is committed.
//
// Sources: RFC 9449 (DPoP), RFC 9457 (problem documents), Content Security Policy 3,
// Trusted Types, WCAG 2.2 AA, WAI-ARIA Authoring Practices.
package console
