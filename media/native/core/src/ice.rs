//! The ICE-lite side of one session (RFC 8445 section 2.5, RFC 7675): credentials, the nominated
//! tuple, consent.

use std::collections::VecDeque;

use ring::hmac;

use crate::model::{IceCredentials, Tuple};
use crate::stun::{self, Check};

/// Without a valid check for so long consent is gone (RFC 7675 section 5.1).
pub const CONSENT_US: u64 = 30_000_000;
/// Socket numbers from here on are those of ICE-TCP.
pub const TCP_FIRST: u32 = 1024;
/// Peers with aggressive nomination nominate every way that they find, within this: then UDP stays.
const SETTLED_US: u64 = 3_000_000;
/// Checks with USE-CANDIDATE that are remembered: ten minutes of a peer that sends one every 2.5 s.
const NOMINATIONS_KEPT: usize = 256;

impl Tuple {
    pub fn is_tcp(&self) -> bool {
        self.local >= TCP_FIRST
    }
}

/// One pair of credentials, ready to prove checks.
struct Pair {
    ufrag: String,
    username: String,
    key: hmac::Key,
}

impl Pair {
    fn new(local: &IceCredentials, remote: &IceCredentials) -> Self {
        let username = format!("{}:{}", local.ufrag, remote.ufrag);
        Self { ufrag: local.ufrag.clone(), username, key: stun::key(&local.pwd) }
    }
}

/// One peer's checks. Old credentials stay valid until a check with newer ones is nominated.
pub struct Agent {
    pairs: Vec<Pair>,
    /// Where everything is sent to, once a check nominated it.
    pub tuple: Option<Tuple>,
    heard_us: u64,
    nominated_us: u64,
    /// Transactions, oldest first.
    nominations: VecDeque<[u8; 12]>,
}

impl Agent {
    pub fn new(local: &IceCredentials, remote: &IceCredentials) -> Self {
        let pairs = vec![Pair::new(local, remote)];
        Self { pairs, tuple: None, heard_us: 0, nominated_us: 0, nominations: VecDeque::new() }
    }

    pub fn restart(&mut self, local: &IceCredentials, remote: &IceCredentials) {
        self.pairs.drain(..self.pairs.len().saturating_sub(1));
        self.pairs.push(Pair::new(local, remote));
    }

