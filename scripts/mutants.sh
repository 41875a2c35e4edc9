#!/usr/bin/env bash
# Tries the tests: builds the program with one guard removed at a time, and runs the tests that guard it.
#
# usage: mutants.sh [--write] [--list] [PATTERN...]
#
# A mutant is a patch under tests/mutants/ with two lines above it:
#
#   # what: one sentence of the guard that is removed
#   # kills: a nextest filter expression: the tests of which at least one must fail
#
# Each is applied to a copy of the sources under target/mutants (this tree is not touched) and built there; the
# tests are the unmutated ones of this tree, told by BALLAST_SO to load the mutant. A mutant that all its tests
# accept has survived: then a test is missing, and the exit status is 1.
#
# Results are kept under target/mutants/results by what they depend on, so that an interrupted run is continued.
#
# --write    write the table to docs/mutants.md (only where all mutants ran)
# --list     name the mutants, and run nothing
# PATTERN    only mutants whose path contains one of these
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repo"
work=$repo/target/mutants
tree=$work/tree
results=$work/results
page=$repo/docs/mutants.md

die() {
    printf 'mutants: error: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '  %s\n' "$@" >&2
    exit 2
}

write=no list=no patterns=()
for argument in "$@"; do
    case $argument in
    --write) write=yes ;;
    --list) list=yes ;;
    -*) die "unknown option $argument" "usage: mutants.sh [--write] [--list] [PATTERN...]" ;;
    *) patterns+=("$argument") ;;
    esac
done

# header FILE KEY: a line of a mutant's head.
header() { sed -n "s/^# $2: //p" "$1" | head -1; }

