//! One shard: everything that one thread owns, without its sockets.
//!
//! The caller reads the clock once per batch, hands in datagrams and commands, then lets the shard
//! `seal` the outbox and sends it. Datagrams are sorted by their first byte (RFC 7983) and by the
//! tuples that ICE validated; whoever is nobody's gets silence.

use std::collections::BTreeMap;

use crate::media::Media;
use crate::model::{ClockMap, Command, Event, Figures, Now, SessionFigures, SessionIndex, Tuple};
use crate::outbox::{Form, Outbox};
use crate::rtp;
use crate::seal::Library;
use crate::sessions::{Session, Sessions};
use crate::srtp::Srtp;
use crate::stun::Check;

#[cfg(test)]
mod tests;

/// How often consent is looked at.
const WATCH_EVERY_US: u64 = 100_000;

/// Datagrams thrown away, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Dropped {
    stun_invalid: u64,
    unknown_path: u64,
    garbage: u64,
    handshake_too_large: u64,
    media_refused: u64,
    control_refused: u64,
}

pub struct Shard {
    clock: ClockMap,
    library: Library,
    sessions: Sessions,
    media: Media,
    dropped: Dropped,
    watch_at_us: u64,
}

impl Shard {
    /// `seed` is random; `library` ciphers fastest here.
    pub fn new(seed: u64, library: Library) -> Self {
        Self {
            clock: ClockMap::default(),
            library,
            sessions: Sessions::default(),
            media: Media::new(seed),
            dropped: Dropped::default(),
            watch_at_us: 0,
        }
    }

    /// One datagram from anyone. It is opened in place.
    pub fn datagram(&mut self, now_us: u64, from: Tuple, bytes: &mut [u8], out: &mut Outbox) {
        match bytes.first() {
            Some(0..=3) => self.check(now_us, from, bytes, out),
            first => match (first, self.sessions.by_tuple(from)) {
                (_, None) => self.dropped.unknown_path += 1,
                (Some(20..=63), Some(at)) => self.handshake(at, from, bytes, out),
                (Some(128..=191), Some(at)) => self.packet(self.clock.moment(now_us), at, bytes, out),
                _ => self.dropped.garbage += 1,
            },
        }
    }

    fn check(&mut self, now_us: u64, from: Tuple, bytes: &[u8], out: &mut Outbox) {
        let (sessions, mut answered) = (&mut self.sessions, None);
        if let Some(check) = Check::read(bytes) {
            out.answer(from, |room| {
                answered = sessions.check(&check, from, now_us, room);
                answered.as_ref().map_or(0, |answered| answered.len)
            });
        }
        match answered {
            None => self.dropped.stun_invalid += 1,
            Some(answered) => out.events.extend(answered.validated.map(|session| Event::Validated { session })),
        }
    }

    fn handshake(&mut self, at: SessionIndex, from: Tuple, record: &[u8], out: &mut Outbox) {
        let Some(session) = self.sessions.get_mut(at) else { return };
        if session.agent.tuple != Some(from) {
            self.dropped.garbage += 1;
        } else if session.may_shake(record.len()) {
            out.events.push(Event::Handshake { session: session.id.clone(), record: record.to_vec() });
        } else {
            self.dropped.handshake_too_large += 1;
        }
    }

    fn packet(&mut self, now: Now, at: SessionIndex, bytes: &mut [u8], out: &mut Outbox) {
        let Some(session) = self.sessions.get_mut(at) else { return };
        if rtp::is_rtcp(bytes) {
            match opened_control(session, bytes) {
                Some(compound) => self.media.rtcp(now, at, compound, out),
                None => self.dropped.control_refused += 1,
            }
        } else {
            match opened(session, bytes) {
                Some((index, packet)) => self.media.rtp(now, at, index, packet, out),
                None => self.dropped.media_refused += 1,
            }
        }
    }

    /// What Python wants. Commands for sessions that are gone do nothing.
    pub fn command(&mut self, now_us: u64, command: Command, out: &mut Outbox) {
        let now = self.clock.moment(now_us);
        match command {
            Command::Clock { map } => self.clock = map,
            Command::Add { session } => {
                if let Some(at) = self.sessions.add(&session) {
                    self.media.add(now, at, &session);
                }
            }
            Command::Route { audience, routes } => self.media.route(now, &audience, &routes, out),
            Command::Configure { sources } => self.media.configure(now, &sources),
            Command::Publish { source, publication, tracks } => {
                self.media.publish(now, &source, &publication, &tracks, out);
            }
            Command::Inject { source, ssrc, packet } => self.media.inject(now, &source, ssrc, &packet, out),
            Command::Withdraw { source } => self.media.withdraw(now, &source, out),
            Command::Restart { ref session, .. }
            | Command::Secure { ref session, .. }
            | Command::Remove { ref session }
            | Command::Send { ref session, .. }
            | Command::Heights { ref session, .. } => {
                if let Some(at) = self.sessions.by_id(session) {
                    self.session_command(now, at, command, out);
                }
            }
        }
    }

