//! What crosses the border to Python: the mirror of `media/plane.py` and `media/model.py`.
//!
//! Names, units and meanings are those of the Python structs, which say more. Names of
//! conferences, people and rooms pass through as text.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One moment: read once per batch, passed down everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Monotonic, in microseconds.
    pub us: u64,
    /// The node's common clock ("media time"): Unix time in microseconds that never steps.
    pub media_us: u64,
}

/// How the common clock runs against the monotonic one, as Python last told it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClockMap {
    /// A monotonic moment in microseconds,
    pub at_us: u64,
    /// the common clock then, Unix microseconds,
    pub media_us: u64,
    /// and what it gains on the monotonic clock, microseconds per second (at most 500).
    pub gain_ppm: f64,
}

impl ClockMap {
    pub fn moment(&self, now_us: u64) -> Now {
        let since_us = now_us as i64 - self.at_us as i64;
        let gained_us = since_us as f64 * self.gain_ppm / 1e6;
        let media_us = self.media_us.wrapping_add_signed(since_us + gained_us as i64);
        Now { us: now_us, media_us }
    }
}

/// A datagram's way: the number of our socket, and the peer's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tuple {
    pub local: u32,
    pub remote: SocketAddr,
}

/// A session's place in its shard, from `Command::Add` to `Command::Remove`; then used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionIndex(pub u32);

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Arc<str>);

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, to)
            }
        }
    };
}

