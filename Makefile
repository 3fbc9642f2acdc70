# Everything that one does with this repository; 'make help' lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
GO ?= go
TOOL := $(GO) tool -modfile=internal/tools/go.mod

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

build: ## the binary, static, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/writ ./cmd/writ

demo: build ## a sample company, assessed: matrix, findings, three questions
	./bin/writ demo --data demo

test: install check ## everything: installs what is missing, checks, tests against real servers
	CGO_ENABLED=1 $(GO) test -race -p 2 -timeout 30m -json ./... | $(GO) run ./internal/testkit/report

quick: ## the tests that need no server, under a minute
	$(GO) test -short -json ./... | $(GO) run ./internal/testkit/report

install:
	@sh internal/testkit/install.sh

check: ## formatting, vet, lint
	@test -z "$$($(TOOL) gofumpt -l . | tee /dev/stderr)" || { echo 'run: make format' >&2; exit 1; }
	$(GO) vet ./...
	$(TOOL) golangci-lint run ./...

format: ## format every Go file
	$(TOOL) gofumpt -w .

fuzz: ## each fuzz target for a minute
	@for p in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	  $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 1m $$p; done; done

bench: bench-decide bench-graph ## all benchmarks

bench-decide: ## a full decision beside bare Cedar on the applicable policies
	$(GO) test -run '^$$' -bench Decide -benchtime 3s ./policy

bench-graph: ## load, questions and updates of the graph
	$(GO) test -run '^$$' -bench . -benchtime 1x ./graph

vuln: ## known vulnerabilities in what we import
	$(TOOL) govulncheck ./...

clean: ## what make made
	rm -rf bin demo

.PHONY: help build demo test quick install check format fuzz bench bench-decide bench-graph vuln clean
