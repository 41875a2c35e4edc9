//! Events as they come, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::{Gateway, Refused};
use crate::state::News;

fn said(news: &News) -> Event {
    let (name, data) = match news {
        News::Event(shown) => ("event", serde_json::to_string(&**shown).unwrap_or_default()),
        News::Board { t, slot } => ("board", json!({ "t": t, "slot": slot }).to_string()),
    };
    Event::default().event(name).data(data)
}

/// One who falls behind is told how many events were missed, as `event: missed`: they can be asked for.
pub async fn stream(
    State(gateway): State<Gateway>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refused> {
    let place = gateway.listeners.clone().try_acquire_owned();
    let place = place.map_err(|_| Refused::later("too many listen already: try again later"))?;
    let news = gateway.state.listen();
    let first = gateway.state.view().map(|view| News::Board { t: view.time, slot: view.slot });
    let told = stream::unfold(
        (news, gateway.stopping.clone(), first, place),
        |(mut news, mut stopping, first, place)| async move {
            if let Some(first) = first {
                return Some((Ok(said(&first)), (news, stopping, None, place)));
            }
            let event = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return None,
                heard = news.recv() => match heard {
                    Ok(news) => said(&news),
                    Err(RecvError::Lagged(count)) => {
                        Event::default().event("missed").data(json!({ "count": count }).to_string())
                    }
                    Err(RecvError::Closed) => return None,
                },
            };
            Some((Ok(event), (news, stopping, None, place)))
        },
    );
    Ok(Sse::new(told).keep_alive(KeepAlive::new().interval(Duration::from_secs(10))))
}
