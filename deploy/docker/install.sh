#!/bin/sh
# How images get their Python packages (Dockerfile): `install.sh FILE.lock` makes /opt/venv of a lock, each file by its hash; `install.sh .`
# adds this package to it, editable as on a laptop, with the metadata that a model's requirements are compared with.
set -eu

if [ "$1" != . ]; then
  python -m venv --without-pip /opt/venv
  # Compiled here: a read-only container cannot do it at every start.
  /opt/uv/bin/uv pip sync --python /opt/venv/bin/python --require-hashes --compile-bytecode "$1"
  # 160 MB of other projects' test suites
  for name in matplotlib numba numpy pandas pyarrow scipy sklearn statsmodels; do
    packages=/opt/venv/lib/python3.11/site-packages/$name
    [ ! -d "$packages" ] || find "$packages" -type d -name tests -prune -exec rm -rf {} +
  done
  # 38 MB of Arrow that nothing here speaks or compiles against: the Flight protocol and C++ headers
  for part in include 'libarrow_flight*' '_flight*'; do
    find /opt/venv/lib/python3.11/site-packages -maxdepth 2 -path "*/pyarrow/$part" -exec rm -rf {} +
  done
else
  /opt/uv/bin/uv pip install --offline --no-cache --no-deps --no-build-isolation --python /opt/venv/bin/python --editable .
  rm -rf build
  for folder in include plugins scripts; do [ ! -d "$folder" ] || python -m compileall -q "$folder"; done
  ln -sf /opt/bank-marketing/deploy/docker/bank-marketing.sh /opt/venv/bin/bank-marketing
fi
