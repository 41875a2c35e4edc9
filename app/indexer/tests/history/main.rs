//! The indexer against the compiled program: what the VM logged is told by a node that is made up, and behaves badly.

mod api;
mod decode;
mod ingest;
mod measure;
mod node;
mod thinning;
mod world;
