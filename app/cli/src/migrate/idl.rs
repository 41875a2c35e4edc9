//! Values in the program's own terms, by its interface description: a parameter that the program gains is known here
//! as soon as it stands in the IDL, by the same name, with the same sentence beside it.

use anchor_lang::AnchorDeserialize;
use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, anyhow, bail, ensure};
use ballast_indexer::idl::IDL;
use serde_json::{Map, Value, json};

/// The fields of a struct of the interface.
fn fields(name: &str) -> Result<&'static [Value]> {
    ballast_indexer::idl::fields(name).ok_or_else(|| anyhow!("the program's interface has no struct {name}"))
}

/// The name of an instruction, from its data.
#[must_use]
pub fn instruction(data: &[u8]) -> Option<&'static str> {
    let starts = |one: &Value| {
        let bytes: Option<Vec<u8>> =
            one["discriminator"].as_array()?.iter().map(|b| b.as_u64().map(|b| b as u8)).collect();
        Some(data.starts_with(&bytes?))
    };
    let found = IDL["instructions"].as_array()?.iter().find(|one| starts(one) == Some(true))?;
    found["name"].as_str()
}

/// Name and sentence of an error of the program.
#[must_use]
pub fn error(code: u32) -> Option<(&'static str, &'static str)> {
    let found = IDL["errors"].as_array()?.iter().find(|e| e["code"] == code)?;
    Some((found["name"].as_str()?, found["msg"].as_str()?))
}

/// What the interface says of a field, in one line; empty where it says nothing.
pub fn doc(of: &str, field: &str) -> String {
    let found = fields(of).ok().and_then(|all| all.iter().find(|f| f["name"] == field));
    let lines = found.and_then(|f| f["docs"].as_array());
    lines.map_or_else(String::new, |all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
}

/// A struct of the program from a table of its fields.
///
/// # Errors
/// Names the field that is missing, unknown, or not of its type.
pub fn read<T: AnchorDeserialize>(name: &str, table: &Value) -> Result<T> {
    let mut bytes = Vec::new();
    encode_struct(name, table, &mut bytes)?;
    T::try_from_slice(&bytes).with_context(|| format!("{name}: the committed IDL is not this program's"))
}

fn encode_struct(name: &str, table: &Value, out: &mut Vec<u8>) -> Result<()> {
    let table = table.as_object().ok_or_else(|| anyhow!("{name} is a table of its parameters"))?;
    let known = fields(name)?;
    if let Some(stray) = table.keys().find(|key| known.iter().all(|f| f["name"] != key.as_str())) {
        let names: Vec<_> = known.iter().filter_map(|f| f["name"].as_str()).collect();
        bail!("'{stray}' is no parameter; there are {}", names.join(", "));
    }
    for field in known {
        let key = field["name"].as_str().context("fields have names")?;
        let value = table.get(key).unwrap_or(&Value::Null);
        encode(&field["type"], value, out).with_context(|| match doc(name, key) {
            doc if doc.is_empty() => format!("'{key}'"),
            doc => format!("'{key}' ({doc})"),
        })?;
    }
    Ok(())
}

fn encode(kind: &Value, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    if let Some(name) = kind["defined"]["name"].as_str() {
        return encode_struct(name, value, out);
    }
    if kind.get("option").is_some() {
        if value.is_null() {
            out.push(0);
            return Ok(());
        }
        out.push(1);
        return encode(&kind["option"], value, out);
    }
    if let Some(array) = kind["array"].as_array() {
        let length = array[1].as_u64().context("arrays have a length")? as usize;
        return encode_array(&array[0], length, value, out);
    }
    ensure!(!value.is_null(), "is missing");
    match kind.as_str().unwrap_or_default() {
        "bool" => out.push(value.as_bool().context("is true or false")?.into()),
        "pubkey" => out.extend(key(value)?.to_bytes()),
        name => {
            let (signed, bits) = name.split_at(1);
            let bytes = bits.parse::<usize>().map_err(|_| anyhow!("cannot be given in a file ({name})"))? / 8;
            let number = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
            let number = number.ok_or_else(|| anyhow!("is a whole number, not {value}"))?;
            let top = 1i128 << (8 * bytes - usize::from(signed == "i"));
            let least = if signed == "i" { -top } else { 0 };
            ensure!((least..top).contains(&number), "{number} does not fit {name}");
            out.extend(&number.to_le_bytes()[..bytes]);
        }
    }
    Ok(())
}

/// A key, or none of it: the default key.
fn key(value: &Value) -> Result<Pubkey> {
    let text = value.as_str().ok_or_else(|| anyhow!("is an address in base58, not {value}"))?;
    if text.is_empty() {
        return Ok(Pubkey::default());
    }
    text.parse().map_err(|_| anyhow!("'{text}' is no address: it takes 32 bytes in base58"))
}

/// Names are text, feeds are hexadecimal, other arrays are lists; what is left out is zero.
fn encode_array(of: &Value, length: usize, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    match value {
        Value::Null => {}
        Value::String(text) if length == 32 => {
            let hex = text.strip_prefix("0x").unwrap_or(text);
            ensure!(hex.is_empty() || hex.len() == 64, "is 64 hexadecimal digits, or nothing");
            for at in (0..hex.len()).step_by(2) {
                let byte = hex.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
                out.push(byte.ok_or_else(|| anyhow!("'{text}' is not hexadecimal"))?);
            }
        }
        Value::String(text) => {
            ensure!(text.len() <= length, "'{text}' is longer than {length} bytes");
            out.extend(text.as_bytes());
        }
        Value::Array(items) => {
            ensure!(items.len() <= length, "has {} items, and room for {length}", items.len());
            items.iter().try_for_each(|item| encode(of, item, out))?;
        }
        other => bail!("is a list or text, not {other}"),
    }
    if value.is_null() || matches!(value, Value::String(_)) {
        out.resize(start + length * width(of), 0);
    } else {
        let missing = length - (out.len() - start) / width(of).max(1);
        out.resize(out.len() + missing * width(of), 0);
    }
    Ok(())
}

/// Bytes of a plain number.
fn width(kind: &Value) -> usize {
    kind.as_str().and_then(|name| name.get(1..)?.parse::<usize>().ok()).map_or(1, |bits| bits / 8)
}

/// The plain fields of a struct as it lies in memory or in an account: numbers, keys, truths; nested structs as objects,
/// arrays and options left out.
///
/// # Errors
/// If the bytes are too few.
pub fn show(name: &str, bytes: &[u8]) -> Result<Value> {
    let mut at = 0;
    show_struct(name, bytes, &mut at)
}

fn show_struct(name: &str, bytes: &[u8], at: &mut usize) -> Result<Value> {
    let mut shown = Map::new();
    for field in fields(name)? {
        let key = field["name"].as_str().context("fields have names")?;
        if let Some(value) = show_field(&field["type"], bytes, at)? {
            shown.insert(key.to_owned(), value);
        }
    }
    Ok(Value::Object(shown))
}

fn take<'a>(bytes: &'a [u8], at: &mut usize, count: usize) -> Result<&'a [u8]> {
    let taken = bytes.get(*at..*at + count).context("the account is shorter than its layout")?;
    *at += count;
    Ok(taken)
}

