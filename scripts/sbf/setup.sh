#!/usr/bin/env bash
# Sets up the registry-only SBPF toolchain: a rustc, a standard library and a linker for Solana
# programs, from Debian packages and the crate registry alone. See
# docs/decisions/001-registry-only-sbf-toolchain.md.
#
# usage: setup.sh
#
# Progress goes to stderr; the last line on stdout is the directory, with bin/cargo-sbf in it.
# Everything lives outside the source tree. A finished directory has a `.complete` file; an
# interrupted run is continued by the next one.
#
# BALLAST_CACHE          the cache directory (default: $XDG_CACHE_HOME/ballast or ~/.cache/ballast)
# BALLAST_SBF_DEBS       a directory with the packages of debs.txt, used before any download
# BALLAST_DEBIAN_MIRROR  a mirror's base address (default: this machine's, from the apt configuration)
# BALLAST_RUSTC          the rustc to use (default: rustc)
set -euo pipefail

RUST_VERSION=1.95
LINKER_VERSION=0.2.6
# Raise this when the steps below change what they produce.
RECIPE=1

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
cache=${BALLAST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ballast}

say() { printf 'sbf: %s\n' "$*" >&2; }
die() {
    printf 'sbf: error: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '  %s\n' "$@" >&2
    exit 1
}
OFFICIAL='or install the official toolchain (cargo build-sbf), which is then used instead.'

# --- the compiler -------------------------------------------------------------------------------

rustc=${BALLAST_RUSTC:-rustc}
command -v "$rustc" >/dev/null || die "$rustc is not installed; Rust $RUST_VERSION is needed"
version=$("$rustc" -vV) || die "$rustc -vV failed"
release=$(sed -n 's/^release: //p' <<<"$version")
[[ $release == "$RUST_VERSION".* ]] || die \
    "Rust $RUST_VERSION is needed, but $rustc is $release" \
    "The standard library of the program is built from the sources of $RUST_VERSION. Choose such a compiler with" \
    "RUSTUP_TOOLCHAIN=<its toolchain> or BALLAST_RUSTC=<path>, $OFFICIAL"
[[ $(uname -sm) == 'Linux x86_64' ]] || die \
    "the registry-only toolchain runs on Linux x86_64, and this is $(uname -sm)" \
    "Install the official toolchain (cargo build-sbf), which is then used instead."

hash=$({
    cat "$here/debs.txt" "$here/patch-std.py"
    printf '%s\n' "$version" "$LINKER_VERSION" "$RECIPE"
} | sha256sum)
dir=$cache/sbf-${hash:0:12}

if [[ -f $dir/.complete ]]; then
    printf '%s\n' "$dir"
    exit 0
fi

# --- the packages -------------------------------------------------------------------------------

sysroot=$("$rustc" --print sysroot)
[[ $sysroot != /usr && -x $sysroot/bin/rustc && -x $sysroot/bin/cargo && -d $sysroot/lib/rustlib ]] || die \
    "cannot copy the toolchain in $sysroot" \
    "A directory of its own is needed, with rustc and cargo in bin/, as rustup makes it."
for tool in curl dpkg-deb python3 tar sha256sum cc; do
    command -v "$tool" >/dev/null || die "$tool is not installed" "make deps installs what is missing."
done

mkdir -p "$cache/debs" "$dir"
# Two builds at once would trip over each other's half-made directories.
if command -v flock >/dev/null; then
    exec 9>"$dir/.lock"
    flock -n 9 || {
        say 'another setup is running; waiting for it'
        flock 9
    }
    if [[ -f $dir/.complete ]]; then
        printf '%s\n' "$dir"
        exit 0
    fi
fi

