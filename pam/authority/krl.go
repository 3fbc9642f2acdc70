package authority

import (
	"encoding/binary"
	"slices"

	"github.com/writhq/writ/access"
)

// What OpenSSH's PROTOCOL.krl calls the parts of a list of revoked keys.
const (
	krlMagic        = "SSHKRL\n\x00"
	krlFormat       = 1
	krlCertificates = 1
	krlSerialList   = 0x20
)

// krl is a list of revoked certificates as sshd and ssh-keygen read it: the serial numbers
// by the key that signed them. A key without any is not in it.
func krl(signedBy map[string][]uint64, at access.Time) []byte {
	b := []byte(krlMagic)
	b = binary.BigEndian.AppendUint32(b, krlFormat)
	b = binary.BigEndian.AppendUint64(b, uint64(at))           //nolint:gosec // the version: times are positive, and rise
	b = binary.BigEndian.AppendUint64(b, uint64(at/1_000_000)) //nolint:gosec // when it was made
	b = binary.BigEndian.AppendUint64(b, 0)                    // flags
	b = krlText(b, nil)                                        // reserved
	b = krlText(b, []byte("writ"))
	keys := make([]string, 0, len(signedBy))
	for key := range signedBy {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		serials := slices.Sorted(slices.Values(signedBy[key]))
		if len(serials) == 0 {
			continue
		}
		var list []byte
		for _, n := range serials {
			list = binary.BigEndian.AppendUint64(list, n)
		}
		section := krlText(nil, []byte(key))
		section = krlText(section, nil) // reserved
		section = append(section, krlSerialList)
		section = krlText(section, list)
		b = append(b, krlCertificates)
		b = krlText(b, section)
	}
	return b
}

// krlText appends a string as SSH writes one: its length, then its bytes.
func krlText(b, text []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(text))) //nolint:gosec // what is revoked and not over is no four gigabytes
	return append(b, text...)
}
