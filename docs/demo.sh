#!/usr/bin/env bash
# The main job on real input: etcd events recorded from a Calico cluster go in, what Felix programmed
# comes out. `./dev demo` runs it; the README quotes it.
set -euo pipefail
felixsim=${1:?usage: demo.sh PATH-TO-FELIXSIM}
recording=tests/vectors/recording/vxlan-two-nodes
log=$(mktemp -d)/flight.db
trap 'rm -rf "$(dirname "$log")"' EXIT

show() {  # prints the command as one would type it, then runs it
  echo "\$ felixsim $(printf '%s ' "$@" | sed "s|$log|flight.db|g")"
  "$felixsim" "$@" | sed "s|$log|flight.db|g"
  echo
}

show import --from recording "$recording" --log "$log"
show show "$log" --node node-a --at step:2 --what routes
show show "$log" --node node-a --at step:2 --what ipsets
echo "# which event cut db off? what changed on its node between the two moments:"
echo "\$ felixsim diff flight.db step:0 step:1 --node node-b --what iptables | grep cali-pi"
"$felixsim" diff "$log" step:0 step:1 --node node-b --what iptables | grep cali-pi || true
