//! The breaker: which prices are acted upon, and when an asset is normal again.
//!
//! Every sample that a source signs is first *judged* against the last price that was accepted, and is taken or held:
//!
//! ```text
//! limit(Δt)  = max_move · √(max(Δt, max_age) / max_age)
//! taken      |p/accepted − 1| ≤ limit(Δt since accepted)
//! held       otherwise: the sample is a candidate, and the asset is doubted unless a trend goes on
//! agrees     on the candidate's side of the accepted price, and within limit(Δt) of the candidate, or beyond it and
//!            continuous
//! continuous |p/before − 1| ≤ 8·limit(Δt)
//! confirmed  N samples in a row agreed, in time: what is taken is the *nearest* to the accepted price of them and the
//!            candidate they started from
//! ```
//!
//! The limit is flat up to the largest accepted age of a price, because that is what the envelope promises
//! ([`crate::envelope`]): between two prices on which anybody acts lies at most `max_move`. It does not shrink for
//! shorter steps: whoever refreshes more often lets every account be closed at each step. Over longer silences it grows
//! as volatility does, by the root of time.
//!
//! **A true crash confirms itself.** A fall that goes on is more evidence than one that stands still that the price is at
//! least so low, so it agrees. What is taken is what *all* samples say at least, the nearest: a sample that lies is then
//! one of N + 1, and the price goes no further than the most careful of the others. From there on the direction is a
//! *trend*: a sample that agrees with the one before it confirms that one, so that the price follows a fall one sample
//! behind, without doubt, and a lone sample of any size is still never acted upon. A trend ends with a step against it,
//! with a jump that is not continuous, with whatever the sources object to, when the asset is normal, or `recovery` seconds
//! after its last step.
//!
//! **How long** a confirmation takes depends on what is doubted:
//!
//! | what is doubted | the new level is taken after | the old one is trusted again after |
//! |---|---|---|
//! | a continuous step | N samples over `confirm` | N samples over `confirm` |
//! | a jump | N samples over `recovery` | N samples over `confirm` |
//! | what the sources objected to | N samples over `recovery` | N samples over `recovery` |
//! | nothing: the trend goes on | one sample, `⌈confirm/N⌉` after the one before | – |
//!
//! After the board has taken (or not taken) the sample, the state is *reviewed*, on the stable price and the haircut as
//! they then are:
//!
//! | from | to | when |
//! |---|---|---|
//! | any | halted | the source says a price that is none: not positive, or out of range |
//! | normal, guarded | doubted | confidence too wide, sources apart or too few, a move beyond the limit and no trend |
//! | normal | guarded | further than `max_jump` from the stable price, or the haircut above its maximum |
//! | doubted → guarded | one step | confirmed as above |
//! | halted → doubted, guarded → normal | one step | N consistent samples that span `recovery` seconds since the last objection |
//!
//! A distance from the stable price guards and does not doubt: a slow crash is real, and has to be liquidated on its way
//! down; only the single step that nobody can have margined for has to be confirmed first.
//!
//! **Poking.** A consistent sample counts only in its slot of the time that it is given: the k-th one not before
//! `since + k·⌈time/N⌉`. More samples therefore never end a state earlier; fewer may end it later.

use crate::fixed::rate_from_bps;
use crate::price::Price;

/// State of an asset's breaker, from mild to severe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// Everything is allowed.
    #[default]
    Normal = 0,
    /// The price is believed, the risk is above what governance allows.
    Guarded = 1,
    /// The price is not believed yet.
    Doubted = 2,
    /// There is no price.
    Halted = 3,
}

impl State {
    /// From its number; an unknown one is the most severe.
    #[must_use]
    pub const fn of(number: u8) -> Self {
        match number {
            0 => Self::Normal,
            1 => Self::Guarded,
            2 => Self::Doubted,
            _ => Self::Halted,
        }
    }

    /// The next milder state.
    #[must_use]
    pub const fn milder(self) -> Self {
        match self {
            Self::Halted => Self::Doubted,
            Self::Doubted => Self::Guarded,
            Self::Guarded | Self::Normal => Self::Normal,
        }
    }
}

/// Why a breaker is in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// Enough consistent samples.
    Recovered = 0,
    /// The confidence interval is wider than accepted.
    WideConfidence = 1,
    /// Sources are further apart than accepted.
    SourcesApart = 2,
    /// Fewer fresh sources than the quorum.
    TooFewSources = 3,
    /// A larger move than the envelope holds for.
    Move = 4,
    /// Too far from the stable price.
    Jump = 5,
    /// The haircut would exceed its maximum.
    Haircut = 6,
    /// Not positive, or out of range.
    BadPrice = 7,
}

