#!/bin/sh
# Makes what compose.yaml reads from ./secrets, once; what is there already stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets tls
keep() { [ -s "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"; }
keep postgres_password "$(openssl rand -hex 24)"
keep redis_password "$(openssl rand -hex 24)"
keep master_key "$(openssl rand -base64 32)"
keep database_url "postgres://gangway:$(cat secrets/postgres_password)@postgres:5432/gangway"
keep redis_url "redis://:$(cat secrets/redis_password)@redis:6379"
if [ ! -s tls/gangway.crt ]; then
  # To try it out; put a certificate that callers trust in its place.
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
    -keyout tls/gangway.key -out tls/gangway.crt 2>/dev/null
fi
# The containers read these as another user than the one who made them.
chmod 644 secrets/*