# The first Debian archive that apt is configured for, other than the security one.
debian_mirror() {
    if [[ -n ${BALLAST_DEBIAN_MIRROR:-} ]]; then
        printf '%s\n' "${BALLAST_DEBIAN_MIRROR%/}"
        return
    fi
    local file
    {
        for file in /etc/apt/sources.list.d/*.sources; do
            [[ ! -f $file ]] || awk 'tolower($1) == "uris:" { for (i = 2; i <= NF; i++) print $i }' "$file"
        done
        for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
            [[ ! -f $file ]] || sed -nE 's/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]*)?([^[:space:]]+).*/\2/p' "$file"
        done
    } | awk '/^https?:\/\/.*\/debian\/?$/ { sub(/\/$/, ""); print; exit }'
}

checksum_ok() { printf '%s  %s\n' "$1" "$2" | sha256sum -c --status 2>/dev/null; }

# The directory of packages at hand, if any.
local_debs=${BALLAST_SBF_DEBS:-}
if [[ -n $local_debs ]]; then
    [[ -d $local_debs ]] || die "BALLAST_SBF_DEBS=$local_debs is not a directory"
elif [[ -d $repo/../shared/sbf/debs ]]; then
    local_debs=$(cd "$repo/../shared/sbf/debs" && pwd)
fi

