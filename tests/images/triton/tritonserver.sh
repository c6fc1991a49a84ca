#!/bin/sh
# Starts Triton from a root file system that is read-only.
set -eu

# The python backend runs chmod on its stub at each load, so the backends must be our own copy.
backends=$(mktemp --directory "${TMPDIR:-/tmp}/backends.XXXXXX")
cp -R /opt/triton/backends/. "$backends"

export LD_LIBRARY_PATH=/opt/triton/lib
exec /opt/triton/bin/tritonserver "--backend-directory=$backends" "$@"
