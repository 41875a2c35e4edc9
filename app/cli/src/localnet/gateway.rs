//! The HTTP address that everything else is behind: the indexer's gateway, with the control endpoints beside its own.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use axum::Router;
use ballast_indexer::{Handle, Options, serve};

use super::folder::Folder;
use super::house::House;
use super::node::Node;

/// Asks whether the port can be had, before anything is started for it.
///
/// # Errors
/// If somebody else has it.
pub fn check(port: u16) -> Result<()> {
    std::net::TcpListener::bind(("127.0.0.1", port)).map(|_| ()).map_err(|e| {
        anyhow!("cannot listen on port {port} ({e}): end what listens there, or choose another with --port")
    })
}

/// Indexes the house and serves it.
///
/// # Errors
/// If the port was taken meanwhile, or the history cannot be written.
pub async fn start(
    port: u16,
    (node, house, folder): (&Node, &House, &Folder),
    control: Router,
    web: Option<PathBuf>,
) -> Result<Handle> {
    let database = folder.path("history.sqlite");
    let mut options = Options::new(&node.rpc_url, &node.ws_url, house.at.quote_mint, database);
    options.listen = ([127, 0, 0, 1], port).into();
    options.cluster = Some("localnet".into());
    options.faucet = true;
    options.web = web;
    options.price_accounts = (0..house.assets()).map(|i| (i as u8, house.price_account(i))).collect();
    options.extra = control;
    serve(options).await
}
