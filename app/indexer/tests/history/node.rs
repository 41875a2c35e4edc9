//! A node that is made up: RPC and WebSocket with what the tests put into it, and manners that can be spoilt.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anchor_lang::prelude::Pubkey;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;

/// A transaction.
#[derive(Clone, Debug)]
pub struct Tx {
    pub signature: String,
    pub slot: u64,
    pub time: i64,
    pub failed: bool,
    pub logs: Vec<String>,
}

#[derive(Default)]
pub struct Chain {
    pub slot: u64,
    pub accounts: BTreeMap<Pubkey, (Pubkey, Vec<u8>)>,
    /// In the order of the chain.
    pub transactions: Vec<Tx>,
    /// Signatures of transactions that it does not give.
    pub withheld: HashSet<String>,
    /// Refuses everything.
    pub down: bool,
    /// Signatures a page.
    pub page: usize,
    /// How often each method was called.
    pub calls: BTreeMap<String, usize>,
}

/// What a socket is told.
#[derive(Clone, Debug)]
enum Told {
    Notification(&'static str, Value),
    Close,
}

pub struct Node {
    pub url: String,
    pub ws_url: String,
    chain: Arc<Mutex<Chain>>,
    told: broadcast::Sender<Told>,
}

impl Node {
    pub async fn start() -> Self {
        let chain = Arc::new(Mutex::new(Chain { slot: 1_000, page: 1_000, ..Chain::default() }));
        let rpc = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", rpc.local_addr().expect("an address"));
        let routes = Router::new().route("/", post(answer)).with_state(Arc::clone(&chain));
        tokio::spawn(async move { axum::serve(rpc, routes).await });
        let sockets = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let ws_url = format!("ws://{}", sockets.local_addr().expect("an address"));
        let told = broadcast::channel(1_024).0;
        let teller = told.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = sockets.accept().await {
                tokio::spawn(socket(stream, teller.subscribe()));
            }
        });
        Self { url, ws_url, chain, told }
    }

    pub fn chain(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells subscribers of a transaction.
    pub fn tell(&self, tx: &Tx) {
        let err = if tx.failed { json!({ "InstructionError": [0, { "Custom": 1 }] }) } else { Value::Null };
        let value = json!({ "signature": tx.signature, "err": err, "logs": tx.logs });
        let told = json!({ "context": { "slot": tx.slot }, "value": value });
        let _ = self.told.send(Told::Notification("logs", told));
    }

    /// Tells subscribers of a margin account, by a slot that stands still.
    pub fn tell_account(&self, address: &Pubkey) {
        let account = self.chain().accounts.get(address).map(shown);
        let value = json!({ "pubkey": address.to_string(), "account": account });
        let told = json!({ "context": { "slot": 1 }, "value": value });
        let _ = self.told.send(Told::Notification("program", told));
    }

    /// Closes every socket.
    pub fn hang_up(&self) {
        let _ = self.told.send(Told::Close);
    }

    /// Sockets that are open.
    pub fn listeners(&self) -> usize {
        self.told.receiver_count()
    }
}

async fn socket(stream: tokio::net::TcpStream, mut told: broadcast::Receiver<Told>) {
    let Ok(mut ws) = tokio_tungstenite::accept_async(stream).await else { return };
    let mut open: BTreeMap<String, u64> = BTreeMap::new();
    loop {
        tokio::select! {
            asked = ws.next() => {
                let Some(Ok(asked)) = asked else { return };
                let Message::Text(text) = asked else { continue };
                let asked: Value = serde_json::from_str(&text).expect("JSON");
                let method = asked["method"].as_str().expect("a method");
                let number = open.len() as u64 + 1;
                if let Some(kind) = method.strip_suffix("Subscribe") {
                    open.insert(kind.into(), number);
                }
                let answer = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": number });
                let _ = ws.send(Message::text(answer.to_string())).await;
            }
            news = told.recv() => match news {
                Ok(Told::Notification(kind, result)) => {
                    let Some(number) = open.get(kind) else { continue };
                    let news = json!({
                        "jsonrpc": "2.0", "method": format!("{kind}Notification"),
                        "params": { "result": result, "subscription": number },
                    });
                    let _ = ws.send(Message::text(news.to_string())).await;
                }
                _ => return,
            }
        }
    }
}

