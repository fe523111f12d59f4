# CommuneWatch. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Twelve digits of a commit: git's own choice differs from clone to clone.
VERSION := $(shell git describe --tags --always --dirty --abbrev=12 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
GO ?= go
ARGS ?=

# What the tests and the demo use beside Go; Debian's names.
PACKAGES := gcc libc6-dev snmpd snmp snmpsim nftables iproute2 iputils-ping fping tcpdump curl chromium fonts-dejavu-core fonts-noto-core strace poppler-utils libreoffice-calc-nogui

.PHONY: help setup build influxd test test-long lint bench compare demo cross packages clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install what tests and demo need beside Go (Debian, as root)
	@missing=(); for p in $(PACKAGES); do dpkg -s "$$p" >/dev/null 2>&1 || missing+=("$$p"); done; \
	command -v npm >/dev/null || missing+=(npm); \
	if [ $${#missing[@]} -gt 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}"; \
	fi
	@cd deploy/lab/browser && { cmp -s package-lock.json node_modules/.installed || { npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.installed; }; }

build: influxd ## build agent, collector and the embedded InfluxDB into bin/
	@mkdir -p bin
	@echo 'building agent and collector' >&2
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/communewatch-agent ./agent
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/communewatch-collector ./collector

# InfluxDB is a nested module of one line: it changes only with its go.mod.
influxd: bin/communewatch-influxd
bin/communewatch-influxd: deploy/influxdb/go.mod deploy/influxdb/go.sum
	@mkdir -p bin
	@echo 'building InfluxDB 1.8 (once, about half a minute)' >&2
	@cd deploy/influxdb && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o ../../bin/communewatch-influxd github.com/influxdata/influxdb/cmd/influxd
	@touch $@

# Vetting is lint's, and linking without debug information is faster. What takes longest and
# mostly waits goes first, so that others can work beside it. Echoes are timed, so their
# tests have the machine for themselves.
TEST := test -race -vet=off -ldflags=-w -tags integration -timeout 8m
test: build ## run all tests but the long ones, with the race detector
	$(GO) $(TEST) ./agent/icmp
	$(GO) $(TEST) ./deploy/lab ./deploy/lab/browser ./collector/judge $$($(GO) list ./... | grep -v /agent/icmp)

test-long: build ## run what takes longer: fuzzing, many faults, soak
	$(GO) test -race -tags 'integration long' -timeout 60m ./...
	@for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' agent collector dashboards deploy); do \
		for name in $$(grep -oE '^func Fuzz[A-Za-z0-9]+' "$$f" | sed 's/func //'); do \
			$(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime 20s -fuzzminimizetime 10x "./$$(dirname "$$f")"; \
		done; \
	done

lint: ## vet and staticcheck, for Linux and Windows, and build for a small router
	@test -z "$$(gofmt -l agent collector dashboards deploy)" || { gofmt -l agent collector dashboards deploy; echo 'run gofmt -w on these'; exit 1; }
	$(GO) vet -tags 'integration long' ./...
	GOOS=windows $(GO) vet ./agent/... ./collector/api ./collector/say ./collector/settings
	GOARCH=mipsle $(GO) build -o /dev/null ./agent # 32 bits, and the least of a system
	$(GO) tool staticcheck -tags 'integration long' ./...

bench: influxd ## run the benchmarks
	$(GO) test -tags integration -run '^$$' -bench . -benchmem ./...

# As small as Telegraf gets: the two inputs and the one output that are compared.
TELEGRAF_PLUGINS := custom,inputs.ping,inputs.snmp,outputs.file
bin/telegraf: deploy/lab/telegraf/go.mod deploy/lab/telegraf/go.sum
	@mkdir -p bin
	@echo 'building Telegraf (once, some minutes)' >&2
	@cd deploy/lab/telegraf && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -tags '$(TELEGRAF_PLUGINS)' -o ../../../bin/telegraf github.com/influxdata/telegraf/cmd/telegraf
	@touch $@

compare: build bin/telegraf ## measure us beside our peers, in one run; ARGS="--quick probing" for a tenth of a part
	@$(GO) build -trimpath -o bin/communewatch-compare ./deploy/lab/compare
	@bin/communewatch-compare $(ARGS)

demo: build ## a whole province on this machine; ARGS="--for 60s --json" ends by itself
	@$(GO) build -trimpath -o bin/communewatch-demo ./deploy/lab/demo
	@bin/communewatch-demo $(ARGS)

# name: GOOS GOARCH GOARM GOMIPS
cross: ## build the agent for every platform of an office and print the sizes
	@mkdir -p dist
	@build() { out="dist/communewatch-agent-$$1"; \
		CGO_ENABLED=0 GOOS=$$2 GOARCH=$$3 GOARM=$${4:-} GOMIPS=$${5:-} $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o "$$out" ./agent; \
		size=$$(stat -c %s "$$out"); printf '%-40s %5.1f MB\n' "$$out" "$$(echo "$$size" | awk '{print $$1/1e6}')"; \
		test "$$size" -lt 12000000 || { echo "$$out is larger than 12 MB"; exit 1; }; }; \
	build windows-amd64.exe windows amd64; \
	build windows-386.exe windows 386; \
	build linux-amd64 linux amd64; \
	build linux-arm64 linux arm64; \
	build linux-armv6 linux arm 6; \
	build linux-mipsle linux mipsle '' softfloat

# Of the last commit, so that two builds of it are the same bytes; 2026-01-01 where git is not.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1767225600)

packages: ## make the .deb and Windows packages and their checksums into dist/; ARGS="-only linux-amd64" for one platform
	@GO='$(GO)' $(GO) run ./deploy/packages -out dist -version '$(VERSION)' -epoch '$(SOURCE_DATE_EPOCH)' $(ARGS)

clean: ## remove what the build made
	rm -rf bin dist
