# Everything that one does with this repository; 'make help' lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
GO ?= go
TOOL := $(GO) tool -modfile=internal/tools/go.mod
REPORT := $(GO) run ./internal/testkit/report
PLATFORMS := linux/amd64 linux/arm64 darwin/arm64

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: console build ## a sample company in the console: prints the URL that signs you in
	./bin/writ demo --serve --data demo

demo-reset: ## the demo starts over
	rm -rf demo

build: ## the binary, static, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/writ ./cmd/writ

console: console/dist/index.html ## what browsers are given, into console/dist; needs Node.js 20.19 or newer

console/dist/index.html: console/node_modules/.stamp docs/openapi.json $(shell find console/src console/public console/index.html console/vite.config.ts console/pack.mjs -type f)
	cd console && npm run --silent build

# What is installed stays until the list of it changes.
console/node_modules/.stamp: console/package-lock.json
	@sh console/node.sh
	cd console && npm ci --no-audit --no-fund && touch node_modules/.stamp

# The race detector watches our code and every library but SQLite, which is C translated
# to Go with memory of its own: nothing of ours is in it, it locks by itself, and watched it
# takes most of the time; and but what computes for long and shares nothing: scrypt, and the
# making of sample companies.
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc modernc.org/memory golang.org/x/crypto/scrypt github.com/writhq/writ/inventory/sample
RACE := -race $(UNWATCHED:%=-gcflags=%=-race=false)

# What takes longest begins first: begun last, it would leave one processor idle.
FIRST := ./cmd/writ ./e2e ./connector/linux ./store ./inventory ./connector/postgres ./connector/ldap ./signin

# Whole-product tests build the command: a cached result would not see it change. vet has
# had its turn in check.
test: install ## everything: installs what is missing, checks, tests against real servers
	@$(MAKE) --no-print-directory -j 3 --output-sync=recurse check console-check test-seals
	CGO_ENABLED=1 $(GO) test $(RACE) -vet=off -count=1 -p 4 -timeout 40m -json $(FIRST) ./... | $(REPORT)

test-seals: ## the seals that a build has by a tag alone: hardware tokens, and the key services of clouds
	CGO_ENABLED=1 $(GO) test -tags pkcs11 -vet=off -count=1 -run HardwareToken -json ./store ./pam/breakglass | $(REPORT)
	$(GO) test -tags kms -vet=off -count=1 -run KeyService -json ./pam/vault/keys | $(REPORT)

test-console: install console ## the console in a real browser, as each function; E2E_SPECS=e2e/finding is one feature
	$(GO) test -count=1 -timeout 30m -run '^TestConsoleInChromium$$' -v ./e2e

console-check: console ## types, lint and unit tests of the console
	cd console && npm run --silent check

quick: ## the tests that need no server: two to three minutes, seconds where nothing changed
	$(GO) test -short -timeout 5m -json ./... | $(REPORT)

install: ## the Debian packages that the tests need, where one is missing
	@sh internal/testkit/install.sh

check: format-check lint verify ## formatting, lint with vet, modules; no test

format: ## format every Go file
	$(TOOL) gofumpt -w .

format-check:
	@files=$$(gofmt -l . && $(TOOL) gofumpt -l .) || exit 1; \
	test -z "$$files" || { printf 'not formatted (run: make format):\n%s\n' "$$files" >&2; exit 1; }

vet:
	$(GO) vet ./...

lint: ## what .golangci.yml asks for
	$(TOOL) golangci-lint run ./...

verify: ## modules are what go.sum says, and go.mod is tidy
	$(GO) mod verify
	$(GO) mod tidy -diff

fuzz: ## each fuzz target for FUZZTIME (1m)
	@for p in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	  echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime "$${FUZZTIME:-1m}" -fuzzminimizetime 20x $$p; done; done

soak: ## the tests that try random things, at full length
	WRIT_SOAK=1 $(GO) test -count=1 -timeout 3h ./graph ./inventory
	WRIT_SOAK=1 $(GO) test -count=1 -timeout 3h -run 'KilledAnywhere|TestElevation' ./cmd/writ

soak-kill: ## nodes that rotate, lease and elevate in real systems, killed at random instants; WRIT_KILLS says how often (1000)
	WRIT_SOAK=1 WRIT_KILLS=$${WRIT_KILLS:-1000} $(GO) test -count=1 -timeout 2h -run '^TestKilledAtRandom$$' -v ./cmd/writ

fuzz-http: ## every route with thousands of requests that are almost right; WRIT_FUZZ_ROUNDS says how many
	WRIT_FUZZ_ROUNDS=$${WRIT_FUZZ_ROUNDS:-2000} $(GO) test -count=1 -timeout 60m -run '^TestNoRouteBreaksOrLeaks$$' -v ./cmd/writ

