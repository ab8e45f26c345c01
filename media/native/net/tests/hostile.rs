//! What strangers repeat, cut and forge takes nothing from an established stream.

mod hall;

use std::net::SocketAddr;

use hall::{PARTS, Stage, tuple};
use twinhall_core::model::{SessionIndex, SrtpProfile, Tuple};
use twinhall_core::seal::Library;
use twinhall_core::stun;

const VIEWERS: u16 = 3;
const FRAMES: u64 = 6;

fn stranger() -> Tuple {
    Tuple { local: 0, remote: SocketAddr::from(([198, 51, 100, 7], 4_444)) }
}

fn hear(stage: &mut Stage, from: Tuple, datagram: &[u8]) {
    let (now_us, mut datagram) = (stage.now_us, datagram.to_vec());
    stage.shard.datagram(now_us, from, &mut datagram, &mut stage.out);
}

/// A stream that everybody sees, and packets of it.
fn established(profile: SrtpProfile) -> Stage {
    let mut stage = Stage::new(profile, Library::AwsLc, VIEWERS, false);
    (0..30).for_each(|number| stage.frame(number == 0));
    (stage.captures, stage.sent) = (true, 0);
    stage
}

/// Frames with `hostile` between them: all must reach everybody, and nothing else may leave.
fn survives(hostile: impl Fn(&mut Stage, &[Vec<u8>])) {
    for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80] {
        let mut stage = established(profile);
        for _ in 0..FRAMES {
            stage.frame(false);
            let captured = std::mem::take(&mut stage.captured);
            hostile(&mut stage, &captured);
            stage.flush();
        }
        assert_eq!(stage.sent, FRAMES * (PARTS + 1) * u64::from(VIEWERS), "{profile:?}");
    }
}

#[test]
fn a_stream_survives_replays_of_each_of_its_packets() {
    survives(|stage, captured| {
        for packet in captured.iter().chain(captured.iter().rev()) {
            hear(stage, tuple(0), packet);
        }
    });
}

#[test]
fn a_stream_survives_its_own_packets_from_other_tuples() {
    survives(|stage, captured| {
        for packet in captured {
            hear(stage, stranger(), packet);
            (1..=VIEWERS).for_each(|viewer| hear(stage, tuple(viewer), packet));
        }
    });
}

#[test]
fn a_stream_survives_each_packet_cut_at_each_length() {
    survives(|stage, captured| {
        for packet in captured {
            for len in 0..packet.len() {
                hear(stage, tuple(0), &packet[..len]);
            }
        }
    });
}

#[test]
fn a_stream_survives_each_packet_with_any_byte_changed() {
    survives(|stage, captured| {
        for (number, packet) in captured.iter().enumerate() {
            for place in (number % 7..packet.len()).step_by(7) {
                let mut forged = packet.clone();
                forged[place] ^= 0x40;
                hear(stage, tuple(0), &forged);
            }
        }
    });
}

/// Each is answered, and moves neither the publisher nor a viewer.
#[test]
fn a_stream_survives_proven_checks_that_strangers_repeat() {
    let seen =
        |number: u16| stun::request(hall::TRANSACTION, &format!("relay{number}:peer"), "the-relay's-password", true);
    survives(|stage, _| {
        for number in 0..=VIEWERS {
            for port in [4_444, 4_445] {
                let from = Tuple { remote: SocketAddr::new(stranger().remote.ip(), port), ..stranger() };
                hear(stage, from, &seen(number));
                let at = stage.shard.tuple(SessionIndex(number.into()));
                assert_eq!(at, Some(tuple(number)), "who is in stays where it is");
            }
        }
    });
}

#[test]
fn a_stream_survives_checks_of_those_who_lack_the_password_and_cut_ones() {
    survives(|stage, _| {
        let forged = stun::request([9; 12], "relay0:peer", "a-guess", true);
        let known = stun::request([9; 12], "relay0:peer", "the-relay's-password", true);
        hear(stage, stranger(), &forged);
        for len in 0..known.len() {
            hear(stage, stranger(), &known[..len]);
        }
    });
}
