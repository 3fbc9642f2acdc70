package canary

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
)

// The caps on what is unpacked: a packing may be wrong, or nothing of the kind.
const (
	deepest = 4
	largest = 256 << 20
)

// unpack hands over what is packed in data. What is no packing has nothing in it.
func unpack(data []byte, each func(member string, inner []byte)) {
	switch {
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		if r, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
			each("gzip", whole(r))
		}
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, f := range r.File {
			if in, err := f.Open(); err == nil {
				each(f.Name, whole(in))
				_ = in.Close()
			}
		}
	case len(data) > 262 && string(data[257:262]) == "ustar":
		for r := tar.NewReader(bytes.NewReader(data)); ; {
			h, err := r.Next()
			if err != nil {
				return
			}
			each(h.Name, whole(r))
		}
	}
}

// whole is what can be read, up to where it is broken.
func whole(r io.Reader) []byte {
	b, _ := io.ReadAll(io.LimitReader(r, largest)) // as much as there is
	return b
}
