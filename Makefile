# README names demo, test and gallery. Each does its own set-up.

SWIFT_FLAGS = --explicit-target-dependency-import-check error

# Each step needs the one before it, also under make -j.
.NOTPARALLEL:
.PHONY: setup build demo package infra openapi test test-fast lint format test-accounts unit end-to-end \
	package-size bench gallery chaos clean fuzz test-sanitized

setup:
	scripts/setup

# By product: targets that serve tests alone need the test library, which an optimised build
# does not have.
RELEASE = swift build -c release --static-swift-stdlib -Xlinker -s $(SWIFT_FLAGS) --product

build: setup
	$(RELEASE) bootstrap
	$(RELEASE) local-emulator
	$(RELEASE) spool

demo: build
	scripts/demo

# The zip for Lambda: .build/package/spool.zip
package: build
	scripts/setup --tests
	scripts/package

# The templates of infra/functions.json, and the schemas within docs/openapi.json.
infra: openapi
	scripts/generate-infra

openapi:
	scripts/bundle-openapi

# Ends with the optimised build that is deployed: tests run the other one.
test:
	scripts/setup --tests
	$(MAKE) lint unit end-to-end build package-size

# The linters, and the unit tests that need no media, no sockets and no browser.
test-fast:
	scripts/setup --tests
	$(MAKE) lint
	swift build --build-tests $(SWIFT_FLAGS)
	scripts/swift-test --skip FFmpegTests --skip Emulator --skip ObjectStoreTests \
		--skip SpoolCLITests --skip HTTPTransportTests --skip ChildProcessTests

# Accounts and credits, on the database of SPOOL_DATABASE; without it on SQLite and on a PostgreSQL
# that the tests start.
test-accounts:
	scripts/setup --tests
	swift build --build-tests $(SWIFT_FLAGS)
	scripts/swift-test --filter "DatabaseTests|AccountsTests|CreditsTests|CreditTests|RoleTests"
	.venv/bin/python -m pytest Tests/EndToEnd/test_credits.py

lint:
	swift format lint --strict --recursive Package.swift Sources Tests local-emulator Benchmarks
	.venv/bin/ruff format --diff
	.venv/bin/ruff check
	.venv/bin/biome ci --error-on-warnings

format:
	swift format -i --recursive Package.swift Sources Tests local-emulator Benchmarks
	.venv/bin/ruff format
	.venv/bin/ruff check --fix
	.venv/bin/biome check --write

unit:
	swift build --build-tests $(SWIFT_FLAGS)
	scripts/swift-test --skip FFmpegTests --skip SimulationTests
	scripts/swift-test --filter SimulationTests
	scripts/swift-test --filter FFmpegTests

# The products of the same build, driven by real clients.
end-to-end:
	.venv/bin/python -m pytest Tests/EndToEnd
	.venv/bin/python -m pytest Tests/Conformance

# The package of the release build is below Lambda's size limit.
package-size:
	SPOOL_BIN=.build/release .venv/bin/python -m pytest Tests/EndToEnd/test_package.py -k limit

# Each parser on changed inputs for FUZZ_RUNS inputs, beginning with those in Tests/Fixtures/fuzz.
FUZZ_RUNS = 1000000
fuzz:
	SPOOL_FUZZ=1 swift build --scratch-path .build/fuzz -Xswiftc -sanitize=fuzzer \
		-Xlinker -lstdc++ --product fuzz
	scripts/fuzz $(FUZZ_RUNS)

# The unit tests without media and sockets, with the address and then the thread sanitizer.
test-sanitized:
	for kind in address thread; do \
		swift build --build-tests --sanitize=$$kind --scratch-path .build/$$kind && \
		scripts/swift-test --sanitize=$$kind --scratch-path .build/$$kind --skip FFmpegTests \
			--skip Emulator --skip ArchitectureTests || exit 1; \
	done

bench: build
	scripts/setup --tests
	$(RELEASE) echo-function
	$(RELEASE) planner-chunks
	.venv/bin/python Benchmarks/export_benchmark.py
	.venv/bin/python Benchmarks/quality_benchmark.py
	.venv/bin/python Benchmarks/read_benchmark.py
	.venv/bin/python Benchmarks/multicam_benchmark.py
	.venv/bin/python Benchmarks/reexport_benchmark.py
	.venv/bin/python Benchmarks/outputs_benchmark.py
	.venv/bin/python Benchmarks/proxy_benchmark.py
	.venv/bin/python Benchmarks/runtime_benchmark.py
	.venv/bin/python Benchmarks/emulator_benchmark.py
	.venv/bin/python Benchmarks/estimate_benchmark.py
	.venv/bin/python Benchmarks/store_benchmark.py
	.venv/bin/python Benchmarks/store_client_benchmark.py
	.venv/bin/python Benchmarks/listing_benchmark.py
	.venv/bin/python Benchmarks/planner_simulation.py simulate

# One short example of each feature, and a page to look at them.
gallery: build
	scripts/setup --tests
	.venv/bin/python scripts/gallery

# Random kills and faults, each round checked: make chaos SEED=1 ROUNDS=30
chaos: build
	scripts/setup --tests
	SPOOL_BIN=.build/release .venv/bin/python Tests/EndToEnd/chaos.py \
		$(if $(SEED),--seed $(SEED)) --rounds $(or $(ROUNDS),30) $(if $(FIRST),--first $(FIRST))

clean:
	rm -rf .build .data
