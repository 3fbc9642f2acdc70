package testkit

// What this package's own tests use of its inside.
var (
	NeedServers = needServers
	AsRoot      = asRoot
)