mutants=()
while IFS= read -r patch; do
    wanted=no
    ((${#patterns[@]} > 0)) || wanted=yes
    for pattern in "${patterns[@]}"; do [[ $patch != *"$pattern"* ]] || wanted=yes; done
    [[ $wanted == no ]] || mutants+=("$patch")
done < <(find tests/mutants -name '*.patch' | LC_ALL=C sort)
((${#mutants[@]} > 0)) || die "no mutant of tests/mutants matches ${patterns[*]}"
for patch in "${mutants[@]}"; do
    [[ -n $(header "$patch" what) && -n $(header "$patch" kills) ]] ||
        die "$patch has no '# what:' or no '# kills:' line"
done
if [[ $list == yes ]]; then
    for patch in "${mutants[@]}"; do printf '%s\t%s\n' "$patch" "$(header "$patch" what)"; done
    exit 0
fi

program=$repo/target/deploy/ballast.so
[[ -f $program ]] || die "there is no $program" "Run 'make build' first."

# What the program is built from.
sources=(Cargo.toml Cargo.lock rustfmt.toml scripts/sbf programs crates app tests tools)
tracked() { git ls-files -z --cached --others --exclude-standard -- "$@"; }
content() { tracked "$@" | LC_ALL=C sort -zu | xargs -0 sha256sum -- 2>/dev/null | sha256sum | cut -c1-16; }
built=$(content Cargo.toml Cargo.lock scripts/sbf programs crates)

# The copy. A file that is the same keeps its time, so that nothing is built twice.
mkdir -p "$tree" "$results" "$work/tests" "$work/deploy"
while IFS= read -r -d '' file; do
    [[ -f $file ]] || continue
    if ! cmp -s "$file" "$tree/$file"; then
        mkdir -p "$tree/$(dirname "$file")"
        cp "$file" "$tree/$file"
    fi
done < <(tracked "${sources[@]}")
# Dependencies that are built already need not be built again.
if [[ ! -d $tree/target/sbf && -d target/sbf ]]; then
    mkdir -p "$tree/target"
    cp -a target/sbf "$tree/target/sbf"
fi

# The tests, built once and kept apart, so that a run does not change with the tree under it.
archive=$work/tests.tar.zst
freeze() {
    cargo nextest archive --workspace --archive-file "$archive.new" --archive-format tar-zst >"$work/archive.log" 2>&1 ||
        die "the tests do not build" "see ${work#"$repo"/}/archive.log"
    mv "$archive.new" "$archive"
}

# suite SO EXPRESSION: runs tests on a build of the program.
suite() {
    BALLAST_SO=$1 cargo nextest run --archive-file "$archive" --extract-to "$work/tests" --extract-overwrite \
        --no-fail-fast --color never --status-level fail --final-status-level fail \
        --failure-output never --success-output never -E "$2" 2>&1
}

# What is named must pass on the program as it is: a test that fails anyway kills nothing.
sound() {
    local all='' patch
    for patch in "${mutants[@]}"; do all+="${all:+ | }($(header "$patch" kills))"; done
    local output
    output=$(suite "$program" "$all") || die "a test that is to kill a mutant fails without any, or does not exist" \
        "$(tail -20 <<<"$output")"
}

# try PATCH: prints "killed TESTS", "survived", or "broken WHY".
try() {
    local patch=$1 name output status so
    name=$(basename "$patch" .patch)
    so=$work/deploy/$name.so
    local -a files
    mapfile -t files < <(sed -n 's|^+++ b/\([^[:space:]]*\).*|\1|p' "$patch")
    if ! output=$(cd "$tree" && GIT_CEILING_DIRECTORIES=$work git apply -C1 "$repo/$patch" 2>&1); then
        printf 'broken it does not apply: %s\n' "$(tail -1 <<<"$output")"
        return
    fi
    status=0
    output=$("$tree/scripts/sbf/build.sh" 2>&1) || status=$?
    # Restored by content; the new time makes cargo look at it again.
    for file in "${files[@]}"; do cp "$repo/$file" "$tree/$file"; done
    if ((status != 0)); then
        printf '%s\n' "$output" >"$work/$name.log"
        printf 'broken it does not build: see %s\n' "${work#"$repo"/}/$name.log"
        return
    fi
    mv "$tree/target/deploy/ballast.so" "$so"
    if cmp -s "$so" "$program"; then
        printf 'broken it is the same program\n'
        return
    fi
    status=0
    output=$(suite "$so" "$(header "$patch" kills)") || status=$?
    rm -f "$so"
    case $status in
    0) printf 'survived\n' ;;
    # nextest: tests ran, and some failed.
    100) printf 'killed %s\n' "$(sed -n 's/^ *\(FAIL\|SIGABRT\|TRY [0-9]* FAIL\) \[[^]]*\] *\(([^)]*) *\)\?[^ ]* //p' <<<"$output" | LC_ALL=C sort -u | paste -sd' ')" ;;
    *)
        printf '%s\n' "$output" >"$work/$name.log"
        printf 'broken its tests do not run: see %s\n' "${work#"$repo"/}/$name.log"
        ;;
    esac
}

# key PATCH: what its result depends on: itself, the program, and the files of the tests that it names.
key() {
    local module files=()
    while read -r module; do
        files+=("tests/*/$module.rs" "tests/*/$module/")
    done < <(header "$1" kills | grep -o '[a-z_0-9]\+::' | tr -d : | sort -u)
    ((${#files[@]} > 0)) || files=(tests)
    files+=('tests/*/common.rs' 'tests/*/common/')
    printf '%s-%s' "$(basename "$1" .patch)" "$(cat "$1" <(echo "$built" "$(content "${files[@]}")") | sha256sum | cut -c1-16)"
}

checked=no
failures=0
rows=()
for patch in "${mutants[@]}"; do
    kept=$results/$(key "$patch")
    if [[ ! -f $kept ]]; then
        if [[ $checked == no ]]; then
            freeze
            sound
            checked=yes
        fi
        try "$patch" >"$kept.new"
        # What broke is tried again; what was judged is kept.
        if grep -q '^broken' "$kept.new"; then kept=$kept.new; else mv "$kept.new" "$kept"; fi
    fi
    read -r verdict detail <"$kept"
    name=${patch#tests/mutants/}
    name=${name%.patch}
    case $verdict in
    killed) printf '%-42s killed by %s\n' "$name" "$detail" ;;
    survived)
        printf '%-42s SURVIVED: %s\n' "$name" "$(header "$patch" what)"
        failures=$((failures + 1))
        ;;
    *)
        printf '%-42s BROKEN: %s\n' "$name" "$detail"
        failures=$((failures + 1))
        ;;
    esac
    rows+=("| \`$name\` | $(header "$patch" what) | $([[ $verdict == killed ]] && sed 's/\([^ ]\+\)/`\1`/g; s/ /, /g' <<<"$detail" || printf '**%s**' "$verdict") |")
done

if [[ $write == yes ]]; then
    ((${#patterns[@]} == 0)) || die "docs/mutants.md is written from all mutants, not from some"
    {
        cat <<'HEAD'
# Mutants

A test that cannot fail shows nothing. Each line below is the program with one guard removed; the tests named beside
it were run on that build and failed. The patches are in `tests/mutants/`; they are no switches in the program.

`make mutants` builds and tries all of them and writes this page; `make mutants ARGS=withdraw` tries those whose path
contains the word. A mutant that survives, no longer applies or no longer builds fails the run. What has been judged
is kept under `target/mutants` until a source, a test or the patch changes, so a run that was interrupted goes on
where it stopped. `BALLAST_SO` names the build of the program that the tests load.

A new guard brings its mutant: write the patch against the tree, and above it `# what:` with the guard in a sentence
and `# kills:` with the [filter expression](https://nexte.st/docs/filtersets/) of the tests that must notice.

HEAD
        printf '| mutant | guard that is removed | noticed by |\n|---|---|---|\n'
        printf '%s\n' "${rows[@]}"
    } >"$page"
fi
printf 'mutants: %d tried, %d not killed\n' "${#mutants[@]}" "$failures"
((failures == 0))
