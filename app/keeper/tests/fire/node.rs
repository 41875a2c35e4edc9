//! The node: JSON-RPC over HTTP and WebSocket in front of the world, as good or as bad as it is told to be.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anchor_lang::prelude::Pubkey;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;

use crate::faults::{Dice, Faults};
use crate::world::{Seen, World};

/// A state that is pushed.
type Push = (u64, Pubkey, Seen);

pub struct Node {
    pub world: Mutex<World>,
    pub faults: Faults,
    pub dice: Dice,
    pub calls: Mutex<BTreeMap<String, u64>>,
    pub bad: AtomicU64,
    pushes: broadcast::Sender<Push>,
    pub quiet: AtomicBool,
}

fn shown(state: &Seen) -> Value {
    match state {
        None => Value::Null,
        Some((owner, lamports, data)) => json!({
            "data": [BASE64_STANDARD.encode(&**data), "base64"], "owner": owner.to_string(),
            "lamports": lamports, "executable": false, "rentEpoch": 0, "space": data.len(),
        }),
    }
}

/// What a subscription gets of an account that is gone.
fn gone() -> Value {
    json!({
        "data": ["", "base64"], "owner": "11111111111111111111111111111111", "lamports": 0,
        "executable": false, "rentEpoch": 0, "space": 0,
    })
}

impl Node {
    /// Serves a world; returns the node, its HTTP and its WebSocket address.
    pub async fn serve(world: World, faults: Faults, seed: u64) -> (Arc<Self>, SocketAddr, SocketAddr) {
        let (pushes, _) = broadcast::channel(1 << 14);
        let node = Arc::new(Self {
            world: Mutex::new(world),
            faults,
            dice: Dice::new(seed),
            calls: Mutex::default(),
            bad: AtomicU64::new(0),
            pushes,
            quiet: AtomicBool::new(false),
        });
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ws = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = (http.local_addr().unwrap(), ws.local_addr().unwrap());
        let pages = Router::new().fallback(answer).with_state(node.clone());
        tokio::spawn(async move { axum::serve(http, pages).await.unwrap() });
        let listening = node.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = ws.accept().await {
                tokio::spawn(subscriber(listening.clone(), stream));
            }
        });
        (node, addresses.0, addresses.1)
    }

    /// Whether a fault of so many per mille happens.
    fn fails(&self, per_mille: u64) -> bool {
        let fails = !self.quiet.load(Ordering::Relaxed) && self.dice.hits(per_mille);
        self.bad.fetch_add(fails.into(), Ordering::Relaxed);
        fails
    }

    /// Makes a block; `price` is posted where a second has passed.
    pub fn block(&self, price: f64) -> bool {
        let mut world = self.world.lock().unwrap();
        let later = world.block();
        if later {
            world.post(0, price);
            world.post_also();
        }
        drop(world);
        self.push();
        later
    }

    /// Pushes what changed.
    fn push(&self) {
        let mut world = self.world.lock().unwrap();
        let changed = std::mem::take(&mut world.changed);
        for address in changed {
            let _ = self.pushes.send((world.slot, address, world.now(&address)));
        }
    }

    /// The slot that an answer is of, and the one that it says it is of.
    fn slots(&self, now: u64) -> (u64, u64) {
        if self.fails(self.faults.lie) {
            (now - 3, now)
        } else if self.fails(self.faults.late) {
            let late = now - 1 - self.dice.below(8);
            (late, late)
        } else {
            (now, now)
        }
    }

    fn result(&self, method: &str, params: &Value) -> Result<Value, String> {
        let mut world = self.world.lock().unwrap();
        Ok(match method {
            "getMultipleAccounts" => {
                let (of, said) = self.slots(world.slot);
                let asked = params[0].as_array().ok_or("no addresses")?.iter();
                let listed: Vec<Value> = asked
                    .map(|a| shown(&world.at(&a.as_str().unwrap_or_default().parse().unwrap(), of)))
                    .collect();
                json!({ "context": { "slot": said }, "value": listed })
            }
            "getProgramAccounts" => {
                let (of, said) = self.slots(world.slot);
                let found = world.house.vm.svm.get_program_accounts(&ballast::ID);
                let listed: Vec<Value> = found
                    .into_iter()
                    .filter(|_| !self.fails(self.faults.lost / 20))
                    .filter_map(|(address, _)| {
                        let state = world.at(&address, of);
                        state.as_ref()?;
                        Some(json!({ "pubkey": address.to_string(), "account": shown(&state) }))
                    })
                    .collect();
                json!({ "context": { "slot": said }, "value": listed })
            }
            "getLatestBlockhash" => {
                let (hash, last) = world.blockhash();
                json!({ "context": { "slot": world.slot },
                        "value": { "blockhash": hash, "lastValidBlockHeight": last } })
            }
            "getBlockHeight" => json!(world.slot - if self.fails(self.faults.late) { 20 } else { 0 }),
            "sendTransaction" => {
                let text = params[0].as_str().ok_or("no transaction")?;
                let wire = BASE64_STANDARD.decode(text).map_err(|e| e.to_string())?;
                json!(world.take(&wire)?)
            }
            "getSignatureStatuses" => {
                let asked = params[0].as_array().ok_or("no signatures")?;
                let said = asked.iter().map(|s| {
                    let found = world.landed.get(s.as_str().unwrap_or_default());
                    match found.filter(|_| !self.fails(self.faults.denied)) {
                        None => Value::Null,
                        Some(l) => {
                            json!({ "slot": l.slot, "err": l.error, "confirmationStatus": "confirmed" })
                        }
                    }
                });
                json!({ "context": { "slot": world.slot }, "value": said.collect::<Vec<_>>() })
            }
            "getTransaction" => match world.landed.get(params[0].as_str().unwrap_or_default()) {
                None => Value::Null,
                Some(l) => json!({ "meta": { "logMessages": l.logs, "fee": l.fee, "err": l.error } }),
            },
            "getRecentPrioritizationFees" => json!([]),
            _ => return Err(format!("no method {method}")),
        })
    }
}

