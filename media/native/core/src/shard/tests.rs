//! What a shard does with datagrams from anyone.

use crate::model::*;
use crate::outbox::Outbox;
use crate::seal::Library;
use crate::sessions::HANDSHAKE_MAX;
use crate::shard::Shard;
use crate::stun;

const CHECK_US: u64 = 1_000_000;

/// A shard, its outbox, and one session named "s".
struct World {
    shard: Shard,
    out: Outbox,
    /// Each is a transaction of its own.
    checks: u8,
}

fn tuple(port: u16) -> Tuple {
    Tuple { local: 0, remote: ([192, 0, 2, 1], port).into() }
}

fn credentials(ufrag: &str) -> IceCredentials {
    IceCredentials { ufrag: ufrag.into(), pwd: format!("password of {ufrag}") }
}

fn session(id: &str) -> PlaneSession {
    PlaneSession {
        id: id.into(),
        purpose: Purpose::Play,
        local: credentials(id),
        remote: credentials("peer"),
        cname: "house".into(),
        source: None,
        publication: None,
        audience: Some("stage".into()),
        inbound: vec![],
        outbound: vec![],
        shard: 0,
    }
}

impl World {
    fn new() -> Self {
        let mut world = Self { shard: Shard::new(1, Library::Ring), out: Outbox::new(), checks: 0 };
        world.command(Command::Add { session: session("s") });
        world
    }

    fn command(&mut self, command: Command) {
        self.shard.command(0, command, &mut self.out);
    }

    fn receive(&mut self, from: Tuple, datagram: &[u8]) {
        self.shard.datagram(CHECK_US, from, &mut datagram.to_vec(), &mut self.out);
    }

    fn check(&mut self, id: &str, from: Tuple) {
        self.checks += 1;
        let sent = stun::request([self.checks; 12], &format!("{id}:peer"), &format!("password of {id}"), true);
        self.receive(from, &sent);
    }

    /// What was sent since the last call, sealed: (where to, bytes).
    fn sent(&mut self) -> Vec<(Tuple, Vec<u8>)> {
        self.shard.seal(&mut self.out);
        let mut sent: Vec<_> = self.out.answers().map(|(to, bytes)| (to, bytes.to_vec())).collect();
        for at in self.out.busy() {
            let to = self.shard.tuple(*at);
            sent.extend(self.out.datagrams(*at).map(|bytes| (to.unwrap(), bytes.to_vec())));
        }
        self.out.clear();
        sent
    }

    fn dropped(&self, reason: &str) -> u64 {
        self.shard.figures().dropped[reason]
    }
}

#[test]
fn who_has_not_proven_itself_gets_no_answer() {
    let mut world = World::new();
    for first in 0..=255 {
        world.receive(tuple(1), &[first; 100]);
    }
    world.receive(tuple(1), &[]);
    world.receive(tuple(1), &stun::request([3; 12], "s:peer", "wrong password", true));
    assert!(world.sent().is_empty() && world.out.events.is_empty());
    assert_eq!((world.dropped("stun-invalid"), world.dropped("unknown-path")), (5, 253));
}

#[test]
fn a_nominated_check_is_answered_and_validates_the_session_once() {
    let mut world = World::new();
    world.check("s", tuple(1));
    world.check("s", tuple(2));
    let sent = world.sent();
    assert_eq!(
        sent.iter().map(|(to, bytes)| (*to, bytes[..2].to_vec())).collect::<Vec<_>>(),
        [(tuple(1), vec![1, 1]), (tuple(2), vec![1, 1])]
    );
    assert_eq!(world.out.events, [Event::Validated { session: "s".into() }]);
}

#[test]
fn dtls_passes_both_ways_on_the_current_tuple_alone_and_within_bounds() {
    let mut world = World::new();
    world.command(Command::Send { session: "s".into(), record: vec![22; 40] });
    assert!(world.sent().is_empty());
    world.check("s", tuple(1));
    world.check("s", tuple(2));
    world.sent();
    world.out.events.clear();
    world.receive(tuple(1), &[22; 40]);
    world.receive(tuple(2), &[22; 41]);
    assert_eq!(world.out.events, [Event::Handshake { session: "s".into(), record: vec![22; 41] }]);
    world.command(Command::Send { session: "s".into(), record: vec![22; 42] });
    assert_eq!(world.sent(), [(tuple(2), vec![22; 42])]);
    for _ in 0..HANDSHAKE_MAX / 1400 {
        world.receive(tuple(2), &[22; 1400]);
    }
    world.receive(tuple(2), &[22; 1400]);
    assert_eq!(world.dropped("handshake-too-large"), 1);
}

#[test]
fn forgeries_are_counted_and_end_nothing() {
    let mut world = World::new();
    world.check("s", tuple(1));
    let keys = SrtpKeys { profile: SrtpProfile::AeadAes128Gcm, receive: vec![1; 28], send: vec![2; 28] };
    world.command(Command::Secure { session: "s".into(), keys });
    for size in 0..60 {
        world.receive(tuple(1), &[&[0x80, 96][..], &vec![7; size]].concat());
        world.receive(tuple(1), &[&[0x80, 200][..], &vec![7; size]].concat());
    }
    let figures = world.shard.figures();
    assert_eq!((world.dropped("media-refused"), world.dropped("control-refused")), (60, 60));
    assert!(figures.sessions[&SessionId::from("s")].dropped_forged > 100);
    assert_eq!(figures.packets_in, 0);
}

#[test]
fn a_session_without_checks_for_30_seconds_is_lost_and_said_so_once() {
    let mut world = World::new();
    world.check("s", tuple(1));
    world.out.events.clear();
    world.shard.tick(CHECK_US + 30_000_000, &mut world.out);
    assert_eq!(world.out.events, []);
    for later in [30_200_000, 31_000_000] {
        world.shard.tick(CHECK_US + later, &mut world.out);
    }
    assert_eq!(world.out.events, [Event::Lost { session: "s".into() }]);
}

#[test]
fn the_place_of_a_removed_session_serves_another_that_knows_nothing_of_it() {
    let mut world = World::new();
    world.check("s", tuple(1));
    world.command(Command::Send { session: "s".into(), record: vec![22; 40] });
    world.command(Command::Remove { session: "s".into() });
    world.command(Command::Add { session: session("t") });
    assert_eq!(world.sent().len(), 1, "the answer to the check, and no record");
    world.check("s", tuple(1));
    world.receive(tuple(1), &[22; 40]);
    assert!(world.sent().is_empty());
    assert_eq!((world.dropped("stun-invalid"), world.dropped("unknown-path")), (1, 1));
}
