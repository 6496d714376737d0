#!/bin/sh
# Start of every container: a name for an arbitrary UID, the secrets that this container may see, then the command.
set -eu

if ! getent passwd "$(id -u)" >/dev/null; then
  passwd=/tmp/.passwd  # one file: health checks come through here every few seconds
  [ -s "$passwd" ] || { cat /etc/passwd; echo "bank-$(id -u):x:$(id -u):0::${HOME}:/usr/sbin/nologin"; } > "$passwd"
  # Java asks the C library, Python asks USER first: processes that Airflow forks have lost the wrapper's open file.
  export LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD="$passwd" NSS_WRAPPER_GROUP=/etc/group
  export USER="bank-$(id -u)" LOGNAME="bank-$(id -u)"
fi

# name=value lines, written by scripts/compose_secrets.py; what the environment says already wins.
for file in /run/bank/*/*.env; do
  [ -r "$file" ] || continue
  while IFS= read -r line; do
    name=${line%%=*}
    eval "[ -n \"\${$name+set}\" ]" || export "$name=${line#*=}"
  done < "$file"
done

# Spark on Kubernetes starts its executors' containers with this one word.
[ "${1:-}" != executor ] || set -- bash "$(dirname "$(readlink -f "$0")")/spark-executor.sh"

umask 0002  # group 0 is what containers of another UID share
exec "$@"
