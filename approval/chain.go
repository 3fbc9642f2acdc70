package approval

import "github.com/writhq/writ/access"

// Chain is what one request led to.
type Chain struct {
	ID    access.ChainID
	Links []Link // the first first
}

// Link is one object of a chain.
type Link struct {
	Object access.Ref  `json:"object"`
	At     access.Time `json:"at"`
}

// MostLinks is how many of a chain are shown.
const MostLinks = 500
