//! What the bench is told: where the plane is, who publishes what, who watches.

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};

use serde::{Deserialize, Deserializer};
use twinhall_core::model::{SrtpKeys, SrtpProfile};

#[derive(Deserialize)]
pub struct Spec {
    pub plane: SocketAddrV4,
    /// The process whose CPU counts, and its core; the load runs on `load_core`.
    pub subject_pid: i32,
    pub subject_core: usize,
    pub load_core: usize,
    pub publishers: Vec<Publisher>,
    pub viewers: Vec<Viewer>,
    /// The header extension of transport-wide numbers that the viewers negotiated, who then tell when each packet came;
    /// 0: none.
    pub numbers_id: u8,
    /// What viewers say that their lines carry (REMB); 0: nothing.
    pub limit_bps: u64,
}

/// One peer's keys, from its side.
#[derive(Deserialize)]
pub struct Keys {
    #[serde(deserialize_with = "hex")]
    pub send: Vec<u8>,
    #[serde(deserialize_with = "hex")]
    pub receive: Vec<u8>,
}

impl Keys {
    pub fn srtp(&self) -> SrtpKeys {
        let profile = SrtpProfile::AeadAes128Gcm;
        SrtpKeys { profile, receive: self.receive.clone(), send: self.send.clone() }
    }
}

#[derive(Deserialize)]
pub struct Publisher {
    /// A whole STUN check with USE-CANDIDATE.
    #[serde(deserialize_with = "hex")]
    pub check: Vec<u8>,
    pub keys: Keys,
    pub streams: Vec<Stream>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Audio,
    Video,
}

/// What one SSRC sends: `burst` packets of `len` bytes (clear, header included) every `period_us`.
#[derive(Clone, Deserialize)]
pub struct Stream {
    pub kind: Kind,
    pub ssrc: u32,
    pub payload_type: u8,
    pub period_us: u64,
    pub burst: usize,
    pub len: usize,
    /// A keyframe has so many packets.
    pub keyframe_burst: usize,
}

#[derive(Deserialize)]
pub struct Viewer {
    /// In 127.0.0.0/8: all viewers share one port, each has an address of its own.
    pub address: Ipv4Addr,
    #[serde(deserialize_with = "hex")]
    pub check: Vec<u8>,
    pub keys: Keys,
    /// Of its slots; no other viewer has them.
    pub ssrcs: Vec<u32>,
    /// Of its repairs, on which probes of the line come too.
    #[serde(default)]
    pub rtx_ssrcs: Vec<u32>,
    /// Whether its packets are opened and timed; those of the others are counted by their headers.
    pub opened: bool,
}

pub fn read(path: &str) -> Result<Spec, Box<dyn Error>> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

fn hex<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    let byte = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).map(byte).collect::<Option<_>>().ok_or_else(|| serde::de::Error::custom("no hex"))
}