name!(
    /// 32 hex digits, made by the web process.
    SessionId
);
name!(
    /// 32 hex digits, made where the publication was born.
    PublicationId
);
name!(
    /// A source of some conference: `jiangsu-2022:changzhou/camera-1`.
    SourceName
);
name!(
    /// An audience of some room: `jiangsu-2022.stage:wall:changzhou`.
    AudienceName
);
name!(
    /// `v0`, `v1` ... pictures, `a0`, `a1` ... sounds.
    SlotId
);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Audio,
    Video,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Codec {
    #[serde(rename = "VP8")]
    Vp8,
    #[serde(rename = "H264")]
    H264,
    #[serde(rename = "VP9")]
    Vp9,
    #[serde(rename = "AV1")]
    Av1,
    #[serde(rename = "opus")]
    Opus,
    #[serde(rename = "red")]
    Red,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    Publish,
    Play,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceCredentials {
    pub ufrag: String,
    pub pwd: String,
}

/// Negotiated header extension ids (RFC 8285); 0: not negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extensions {
    pub mid: u8,
    pub rid: u8,
    pub repaired_rid: u8,
    pub abs_send_time: u8,
    pub transport_cc: u8,
    pub abs_capture_time: u8,
    pub audio_level: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadType {
    pub number: u8,
    pub codec: Codec,
    pub clock_hz: u32,
    pub apt: Option<u8>,
    pub fmtp: String,
    pub nack: bool,
    pub pli: bool,
    pub transport_cc: bool,
    pub remb: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundTrack {
    pub mid: String,
    pub kind: Kind,
    pub payloads: Vec<PayloadType>,
    pub extensions: Extensions,
    /// Announced SSRC -> rid ("" for none).
    pub ssrcs: BTreeMap<u32, String>,
    /// RTX SSRC -> the SSRC that it repairs.
    pub repairs: BTreeMap<u32, u32>,
    pub rids: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundSlot {
    pub slot: SlotId,
    pub mid: String,
    pub kind: Kind,
    pub payloads: Vec<PayloadType>,
    pub extensions: Extensions,
    pub ssrc: u32,
    pub rtx_ssrc: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaneSession {
    pub id: SessionId,
    pub purpose: Purpose,
    pub local: IceCredentials,
    pub remote: IceCredentials,
    pub cname: String,
    pub source: Option<SourceName>,
    pub publication: Option<PublicationId>,
    pub audience: Option<AudienceName>,
    pub inbound: Vec<InboundTrack>,
    pub outbound: Vec<OutboundSlot>,
    /// Which of the plane's shards has it.
    pub shard: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SrtpProfile {
    #[serde(rename = "AEAD_AES_128_GCM")]
    AeadAes128Gcm,
    #[serde(rename = "AES128_CM_SHA1_80")]
    Aes128CmSha1_80,
}

/// Master key and salt, concatenated, per direction (RFC 5764 section 4.2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SrtpKeys {
    pub profile: SrtpProfile,
    #[serde(with = "serde_bytes")]
    pub receive: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub send: Vec<u8>,
}

impl fmt::Debug for SrtpKeys {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("SrtpKeys").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// A source into a slot; `fallback` is taken while `source` has no live media.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub slot: SlotId,
    pub source: SourceName,
    pub fallback: Option<SourceName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSpec {
    pub source: SourceName,
    pub delay_ms: u32,
}

/// What Python wants of a shard; each is one method of `media.plane.Plane`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    Clock {
        map: ClockMap,
    },
    Add {
        session: PlaneSession,
    },
    Restart {
        session: SessionId,
        local: IceCredentials,
        remote: IceCredentials,
    },
    Secure {
        session: SessionId,
        keys: SrtpKeys,
    },
    Remove {
        session: SessionId,
    },
    Send {
        session: SessionId,
        #[serde(with = "serde_bytes")]
        record: Vec<u8>,
    },
    Route {
        audience: AudienceName,
        routes: Vec<Route>,
    },
    Heights {
        session: SessionId,
        heights: BTreeMap<SlotId, u32>,
    },
    Configure {
        sources: Vec<SourceSpec>,
    },
    Publish {
        source: SourceName,
        publication: PublicationId,
        tracks: Vec<InboundTrack>,
    },
    Inject {
        source: SourceName,
        ssrc: u32,
        #[serde(with = "serde_bytes")]
        packet: Vec<u8>,
    },
    Withdraw {
        source: SourceName,
    },
}

/// What a shard tells Python.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    Validated {
        session: SessionId,
    },
    Handshake {
        session: SessionId,
        #[serde(with = "serde_bytes")]
        record: Vec<u8>,
    },
    Lost {
        session: SessionId,
    },
    Showing {
        audience: AudienceName,
        slot: SlotId,
        source: Option<SourceName>,
    },
    Life {
        source: SourceName,
        live: bool,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SlotState {
    pub showing: Option<SourceName>,
    pub bitrate_bps: u64,
    pub reason: String,
    pub layer: String,
    pub height: u32,
    pub packets: u64,
    pub repaired: u64,
    pub lost_share: f64,
    pub jitter_ms: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    pub rid: String,
    pub width: u32,
    pub height: u32,
    pub bitrate_bps: u64,
    pub frames_per_s: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackState {
    pub kind: Kind,
    pub codec: Codec,
    pub live: bool,
    pub layers: Vec<Layer>,
    pub packets: u64,
    pub lost: u64,
    pub jitter_ms: f64,
    pub lost_share: f64,
    pub repaired: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublicationState {
    pub id: PublicationId,
    pub source: SourceName,
    pub session: Option<SessionId>,
    pub tracks: Vec<TrackState>,
    pub round_trip_ms: Option<f64>,
    pub age_ms: Option<f64>,
    pub estimate_bps: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionFigures {
    pub round_trip_ms: Option<f64>,
    pub lost_share: f64,
    pub packets_in: u64,
    pub packets_out: u64,
    pub dropped_forged: u64,
    pub dropped_replayed: u64,
    pub slots: BTreeMap<SlotId, SlotState>,
    pub estimate_bps: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub sessions: BTreeMap<SessionId, SessionFigures>,
    pub publications: BTreeMap<SourceName, PublicationState>,
    pub packets_in: u64,
    pub packets_out: u64,
    pub repaired: u64,
    pub dropped: BTreeMap<String, u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_time_runs_on_from_where_python_set_it_at_its_gain() {
        let map = ClockMap { at_us: 1_000_000, media_us: 5_000_000_000, gain_ppm: 500.0 };
        assert_eq!(map.moment(1_000_000).media_us, 5_000_000_000);
        assert_eq!(map.moment(3_000_000).media_us, 5_002_001_000);
        assert_eq!(map.moment(0).media_us, 4_998_999_500);
    }
}