/// What moves have shown of a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Trend {
    /// Nothing: if the asset is doubted, its sources objected.
    #[default]
    None = 0,
    /// It is doubted because of a continuous step, and for no other reason.
    Moved = 1,
    /// It is doubted because of a jump, and for no other reason.
    Jumped = 2,
    /// A fall was confirmed and goes on.
    Falling = 3,
    /// A rise was confirmed and goes on.
    Rising = 4,
}

impl Trend {
    /// From its number; an unknown one has shown nothing.
    #[must_use]
    pub const fn of(number: u8) -> Self {
        match number {
            1 => Self::Moved,
            2 => Self::Jumped,
            3 => Self::Falling,
            4 => Self::Rising,
            _ => Self::None,
        }
    }

    /// A move that was confirmed.
    const fn towards(falls: bool) -> Self {
        if falls { Self::Falling } else { Self::Rising }
    }

    const fn goes_on(self) -> bool {
        matches!(self, Self::Falling | Self::Rising)
    }
}

/// A step is continuous up to this many limits: at 1 %, three times the steepest second of a fall by 60 % in a minute.
pub const CONTINUOUS: u64 = 8;

/// When a breaker trips, and when it recovers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest move between two prices that are acted upon, basis points.
    pub max_move_bps: u32,
    /// Time over which it is measured, seconds: the largest accepted age of a price.
    pub max_age_s: u32,
    /// Distance from the stable price that leaves the breaker alone, basis points.
    pub max_jump_bps: u32,
    /// Consistent samples for a step back.
    pub consistent: u32,
    /// Least seconds in which a move is confirmed.
    pub confirm_s: u32,
    /// Least seconds that a state lasts after the last objection.
    pub recovery_s: u32,
}

impl Limits {
    /// Largest move over `elapsed` seconds, a rate.
    #[must_use]
    pub fn largest_move(&self, elapsed: i64) -> u64 {
        let age = i64::from(self.max_age_s.max(1));
        // The ratio is at most 2³¹, so its root has at most 16 whole and 16 fractional bits.
        let ratio = ((elapsed.clamp(age, i64::from(i32::MAX)) as u64) << 32) / age as u64;
        let scaled = u128::from(rate_from_bps(self.max_move_bps)) * u128::from(ratio.isqrt());
        (scaled >> 16) as u64
    }

    /// Whether a price is further from the stable price than leaves the breaker alone. From where it is guarded (or worse)
    /// it is near again only when a quarter nearer than where that was entered.
    #[must_use]
    pub fn is_far(&self, state: State, spot: &Price, stable: &Price) -> bool {
        let jump = rate_from_bps(self.max_jump_bps);
        let near = if state >= State::Guarded { jump - jump / 4 } else { jump };
        spot.simple_return(stable).map_or(u64::MAX, i64::unsigned_abs) > near
    }

    /// Least seconds between two samples that count, of those that span so many seconds.
    fn spacing(&self, over_s: u32) -> i64 {
        i64::from(over_s.div_ceil(self.consistent.max(1)))
    }
}

/// A price and when it was published, unix seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timed {
    /// Unset for none.
    pub price: Price,
    /// Unix seconds.
    pub time: i64,
}

impl Timed {
    /// Whether another price lies within so many largest moves from this one.
    fn leads_to(&self, next: &Self, limits: &Limits, times: u64) -> bool {
        let limit = limits.largest_move(next.time.saturating_sub(self.time)).saturating_mul(times);
        next.price.simple_return(&self.price).is_ok_and(|r| r.unsigned_abs() <= limit)
    }
}

/// Whether a price lies on this side of another.
fn is_beyond(price: &Price, from: &Price, falls: bool) -> bool {
    if falls { price.is_below(from) } else { from.is_below(price) }
}

/// A breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Its state.
    pub state: State,
    /// Consistent samples since `since`.
    pub consistent: u8,
    /// When it entered the state, or last had an objection, unix seconds.
    pub since: i64,
    /// The last sample that was held back, if none was taken whole since.
    pub candidate: Timed,
    /// The nearest to the accepted price of the samples that agreed since the candidate was first held.
    pub nearest: Price,
    /// What moves have shown.
    pub trend: Trend,
    /// When a trend last went on, unix seconds.
    pub trend_time: i64,
}

