# keystead: what a developer and CI type. `make help` lists it.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TESTS ?= tests
SOURCES := src tests tools bench prove

# Real clients, each in an environment of its own: their botocore is not ours to choose.
AWSCLI := awscli==1.46.3
BOTO3 := boto3==1.44.5
GRAFANA := grafana-client==5.1.4
MCP := mcp-grafana==2.1.1
DNSPYTHON := dnspython[doh]==2.9.2
ANSIBLE_CORE := ansible-core==2.19.14
ANSIBLE := ansible==12.3.0
S3FS := s3fs==2026.9.0
MINIO := minio==7.2.20
PYARROW := pyarrow==26.0.1
CLIENTS := .clients/awscli/.ready .clients/boto3/.ready .clients/grafana/.ready \
	.clients/mcp/.ready .clients/dnspython/.ready .clients/ansible/.ready
S3_CLIENTS := .clients/s3fs/.ready .clients/minio/.ready .clients/pyarrow/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test check lint types contracts format clients walks prove bench docs clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 12

setup: $(READY)  ## Make .venv and install keystead and its tools

run: $(READY)  ## Serve on ./keystead-data
	$(BIN)/keystead serve

test: $(READY) $(CLIENTS) $(S3_CLIENTS)  ## Run the tests (TESTS=path for some of them)
	$(BIN)/python -m pytest -n auto $(PYTEST_OPTIONS) $(TESTS)

check: lint types contracts test  ## Everything that has to hold before a push

lint: $(READY)  ## Check style, generated files and the house's own rules
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/python tools/generate_types.py --check
	$(BIN)/python tools/generate_docs.py --check
	$(BIN)/python tools/check_house.py

types: $(READY)  ## Check types
	$(BIN)/pyright

contracts: $(READY)  ## Check who imports whom
	$(BIN)/lint-imports --no-logo

format: $(READY)  ## Format the code
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

walks: $(READY) $(CLIENTS) $(S3_CLIENTS)  ## Walk S3 clients through a server (three of them from the system)
	clients/run s3cli s3boto3 rclone restic s3cmd s3fs minio pyarrow

clients: $(CLIENTS) $(S3_CLIENTS)  ## Install the real clients that tests run, under .clients

prove: $(READY)  ## Run what takes long: kills and revokes under load, gigabytes, deep generated cases
	$(BIN)/python -m prove.kill
	$(BIN)/python -m prove.revoke
	$(BIN)/python -m prove.crowd
	$(BIN)/python -m prove.objects
	$(BIN)/python -m prove.transfer
	KEYSTEAD_SIGV4_EXAMPLES=3000 $(BIN)/python -m pytest -n auto tests/access tests/protocol
	KEYSTEAD_POLICY_EXAMPLES=1700 $(BIN)/python -m pytest -n auto tests/policy

bench: $(READY)  ## Measure against the peer and a bare server (about 20 minutes)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[bench]'
	$(BIN)/python -m bench

docs: $(READY)  ## Write the reference pages
	$(BIN)/python tools/generate_docs.py

clean:  ## Remove what the other targets made, but no data directory
	rm -rf .venv .clients .bench .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist src/*.egg-info

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("keystead needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,lint,tour]'
	@touch $@

.clients/awscli/.ready: PACKAGE = $(AWSCLI)
.clients/boto3/.ready: PACKAGE = $(BOTO3)
.clients/grafana/.ready: PACKAGE = $(GRAFANA)
.clients/mcp/.ready: PACKAGE = $(MCP)
.clients/dnspython/.ready: PACKAGE = $(DNSPYTHON)
.clients/s3fs/.ready: PACKAGE = $(S3FS)
.clients/minio/.ready: PACKAGE = $(MINIO)
.clients/pyarrow/.ready: PACKAGE = $(PYARROW)
.clients/%/.ready: Makefile
	test -x .clients/$*/bin/python || $(PYTHON) -m venv .clients/$*
	.clients/$*/bin/python -m pip install --quiet $(PACKAGE)
	@touch $@

# Ansible's collections come from Galaxy, or all at once from PyPI: of those this one alone is unpacked.
.clients/ansible/.ready: Makefile clients/collection.py
	test -x .clients/ansible/bin/python || $(PYTHON) -m venv .clients/ansible
	.clients/ansible/bin/python -m pip install --quiet $(ANSIBLE_CORE)
	.clients/ansible/bin/python -m pip download --quiet --no-deps -d .clients/ansible/wheel $(ANSIBLE)
	.clients/ansible/bin/python clients/collection.py .clients/ansible
	@touch $@
