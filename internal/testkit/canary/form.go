package canary

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// shortest is how short a value may be that is looked for.
const shortest = 8

// Forms are the ways in which a value may be written somewhere, by their names.
func Forms(plain string) map[string]string {
	all := map[string]string{
		"raw": plain, "reversed": reversed(plain),
		"hex": hex.EncodeToString([]byte(plain)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(plain))),
		"URL": url.QueryEscape(plain), "path": url.PathEscape(plain), "HTML": html.EscapeString(plain),
		"JSON": inJSON(plain, true), "JSON for people": inJSON(plain, false),
		"quoted": unquoted(strconv.Quote(plain)), "quoted ASCII": unquoted(strconv.QuoteToASCII(plain)),
		"SQL": strings.ReplaceAll(plain, "'", "''"), "shell": strings.ReplaceAll(plain, "'", `'\''`),
		"UTF-16LE": wide(plain, false), "UTF-16BE": wide(plain, true),
		"numbers": strings.Trim(fmt.Sprintf("%d", []byte(plain)), "[]"),
		"list":    strings.ReplaceAll(strings.Trim(fmt.Sprintf("%d", []byte(plain)), "[]"), " ", ","),
	}
	for at := range 3 {
		all[fmt.Sprint("base64 at ", at)] = inBase64(base64.RawStdEncoding, plain, at)
		all[fmt.Sprint("base64 for URLs at ", at)] = inBase64(base64.RawURLEncoding, plain, at)
	}
	return all
}

// inBase64 is what of a value shows whatever stands before and after it, where it begins at
// a place in a group of three bytes.
func inBase64(e *base64.Encoding, plain string, at int) string {
	text := e.EncodeToString([]byte(strings.Repeat("\x00", at) + plain))
	return text[(at*8+5)/6 : (at+len(plain))*8/6]
}

func inJSON(plain string, escape bool) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(escape)
	_ = e.Encode(plain) // a text
	return unquoted(strings.TrimSpace(b.String()))
}

func unquoted(text string) string { return text[1 : len(text)-1] }

func reversed(plain string) string {
	b := []byte(plain)
	slices.Reverse(b)
	return string(b)
}

func wide(plain string, bigEndian bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(plain)) {
		if bigEndian {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}
