package testkit

// NeedServers is needServers for this package's own tests.
var NeedServers = needServers
