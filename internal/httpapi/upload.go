package httpapi

import (
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Upload is the part of an input that is a body read as it comes. Its operation says what
// it holds, and stops reading at a cap of its own.
type Upload struct {
	from    io.Reader
	control *http.ResponseController
}

// longestRead is how long a sender may take for a piece of a body.
const longestRead = 30 * time.Second

// Resolve implements huma.Resolver: it reads nothing yet.
func (u *Upload) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	u.from, u.control = r.Body, http.NewResponseController(w)
	return nil
}

// Read gives each piece its own time: the server's is for whole requests.
func (u *Upload) Read(b []byte) (int, error) {
	_ = u.control.SetReadDeadline(time.Now().Add(longestRead)) // a recorder in a test has none
	return u.from.Read(b)
}

// Lasts gives the answer more time than the server does.
func (u *Upload) Lasts(d time.Duration) { _ = u.control.SetWriteDeadline(time.Now().Add(d)) }

// UploadOf describes a body that is read as it comes.
func UploadOf(contentType, doc string) *huma.RequestBody {
	return &huma.RequestBody{Description: doc, Required: true, Content: map[string]*huma.MediaType{
		contentType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
}
