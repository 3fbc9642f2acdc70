package provision

import (
	"time"

	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/secret"
)

// CredentialLasts is how long a first credential waits to be picked up, and is good for
// where its system can end it.
const CredentialLasts = 7 * 24 * time.Hour

// newPassword draws a first password: some of each class of characters, which is what
// policies on passwords ask for.
func newPassword() (secret.Secret, error) { return generate.Password(generate.Rules{}) }
