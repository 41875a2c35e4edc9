#!/usr/bin/env python3
"""Teach a copy of the Rust 1.95.0 library sources about target_os = "solana".

usage: patch-std.py DIRECTORY     (the `library` directory of rust-src)

An SBPF program has one thread, no writable statics, no operating system and no entropy. That is
close to what std already does for `vexos`, so most of the work is to list `solana` beside it.
Every edit names the text it replaces and how often that must occur: on other sources the script
stops before anything is written.
"""

import pathlib
import re
import sys

RUST_VERSION = "1.95.0"


class Mismatch(Exception):
    """The sources are not the ones that the edits were written for."""


class Sources:
    """Files below a directory, edited in memory and written together at the end."""

    def __init__(self, root):
        self.root = root
        self.edited = {}

    def read(self, path):
        if path not in self.edited:
            try:
                return (self.root / path).read_text()
            except OSError as error:
                raise Mismatch(f"{path}: {error.strerror}") from error
        return self.edited[path]

    def write(self, path, text):
        self.edited[path] = text

    def replace(self, path, old, new):
        text = self.read(path)
        found = text.count(old)
        if found != 1:
            first = old.strip().splitlines()[0]
            raise Mismatch(f"{path}: expected once, found {found} times: {first}")
        self.write(path, text.replace(old, new))

    def save(self):
        for path, text in self.edited.items():
            (self.root / path).write_text(text)


def list_beside_vexos(std):
    """Take the thread-less, entropy-less implementations: thread locals, io errors, random."""
    places = 0
    for file in sorted((std.root / "src").rglob("*.rs")):
        path = str(file.relative_to(std.root))
        text, count = re.subn(
            r'(?m)^( *)target_os = "vexos",$',
            r'\g<0>\n\1target_os = "solana",',
            std.read(path),
        )
        if count:
            std.write(path, text)
            places += count
    if places != 5:
        raise Mismatch(f'src: expected target_os = "vexos" in 5 places, found {places}')


def lift_restriction(std):
    """Without this every crate that uses std needs #![feature(restricted_std)]."""
    std.replace(
        "build.rs",
        '|| target_os == "vexos"',
        '|| target_os == "vexos"\n        || target_os == "solana"',
    )


def add_allocator(std):
    """`System` never allocates: a program brings its own #[global_allocator]."""
    path = "src/sys/alloc/mod.rs"
    std.replace(
        path,
        '    target_os = "zkvm" => {\n',
        '    target_os = "solana" => {\n        mod solana;\n    }\n    target_os = "zkvm" => {\n',
    )
    # The smallest alignment that every allocation has is listed by architecture.
    std.replace(
        path,
        '    target_arch = "wasm32",\n',
        '    target_arch = "wasm32",\n    target_arch = "bpf",\n',
    )
    std.write(
        "src/sys/alloc/solana.rs",
        """\
use crate::alloc::{GlobalAlloc, Layout, System};
#[stable(feature = "alloc_system_type", since = "1.28.0")]
unsafe impl GlobalAlloc for System {
    unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
        crate::ptr::null_mut()
    }
    unsafe fn dealloc(&self, _ptr: *mut u8, _layout: Layout) {}
}
""",
    )


def report_core_panics(std):
    """Panics of core call the program's custom_panic, which Solana's entrypoint macros define."""
    std.replace(
        "src/panicking.rs",
        "pub fn panic_handler(info: &core::panic::PanicInfo<'_>) -> ! {\n",
        """\
pub fn panic_handler(info: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(target_os = "solana")]
    {
        unsafe extern "Rust" {
            fn custom_panic(info: &core::panic::PanicInfo<'_>);
        }
        unsafe { custom_panic(info) };
        crate::intrinsics::abort();
    }
    #[cfg(not(target_os = "solana"))]
    panic_handler_std(info)
}

#[cfg(not(any(test, doctest, target_os = "solana")))]
fn panic_handler_std(info: &core::panic::PanicInfo<'_>) -> ! {
""",
    )


def abort_other_panics(std):
    """Every other panic aborts: the hook and the panic counters are writable statics."""
    path = "src/panicking.rs"
    text = std.read(path)
    function = text.find("fn panic_with_hook(")
    body = text.find("    let must_abort = panic_count::increase(true);\n", function)
    if function < 0 or body < 0:
        raise Mismatch(f"{path}: no panic_with_hook that starts by counting the panic")
    head = """\
    #[cfg(target_os = "solana")]
    {
        let _ = (&payload, location, can_unwind, force_no_backtrace);
        crate::intrinsics::abort();
    }
    #[cfg(not(target_os = "solana"))]
    panic_with_hook_std(payload, location, can_unwind, force_no_backtrace)
}

#[cfg(not(target_os = "solana"))]
fn panic_with_hook_std(
    payload: &mut dyn PanicPayload,
    location: &Location<'_>,
    can_unwind: bool,
    force_no_backtrace: bool,
) -> ! {
"""
    std.write(path, text[:body] + head + text[body:])


def fix_hash_keys(std):
    """HashMap keys are constants: std keeps them in a thread local and counts them up."""
    std.replace(
        "src/hash/random.rs",
        "    pub fn new() -> RandomState {\n",
        """\
    #[cfg(target_os = "solana")]
    pub fn new() -> RandomState {
        let (k0, k1) = hashmap_random_keys();
        RandomState { k0, k1 }
    }

    /// Constructs a new `RandomState`.
    #[inline]
    #[allow(deprecated)]
    #[must_use]
    #[stable(feature = "hashmap_build_hasher", since = "1.7.0")]
    #[cfg(not(target_os = "solana"))]
    pub fn new() -> RandomState {
""",
    )


EDITS = [
    list_beside_vexos,
    lift_restriction,
    add_allocator,
    report_core_panics,
    abort_other_panics,
    fix_hash_keys,
]


def main(arguments):
    if len(arguments) != 2:
        sys.exit("usage: patch-std.py DIRECTORY")
    std = Sources(pathlib.Path(arguments[1]) / "std")
    for edit in EDITS:
        try:
            edit(std)
        except Mismatch as mismatch:
            sys.exit(
                f"patch-std.py: these are not the library sources of Rust {RUST_VERSION}, or they are "
                f"patched already.\n  in {std.root}, edit {edit.__name__}\n  {mismatch}\n"
                "Nothing was changed. Adapt the edits when debs.txt names another rust-src."
            )
    std.save()


if __name__ == "__main__":
    main(sys.argv)
