package httpapi

import (
	"bufio"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// longestWrite is how long a reader of a stream may take for a piece of it.
const longestWrite = 30 * time.Second

// Stream is the answer of an operation that writes as it reads. Where writing ends with
// an error the connection is broken off: a part is never taken for the whole.
func Stream(contentType, file string, write func(w *Streamer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		_, w := humago.Unwrap(ctx)
		w.Header().Set("Content-Type", contentType)
		if file != "" {
			w.Header().Set("Content-Disposition", `attachment; filename="`+file+`"`)
		}
		s := &Streamer{to: w, control: http.NewResponseController(w)}
		s.Writer = bufio.NewWriterSize(deadlined{s}, 32<<10)
		err := write(s)
		if err == nil {
			err = s.Flush()
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}}
}

// Streamer is what a stream is written to: a buffer that a slow reader does not hold
// for ever.
type Streamer struct {
	*bufio.Writer
	to      http.ResponseWriter
	control *http.ResponseController
}

// Push sends what was written so far.
func (s *Streamer) Push() error {
	if err := s.Flush(); err != nil {
		return err
	}
	return s.control.Flush()
}

type deadlined struct{ s *Streamer }

// Write gives each piece its own time: the server's is for whole answers.
func (d deadlined) Write(b []byte) (int, error) {
	_ = d.s.control.SetWriteDeadline(time.Now().Add(longestWrite)) // a recorder in a test has none
	return d.s.to.Write(b)
}

// Cell makes a cell of a table safe: a spreadsheet runs no formula that a system wrote.
// Whatever is written as CSV, by an operation or a command, goes through here.
func Cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