bench: bench-decide bench-graph bench-search bench-assess bench-ingest bench-lifecycle bench-leaver bench-vault-ssh bench-analytics bench-mine bench-http bench-vault bench-console ## all benchmarks

bench-decide: ## a full decision beside bare Cedar on the applicable policies
	$(GO) test -run '^$$' -bench '^BenchmarkDecide$$' -benchtime 3s ./policy

bench-graph: ## the graph on the large company: load from SQLite, questions, pairs beside SQL, updates
	$(GO) test -run '^$$' -bench '^BenchmarkGraphLarge$$' -benchtime 1x -timeout 60m ./bench

bench-assess: ## the whole command, and what follows from facts: anew and after 1,000 changes
	$(GO) test -run '^$$' -bench AssessMedium -benchtime 3x ./bench
	$(GO) test -run '^$$' -bench DerivedLarge -benchtime 1x -timeout 3h ./bench

bench-search: ## search and lists on the large company: building, questions, pages, following
	$(GO) test -run '^$$' -bench '^BenchmarkSearchLarge$$' -benchtime 1x -timeout 60m ./bench

bench-ingest: ## a million accounts and ten million grants into both databases beside the bare drivers, ten minutes; WRIT_BENCH_ACCOUNTS=50000 is one
	WRIT_BENCH_ACCOUNTS=$${WRIT_BENCH_ACCOUNTS:-1000000} $(GO) test -run '^$$' -bench '^BenchmarkIngest$$' -benchtime 1x -timeout 2h ./inventory

bench-lifecycle: ## what everybody of the large company should have: anew, after a rule changed, for one person
	$(GO) test -run '^$$' -bench '^BenchmarkLifecycleLarge$$' -benchtime 1x -timeout 30m ./bench

bench-leaver: ## from a committed leaver to the last access gone in ten systems that answer in 50 ms
	$(GO) test -run '^$$' -bench '^BenchmarkLeaver$$' -benchtime 1x -timeout 20m ./cmd/writ

bench-vault-ssh: ## SSH keys signed by 16 at once, each a decision and a record, beside the library's signature alone
	$(GO) test -run '^$$' -bench '^BenchmarkVaultSSHSign$$' -benchtime 1x ./bench

bench-analytics: ## outliers, unused access, creep and a policy what-if on the large company, beside building the graph
	$(GO) test -run '^$$' -bench '^BenchmarkAnalyticsLarge$$' -benchtime 1x -timeout 30m ./bench

bench-http: ## decisions over HTTP beside an empty route: a processor's time, requests a second, waiting
	$(GO) test -run '^$$' -bench '^BenchmarkHTTP$$' -benchtime 1x -timeout 20m ./bench

bench-mine: ## role mining on made-up matrices of many shapes beside a plain greedy one, and planted roles under noise; up to an hour
	$(GO) test -run '^$$' -bench '^BenchmarkMine' -benchtime 1x -timeout 2h ./bench

bench-console: console ## the console of the large company in a real browser: when it can be used, and its first page
	$(GO) test -run '^$$' -bench '^BenchmarkConsole$$' -benchtime 1x -timeout 60m ./bench

bench-vault: ## keys read, written and signed, and accounts leased, over HTTP: beside an empty route, bare cryptography, bare CREATE ROLE, and an OpenBao (OPENBAO_BIN)
	$(GO) test -run '^$$' -bench '^BenchmarkVault$$' -benchtime 1x -timeout 20m ./cmd/writ

vuln: ## known vulnerabilities in what we import
	$(TOOL) govulncheck ./...

release: console ## static binaries for each platform, with checksums, into bin/release
	@rm -rf bin/release && mkdir -p bin/release
	@for p in $(PLATFORMS); do os=$${p%/*} arch=$${p#*/}; echo "writ-$$os-$$arch"; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags '-s -w' -o "bin/release/writ-$$os-$$arch" ./cmd/writ; done
	@cd bin/release && sha256sum writ-* >SHA256SUMS && cat SHA256SUMS

clean: ## what make made
	rm -rf bin demo console/node_modules console/dist/assets console/dist/*.*

.PHONY: help demo demo-reset build console test test-console console-check quick install check format format-check vet lint verify fuzz soak soak-kill fuzz-http bench bench-decide bench-graph bench-assess bench-search bench-ingest bench-lifecycle bench-leaver bench-vault-ssh bench-analytics bench-http bench-mine bench-vault bench-console vuln release clean
