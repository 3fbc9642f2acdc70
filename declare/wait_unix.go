//go:build unix

package declare

import "syscall"

// dontWait keeps opening a pipe from waiting until somebody writes to it.
const dontWait = syscall.O_NONBLOCK
