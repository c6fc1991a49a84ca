#!/bin/sh
# The edge of a serving pod: nginx in the foreground that takes a changed certificate or token
# without dropping a connection. Usage: modelbond-edge [FOLDER], by default /etc/edge, which holds
# nginx.conf and the mounted Secret tls/. SIGTERM lets requests in flight end.
set -eu

folder=${1:-/etc/edge}
scratch=${TMPDIR:-/tmp}
nginx=
stopping=

stop() {
  stopping=yes
  if [ -n "$nginx" ]; then kill -QUIT "$nginx"; fi
}

# A plain sleep would hold a signal back until it ends.
pause() {
  sleep 2 &
  wait "$!" || true
}

# Nobody is let in before it is known who may, and how often.
issued() {
  [ -s "$folder/tls/tls.crt" ] && [ -s "$folder/tls/tls.key" ] && [ -s "$folder/tls/tokens.conf" ] &&
    sed -nE "s,^ *include ($folder/tls/[^;]+);.*,\1,p" "$folder/nginx.conf" |
    while read -r file; do [ -s "$file" ] || exit 1; done
}

# The same ports on IPv6, where the kernel has it: nginx ends when it cannot open a socket.
listeners() {
  if [ -e /proc/net/if_inet6 ]; then
    sed -nE "s/^ *listen ([0-9]+) ssl;/listen [::]:\1 ssl;/p" "$folder/nginx.conf"
  fi
}

# nginx reads a file that its configuration names without a variable only once.
fingerprint() {
  sed -nE "s/^ *(include|ssl_certificate(_key)?) ([^$;]+);.*/\3/p" "$folder/nginx.conf" |
    sort -u | xargs -r sha256sum
}

trap stop TERM INT

issued || echo "edge: waiting for the certificate that the home signs" >&2
until issued || [ -n "$stopping" ]; do pause; done
[ -z "$stopping" ] || exit 0

listeners > "$scratch/listen.conf"
taken=$(fingerprint)
nginx -e stderr -c "$folder/nginx.conf" -g "daemon off;" &
nginx=$!

while [ -z "$stopping" ] && kill -0 "$nginx" 2>/dev/null; do
  pause
  current=$(fingerprint)
  # A half-written Secret changes the fingerprint once more, so it is read once more.
  if [ "$current" != "$taken" ] && kill -HUP "$nginx"; then
    echo "edge: certificate or tokens changed" >&2
    taken=$current
  fi
done

wait "$nginx"
