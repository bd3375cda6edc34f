#!/bin/sh
# Installs what the tests need and runs all of them: format, lints, unit, integration, doc and cross-check tests.
#
#     sh tests/all.sh
#
# It needs a Rust toolchain with rustfmt and clippy; on Debian and its like it installs the rest (h5dump by apt, h5py
# into a virtual environment below target/), as root or with sudo. What is there already is not installed again.
set -eu
cd "$(dirname "$0")/.."

main() {
    need_h5dump
    need_python
    run cargo fmt --check
    run cargo clippy --all-targets --all-features -- -D warnings
    run cargo clippy --no-default-features -- -D warnings
    run cargo test --all-features
    run cargo build --no-default-features
    say "all tests passed"
}

say() {
    printf '\n== %s\n' "$*"
}

run() {
    say "$*"
    "$@"
}

need_h5dump() {
    command -v h5dump >/dev/null || apt_install hdf5-tools
    run h5dump --version
}

# The list of what was installed is copied last, so that an installation that broke off is done again.
need_python() {
    environment=target/python
    if ! cmp -s tests/requirements.txt "$environment/requirements.txt"; then
        make_environment
        run "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
        cp tests/requirements.txt "$environment/requirements.txt"
    fi
    run "$environment/bin/python" -c 'import h5py; print("h5py", h5py.__version__, "HDF5", h5py.version.hdf5_version)'
}

# Debian's python3 lacks what it takes to make an environment until python3-venv is there.
make_environment() {
    rm -rf "$environment"
    mkdir -p target
    if ! run python3 -m venv "$environment"; then
        rm -rf "$environment"
        apt_install python3-venv
        run python3 -m venv "$environment"
    fi
}

apt_install() {
    if [ "$(id -u)" = 0 ]; then
        as_root=
    else
        as_root=sudo
    fi
    run $as_root apt-get update
    run $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
}

main
