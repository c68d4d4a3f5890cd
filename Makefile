# make help tells what there is. Everything works without a terminal.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run demo build deb deb-test first-mail reference test unit end-to-end faults faults-cut corpus screenshots lint format bench compare clean \
        build-packages test-packages deb-packages

# An import that a target has not declared is an error, so that the rings of Package.swift hold.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
# The release binary carries the Swift runtime: a host needs no Swift.
RELEASE_FLAGS := -c release --product fairlead --static-swift-stdlib $(SWIFT_FLAGS)
FAIRLEAD := $(CURDIR)/.build/release/fairlead
# Debian's Python packages belong to Debian's Python, whatever else is in PATH.
PYTHON := /usr/bin/python3
PYTEST := $(PYTHON) -B -m pytest -c Tests/EndToEnd/pytest.ini --rootdir Tests/EndToEnd

# The messages that CPython tests its email package with, where a Python in PATH has brought its tests along.
CPYTHON_MESSAGES = $(shell python3 -c 'import os, test.test_email; print(os.path.join(os.path.dirname(test.test_email.__file__), "data"))' 2>/dev/null)

# One test more where the test set of is_email lies beside this checkout.
ISEMAIL := $(patsubst %,FAIRLEAD_ISEMAIL=%,$(wildcard $(CURDIR)/../shared/data/isemail-tests.xml))

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## relay and SES sandbox on this machine, with everything made for you; Ctrl-C ends
	@exec $(FAIRLEAD) dev

demo: build test-packages ## three real clients send, SES's rules are applied, three DKIM verifiers judge; the exit status tells
	@$(PYTHON) -B Tests/EndToEnd/demo.py

build: build-packages ## the release binary, .build/release/fairlead
	@swift build $(RELEASE_FLAGS)

deb: build deb-packages ## the Debian package of this host's architecture, .build/deb/fairlead_*.deb
	@packaging/deb

deb-test: deb ## lintian, then install, upgrade with a full queue, remove and purge in a clean Debian; needs root and a Debian mirror
	@lintian --fail-on error,warning .build/deb/fairlead_*.deb
	@$(PYTHON) -B -m pytest -c Tests/EndToEnd/pytest.ini --rootdir Tests/Package Tests/Package $(ARGS)

first-mail: deb ## a clean Debian with only the package: the README's steps to the first mail, timed; needs root and a Debian mirror
	@Tests/Package/first-mail

reference: build ## docs/configuration.md, from the binary's own list of keys
	@packaging/manual --binary $(FAIRLEAD) reference >docs/configuration.md.new && mv docs/configuration.md.new docs/configuration.md

test: unit end-to-end faults-cut ## all tests

# One after the other: several hundred that poll and hash at once would starve each other on a small machine.
unit: build-packages test-packages ## the Swift tests; FILTER=DKIM chooses
	@$(ISEMAIL) swift test --quiet --no-parallel $(SWIFT_FLAGS) $(if $(FILTER),--filter $(FILTER))

end-to-end: build test-packages ## real clients, real upstreams, kill -9, against the release binary; ARGS go to pytest
	@$(PYTEST) Tests/EndToEnd $(ARGS)

faults: build test-packages ## kill -9, failing calls and power cuts at every point; ARGS="--only kill --kills 200" chooses; takes an hour
	@Tests/Faults/run $(ARGS)
	@$(PYTHON) -B -m pytest -c Tests/EndToEnd/pytest.ini --rootdir Tests/Faults Tests/Faults/*_test.py

faults-cut: build test-packages ## a sample of that, in two minutes
	@Tests/Faults/run --cut

corpus: build test-packages ## real messages and 10,000 made ones through relay and sandbox; needs ../shared/data; ARGS go to Tests/Corpus/run
	@if [ ! -d ../shared/data/messages ]; then echo "no ../shared/data/messages: no corpus" >&2; exit 69; fi
	@Tests/Corpus/run --generated 10000 ../shared/data/messages $(CPYTHON_MESSAGES) $(ARGS)

screenshots: build test-packages ## the pictures of the dashboard in docs/screenshots, made anew in six minutes
	@mkdir -p docs/screenshots
	@FAIRLEAD_SCREENSHOTS=$(CURDIR)/docs/screenshots $(PYTEST) Tests/EndToEnd/test_dashboard.py -k "looks or search or up_to_date"

lint: build-packages ## format, forbidden constructs, imports, warnings
	@.ci/lint

format: ## formats the Swift sources in place
	@swift format -i -r Sources Tests Package.swift

bench: build test-packages ## the project's own figures
	@Tests/Bench/run $(ARGS)

compare: ## against other relays; needs the comparison tools beside this checkout
	@if [ ! -x ../shared/compare/compare ]; then echo "no ../shared/compare: nothing to compare with" >&2; exit 69; fi
	@$(MAKE) -s build
	@FAIRLEAD=$(FAIRLEAD) ../shared/compare/compare $(ARGS)

clean: ## removes what was built
	@rm -rf .build dev
	@$(MAKE) -s -C Tests/Bench clean

build-packages:
	@packaging/system-packages build
	@command -v swift >/dev/null || { echo "needs Swift 6.2 or newer: https://www.swift.org/install/linux/" >&2; exit 69; }

test-packages:
	@packaging/system-packages test

deb-packages:
	@packaging/system-packages deb