/// What becomes of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This is the price: the sample's own, or what it confirms.
    Take(Price),
    /// It is not acted upon.
    Hold(Cause),
}

impl Breaker {
    /// Enters a state that is at least as severe, and starts its time anew.
    fn object(&mut self, state: State, time: i64) {
        self.state = self.state.max(state);
        self.restart(time);
    }

    /// Starts the time of a state, or of a confirmation, anew.
    fn restart(&mut self, time: i64) {
        (self.consistent, self.since) = (0, time);
    }

    /// Counts a consistent sample; returns whether there are `needed`, in their slots of a time.
    fn count(&mut self, needed: u32, spacing: i64, time: i64) -> bool {
        let due = self.since.saturating_add((i64::from(self.consistent) + 1) * spacing);
        if time >= due {
            self.consistent = self.consistent.saturating_add(1);
        }
        u32::from(self.consistent) >= needed
    }

    /// A step towards normal.
    fn step_back(&mut self, time: i64) {
        self.state = self.state.milder();
        self.restart(time);
    }

    /// Holds no sample back any more.
    fn forget(&mut self) {
        (self.candidate, self.nearest) = (Timed::default(), Price::default());
    }

    /// Ends what moves have shown.
    fn settle(&mut self) {
        self.trend = Trend::None;
        self.forget();
    }

    /// What the sources object to in themselves: the sample says nothing that may be acted upon.
    pub fn refuse(&mut self, cause: Cause, time: i64) -> Verdict {
        let state = if cause == Cause::BadPrice { State::Halted } else { State::Doubted };
        self.object(state, time);
        self.settle();
        Verdict::Hold(cause)
    }

    /// Judges a sample, published strictly later than the one before, against the last accepted price.
    pub fn judge(&mut self, limits: &Limits, accepted: &Timed, sample: &Timed) -> Verdict {
        let elapsed = sample.time.saturating_sub(self.trend_time);
        if self.trend.goes_on() && elapsed > i64::from(limits.recovery_s) {
            self.settle();
        }
        if !accepted.price.is_set() || accepted.leads_to(sample, limits, 1) {
            if self.candidate.price.is_set() {
                // What agreed with the candidate does not agree with this.
                self.restart(sample.time);
                self.forget();
            }
            if self.trend == Trend::Jumped {
                // The old level has to be confirmed, not the jump.
                self.trend = Trend::Moved;
            }
            return Verdict::Take(sample.price);
        }
        let falls = sample.price.is_below(&accepted.price);
        if self.agrees(limits, accepted, sample, falls) {
            self.confirm(limits, sample, falls)
        } else {
            self.hold(limits, accepted, sample, falls)
        }
    }

    /// Whether a sample beyond the limit says at least what the candidate says, or nearly that.
    fn agrees(&self, limits: &Limits, accepted: &Timed, sample: &Timed, falls: bool) -> bool {
        let candidate = &self.candidate;
        candidate.price.is_set()
            && is_beyond(&candidate.price, &accepted.price, falls)
            && (candidate.leads_to(sample, limits, 1)
                || is_beyond(&sample.price, &candidate.price, falls)
                    && candidate.leads_to(sample, limits, CONTINUOUS))
    }

    /// A sample beyond the limit that agrees with none before it.
    fn hold(&mut self, limits: &Limits, accepted: &Timed, sample: &Timed, falls: bool) -> Verdict {
        (self.candidate, self.nearest) = (*sample, sample.price);
        let continuous = accepted.leads_to(sample, limits, CONTINUOUS);
        if continuous && self.trend == Trend::towards(falls) {
            // The trend may go on: the next sample says whether it does.
            self.restart(sample.time);
            return Verdict::Hold(Cause::Move);
        }
        // What the sources objected to is not answered by a move.
        if self.trend != Trend::None || self.state < State::Doubted {
            self.trend = if continuous { Trend::Moved } else { Trend::Jumped };
        }
        self.object(State::Doubted, sample.time);
        Verdict::Hold(Cause::Move)
    }

