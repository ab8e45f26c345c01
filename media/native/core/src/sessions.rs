//! Sessions by validated tuple and by ufrag, their keys and their counts.

use std::collections::HashMap;

use crate::ice::Agent;
use crate::model::{IceCredentials, PlaneSession, SessionId, SessionIndex, Tuple};
use crate::srtp::{Denied, Srtp};
use crate::stun::Check;

/// Bytes of DTLS handed up before the keys are there, and again after: what a peer may make Python
/// buffer before it is authenticated.
pub const HANDSHAKE_MAX: usize = 16 * 1024;
/// The newest tuple and the one before it stay open: packets in flight while roaming are authentic too.
const TUPLES_MAX: usize = 2;

/// What one session moved and refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub packets_in: u64,
    pub packets_out: u64,
    pub forged: u64,
    pub replayed: u64,
}

impl Counts {
    pub fn add(&mut self, other: Counts) {
        self.packets_in += other.packets_in;
        self.packets_out += other.packets_out;
        self.forged += other.forged;
        self.replayed += other.replayed;
    }
}

/// One session as the shard has it; media keeps its own part under the same index.
pub struct Session {
    pub id: SessionId,
    pub agent: Agent,
    pub srtp: Option<Srtp>,
    pub counts: Counts,
    pub validated: bool,
    pub lost: bool,
    handshake_left: usize,
    tuples: Vec<Tuple>,
}

impl Session {
    fn new(spec: &PlaneSession) -> Self {
        Self {
            id: spec.id.clone(),
            agent: Agent::new(&spec.local, &spec.remote),
            srtp: None,
            counts: Counts::default(),
            validated: false,
            lost: false,
            handshake_left: HANDSHAKE_MAX,
            tuples: Vec::with_capacity(TUPLES_MAX + 1),
        }
    }

    /// Keys of a finished handshake; another one may follow.
    pub fn secure(&mut self, srtp: Srtp) {
        self.srtp = Some(srtp);
        self.handshake_left = HANDSHAKE_MAX;
    }

    /// Whether a record of `size` bytes may still be handed up.
    pub fn may_shake(&mut self, size: usize) -> bool {
        let left = self.handshake_left.checked_sub(size);
        self.handshake_left = left.unwrap_or(self.handshake_left);
        left.is_some()
    }

    /// What opening gave, with refusals counted.
    pub fn counted<T>(&mut self, opened: Result<T, Denied>) -> Option<T> {
        match opened {
            Ok(opened) => return Some(opened),
            Err(Denied::Forged) => self.counts.forged += 1,
            Err(Denied::Replayed) => self.counts.replayed += 1,
        }
        None
    }
}

/// What a proven check did.
#[derive(Debug, PartialEq, Eq)]
pub struct Answered {
    /// The answer's length in the room given.
    pub len: usize,
    /// The session that this check validated for the first time.
    pub validated: Option<SessionId>,
}

/// All sessions of a shard. Whoever is nobody's finds nothing.
#[derive(Default)]
pub struct Sessions {
    rows: Vec<Option<Session>>,
    free: Vec<u32>,
    by_id: HashMap<SessionId, SessionIndex>,
    by_ufrag: HashMap<Box<[u8]>, SessionIndex>,
    by_tuple: HashMap<Tuple, SessionIndex>,
    /// Counts of sessions that are over.
    ended: Counts,
}

impl Sessions {
    /// A new session's index; `None` if its id is taken.
    pub fn add(&mut self, spec: &PlaneSession) -> Option<SessionIndex> {
        if self.by_id.contains_key(&spec.id) {
            return None;
        }
        let row = self.free.pop().unwrap_or(self.rows.len() as u32);
        self.rows.resize_with(self.rows.len().max(row as usize + 1), || None);
        self.rows[row as usize] = Some(Session::new(spec));
        self.by_id.insert(spec.id.clone(), SessionIndex(row));
        self.by_ufrag.insert(spec.local.ufrag.as_bytes().into(), SessionIndex(row));
        Some(SessionIndex(row))
    }

    pub fn restart(&mut self, at: SessionIndex, local: &IceCredentials, remote: &IceCredentials) {
        if let Some(session) = self.get_mut(at) {
            session.agent.restart(local, remote);
            self.by_ufrag.insert(local.ufrag.as_bytes().into(), at);
        }
    }

    pub fn remove(&mut self, at: SessionIndex) {
        let Some(session) = self.rows.get_mut(at.0 as usize).and_then(Option::take) else { return };
        self.ended.add(session.counts);
        self.free.push(at.0);
        self.by_id.remove(&session.id);
        self.by_ufrag.retain(|_, owner| *owner != at);
        self.by_tuple.retain(|_, owner| *owner != at);
    }

    pub fn get(&self, at: SessionIndex) -> Option<&Session> {
        self.rows.get(at.0 as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, at: SessionIndex) -> Option<&mut Session> {
        self.rows.get_mut(at.0 as usize)?.as_mut()
    }

    pub fn by_id(&self, id: &SessionId) -> Option<SessionIndex> {
        self.by_id.get(id).copied()
    }

    pub fn by_tuple(&self, tuple: Tuple) -> Option<SessionIndex> {
        self.by_tuple.get(&tuple).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = (SessionIndex, &Session)> {
        self.rows.iter().enumerate().filter_map(|(row, session)| Some((SessionIndex(row as u32), session.as_ref()?)))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        self.rows.iter_mut().filter_map(Option::as_mut)
    }

    /// Counts of all sessions, those that are over included.
    pub fn totals(&self) -> Counts {
        let mut totals = self.ended;
        self.iter().for_each(|(_, session)| totals.add(session.counts));
        totals
    }

    /// Prove a check and write its answer; `None` for whoever does not know a session's secret.
    pub fn check(&mut self, check: &Check<'_>, from: Tuple, now_us: u64, room: &mut [u8]) -> Option<Answered> {
        let ufrag = check.username.split(|byte| *byte == b':').next()?;
        let at = *self.by_ufrag.get(ufrag)?;
        let session = self.rows.get_mut(at.0 as usize)?.as_mut()?;
        let key = session.agent.accept(check, from, now_us)?;
        let len = crate::stun::answer(&check.transaction, key, from.remote, room);
        let is_nominated = session.agent.tuple == Some(from) && self.by_tuple.get(&from) != Some(&at);
        Some(Answered { len, validated: if is_nominated { self.nominated(at, from) } else { None } })
    }

    /// A tuple became the session's; its id, if it is the first one.
    fn nominated(&mut self, at: SessionIndex, tuple: Tuple) -> Option<SessionId> {
        self.by_tuple.insert(tuple, at);
        let session = self.rows.get_mut(at.0 as usize)?.as_mut()?;
        session.tuples.retain(|other| *other != tuple);
        session.tuples.push(tuple);
        if session.tuples.len() > TUPLES_MAX {
            let old = session.tuples.remove(0);
            if self.by_tuple.get(&old) == Some(&at) {
                self.by_tuple.remove(&old);
            }
        }
        let agent = &session.agent;
        self.by_ufrag.retain(|name, owner| *owner != at || agent.ufrags().any(|valid| valid.as_bytes() == &name[..]));
        let first = !std::mem::replace(&mut session.validated, true);
        first.then(|| session.id.clone())
    }
}
