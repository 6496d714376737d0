#!/bin/sh
# The command line in images: with the secrets of the container it runs in, also when `docker compose exec` starts it.
exec bank-entrypoint python -m bank_marketing "$@"