fn shown((owner, data): &(Pubkey, Vec<u8>)) -> Value {
    json!({
        "lamports": 1, "owner": owner.to_string(), "data": [BASE64_STANDARD.encode(data), "base64"],
        "executable": false, "rentEpoch": 0, "space": data.len(),
    })
}

async fn answer(State(chain): State<Arc<Mutex<Chain>>>, Json(asked): Json<Value>) -> Json<Value> {
    let method = asked["method"].as_str().unwrap_or_default();
    let mut chain = chain.lock().unwrap_or_else(PoisonError::into_inner);
    *chain.calls.entry(method.into()).or_default() += 1;
    let result = if chain.down { None } else { chain.answer(method, &asked["params"]) };
    Json(match result {
        Some(result) => json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }),
        None => json!({
            "jsonrpc": "2.0", "id": asked["id"], "error": { "code": -32601, "message": format!("no {method}") }
        }),
    })
}

impl Chain {
    fn answer(&self, method: &str, params: &Value) -> Option<Value> {
        Some(match method {
            "getGenesisHash" => json!(Pubkey::new_from_array([7; 32]).to_string()),
            "getMultipleAccounts" => {
                let found = params[0].as_array()?.iter().map(|address| {
                    let address: Option<Pubkey> = address.as_str().and_then(|text| text.parse().ok());
                    address.and_then(|address| self.accounts.get(&address)).map(shown)
                });
                json!({ "context": { "slot": self.slot }, "value": found.collect::<Vec<_>>() })
            }
            "getProgramAccounts" => {
                let filters = params[1]["filters"].as_array()?;
                let size = filters.iter().find_map(|filter| filter["dataSize"].as_u64())?;
                let found = self.accounts.iter().filter(|(_, (_, data))| data.len() as u64 == size);
                json!(
                    found
                        .map(|(address, account)| json!({
                            "pubkey": address.to_string(), "account": shown(account)
                        }))
                        .collect::<Vec<_>>()
                )
            }
            "getSignaturesForAddress" => {
                let mark = |name: &str| params[1][name].as_str().map(str::to_owned);
                let (before, until) = (mark("before"), mark("until"));
                let newest_first = self.transactions.iter().rev();
                let found = newest_first
                    .skip_while(|tx| before.as_ref().is_some_and(|before| tx.signature != *before))
                    .skip(usize::from(before.is_some()))
                    .take_while(|tx| Some(&tx.signature) != until.as_ref())
                    .take(self.page)
                    .map(|tx| {
                        let err = tx.failed.then(|| json!({ "InstructionError": [0, { "Custom": 1 }] }));
                        json!({
                            "signature": tx.signature, "slot": tx.slot, "err": err, "memo": null,
                            "blockTime": tx.time, "confirmationStatus": "confirmed",
                        })
                    });
                json!(found.collect::<Vec<_>>())
            }
            "getTransaction" => {
                let signature = params[0].as_str()?;
                let tx = self.transactions.iter().find(|tx| tx.signature == signature);
                match tx.filter(|tx| !self.withheld.contains(&tx.signature)) {
                    None => Value::Null,
                    Some(tx) => json!({
                        "slot": tx.slot, "blockTime": tx.time / 1_000, "version": 0,
                        "transaction": ["", "base64"],
                        "meta": {
                            "err": null, "status": { "Ok": null }, "fee": 5_000, "preBalances": [],
                            "postBalances": [], "innerInstructions": [], "logMessages": tx.logs,
                        },
                    }),
                }
            }
            _ => return None,
        })
    }
}