fn show_field(kind: &Value, bytes: &[u8], at: &mut usize) -> Result<Option<Value>> {
    if let Some(name) = kind["defined"]["name"].as_str() {
        return show_struct(name, bytes, at).map(Some);
    }
    if let Some(array) = kind["array"].as_array() {
        for _ in 0..array[1].as_u64().unwrap_or(0) {
            show_field(&array[0], bytes, at)?;
        }
        return Ok(None);
    }
    Ok(Some(match kind.as_str().context("a plain field")? {
        "bool" => json!(take(bytes, at, 1)?[0] != 0),
        "pubkey" => json!(Pubkey::try_from(take(bytes, at, 32)?)?.to_string()),
        name => {
            let (signed, bits) = name.split_at(1);
            let taken = take(bytes, at, bits.parse::<usize>()? / 8)?;
            let mut wide =
                [if signed == "i" && taken.last().is_some_and(|b| *b > 127) { 255 } else { 0 }; 16];
            wide[..taken.len()].copy_from_slice(taken);
            let number = i128::from_le_bytes(wide);
            i64::try_from(number).map_or_else(|_| json!(number as u64), |small| json!(small))
        }
    }))
}

#[cfg(test)]
mod tests {
    use ballast::instructions::{AddMarketArgs, OptionTerms};
    use ballast::limits::PriceParams;
    use ballast_sandbox::house::default_prices;

    use super::*;

    fn market() -> Value {
        json!({
            "symbol": "SOL-PERP", "asset": 1, "band_bps": 100, "fee_bps": 5, "penalty_bps": 50,
            "profit_cap": 7, "open_interest_cap": u64::MAX,
        })
    }

    #[test]
    fn a_table_becomes_the_arguments_it_names() {
        let args: AddMarketArgs = read("AddMarketArgs", &market()).expect("every field is there");
        assert_eq!(&args.symbol, b"SOL-PERP\0\0\0\0\0\0\0\0");
        assert_eq!((args.asset, args.profit_cap, args.open_interest_cap), (1, 7, u64::MAX));
        assert!(args.option.is_none());
        let mut option = market();
        option["option"] = json!({
            "is_put": true, "strike": -3, "exponent": -8, "expiry": 1, "window_s": 2, "short_minimum_bps": 3
        });
        let args: AddMarketArgs = read("AddMarketArgs", &option).expect("an option");
        let terms = OptionTerms {
            is_put: true,
            strike: -3,
            exponent: -8,
            expiry: 1,
            window_s: 2,
            short_minimum_bps: 3,
        };
        assert_eq!(args.option, Some(terms));
    }

    #[test]
    fn what_is_shown_is_what_was_read() {
        let prices = default_prices();
        let shown = show("PriceParams", bytemuck::bytes_of(&prices)).expect("all bytes are there");
        let read: PriceParams = read("PriceParams", &shown).expect("the same fields");
        assert_eq!(read, prices);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let says = |change: &dyn Fn(&mut Value)| {
            let mut table = market();
            change(&mut table);
            format!("{:#}", read::<AddMarketArgs>("AddMarketArgs", &table).expect_err("refused"))
        };
        assert!(
            says(&|t| t["fee_bsp"] = json!(5)).contains("'fee_bsp' is no parameter; there are symbol, asset")
        );
        assert!(says(&|t| t["fee_bps"] = json!(-1)).contains("-1 does not fit u32"));
        assert!(says(&|t| t["asset"] = json!(256)).contains("256 does not fit u8"));
        assert!(says(&|t| t["fee_bps"] = json!("5")).contains("is a whole number"));
        assert!(says(&|t| t["symbol"] = json!("a name that is too long")).contains("longer than 16 bytes"));
        assert!(says(&|t| *t = json!(5)).contains("is a table"));
        let gone = says(&|t| {
            t.as_object_mut().expect("a table").remove("fee_bps");
        });
        assert!(gone.contains("'fee_bps' (Taker fee, basis points.): is missing"), "{gone}");
    }
}
