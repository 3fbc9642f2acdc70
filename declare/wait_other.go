//go:build !unix

package declare

// dontWait is nothing where a folder holds no pipes.
const dontWait = 0
