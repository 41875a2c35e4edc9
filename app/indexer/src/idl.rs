//! Events as JSON, by the program's interface description.
//!
//! No event is written down here: names, fields and types come from the committed IDL, so that an event the program
//! gains is known as soon as it stands there. Names become camelCase, integers of 64 bits and more text (a browser's
//! numbers end at 2⁵³), addresses base58, sixteen bytes a name, other bytes hexadecimal.
//!
//! The chain may run a newer program than this: what cannot be read is kept as it is, as [`UNKNOWN`] with its bytes.

use std::collections::HashMap;
use std::sync::LazyLock;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// The kind of an event that the IDL does not have.
pub const UNKNOWN: &str = "Unknown";

/// Deepest that types may hold each other.
const DEEPEST: u32 = 16;

/// The committed IDL.
pub static IDL: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../idl/ballast.json")).expect("the committed IDL is JSON")
});

static TYPES: LazyLock<HashMap<&'static str, &'static Value>> = LazyLock::new(|| {
    let types = IDL["types"].as_array().map_or(&[][..], Vec::as_slice);
    types.iter().filter_map(|t| Some((t["name"].as_str()?, &t["type"]))).collect()
});

static EVENTS: LazyLock<HashMap<Vec<u8>, &'static str>> = LazyLock::new(|| {
    let events = IDL["events"].as_array().map_or(&[][..], Vec::as_slice);
    let bytes = |event: &Value| -> Option<Vec<u8>> {
        event["discriminator"]
            .as_array()?
            .iter()
            .map(|b| b.as_u64().and_then(|b| b.try_into().ok()))
            .collect()
    };
    events.iter().filter_map(|event| Some((bytes(event)?, event["name"].as_str()?))).collect()
});

/// An event, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name in the program, or [`UNKNOWN`].
    pub kind: &'static str,
    /// Its fields.
    pub data: Value,
    /// The addresses in it, each once.
    pub accounts: Vec<Pubkey>,
}

/// The fields of a struct of the interface.
#[must_use]
pub fn fields(name: &str) -> Option<&'static [Value]> {
    TYPES.get(name)?["fields"].as_array().map(Vec::as_slice)
}

/// The names of all events.
pub fn events() -> impl Iterator<Item = &'static str> {
    EVENTS.values().copied()
}

/// Decodes an event from what the program logged. Bytes after the last known field are a newer program's: they are kept
/// as `raw` beside what is known.
#[must_use]
pub fn event(bytes: &[u8]) -> Event {
    let known = bytes.get(..8).and_then(|tag| EVENTS.get(tag));
    let raw = || json!(BASE64_STANDARD.encode(bytes));
    let Some(kind) = known else {
        return Event { kind: UNKNOWN, data: json!({ "raw": raw() }), accounts: Vec::new() };
    };
    let mut reader = Reader { left: &bytes[8..], accounts: Vec::new() };
    match reader.defined(kind, 0) {
        Ok(mut data) => {
            if !reader.left.is_empty()
                && let Some(fields) = data.as_object_mut()
            {
                fields.insert("raw".into(), raw());
            }
            reader.accounts.sort_unstable();
            reader.accounts.dedup();
            Event { kind, data, accounts: reader.accounts }
        }
        Err(_) => Event { kind: UNKNOWN, data: json!({ "name": kind, "raw": raw() }), accounts: Vec::new() },
    }
}