fetch() { # sha256, path in the pool
    local sum=$1 path=$2 name status url mirror
    name=$(basename "$path")
    if [[ -f $cache/debs/$name ]] && checksum_ok "$sum" "$cache/debs/$name"; then
        return
    fi
    if [[ -n $local_debs && -f $local_debs/$name ]]; then
        say "  $name (from $local_debs)"
        checksum_ok "$sum" "$local_debs/$name" || die \
            "checksum mismatch: $local_debs/$name" \
            "expected sha256 $sum; the file is damaged, or another version. Replace or remove it."
        cp "$local_debs/$name" "$cache/debs/$name.part"
    else
        mirror=$(debian_mirror)
        [[ -n $mirror ]] || die \
            "no Debian mirror in the apt configuration to take $name from" \
            "Name one in BALLAST_DEBIAN_MIRROR, or put the file into a directory and name that in BALLAST_SBF_DEBS," \
            "$OFFICIAL"
        url=$mirror/pool/main/${path//+/%2B}
        say "  $name (download)"
        status=$(curl -sSL --retry 3 --connect-timeout 20 -o "$cache/debs/$name.part" -w '%{http_code}' "$url") || die \
            "downloading $name failed (curl's message is above)" \
            "Run this again when the mirror can be reached; what is here already is kept."
        [[ $status == 200 ]] || {
            rm -f "$cache/debs/$name.part"
            [[ $status != 404 && $status != 410 ]] || die \
                "the package $name is gone from the Debian pool" \
                "Debian removes old versions. Get that file elsewhere (an archive of old packages, another machine)," \
                "put it into a directory and name that in BALLAST_SBF_DEBS (now: ${BALLAST_SBF_DEBS:-not set})," \
                "$OFFICIAL"
            die "the Debian mirror answered $status for $name" \
                "Run this again later, or put the file into a directory and name that in BALLAST_SBF_DEBS."
        }
        checksum_ok "$sum" "$cache/debs/$name.part" || {
            rm -f "$cache/debs/$name.part"
            die "checksum mismatch: $name as downloaded from the Debian mirror" \
                "expected sha256 $sum. The download was removed; run this again, or put the right file into a" \
                "directory and name that in BALLAST_SBF_DEBS."
        }
    fi
    mv "$cache/debs/$name.part" "$cache/debs/$name"
}

# Each step below makes its directory under another name and renames it when it is whole, so that
# what exists is complete.
fresh() {
    rm -rf "$1"
    mkdir -p "$1"
}

say "setting up the registry-only SBPF toolchain in $dir (once; two minutes on an idle machine)"
say '[1/5] Debian packages'
debs=()
while read -r sum path; do
    [[ -n $sum && $sum != \#* ]] || continue
    fetch "$sum" "$path"
    debs+=("$cache/debs/$(basename "$path")")
done <"$here/debs.txt"

say '[2/5] LLVM 23, with the C library it was built for'
if [[ ! -d $dir/llvm ]]; then
    fresh "$dir/llvm.part"
    for deb in "${debs[@]}"; do
        [[ $deb != */rust-src_* ]] || continue
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -C "$dir/llvm.part" --strip-components=4 --wildcards './usr/lib/x86_64-linux-gnu/*.so*'
    done
    [[ -x $dir/llvm.part/ld-linux-x86-64.so.2 && -e $dir/llvm.part/libLLVM-23.so ]] || die \
        "the packages of debs.txt do not hold LLVM 23 and a C library"
    mv "$dir/llvm.part" "$dir/llvm"
fi

say '[3/5] the standard library, taught about the target'
if [[ ! -d $dir/library ]]; then
    fresh "$dir/library.part"
    for deb in "${debs[@]}"; do
        [[ $deb == */rust-src_* ]] || continue
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -C "$dir/library.part" --strip-components=5 --wildcards './usr/src/rustc-*/library'
    done
    python3 "$here/patch-std.py" "$dir/library.part"
    mv "$dir/library.part" "$dir/library"
fi

say "[4/5] a copy of rustc $release that finds this standard library"
if [[ ! -d $dir/toolchain ]]; then
    fresh "$dir/toolchain.part"
    for part in bin lib libexec; do
        [[ -d $sysroot/$part ]] || continue
        # Hard links where the file system allows them. Never edit these files in place.
        cp -al "$sysroot/$part" "$dir/toolchain.part/$part" 2>/dev/null || {
            rm -rf "$dir/toolchain.part/${part:?}"
            cp -a "$sysroot/$part" "$dir/toolchain.part/$part"
        }
    done
    rm -rf "$dir/toolchain.part/lib/rustlib/src"
    mkdir -p "$dir/toolchain.part/lib/rustlib/src/rust"
    ln -s ../../../../../library "$dir/toolchain.part/lib/rustlib/src/rust/library"
    mv "$dir/toolchain.part" "$dir/toolchain"
fi

say "[5/5] sbpf-linker $LINKER_VERSION"
if [[ ! -d $dir/linker ]]; then
    fresh "$dir/linker.part"
    # From / and without the caller's flags: the linker does not depend on where it was built from.
    (
        cd /
        unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET RUSTUP_TOOLCHAIN
        export RUSTC=$dir/toolchain/bin/rustc CARGO_TARGET_DIR=$dir/linker-target
        "$dir/toolchain/bin/cargo" install --quiet --locked --version "$LINKER_VERSION" \
            --root "$dir/linker.part" sbpf-linker >&2
    ) || die "building sbpf-linker $LINKER_VERSION failed (cargo's message is above)" \
        "The crate registry has to be reachable for this step. Run this again; what is done is kept."
    rm -rf "$dir/linker-target"
    mv "$dir/linker.part" "$dir/linker"
fi

fresh "$dir/bin"
# The linker loads LLVM, which needs a newer C library than the machine's: both are named to the
# loader, and only for this one process. An exported LD_LIBRARY_PATH would break everything else.
cat >"$dir/bin/sbpf-linker" <<'W'
#!/bin/sh
top=$(dirname "$(dirname "$(readlink -f "$0")")")
exec env LD_LIBRARY_PATH="$top/llvm" "$top/llvm/ld-linux-x86-64.so.2" --library-path "$top/llvm" \
    "$top/linker/bin/sbpf-linker" "$@"
W
# RUSTFLAGS from the environment would replace the target's own, and the target needs -Z options.
cat >"$dir/bin/cargo-sbf" <<'W'
#!/bin/sh
top=$(dirname "$(dirname "$(readlink -f "$0")")")
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTUP_TOOLCHAIN
export RUSTC_BOOTSTRAP=1 RUSTC="$top/toolchain/bin/rustc" PATH="$top/bin:$PATH"
exec "$top/toolchain/bin/cargo" "$@"
W
chmod +x "$dir/bin/sbpf-linker" "$dir/bin/cargo-sbf"
"$dir/bin/sbpf-linker" --version >/dev/null || die \
    "the linker does not start" "Remove $dir and run this again."

touch "$dir/.complete"
say "ready: $dir"
printf '%s\n' "$dir"