    /// Local user fragments that are valid now.
    pub fn ufrags(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|pair| pair.ufrag.as_str())
    }

    /// The key to answer with, `None` for a check that is not proven.
    ///
    /// A nominated check moves the session to its tuple, but from UDP to TCP only when UDP was not
    /// nominated lately; consent is renewed by any proven check on the current tuple. One transaction
    /// nominates once: sent again by the peer it changes nothing, and by a stranger who saw it neither.
    pub fn accept(&mut self, check: &Check<'_>, from: Tuple, now_us: u64) -> Option<&hmac::Key> {
        let proven = |pair: &Pair| pair.username.as_bytes() == check.username && check.is_proven(&pair.key);
        let mut place = self.pairs.iter().position(proven)?;
        if check.use_candidate {
            self.pairs.drain(..place);
            place = 0;
            if self.is_new(check.transaction) && !self.keeps_udp(from, now_us) {
                self.tuple = Some(from);
                self.nominated_us = now_us;
            }
        }
        if self.tuple == Some(from) {
            self.heard_us = now_us;
        }
        self.pairs.get(place).map(|pair| &pair.key)
    }

    fn is_new(&mut self, transaction: [u8; 12]) -> bool {
        let known = self.nominations.contains(&transaction);
        if !known {
            if self.nominations.len() == NOMINATIONS_KEPT {
                self.nominations.pop_front();
            }
            self.nominations.push_back(transaction);
        }
        !known
    }

    /// Of two nominated ways the better one counts (RFC 5245 section 8.1.1.2): UDP, while it is alive.
    fn keeps_udp(&self, from: Tuple, now_us: u64) -> bool {
        self.tuple.is_some_and(|tuple| from.is_tcp() && !tuple.is_tcp() && now_us < self.nominated_us + SETTLED_US)
    }

    /// Whether consent on a validated tuple ran out.
    pub fn is_lost(&self, now_us: u64) -> bool {
        self.tuple.is_some() && now_us > self.heard_us + CONSENT_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(ufrag: &str) -> IceCredentials {
        IceCredentials { ufrag: ufrag.into(), pwd: format!("password of {ufrag}") }
    }

    fn tuple(local: u32, port: u16) -> Tuple {
        Tuple { local, remote: ([192, 0, 2, 1], port).into() }
    }

    fn check(ufrag: &str, nominate: bool, number: u32) -> Vec<u8> {
        let mut transaction = [1; 12];
        transaction[..4].copy_from_slice(&number.to_be_bytes());
        stun::request(transaction, &format!("{ufrag}:peer"), &format!("password of {ufrag}"), nominate)
    }

    /// A check of a transaction of its own.
    fn checked(agent: &mut Agent, ufrag: &str, nominate: bool, from: Tuple, now_us: u64) -> bool {
        let sent = check(ufrag, nominate, 1_000 + agent.nominations.len() as u32);
        agent.accept(&Check::read(&sent).unwrap(), from, now_us).is_some()
    }

    #[test]
    fn a_transaction_nominates_once_however_often_and_from_wherever_it_comes() {
        let mut agent = Agent::new(&credentials("first"), &credentials("peer"));
        let sent: Vec<_> = (0..NOMINATIONS_KEPT as u32).map(|number| check("first", true, number)).collect();
        for (sent, from) in sent.iter().zip([1, 2].into_iter().cycle()) {
            assert!(agent.accept(&Check::read(sent).unwrap(), tuple(0, from), 0).is_some());
            assert_eq!(agent.tuple, Some(tuple(0, from)));
        }
        for sent in sent.iter().chain(sent.iter().rev()) {
            assert!(agent.accept(&Check::read(sent).unwrap(), tuple(0, 3), 1).is_some(), "it is answered");
            assert_eq!(agent.tuple, Some(tuple(0, 2)));
        }
        assert!(checked(&mut agent, "first", true, tuple(0, 3), 2));
        assert_eq!((agent.tuple, agent.nominations.len()), (Some(tuple(0, 3)), NOMINATIONS_KEPT));
    }

    #[test]
    fn only_a_nominated_check_gives_a_tuple() {
        let mut agent = Agent::new(&credentials("first"), &credentials("peer"));
        assert!(checked(&mut agent, "first", false, tuple(0, 1), 0));
        assert_eq!(agent.tuple, None);
        assert!(!checked(&mut agent, "other", true, tuple(0, 1), 0));
        assert_eq!(agent.tuple, None);
        assert!(checked(&mut agent, "first", true, tuple(0, 2), 0));
        assert_eq!(agent.tuple, Some(tuple(0, 2)));
    }

    #[test]
    fn after_a_restart_the_old_credentials_end_with_the_first_new_nomination() {
        let mut agent = Agent::new(&credentials("first"), &credentials("peer"));
        checked(&mut agent, "first", true, tuple(0, 1), 0);
        agent.restart(&credentials("second"), &credentials("peer"));
        assert!(checked(&mut agent, "first", false, tuple(0, 1), 1));
        assert!(checked(&mut agent, "second", true, tuple(0, 3), 2));
        assert_eq!(agent.tuple, Some(tuple(0, 3)));
        assert!(!checked(&mut agent, "first", true, tuple(0, 1), 3));
        assert_eq!(agent.ufrags().collect::<Vec<_>>(), ["second"]);
    }

    #[test]
    fn consent_ends_30_seconds_after_the_last_check_on_the_current_tuple() {
        let mut agent = Agent::new(&credentials("first"), &credentials("peer"));
        assert!(!agent.is_lost(CONSENT_US * 9));
        checked(&mut agent, "first", true, tuple(0, 1), 0);
        checked(&mut agent, "first", false, tuple(0, 2), 1_000_000);
        assert!(!agent.is_lost(CONSENT_US));
        assert!(agent.is_lost(CONSENT_US + 1));
        checked(&mut agent, "first", false, tuple(0, 1), CONSENT_US);
        assert!(!agent.is_lost(CONSENT_US + 1));
    }

    #[test]
    fn a_way_over_tcp_does_not_take_over_from_udp_that_was_just_nominated() {
        let mut agent = Agent::new(&credentials("first"), &credentials("peer"));
        checked(&mut agent, "first", true, tuple(0, 1), 0);
        checked(&mut agent, "first", true, tuple(TCP_FIRST, 1), SETTLED_US - 1);
        assert_eq!(agent.tuple, Some(tuple(0, 1)));
        checked(&mut agent, "first", true, tuple(TCP_FIRST, 1), SETTLED_US);
        assert_eq!(agent.tuple, Some(tuple(TCP_FIRST, 1)));
    }
}