/// A name in the form that JSON has here.
#[must_use]
pub fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = !out.is_empty();
        } else if upper {
            out.extend(c.to_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out
}

struct Reader<'a> {
    left: &'a [u8],
    accounts: Vec<Pubkey>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, left) =
            self.left.split_at_checked(count).context("the event is shorter than its layout")?;
        self.left = left;
        Ok(taken)
    }

    fn integer(&mut self, bytes: usize, signed: bool) -> Result<Value> {
        let taken = self.take(bytes)?;
        let negative = signed && taken.last().is_some_and(|b| *b > 127);
        let mut wide = [if negative { 255 } else { 0 }; 16];
        wide[..bytes].copy_from_slice(taken);
        let number = i128::from_le_bytes(wide);
        Ok(match bytes {
            16 if !signed => json!((number as u128).to_string()),
            0..=4 => json!(number as i64),
            _ => json!(number.to_string()),
        })
    }

    fn length(&mut self) -> Result<usize> {
        let bytes = self.take(4)?;
        let length = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
        ensure!(length <= self.left.len(), "a list is longer than the event");
        Ok(length)
    }

    fn value(&mut self, kind: &Value, depth: u32) -> Result<Value> {
        ensure!(depth < DEEPEST, "types hold each other too deep");
        if let Some(name) = kind["defined"]["name"].as_str() {
            return self.defined(name, depth + 1);
        }
        if let Some(of) = kind.get("option") {
            return match self.take(1)?[0] {
                0 => Ok(Value::Null),
                1 => self.value(of, depth + 1),
                other => bail!("{other} is no option"),
            };
        }
        if let Some(of) = kind.get("vec") {
            let length = self.length()?;
            return (0..length).map(|_| self.value(of, depth + 1)).collect();
        }
        if let Some(array) = kind["array"].as_array() {
            let length = array.get(1).and_then(Value::as_u64).context("arrays have a length")? as usize;
            if array[0] == "u8" {
                return Ok(bytes(self.take(length)?));
            }
            return (0..length).map(|_| self.value(&array[0], depth + 1)).collect();
        }
        match kind.as_str().context("a type")? {
            "bool" => Ok(json!(self.take(1)?[0] != 0)),
            "pubkey" => {
                let key = Pubkey::try_from(self.take(32)?)?;
                if key != Pubkey::default() {
                    self.accounts.push(key);
                }
                Ok(json!(key.to_string()))
            }
            "string" => {
                let length = self.length()?;
                Ok(json!(String::from_utf8_lossy(self.take(length)?)))
            }
            "bytes" => {
                let length = self.length()?;
                Ok(json!(BASE64_STANDARD.encode(self.take(length)?)))
            }
            name => {
                let (sign, bits) = name.split_at_checked(1).context("a number")?;
                ensure!(sign == "u" || sign == "i", "{name} is no type that is known here");
                let bits: usize = bits.parse().with_context(|| format!("{name} is no number"))?;
                ensure!(matches!(bits, 8 | 16 | 32 | 64 | 128), "{name} is no number");
                self.integer(bits / 8, sign == "i")
            }
        }
    }

    fn fields(&mut self, fields: &'static [Value], depth: u32) -> Result<Value> {
        if fields.first().is_some_and(|field| field.get("name").is_none()) {
            return fields.iter().map(|kind| self.value(kind, depth)).collect();
        }
        let mut object = Map::new();
        for field in fields {
            let name = field["name"].as_str().context("fields have names")?;
            object.insert(camel(name), self.value(&field["type"], depth)?);
        }
        Ok(Value::Object(object))
    }

    fn defined(&mut self, name: &str, depth: u32) -> Result<Value> {
        ensure!(depth < DEEPEST, "types hold each other too deep");
        let kind = TYPES.get(name).with_context(|| format!("the interface has no type {name}"))?;
        let fields = |of: &'static Value| of["fields"].as_array().map_or(&[][..], Vec::as_slice);
        if kind["kind"] != "enum" {
            return self.fields(fields(kind), depth);
        }
        let at = usize::from(self.take(1)?[0]);
        let variant = kind["variants"].get(at).with_context(|| format!("{name} has no variant {at}"))?;
        let called = variant["name"].as_str().context("variants have names")?;
        Ok(match fields(variant) {
            [] => json!(called),
            inner => json!({ called: self.fields(inner, depth)? }),
        })
    }
}

