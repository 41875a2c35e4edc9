//! `ballast audit`: every balance of every account, from the chain's state, summed up again.
//!
//! | module | what it gives |
//! |---|---|
//! | [`snapshot`] | the state of one moment: from a cluster, from a file, into a file |
//! | [`books`] | what is claimed and what is there: totals, differences, collateralisation |
//! | [`risk`] | the house as one book, bad debt in the worst scenarios, Cover-2 |
//! | [`merkle`] | a tree over all accounts whose nodes carry sums, and the path of one of them |
//! | [`report`] | all of it as a table and as JSON |

pub mod books;
pub mod merkle;
pub mod report;
pub mod risk;
pub mod snapshot;
