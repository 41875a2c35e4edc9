//! Keeps a clearinghouse going.
