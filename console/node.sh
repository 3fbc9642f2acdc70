#!/bin/sh
# Says what to do where Node.js is missing or too old to build the console.
set -eu
remedy='Install Node.js 22 or newer: from https://nodejs.org/en/download, or on Debian 13
with apt-get install nodejs npm. Without it everything but the console builds: make build'
say() { printf '%s\n%s\n' "$1" "$remedy" >&2; exit 1; }
command -v node >/dev/null 2>&1 || say 'The console is built with Node.js 20.19 or newer, and there is none here.'
command -v npm >/dev/null 2>&1 || say 'The console is built with npm, which comes with Node.js, and there is none here.'
node -e '
const [major, minor] = process.versions.node.split(".").map(Number);
process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)' ||
	say "The console is built with Node.js 20.19 or newer, or 22.12 or newer, and this is $(node --version)."