    /// A sample that agrees: enough of them, and the price is what all of them say at least.
    fn confirm(&mut self, limits: &Limits, sample: &Timed, falls: bool) -> Verdict {
        if is_beyond(&self.nearest, &sample.price, falls) {
            self.nearest = sample.price;
        }
        self.candidate = *sample;
        let (needed, over_s) = match self.trend {
            Trend::Falling | Trend::Rising => (1, limits.confirm_s),
            Trend::Moved => (limits.consistent, limits.confirm_s),
            Trend::Jumped | Trend::None => (limits.consistent, limits.recovery_s),
        };
        if !self.count(needed, limits.spacing(over_s), sample.time) {
            return Verdict::Hold(Cause::Move);
        }
        if self.state >= State::Doubted {
            self.step_back(sample.time);
            if self.state >= State::Doubted {
                return Verdict::Hold(Cause::Move);
            }
        }
        self.restart(sample.time);
        (self.trend, self.trend_time) = (Trend::towards(falls), sample.time);
        let confirmed = Timed { price: self.nearest, time: sample.time };
        if confirmed.leads_to(sample, limits, 1) {
            self.forget();
            return Verdict::Take(sample.price);
        }
        // The sample itself waits for the next.
        self.nearest = sample.price;
        Verdict::Take(confirmed.price)
    }

    /// Reviews the state after a sample was taken, on what the board then says. Returns why it is guarded, if it is.
    pub fn review(
        &mut self,
        limits: &Limits,
        before: State,
        spot: &Timed,
        stable: &Price,
        above_maximum: bool,
    ) -> Cause {
        let guard = match (above_maximum, limits.is_far(before, &spot.price, stable)) {
            (true, _) => Some(Cause::Haircut),
            (_, true) => Some(Cause::Jump),
            _ => None,
        };
        match (guard, self.state) {
            (Some(cause), State::Normal | State::Guarded) => {
                self.object(State::Guarded, spot.time);
                cause
            }
            (None, State::Normal) => Cause::Recovered,
            // Confirmed by this very sample: the new state begins with it.
            _ if self.state < before => Cause::Recovered,
            _ => {
                let moved = self.state == State::Doubted && self.trend == Trend::Moved;
                let over_s = if moved { limits.confirm_s } else { limits.recovery_s };
                if self.count(limits.consistent, limits.spacing(over_s), spot.time) {
                    self.step_back(spot.time);
                    if self.state == State::Normal {
                        self.settle();
                    }
                }
                Cause::Recovered
            }
        }
    }
}

/// What several sources say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Their median; of an even number the middle between the two in the middle.
    Price(Price),
    /// Why there is none.
    None(Cause),
}

/// Most sources of one price.
pub const MAX_SOURCES: usize = 4;

/// The median of fresh sources: enough of them, and none further than `max_deviation_bps` from it.
#[must_use]
pub fn aggregate(fresh: &[Price], quorum: u8, max_deviation_bps: u32) -> Agreement {
    let count = fresh.len();
    if count == 0 || count < usize::from(quorum) || count > MAX_SOURCES {
        return Agreement::None(Cause::TooFewSources);
    }
    let mut sorted = [Price::default(); MAX_SOURCES];
    for (at, price) in fresh.iter().enumerate() {
        let mut place = at;
        while place > 0 && price.is_below(&sorted[place - 1]) {
            sorted[place] = sorted[place - 1];
            place -= 1;
        }
        sorted[place] = *price;
    }
    let (low, high) = (sorted[(count - 1) / 2], sorted[count / 2]);
    let Ok(median) = low.towards(&high, crate::fixed::RATE_ONE / 2) else {
        return Agreement::None(Cause::BadPrice);
    };
    // Measured from one source to another, so that two are as far apart as they are and not half of it.
    let spread = sorted[count - 1].simple_return(&sorted[0]).map_or(u64::MAX, i64::unsigned_abs);
    if spread > rate_from_bps(max_deviation_bps) {
        return Agreement::None(Cause::SourcesApart);
    }
    Agreement::Price(median)
}

/// What a redemption rate counts as: a fall at once, a rise by at most `max_growth_bps` a day, over at most three days.
/// Zero stands for none before.
#[must_use]
pub fn redemption(before: u64, said: u64, elapsed_s: i64, max_growth_bps: u32) -> u64 {
    const DAY_S: i64 = 86_400;
    if before == 0 {
        return said;
    }
    let elapsed = elapsed_s.clamp(0, 3 * DAY_S) as u128;
    let growth = u128::from(before) * u128::from(max_growth_bps) * elapsed / (10_000 * DAY_S as u128);
    said.min(before.saturating_add(u64::try_from(growth).unwrap_or(u64::MAX)))
}