/// Sixteen bytes of text are a name, padded with zeros; whatever else is hexadecimal.
fn bytes(raw: &[u8]) -> Value {
    let text = core::str::from_utf8(raw).ok().map(|text| text.trim_end_matches('\0'));
    match text {
        Some(text) if raw.len() == 16 && !text.chars().any(char::is_control) => json!(text),
        _ => json!(hex(raw)),
    }
}

fn hex(raw: &[u8]) -> String {
    raw.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use anchor_lang::Event as _;
    use ballast::event::{AssetAdded, Filled, Liquidated, TradeDeclined};

    use super::*;

    #[test]
    fn fields_are_what_the_program_wrote() {
        let (taker, maker) = (Pubkey::new_unique(), Pubkey::new_unique());
        let filled = Filled { market: 3, taker, maker, base: -5, quote: u64::MAX, fee: 7 };
        let found = event(&filled.data());
        assert_eq!(found.kind, "Filled");
        assert_eq!(
            found.data,
            json!({
                "market": 3, "taker": taker.to_string(), "maker": maker.to_string(), "base": "-5",
                "quote": u64::MAX.to_string(), "fee": "7"
            })
        );
        assert_eq!(found.accounts, { [taker.min(maker), taker.max(maker)] });
    }

    #[test]
    fn names_options_lists_and_variants_are_read() {
        let key = Pubkey::new_unique();
        let symbol = *b"SOL\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let added = AssetAdded { clearinghouse: key, asset: 1, symbol, mint: None, feed_id: [0xab; 32] };
        let data = event(&added.data()).data;
        assert_eq!((&data["symbol"], &data["mint"]), (&json!("SOL"), &Value::Null));
        assert_eq!(data["feedId"], "ab".repeat(32));
        let declined =
            TradeDeclined { market: 0, account: key, id: 9, reason: ballast::instructions::Decline::Full };
        assert_eq!(event(&declined.data()).data["reason"], "Full");
        let leg = ballast::event::LegTaken { market: None, asset: 2, quantity: -1, proceeds: 2, penalty: 3 };
        let liquidated = Liquidated {
            account: key,
            keeper: key,
            legs: vec![leg, leg],
            penalty: 0,
            to_insurance: 0,
            equity_before: -1,
            mm_before: 0,
            equity_after: 0,
            mm_after: 0,
            bounty: 0,
        };
        let found = event(&liquidated.data());
        assert_eq!(
            found.data["legs"][1],
            json!({
                "market": null, "asset": 2, "quantity": "-1", "proceeds": "2", "penalty": "3"
            })
        );
        assert_eq!(found.accounts, [key]);
    }

    #[test]
    fn what_is_not_known_is_kept_as_it_is() {
        for bytes in [&[][..], &[1, 2, 3], &[9; 40]] {
            let found = event(bytes);
            assert_eq!((found.kind, &found.data["raw"]), (UNKNOWN, &json!(BASE64_STANDARD.encode(bytes))));
        }
        let filled = Filled {
            market: 3,
            taker: Pubkey::default(),
            maker: Pubkey::default(),
            base: 0,
            quote: 0,
            fee: 0,
        };
        let mut bytes = filled.data();
        bytes.pop();
        let short = event(&bytes);
        assert_eq!((short.kind, &short.data["name"]), (UNKNOWN, &json!("Filled")));
        bytes.extend([0, 1]);
        let longer = event(&bytes);
        assert_eq!((longer.kind, &longer.data["fee"]), ("Filled", &json!("0")));
        assert!(longer.data["raw"].is_string());
    }

    /// A list that claims four billion items is an error, not four billion items.
    #[test]
    fn a_length_beyond_the_event_is_refused() {
        let mut bytes = Liquidated {
            account: Pubkey::default(),
            keeper: Pubkey::default(),
            legs: Vec::new(),
            penalty: 0,
            to_insurance: 0,
            equity_before: 0,
            mm_before: 0,
            equity_after: 0,
            mm_after: 0,
            bounty: 0,
        }
        .data();
        bytes[72..76].copy_from_slice(&[255; 4]);
        assert_eq!(event(&bytes).kind, UNKNOWN);
    }
}
