# Souk. `make demo` is the front door.
.DEFAULT_GOAL := help
SHELL := /bin/bash
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
# CI starts from a bare machine: a package that compiles slowly must not look like a test that hangs.
TEST_FLAGS ?= -timeout 15m -p 3
# They come first, so that the others run beside them and nobody waits for one at the end.
LONGEST := ./internal/torture ./internal/app ./internal/checkout

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.PHONY: demo
demo: need-postgres build ## Build, fill a marketplace with demo data and run it
	./bin/souk demo

.PHONY: run
run: need-postgres build ## Build and serve an empty shop
	./bin/souk serve

.PHONY: build
build: web ## Build bin/souk
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/souk ./cmd/souk

.PHONY: test
test: need-postgres need-redis need-chromium need-oidc web ## Run every test against a real PostgreSQL
	$(GO) test $(TEST_FLAGS) $(LONGEST) ./...

.PHONY: check
check: web ## Formatting, go vet, staticcheck
	@unformatted=$$($(GO) tool -modfile=tools/gofumpt.mod gofumpt -l cmd internal bench migrations web/*.go); \
		if [ -n "$$unformatted" ]; then echo "Not gofumpt-clean (make format):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool -modfile=tools/staticcheck.mod staticcheck ./...
	@echo "check: all is well"

FUZZTIME ?= 6s
.PHONY: fuzz
fuzz: web ## Run each fuzz target for FUZZTIME, 6s unless told
	@GO=$(GO) scripts/fuzz.sh $(FUZZTIME)

.PHONY: format
format: ## Format the Go code
	$(GO) tool -modfile=tools/gofumpt.mod gofumpt -w cmd internal bench migrations web/*.go

.PHONY: lint
lint: ## golangci-lint with the list in .golangci.yaml (builds it first: some minutes)
	$(GO) tool -modfile=tools/golangci.mod golangci-lint run ./...

.PHONY: bench
bench: need-postgres need-wrk build ## Measure Souk beside its ceilings and write bench/RESULTS.md
	$(GO) run ./bench

SCALE ?= 10k
QUERIES ?=
.PHONY: bench-catalogue
bench-catalogue: need-postgres build ## Measure a catalogue of SCALE products, 10k unless told, and write bench/CATALOGUE.md
	$(GO) run ./bench/catalogue -scale "$(SCALE)" -queries "$(QUERIES)"

.PHONY: generate
generate: build ## Write what is generated and committed: openapi.json, routes.txt, schema.sql
	./bin/souk openapi > api/openapi.json
	./bin/souk routes > api/routes.txt
	dir=$$(mktemp -d) && chmod 711 $$dir && env -u DATABASE_URL SOUK_DATA_DIR=$$dir ./bin/souk migrate dump > migrations/schema.sql && rm -rf $$dir

# The pages' assets come from npm and are embedded into the binary; built once per lock file.
.PHONY: web
web: web/dist/.built
web/dist/.built: web/package-lock.json web/build.mjs internal/demo/market.json
	cd web && npm ci --no-audit --no-fund --silent && npm run --silent build
	@touch $@

.PHONY: need-postgres need-redis need-chromium need-wrk
need-postgres:
	@scripts/need.sh postgres
need-redis:
	@scripts/need.sh redis
need-chromium:
	@scripts/need.sh chromium
need-wrk:
	@scripts/need.sh wrk

# A certified OpenID provider, which the tests of internal/idp sign in with.
OIDC := internal/idp/testdata/provider
.PHONY: need-oidc
need-oidc: $(OIDC)/node_modules/.installed
$(OIDC)/node_modules/.installed: $(OIDC)/package-lock.json
	cd $(OIDC) && npm ci --no-audit --no-fund --silent
	@touch $@

.PHONY: clean
clean: ## Remove what was built (never data)
	rm -rf bin web/node_modules web/dist $(OIDC)/node_modules
	git checkout -q -- web/dist