    fn session_command(&mut self, now: Now, at: SessionIndex, command: Command, out: &mut Outbox) {
        match command {
            Command::Restart { local, remote, .. } => self.sessions.restart(at, &local, &remote),
            Command::Secure { keys, .. } => {
                if let (Some(session), Ok(srtp)) = (self.sessions.get_mut(at), Srtp::new(&keys, self.library)) {
                    session.secure(srtp);
                    self.media.join(now, at, out);
                }
            }
            Command::Remove { .. } => {
                self.media.remove(now, at, out);
                self.sessions.remove(at);
            }
            Command::Send { record, .. } => out.plain(at, &record),
            Command::Heights { heights, .. } => self.media.heights(now, at, &heights, out),
            _ => {}
        }
    }

    /// What is due. Returns when it wants to be called again, in monotonic microseconds.
    pub fn tick(&mut self, now_us: u64, out: &mut Outbox) -> u64 {
        if now_us >= self.watch_at_us {
            self.watch_at_us = now_us + WATCH_EVERY_US;
            for session in self.sessions.iter_mut() {
                if !session.lost && session.agent.is_lost(now_us) {
                    session.lost = true;
                    out.events.push(Event::Lost { session: session.id.clone() });
                }
            }
        }
        self.media.tick(self.clock.moment(now_us), out).min(self.watch_at_us)
    }

    /// Forward the media that came; false: the outbox is heavy, and once it was sent there is more.
    pub fn forward(&mut self, now_us: u64, out: &mut Outbox) -> bool {
        self.media.forward(self.clock.moment(now_us), out)
    }

    /// Seal all that waits in the outbox.
    pub fn seal(&mut self, out: &mut Outbox) {
        for place in 0..out.busy().len() {
            self.seal_to(out.busy()[place], out);
        }
    }

    /// Seal what waits for one session. What goes to nobody, or to somebody without keys, is dropped.
    pub fn seal_to(&mut self, at: SessionIndex, out: &mut Outbox) {
        match self.sessions.get_mut(at).filter(|session| session.agent.tuple.is_some()) {
            Some(session) => out.seal_each(at, |form, room, len| sealed(session, form, room, len)),
            None => out.seal_each(at, |_, _, _| 0),
        }
    }

    /// Where a session's datagrams go.
    pub fn tuple(&self, at: SessionIndex) -> Option<Tuple> {
        self.sessions.get(at)?.agent.tuple
    }

    /// Everything at a glance; the caller adds what its sockets dropped.
    pub fn figures(&self) -> Figures {
        let totals = self.sessions.totals();
        let sessions = self.sessions.iter().map(|(at, session)| {
            let counted = SessionFigures {
                packets_in: session.counts.packets_in,
                packets_out: session.counts.packets_out,
                dropped_forged: session.counts.forged,
                dropped_replayed: session.counts.replayed,
                ..self.media.session_figures(at)
            };
            (session.id.clone(), counted)
        });
        Figures {
            sessions: sessions.collect(),
            publications: self.media.publications(),
            packets_in: totals.packets_in,
            packets_out: totals.packets_out,
            repaired: self.media.repaired(),
            dropped: self.dropped_by_reason(),
        }
    }

    fn dropped_by_reason(&self) -> BTreeMap<String, u64> {
        let (totals, dropped) = (self.sessions.totals(), self.dropped);
        let mut reasons = self.media.dropped();
        for (reason, count) in [
            ("stun-invalid", dropped.stun_invalid),
            ("unknown-path", dropped.unknown_path),
            ("garbage", dropped.garbage),
            ("handshake-too-large", dropped.handshake_too_large),
            ("media-refused", dropped.media_refused),
            ("control-refused", dropped.control_refused),
            ("forged", totals.forged),
            ("replayed", totals.replayed),
        ] {
            reasons.insert(reason.into(), count);
        }
        reasons
    }
}

/// Packet index and clear packet; `None` (counted) for what isn't authentic or was seen.
fn opened<'a>(session: &mut Session, bytes: &'a mut [u8]) -> Option<(u64, &'a [u8])> {
    let header = rtp::read_header(bytes)?;
    let (ssrc, seq, size) = (header.ssrc, header.seq, header.size);
    let opened = session.srtp.as_mut()?.open(bytes, ssrc, seq, size);
    let (index, len) = session.counted(opened)?;
    session.counts.packets_in += 1;
    Some((index, bytes.get(..len)?))
}

/// The clear compound; `None` (counted) for what isn't authentic or was seen.
fn opened_control<'a>(session: &mut Session, bytes: &'a mut [u8]) -> Option<&'a [u8]> {
    let opened = session.srtp.as_mut()?.open_control(bytes);
    let len = session.counted(opened)?;
    bytes.get(..len)
}

fn sealed(session: &mut Session, form: Form, room: &mut [u8], len: usize) -> usize {
    if form == Form::Plain {
        return len;
    }
    session.counts.packets_out += u64::from(matches!(form, Form::Rtp { .. }));
    session.srtp.as_mut().map_or(0, |srtp| srtp.seal(form, room, len))
}
