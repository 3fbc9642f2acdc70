package inventory

import "github.com/writhq/writ/access"

// Label is the model's, by the name that commands use.
type Label = access.Label
