//! Many runs that have nothing to do with each other, on every core.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::Result;

/// Does `count` pieces of work, on as many threads as there are cores; results are in order. `progress` is told how many
/// are done.
///
/// # Errors
/// The first that a piece of work returns.
pub fn each<T: Send>(
    count: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<T>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count);
    let (next, (sender, receiver)) = (AtomicUsize::new(0), mpsc::channel());
    let mut results: Vec<Option<T>> = (0..count).map(|_| None).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody listens any more where another piece has failed.
                    if index >= count || sender.send((index, work(index))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (done, (index, result)) in receiver.iter().enumerate() {
            results[index] = Some(result?);
            progress(done + 1);
        }
        // Dropped here where a piece failed, so that the others stop.
        drop(receiver);
        anyhow::Ok(())
    })?;
    Ok(results.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn results_are_in_order_and_the_first_error_ends_it() {
        let mut told = 0;
        let squares = each(100, |i| Ok(i * i), &mut |done| told = done).expect("no error");
        assert_eq!((squares, told), ((0..100).map(|i| i * i).collect(), 100));
        let failed = each(100, |i| if i == 7 { Err(anyhow::anyhow!("seven")) } else { Ok(i) }, &mut |_| {});
        assert_eq!(failed.expect_err("one failed").to_string(), "seven");
    }
}
