package ldap

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// sid is a security identifier as text, S-1-5-21-…; "" where the bytes are none
// ([MS-DTYP] 2.4.2.2).
func sid(b []byte) string {
	const head, most = 8, 15
	if len(b) < head || b[0] != 1 || int(b[1]) > most || len(b) != head+4*int(b[1]) {
		return ""
	}
	var authority uint64
	for _, x := range b[2:head] {
		authority = authority<<8 | uint64(x)
	}
	text := strings.Builder{}
	text.WriteString("S-1-" + strconv.FormatUint(authority, 10))
	for rest := b[head:]; len(rest) > 0; rest = rest[4:] {
		text.WriteString("-" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32(rest)), 10))
	}
	return text.String()
}

// relative is a SID's last number, and what it is relative to.
func relative(sid string) (rid uint64, domain string) {
	i := strings.LastIndexByte(sid, '-')
	if i < 0 {
		return 0, ""
	}
	rid, err := strconv.ParseUint(sid[i+1:], 10, 32)
	if err != nil {
		return 0, ""
	}
	return rid, sid[:i]
}

// The two things that a SID can be relative to for it to be well known.
const (
	builtinDomain = "S-1-5-32"
	domainPrefix  = "S-1-5-21-"
)

// guid is an objectGUID as text; "" where the bytes are none. Its first three
// parts are little-endian ([MS-DTYP] 2.3.4.2).
func guid(b []byte) string {
	if len(b) != 16 {
		return ""
	}
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:])
}

// guidBytes is the way back; nil where the text is no GUID.
func guidBytes(text string) []byte {
	text = strings.ToLower(text)
	if !isUUID(text) {
		return nil
	}
	hex := strings.ReplaceAll(text, "-", "")
	b := make([]byte, 16)
	for i := range b {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			return nil
		}
		b[i] = byte(n)
	}
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5], b[6], b[7] = b[5], b[4], b[7], b[6]
	return b
}

// isUUID reports whether text has the form of a UUID in lower case.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		digit := '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
		if dash != (c == '-') || !dash && !digit {
			return false
		}
	}
	return true
}
