#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Collects what `felixsim verify` compares from the node on which it runs, into one tar archive.
# Needs no more than a POSIX shell; reads only, changes nothing, and asks nothing of the network or
# the datastore. Run it as root:
#
#   sh capture-node.sh [ARCHIVE]          (default: NODE-TIME.tar in the current folder)
#   sh capture-node.sh - > ARCHIVE        (to standard output, as from `kubectl debug node/N`)
#
# Each tool's output is one file of the archive; a tool that is missing or fails leaves no file, and
# MANIFEST.txt says so. Of Felix's environment only names that begin with FELIX_ are taken, and
# none that may hold a secret; so of felix.cfg. FELIXSIM_PROC, FELIXSIM_SYS and FELIXSIM_MODULES
# (default /proc, /sys, /lib/modules/RELEASE) are for nodes mounted elsewhere.
set -u
umask 077
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL

node=$(uname -n 2>/dev/null || echo node)
now=$(date -u +%Y%m%dT%H%M%SZ 2>/dev/null || echo now)
name=$node-$now
target=${1:-$name.tar}
case $target in
-h | --help)
  sed -n '3,15s/^# \{0,1\}//p' "$0"
  exit 0
  ;;
esac

work=${TMPDIR:-/tmp}/felixsim-capture.$$
# Without -p, so that a folder or link that somebody else put there is refused.
if ! mkdir "$work" || ! mkdir "$work/$name"; then
  echo "error: $work: cannot be made" >&2
  echo "  help: set TMPDIR to a folder with room for some megabytes" >&2
  exit 2
fi
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
out=$work/$name
manifest=$out/MANIFEST.txt

note() { echo "$*" >>"$manifest"; }

# capture FILE COMMAND...: the command's standard output as FILE, if it succeeds.
capture() {
  file=$1
  shift
  if ! command -v "$1" >/dev/null 2>&1; then
    note "missing  $file: there is no $1 on this node"
    return 0
  fi
  "$@" >"$out/$file" 2>"$work/errors"
  code=$?
  if [ $code -eq 0 ]; then
    note "ok       $file: $*"
  else
    rm -f "$out/$file"
    note "failed   $file: $* (exit code $code)"
  fi
  sed 's/^/         /' "$work/errors" >>"$manifest"
}

# The legacy tools would load kernel modules where there are none of their tables yet.
capture_legacy() {
  if grep -q . "${FELIXSIM_PROC:-/proc}/net/$2" 2>/dev/null; then
    capture "$1" "$3"
  else
    : >"$out/$1"
    note "ok       $1: the kernel has no legacy tables"
  fi
}

# The settings of interfaces that Felix writes, without the sysctl tool.
sysctls() {
  for path in "${FELIXSIM_PROC:-/proc}"/sys/net/ipv[46]/conf/*/* \
    "${FELIXSIM_PROC:-/proc}"/sys/net/ipv[46]/neigh/*/proxy_delay; do
    case $path in
    */rp_filter | */proxy_arp | */forwarding | */route_localnet | */accept_local | */proxy_delay | */proxy_ndp | */accept_ra | */src_valid_mark) ;;
    *) continue ;;
    esac
    value=$(cat "$path" 2>/dev/null) || continue
    path=${path#"${FELIXSIM_PROC:-/proc}"/sys/}
    family=${path#net/}
    family=${family%%/*}
    kind=${path#net/"$family"/}
    kind=${kind%%/*}
    device=${path#net/"$family"/"$kind"/}
    echo "net.$family.$kind.${device%%/*}.${path##*/} = $value"
  done
}

# The folder in /proc of the running Felix: of calico-node's processes the one that was started so.
felix_process() {
  found=
  for path in "${FELIXSIM_PROC:-/proc}"/[0-9]*/comm; do
    case $(cat "$path" 2>/dev/null) in
    calico-node | calico-felix) ;;
    *) continue ;;
    esac
    case $(tr '\000' ' ' <"${path%comm}cmdline" 2>/dev/null) in
    *-felix*) found=${path%comm} && break ;;
    *) found=${found:-${path%comm}} ;;
    esac
  done
  if [ -z "$found" ]; then
    echo "calico-node does not run here" >&2
    return 1
  fi
  echo "$found"
}

