//! The program's heap: 32 KB, and what was taken is given back.
//!
//! The default heap of a Solana program never frees. A fill near its margin asks for six margins, and one of a full
//! account with options takes more than ten kilobytes: an account could be built that no instruction can afford to
//! look at, and so nobody could liquidate. This heap is a stack. Freeing or growing what was taken last moves its top;
//! [`scope`] gives back all that a computation took, in whatever order it was freed.

/// Runs `compute`, and gives back all the memory that it took.
///
/// What it returns owns no memory, because it is `Copy`. It must not keep any either: nothing outside of it may grow
/// inside of it.
pub(crate) fn scope<T: Copy>(compute: impl FnOnce() -> T) -> T {
    let top = stack::top();
    let result = compute();
    stack::give_back(top);
    result
}

#[cfg(all(target_os = "solana", not(feature = "no-entrypoint")))]
mod stack {
    use core::alloc::{GlobalAlloc, Layout};
    use core::ptr::null_mut;

    use anchor_lang::solana_program::entrypoint::{HEAP_LENGTH, HEAP_START_ADDRESS};

    const START: usize = HEAP_START_ADDRESS as usize;
    /// The first word of the heap holds its top; zero before the first allocation.
    const FIRST: usize = START + size_of::<usize>();

    struct Stack;

    #[global_allocator]
    static HEAP: Stack = Stack;

    pub fn top() -> usize {
        // SAFETY: the first word of the heap is mapped, aligned, and nobody else's: see `alloc`.
        let top = unsafe { *(START as *const usize) };
        top.max(FIRST)
    }

    fn set(top: usize) {
        // SAFETY: as above. A program runs on one thread.
        unsafe { *(START as *mut usize) = top }
    }

    pub fn give_back(top: usize) {
        set(top);
    }

    // SAFETY: blocks are disjoint, because each starts at or above the top and moves it to its end; they lie inside
    // the heap; and the top only falls to the start of a block that was freed as the last one, or at the end of a
    // scope, of which nothing is left.
    unsafe impl GlobalAlloc for Stack {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let start = top().next_multiple_of(layout.align());
            match start.checked_add(layout.size()) {
                Some(end) if end <= START + HEAP_LENGTH => {
                    set(end);
                    start as *mut u8
                }
                _ => null_mut(),
            }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            if block as usize + layout.size() == top() {
                set(block as usize);
            }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            if block as usize + layout.size() == top() {
                if block as usize + size > START + HEAP_LENGTH {
                    return null_mut();
                }
                set(block as usize + size);
                return block;
            }
            // SAFETY: a size that `realloc` is called with fits the alignment; both blocks hold what is copied.
            unsafe {
                let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !moved.is_null() {
                    moved.copy_from_nonoverlapping(block, layout.size().min(size));
                }
                moved
            }
        }
    }
}

/// Off the chain there is memory enough.
#[cfg(not(all(target_os = "solana", not(feature = "no-entrypoint"))))]
mod stack {
    pub const fn top() -> usize {
        0
    }

    pub const fn give_back(_: usize) {}
}
