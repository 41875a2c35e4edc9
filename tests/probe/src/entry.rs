//! The program: one account, writable and its own, with room for the answer and then the ring; the
//! request is the instruction data.

use core::alloc::{GlobalAlloc, Layout};

use crate::cases::Ring;
use crate::wire::{ANSWER_WORDS, Answer, Request, answer};

const HEAP_START: usize = 0x3_0000_0000;
const HEAP_END: usize = HEAP_START + 32 * 1024;
/// The heap's first word says where the free part starts; zero: nothing was allocated yet.
const NEXT: *mut usize = HEAP_START as *mut usize;

/// Allocates upwards and frees nothing, until [`rewind`].
struct Bump;

// SAFETY: a program runs on one thread, and hands out every byte of the heap at most once between rewinds.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the heap is mapped, and its first word is only used here and in `rewind`.
        unsafe {
            let free = (*NEXT).max(HEAP_START + 8);
            let start = free.wrapping_add(layout.align() - 1) & !(layout.align() - 1);
            let end = start.wrapping_add(layout.size());
            if end > HEAP_END {
                return core::ptr::null_mut();
            }
            *NEXT = end;
            start as *mut u8
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static HEAP: Bump = Bump;

/// Frees everything. Only between cases, when nothing allocated is alive.
fn rewind() {
    // SAFETY: as above.
    unsafe { *NEXT = 0 };
}

/// Panics abort the transaction; the test finds the case by itself.
#[unsafe(no_mangle)]
fn custom_panic(_: &core::panic::PanicInfo<'_>) {}

/// How far an account may grow in an instruction: the loader leaves as much behind its data.
const PADDING: usize = 10_240;

/// # Safety
/// Called by the loader, with its parameters serialised at `input`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    // Number of accounts (8), the account's flags (8), key and owner (64), lamports (8), its length
    // (8), its data, padding, rent epoch (8); then the instruction's length (8) and data.
    // SAFETY: that is the loader's layout for an instruction with one account.
    unsafe {
        let word = |at: usize| input.add(at).cast::<u64>().read();
        let (accounts, length) = (word(0), word(88) as usize);
        if accounts != 1 || length != ANSWER_WORDS * 8 + size_of::<Ring>() {
            return 1;
        }
        let out = core::slice::from_raw_parts_mut(input.add(96).cast::<u64>(), ANSWER_WORDS);
        let ring = &*input.add(96 + ANSWER_WORDS * 8).cast::<Ring>();
        let at = 96 + (length + PADDING).next_multiple_of(8) + 8;
        let request = core::slice::from_raw_parts(input.add(at + 8), word(at) as usize);
        match Request::parse(request) {
            Some(request) => run(&request, ring, out),
            None => 2,
        }
    }
}

#[inline(never)]
fn run(request: &Request, ring: &Ring, out: &mut [u64]) -> u64 {
    let mut result = Answer::default();
    answer(request, ring, &mut result, rewind);
    for (place, word) in out.iter_mut().zip(result.words()) {
        *place = word;
    }
    0
}