secrets='^[^=]*\(pass\|secret\|token\|key\|cert\|cafile\|user\|etcd\|typha\)'

# FELIX_* of the running calico-node, without what may be secret.
felix_environment() {
  process=$(felix_process) || return 1
  tr '\000' '\n' <"${process}environ" 2>/dev/null |
    grep '^FELIX_[A-Za-z0-9_]*=' | grep -iv "$secrets" | sort -u
  return 0
}

# Its configuration file, without what may be secret. Calico's image has none.
felix_cfg() {
  process=$(felix_process) || return 1
  [ -f "${process}root/etc/calico/felix.cfg" ] || return 0
  grep -iv "$secrets" "${process}root/etc/calico/felix.cfg"
}

# Kinds of devices and features that Felix asks of the kernel: "ipip yes", "... no", "... unknown".
kernel_abilities() {
  modules=${FELIXSIM_MODULES:-/lib/modules/$(uname -r)}
  for ability in ipip wireguard dummy ip_vs; do
    answer=unknown
    if [ -d "${FELIXSIM_SYS:-/sys}/module/$ability" ]; then
      answer=yes
    elif [ -r "$modules/modules.dep" ] || [ -r "$modules/modules.builtin" ]; then
      answer=no
      grep -q "/$ability\.ko" "$modules/modules.dep" "$modules/modules.builtin" 2>/dev/null &&
        answer=yes
    fi
    echo "$ability $answer"
  done
}

note "felixsim capture of $node at $now, $(uname -sr 2>/dev/null)"
[ "$(id -u 2>/dev/null)" = 0 ] || note "warning  not run as root: tables and sets cannot be read"

capture iptables-nft-save.txt iptables-nft-save
capture_legacy iptables-legacy-save.txt ip_tables_names iptables-legacy-save
capture ip6tables-nft-save.txt ip6tables-nft-save
capture_legacy ip6tables-legacy-save.txt ip6_tables_names ip6tables-legacy-save
# Where there is one iptables only, it says itself of which kind it is.
command -v iptables-nft-save >/dev/null 2>&1 || capture iptables-save.txt iptables-save
command -v ip6tables-nft-save >/dev/null 2>&1 || capture ip6tables-save.txt ip6tables-save
capture ipset-save.txt ipset save
capture nft-list-ruleset.txt nft list ruleset
capture ip-route.txt ip -4 route show table all
capture ip6-route.txt ip -6 route show table all
capture ip-rule.txt ip -4 rule show
capture ip6-rule.txt ip -6 rule show
capture ip-neigh.txt ip neigh show
capture bridge-fdb.txt bridge fdb show
capture wg-show.txt wg show
capture ip-link.txt ip -o -d link show
capture ip-addr.txt ip -o addr show
capture sysctl.txt sysctls
capture felix-environment.txt felix_environment
capture felix-cfg.txt felix_cfg
capture kernel-abilities.txt kernel_abilities
for tool in iptables ipset nft ip; do
  command -v $tool >/dev/null 2>&1 || continue
  case $tool in
  ip) version=$(ip -V 2>&1) ;;
  *) version=$($tool --version 2>&1) ;;
  esac
  note "version  $tool: $version"
done

if [ "$target" = - ]; then
  tar -cf - -C "$work" "$name" || exit 2
elif ! command -v tar >/dev/null 2>&1; then
  folder=${target%.tar}
  cp -r "$out" "$folder" || exit 2
  echo "there is no tar: the capture is the folder $folder, which felixsim verify reads too" >&2
elif ! tar -cf "$target" -C "$work" "$name"; then
  echo "error: $target: cannot be written" >&2
  echo "  help: name an archive in a folder with room: sh capture-node.sh /var/tmp/node.tar" >&2
  exit 2
else
  echo "$target" >&2
fi
grep -v '^\(ok\|version\|felixsim\)' "$manifest" >&2
exit 0
