//! History of a clearinghouse.