async fn answer(State(node): State<Arc<Node>>, Json(asked): Json<Value>) -> Response {
    let method = asked["method"].as_str().unwrap_or_default().to_owned();
    *node.calls.lock().unwrap().entry(method.clone()).or_default() += 1;
    tokio::time::sleep(node.dice.delay(node.faults.delay_ms)).await;
    if node.fails(node.faults.unheard) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let result = node.result(&method, &asked["params"]);
    node.push();
    if node.fails(node.faults.unanswered) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let body = match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }),
        Err(message) => {
            json!({ "jsonrpc": "2.0", "id": asked["id"], "error": { "code": -32002, "message": message } })
        }
    };
    Json(body).into_response()
}

/// One WebSocket connection.
async fn subscriber(node: Arc<Node>, stream: TcpStream) {
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (mut out, mut asked) = socket.split();
    let mut pushes = node.pushes.subscribe();
    let (mut program, mut accounts) = (None, BTreeMap::new());
    let (mut next, mut held): (u64, Option<String>) = (1, None);
    let mut release = tokio::time::interval(Duration::from_millis(150));
    loop {
        tokio::select! {
            said = asked.next() => {
                let Some(Ok(message)) = said else { return };
                let Message::Text(text) = message else { continue };
                let Ok(asked) = serde_json::from_str::<Value>(&text) else { continue };
                let result = match asked["method"].as_str() {
                    Some("programSubscribe") => { program = Some(next); json!(next) }
                    Some("accountSubscribe") => {
                        let address: Pubkey = asked["params"][0].as_str().unwrap().parse().unwrap();
                        accounts.insert(address, next);
                        json!(next)
                    }
                    _ => json!(true),
                };
                next += 1;
                let said = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }).to_string();
                if out.send(Message::Text(said.into())).await.is_err() { return }
            }
            // What was held back comes at last.
            _ = release.tick() => {
                if let Some(late) = held.take()
                    && out.send(Message::Text(late.into())).await.is_err() { return }
            }
            pushed = pushes.recv() => {
                let Ok((slot, address, state)) = pushed else { continue };
                let account = if state.is_some() { shown(&state) } else { gone() };
                let ours = state.as_ref().is_none_or(|(owner, ..)| *owner == ballast::ID);
                let context = json!({ "slot": slot });
                let text = if let Some(id) = accounts.get(&address) {
                    json!({ "jsonrpc": "2.0", "method": "accountNotification", "params": {
                        "subscription": id, "result": { "context": context, "value": account } } })
                } else if let Some(id) = program.filter(|_| ours) {
                    json!({ "jsonrpc": "2.0", "method": "programNotification", "params": {
                        "subscription": id, "result": { "context": context,
                            "value": { "pubkey": address.to_string(), "account": account } } } })
                } else {
                    continue;
                }
                .to_string();
                if node.fails(node.faults.lost) { continue }
                if node.fails(node.faults.broken) { return }
                if held.is_none() && node.fails(node.faults.overtaken) {
                    held = Some(text);
                    continue;
                }
                let times = if node.fails(node.faults.doubled) { 2 } else { 1 };
                for _ in 0..times {
                    if out.send(Message::Text(text.clone().into())).await.is_err() { return }
                }
            }
        }
    }
}
